// The page of the suite says of each item which case shows it, or why none does. After a change: npx vitest run --project contract test/conformance/suite-page.test.ts -u
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkTransportProvider } from 'mailspool/testing';
import { caughtFirst } from './caught.ts';
import { modelFactory } from './model-provider.ts';
import { allItems, itemsNotShown, shown, shownElsewhere, suitePage, type ShownCase } from './suite-page.ts';
import { wrongHandOvers } from './wrong-hand-overs.ts';
import { wrongProviders } from './wrong-providers.ts';
import { wrongRemoteProviders } from './wrong-remote-providers.ts';
import { wrongSessions } from './wrong-sessions.ts';

const wrong = { ...wrongProviders, ...wrongSessions, ...wrongHandOvers, ...wrongRemoteProviders };

async function allCases(): Promise<ShownCase[]> {
  const { cases } = await checkTransportProvider(modelFactory(), {}, { only: () => false });
  const titles = cases.map(({ title }) => title);
  return titles.map((title) => ({ title, caught: caughtFirst(title, titles, wrong) }));
}

test('the page of the provider suite names each case, with the mistakes that it catches', async () => {
  await expect(suitePage(await allCases())).toMatchFileSnapshot(resolve(import.meta.dirname, '../../docs/reference/provider-suite.md'));
});

test('each item of MAPI, reliability and users has a case that shows it, or a reason why none does', async () => {
  const cases = await allCases();
  for (const beginning of Object.values(shownElsewhere))
    expect(
      cases.filter(({ title }) => title.startsWith(beginning)),
      beginning,
    ).toHaveLength(1);
  const withCase = new Set(shown(cases).map(({ item }) => item));
  const withReason = itemsNotShown();
  expect(
    allItems().filter((item) => !withCase.has(item) && !withReason.includes(item)),
    'neither',
  ).toEqual([]);
  expect(
    withReason.filter((item) => withCase.has(item)),
    'both',
  ).toEqual([]);
  expect(cases.filter(({ caught }) => caught.length === 0)).toEqual([]);
});

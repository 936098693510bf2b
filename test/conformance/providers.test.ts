// The suite lets a right provider pass, and catches each wrong one at the case that it was built for.
import { describe, expect, it } from 'vitest';
import { checkTransportProvider, describeTransportProvider } from 'mailspool/testing';
import { caughtBy, reasons, unproven } from './caught.ts';
import { modelCapabilities, modelFactory } from './model-provider.ts';
import { wrongHandOvers } from './wrong-hand-overs.ts';
import { wrongProviders } from './wrong-providers.ts';
import { wrongRemoteProviders } from './wrong-remote-providers.ts';
import { wrongSessions } from './wrong-sessions.ts';

/** Whoever is wrong in receiving is wrong in remote access, too: those have a table of their own. */
const withoutRemote = { ...modelCapabilities, remoteAccess: 'those that are wrong in it have a table of their own' };

const tables = [
  ['a provider that', wrongProviders, withoutRemote],
  ['a provider whose session is wrong, which', wrongSessions, withoutRemote],
  ['a provider that in handing over', wrongHandOvers, withoutRemote],
  ['a provider with remote access that', wrongRemoteProviders, modelCapabilities],
] as const;

const report = describeTransportProvider(modelFactory(), modelCapabilities, { name: 'the model', runner: { describe, it } });

describe.each(tables)('%s', (_title, wrongOnes, capabilities) => {
  for (const [name, { caughtBy: expected, ...wrong }] of Object.entries(wrongOnes)) {
    it(`${name}: fails ${expected.join(', ')}, and nothing else`, async () => {
      const report = await checkTransportProvider(modelFactory(wrong), capabilities, { name, patienceMs: 60 });
      expect(caughtBy(report, expected), reasons(report)).toEqual([...expected].sort());
    });
  }
});

it('there is no case that no wrong provider fails', () => {
  expect(
    unproven(
      report,
      tables.flatMap(([, wrongOnes]) => Object.values(wrongOnes)),
    ),
  ).toEqual([]);
});

it('the model shows every case', () => {
  expect(report.cases.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
});

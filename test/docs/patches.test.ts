// The patches that take behaviours out (`npm run spec -- --mutate`) fit the sources, and there are enough of them.
import { expect, test } from 'vitest';
import { patchedSource } from '../patched-copy.ts';
import { behavioursOf, built, coverage, testTitles } from '../spec/behaviours.ts';
import type { Answer } from '../spec/mutation-worker.ts';
import { drawn, mutate } from '../spec/mutation.ts';
import type { Removal } from '../spec/patches/removal.ts';
import { asPatch, filesFor, removals } from '../spec/patches.ts';

const titles = testTitles();
const behaviours = behavioursOf('mapi');
const known = built.flatMap(behavioursOf).map(({ number }) => number);
const sections = [...new Set(behaviours.map(({ section }) => section))];
const patched = new Set(removals.map(({ number }) => number));

test.each(removals)('the patch for $number fits: $why', async (removal) => {
  const source = await patchedSource(asPatch(removal));
  expect(removal.find).not.toBe(removal.replace);
  expect(source).toContain(removal.replace);
  expect(known).toContain(removal.number);
  expect(filesFor(removal, titles).length).toBeGreaterThan(0);
});

test.each(sections)('section %s has its patches: of sections 2 to 9 each [core] behaviour, of the others two', (section) => {
  const there = coverage('mapi', titles).filter((behaviour) => behaviour.section === section && behaviour.tests.length > 0);
  const without = there.filter(({ level, number }) => level === 'core' && !patched.has(number));
  const enough = Math.min(2, there.length);
  if (/^[2-9]\./.test(section)) expect(without.map(({ number }) => number)).toEqual([]);
  else expect(there.filter(({ number }) => patched.has(number)).length).toBeGreaterThanOrEqual(enough);
});

test('mailslots have their patches: each [core] behaviour', () => {
  const core = behavioursOf('mailslots').filter(({ level, number }) => level === 'core' && !patched.has(number));
  expect(core.map(({ number }) => number)).toEqual([]);
});

test('a seed draws the same patches again, another one others', () => {
  const numbers = (seed: number) => drawn(removals, 30, seed).map(({ number, why }) => `${number} ${why}`);
  expect(numbers(7)).toEqual(numbers(7));
  expect(new Set(numbers(7)).size).toBe(30);
  expect(numbers(7)).not.toEqual(numbers(8));
});

test('what changes nothing survives; what has moved, takes everything along or cannot be loaded shows nothing', { timeout: 120_000 }, async () => {
  const routing = { number: 'M-015', file: 'src/spooler/routing.ts', find: 'types?.includes(type)', why: '' };
  const expected = new Map<Removal, Answer['verdict']>([
    [{ ...routing, replace: 'types?.some((one) => type.startsWith(one))' }, 'killed'],
    [{ ...routing, replace: 'types?.includes(String(type))' }, 'survived'],
    [{ ...routing, find: 'types?.includes(nothing)', replace: '' }, 'stale'],
    [{ ...routing, replace: 'types?.includes(type) && key === undefined' }, 'breaks'],
    [{ ...routing, replace: 'types?.includes(type' }, 'breaks'],
  ]);
  const found = new Map<Removal, Answer['verdict']>();
  await mutate([...expected.keys()], { workers: 1 }, ({ removal, verdict }) => found.set(removal, verdict));
  expect([...found.values()]).toEqual([...expected.values()]);
});

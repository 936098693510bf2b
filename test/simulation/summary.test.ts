import { expect, test } from 'vitest';
import { simulate, type Run } from './simulate.ts';
import { asText, shortOf, summary } from './summary.ts';

test('T-067 the summary counts what occurred, and says what never did', async () => {
  const run = await simulate(3, { steps: 12 });
  const all = summary([run, run]);
  expect(all.transitions['claim: queued to claimed']).toBe(2 * (run.transitions['claim: queued to claimed'] ?? 0));
  expect(all.missing.length).toBeGreaterThan(5);
  const zeros = [...Object.values(all.transitions), ...Object.values(all.faults), ...Object.values(all.checks)].filter((times) => times === 0);
  expect(all.missing).toHaveLength(zeros.length);
  expect(asText(all)).toMatch(/^ +[1-9]\d* {2}claim: queued to claimed$/m);
});

test('T-067 a seed with too little in it is named', () => {
  const poor = { seed: 7, submitted: 299, delivered: 300, crashes: 2, faults: { cancel: 30, hang: 19, 'crash at wire: taken': 5 } } as unknown as Run;
  expect(shortOf(poor)).toEqual([
    'seed 7 has 299 messages sent, fewer than 300',
    'seed 7 has 2 crashes, fewer than 3',
    'seed 7 has 19 faults, fewer than 20',
  ]);
});

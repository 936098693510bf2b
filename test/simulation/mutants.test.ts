import { expect, test } from 'vitest';
import { firstFailure, mutants } from './mutants.ts';

test.each(mutants)('T-067 the simulation finds $name', { timeout: 120_000 }, async (mutant) => {
  const run = await firstFailure(mutant, [mutant.foundBy], 1);
  expect(run?.failure?.invariant).toBe(mutant.breaks);
});

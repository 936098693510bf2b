import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type FailedSeed, seedsFile } from './failed-seeds.ts';
import { simulate } from './simulate.ts';

const failed = JSON.parse(await readFile(seedsFile, 'utf8')) as FailedSeed[];

test.each(failed)('T-067 seed $seed, $steps steps, which broke $broke once, passes', async ({ seed, days, steps }) => {
  const { failure } = await simulate(seed, { days, steps });
  expect(failure).toBeUndefined();
});

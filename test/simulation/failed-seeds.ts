// Seeds that failed once, with the beginning of the plan that was enough. The tests run them for ever.
import { fileURLToPath } from 'node:url';

export interface FailedSeed {
  readonly seed: number;
  readonly days: number;
  readonly steps: number;
  /** The invariant that broke then. */
  readonly broke: string;
}

export const seedsFile = fileURLToPath(new URL('./failed-seeds.json', import.meta.url));

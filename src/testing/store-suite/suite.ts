// What every message store promises, as a list of cases with the numbers of the behaviours they show. Whoever writes
// a store runs it: `describeMessageStore('my store', { abilities, create })`. Needs no particular test runner.
import { claimingCases } from './claiming.ts';
import { contentCases } from './content.ts';
import { durabilityCases } from './durability.ts';
import { feedCases } from './feed.ts';
import { filingCases } from './filing.ts';
import { leaseCases } from './leases.ts';
import { preparingCases } from './preparing.ts';
import { randomCases } from './random-operations.ts';
import { readingCases } from './reading.ts';
import { receivingCases } from './receiving.ts';
import { sectionCases } from './sections.ts';
import { settlingCases } from './settling.ts';
import { sharingCases } from './sharing.ts';
import type { Ability, StoreCase, StoreUnderTest } from './subject.ts';
import { submittingCases } from './submitting.ts';
import { sweepingCases } from './sweeping.ts';
import { StoreWorld, type SuiteClock } from './world.ts';

export interface StoreSubject {
  /** What the store, or the way it is tested, can do beside the contract. Cases that need more are left out, by name. */
  readonly abilities: readonly Ability[];
  /** A new, empty store that nobody has opened. Time is what the clock shows. */
  create(clock: SuiteClock): Promise<StoreUnderTest>;
}

/** Vitest, Jest, Mocha and node:test have these. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it: ((title: string, body: () => Promise<void>) => unknown) & { skip(title: string, body: () => Promise<void>): unknown };
}

export const storeCases: readonly StoreCase[] = [
  ...submittingCases,
  ...contentCases,
  ...claimingCases,
  ...leaseCases,
  ...sharingCases,
  ...preparingCases,
  ...settlingCases,
  ...filingCases,
  ...receivingCases,
  ...readingCases,
  ...feedCases,
  ...sectionCases,
  ...sweepingCases,
  ...durabilityCases,
  ...randomCases,
];

/** Describes each case as a test of the runner, by default the global `describe` and `it`. */
export function describeMessageStore(name: string, subject: StoreSubject, runner: TestRunner = globalThis as unknown as TestRunner): void {
  runner.describe(`the message store ${name}`, () => {
    for (const storeCase of storeCases) {
      const missing = (storeCase.needs ?? []).filter((ability) => !subject.abilities.includes(ability));
      const run = () => runCase(storeCase, subject);
      if (missing.length === 0) runner.it(storeCase.title, run);
      else runner.it.skip(`${storeCase.title} (not shown: the store has no ${missing.join(', ')})`, run);
    }
  });
}

/** Runs one case against a new store. */
export async function runCase(storeCase: StoreCase, subject: StoreSubject): Promise<void> {
  const world = await StoreWorld.create(subject);
  try {
    await storeCase.run(world);
  } finally {
    await world.dispose();
  }
}

export type { Ability, StoreCase, StoreUnderTest, SuiteClock };

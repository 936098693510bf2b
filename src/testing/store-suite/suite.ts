// What every message store promises, as a list of cases with the numbers of the behaviours they show. Whoever writes
// a store runs it: `describeMessageStore(factory, capabilities)`. Needs no particular test runner.
import type { ConformanceReport } from '../conformance/report.ts';
import { checkSuite, describeSuite, type SuiteOptions } from '../conformance/suite.ts';
import { systemClock } from '../../time/clock.ts';
import { withDeadline } from '../../time/deadline.ts';
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
import type { StoreCapabilities, StoreCase, StoreFactory } from './subject.ts';
import { submittingCases } from './submitting.ts';
import { sweepingCases } from './sweeping.ts';
import { StoreWorld } from './world.ts';

export interface StoreSuiteOptions extends SuiteOptions {
  /** How long a case may take in real time, in ms. Default 60,000. */
  readonly patienceMs?: number;
}

const never = new AbortController();

const storeCases: readonly StoreCase[] = [
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

/**
 * Describes each case as a test of the runner, by default the global `describe` and `it`. A case that needs a capability
 * which is not `true` is skipped, with the reason in its title.
 * @returns the report; it is complete when the tests have run
 */
export function describeMessageStore(factory: StoreFactory, capabilities: StoreCapabilities, options: StoreSuiteOptions = {}): ConformanceReport {
  const suite = suiteOf(factory, capabilities, options);
  return describeSuite(`the message store ${suite.name}`, suite, options);
}

/** Runs the suite without a test runner; `only` chooses cases by their title. */
export function checkMessageStore(
  factory: StoreFactory,
  capabilities: StoreCapabilities,
  options: Pick<StoreSuiteOptions, 'name' | 'patienceMs'> & { readonly only?: (title: string) => boolean } = {},
): Promise<ConformanceReport> {
  return checkSuite(suiteOf(factory, capabilities, options), options.only);
}

function suiteOf(factory: StoreFactory, capabilities: StoreCapabilities, { name, patienceMs = 60_000 }: StoreSuiteOptions) {
  return {
    cases: storeCases,
    capabilities,
    name: name ?? (factory.name || 'store'),
    run: async (one: StoreCase): Promise<void> => {
      const world = await StoreWorld.create(factory);
      const ends = (running: Promise<void>): Promise<void> => withDeadline(systemClock, patienceMs, 'the store', never.signal, () => running);
      try {
        await ends(one.run(world));
      } catch (error) {
        await ends(world.dispose()).catch(() => undefined);
        throw error;
      }
      await ends(world.dispose());
    },
  };
}

// What every transport provider promises, as a list of cases with the numbers of the behaviours they show. Whoever
// writes a provider runs it: `describeTransportProvider(factory, capabilities)`. Needs no particular test runner, and
// nothing of the engine: it plays the spooler itself.
import type { ConformanceReport } from '../conformance/report.ts';
import { checkSuite, describeSuite, type ConformanceCase, type SuiteOptions } from '../conformance/suite.ts';
import { accountCases } from './accounts.ts';
import { addressingCases } from './addressing.ts';
import { declaringCases } from './declaring.ts';
import { deferringCases } from './deferring.ts';
import { disturbedSendingCases } from './disturbed-sending.ts';
import { eventCases } from './events.ts';
import { logonCases } from './logon.ts';
import { receivingCases } from './receiving.ts';
import { remoteCases } from './remote.ts';
import { sendingCases } from './sending.ts';
import type { ProviderCapability, ProviderFactory } from './subject.ts';
import { ProviderWorld, type ProviderCapabilities } from './world.ts';

export type ProviderCase = ConformanceCase<ProviderCapability, ProviderWorld>;

export interface ProviderSuiteOptions extends SuiteOptions {
  /** How long a case waits in real time for what should happen, in ms. Default 5,000: enough for real servers on this machine. */
  readonly patienceMs?: number;
}

const providerCases: readonly ProviderCase[] = [
  ...logonCases,
  ...declaringCases,
  ...accountCases,
  ...eventCases,
  ...sendingCases,
  ...addressingCases,
  ...disturbedSendingCases,
  ...deferringCases,
  ...receivingCases,
  ...remoteCases,
];

/**
 * Describes each case as a test of the runner, by default the global `describe` and `it`. A case that needs a capability
 * which is not `true` is skipped, with the reason in its title.
 * @returns the report; it is complete when the tests have run
 */
export function describeTransportProvider(
  factory: ProviderFactory,
  capabilities: ProviderCapabilities,
  options: ProviderSuiteOptions = {},
): ConformanceReport {
  const suite = suiteOf(factory, capabilities, options);
  return describeSuite(`the transport provider ${suite.name}`, suite, options);
}

/** Runs the suite without a test runner; `only` chooses cases by their title. */
export function checkTransportProvider(
  factory: ProviderFactory,
  capabilities: ProviderCapabilities,
  options: Omit<ProviderSuiteOptions, 'runner' | 'onReport'> & { readonly only?: (title: string) => boolean } = {},
): Promise<ConformanceReport> {
  return checkSuite(suiteOf(factory, capabilities, options), options.only);
}

function suiteOf(factory: ProviderFactory, capabilities: ProviderCapabilities, { name, patienceMs = 5_000 }: ProviderSuiteOptions) {
  return {
    cases: providerCases,
    capabilities,
    name: name ?? (factory.name || 'provider'),
    run: async (one: ProviderCase): Promise<void> => {
      const world = await ProviderWorld.create(factory, capabilities, patienceMs);
      try {
        await one.run(world);
      } catch (error) {
        await world[Symbol.asyncDispose]().catch(() => undefined);
        throw error;
      }
      await world[Symbol.asyncDispose]();
    },
  };
}

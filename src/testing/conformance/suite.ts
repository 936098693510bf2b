// Runs the cases of a conformance suite, as tests of whatever runner there is or by itself, and keeps the report.
import { GrowingReport, type ConformanceReport } from './report.ts';

/**
 * What the subject, or the way it is tested, can do beside the contract: `true`, or the reason why not. A case that
 * needs what is not there is left out and listed with that reason.
 */
export type Capabilities<Name extends string> = { readonly [name in Name]?: true | string };

export interface ConformanceCase<Name extends string, World> {
  /** A promise, beginning with the numbers of the behaviours. */
  readonly title: string;
  readonly needs?: readonly Name[];
  run(world: World): Promise<void>;
}

/** Mocha, Vitest, Jest and node:test have these; hand over `{ describe, it }` where they are not global. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: TestRunnerIt;
}

export interface TestRunnerIt {
  (title: string, body: () => Promise<void>): unknown;
  readonly skip?: (title: string, body: () => Promise<void>) => unknown;
}

export interface SuiteOptions {
  /** How the subject is called in titles and in the report. Default: the name of the factory. */
  readonly name?: string;
  /** Default: the global `describe` and `it`. */
  readonly runner?: TestRunner;
  /** Called when the last case has run; not if the runner was told to run only some. */
  readonly onReport?: (report: ConformanceReport) => void;
}

/** Thrown by a case that finds that the subject does not have what it is about. */
export class NotShown extends Error {}

interface Suite<Name extends string, World> {
  readonly cases: readonly ConformanceCase<Name, World>[];
  readonly capabilities: Capabilities<Name>;
  readonly name: string;
  run(one: ConformanceCase<Name, World>): Promise<void>;
}

/** Each case as a test of the runner. */
export function describeSuite<Name extends string, World>(
  heading: string,
  suite: Suite<Name, World>,
  { runner = globalThis as unknown as TestRunner, onReport }: SuiteOptions,
): ConformanceReport {
  const report = newReport(suite);
  let left = suite.cases.filter((one) => leftOut(suite, one) === undefined).length;
  runner.describe(heading, () => {
    for (const one of suite.cases) {
      const why = leftOut(suite, one);
      if (why !== undefined) {
        runner.it.skip?.(`${one.title} (not shown: ${why})`, async () => undefined);
        continue;
      }
      runner.it(one.title, async () => {
        const error = await judged(suite, one, report);
        if (--left === 0) onReport?.(report);
        if (error !== undefined) throw error;
      });
    }
  });
  return report;
}

/** All cases, or those that `only` names, one after the other and without a runner. */
export async function checkSuite<Name extends string, World>(
  suite: Suite<Name, World>,
  only: (title: string) => boolean = () => true,
): Promise<ConformanceReport> {
  const report = newReport(suite);
  for (const one of suite.cases) if (only(one.title) && leftOut(suite, one) === undefined) await judged(suite, one, report);
  return report;
}

function newReport<Name extends string, World>(suite: Suite<Name, World>): GrowingReport {
  const titles = suite.cases.map(({ title }) => title);
  const report = new GrowingReport(suite.name, titles);
  for (const one of suite.cases) {
    const why = leftOut(suite, one);
    if (why !== undefined) report.note(one.title, 'notShown', why);
  }
  return report;
}

/** The error of a case that failed. */
async function judged<Name extends string, World>(
  suite: Suite<Name, World>,
  one: ConformanceCase<Name, World>,
  report: GrowingReport,
): Promise<Error | undefined> {
  try {
    await suite.run(one);
    report.note(one.title, 'passed');
    return undefined;
  } catch (reason) {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    report.note(one.title, error instanceof NotShown ? 'notShown' : 'failed', error.message);
    return error instanceof NotShown ? undefined : error;
  }
}

function leftOut<Name extends string, World>({ capabilities }: Suite<Name, World>, one: ConformanceCase<Name, World>): string | undefined {
  const missing = (one.needs ?? []).filter((name) => capabilities[name] !== true);
  return missing.length === 0 ? undefined : [...new Set(missing.map((name) => reasonOf(name, capabilities[name])))].join('; ');
}

const reasonOf = (name: string, reason: true | string | undefined): string =>
  typeof reason === 'string' ? reason : `the subject does not say that it can ${JSON.stringify(name)}`;

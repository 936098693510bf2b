// The closing lines of a run: each skipped test with its reason, each that passed only when it was repeated, then
// `N passed, N failed` alone, for a reader that wants one line. Files that do not load, hooks that fail and unhandled errors count as failures.
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = groups.filter((group) => group.errors().length > 0).length;
    for (const line of skippedLines(tests)) console.log(line);
    for (const line of repeatedLines(tests)) console.log(line);
    console.log(`${count('passed')} passed, ${count('failed') + broken + errors.length} failed`);
  }
}

/** What passed at the second try only, and what was wrong at the first. */
const repeatedLines = (tests: readonly TestCase[]): string[] =>
  tests
    .filter((test) => test.diagnostic()?.flaky)
    .map((test) => {
      const [first] = test.result().errors ?? [];
      return `passed when it was repeated: ${test.module.relativeModuleId} > ${test.fullName}: ${first?.message.split('\n')[0] ?? 'no reason'}`;
    });

/** One line for each reason: what is skipped with it, and how many tests that are. */
function skippedLines(tests: readonly TestCase[]): string[] {
  const counts = new Map<string, number>();
  for (const test of tests) {
    if (test.result().state !== 'skipped') continue;
    const reason = reasonOf(test);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `skipped ${count}: ${reason}`);
}

/** The note of `context.skip('…')`, else the title of the outermost skipped suite, which says it, else the test's own. */
function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  let reason = test.name;
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) {
    if (parent.options.mode === 'skip') reason = parent.name;
  }
  return reason;
}

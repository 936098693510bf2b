// One copy of the sources, and vitest in it: told a patch, it applies it, runs the tests that carry the number, and
// takes the patch back. What vitest has compiled it keeps, so that a patch costs a second or two.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest, type TestModule } from 'vitest/node';
import { applyPatch, copyOf, type Patch, withdrawPatch } from '../patched-copy.ts';
import { carries } from './behaviours.ts';

export interface Order {
  readonly number: string;
  readonly patch: Patch;
  /** Test files; the later ones only if the patch survives the earlier. */
  readonly stages: readonly (readonly string[])[];
}

export type Answer =
  | { readonly verdict: 'killed'; readonly by: string; readonly passed: number; readonly others: number }
  | { readonly verdict: 'survived' | 'hangs' }
  | { readonly verdict: 'stale' | 'breaks'; readonly reason: string }
  | { readonly verdict: 'unsound'; readonly by: string };

const copied = ['src', 'providers', 'test', 'package.json', 'tsconfig.json'];
const conditions = ['mailspool-source'];
/** Engine tests run on virtual time: one that takes longer waits for what will not come. */
const testMs = 10_000;

const directory = await copyOf(copied);
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
process.chdir(directory);
const vitest = await createVitest(
  'test',
  {
    root: directory,
    config: false,
    watch: false,
    include: ['test/**/*.test.ts'],
    provide: { store: 'memory' },
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: testMs,
    hookTimeout: testMs,
    reporters: [{}],
    silent: true,
  },
  { resolve: { conditions }, ssr: { resolve: { conditions } } },
);

interface Outcome {
  readonly file: string;
  readonly name: string;
  readonly failed: boolean;
}

/** What fails in a file without any patch. */
const failingBefore = new Map<string, ReadonlySet<string>>();

process.on('message', (order: Order) => {
  judged(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => void vitest.close().finally(() => process.exit()));

async function judged({ number, patch, stages }: Order): Promise<Answer> {
  for (const files of stages) {
    const broken = await brokenBefore(files, number);
    if (broken !== undefined) return { verdict: 'unsound', by: broken };
    try {
      await applyPatch(directory, patch);
    } catch (error) {
      return { verdict: 'stale', reason: (error as Error).message };
    }
    vitest.invalidateFile(join(directory, patch.file));
    try {
      const answer = judgement(number, await run(files));
      if (answer.verdict !== 'survived') return answer;
    } finally {
      await withdrawPatch(directory, patch);
      vitest.invalidateFile(join(directory, patch.file));
    }
  }
  return { verdict: 'survived' };
}

/** A test of the number that fails anyhow. */
async function brokenBefore(files: readonly string[], number: string): Promise<string | undefined> {
  const unknown = files.filter((file) => !failingBefore.has(file));
  if (unknown.length > 0) {
    const outcomes = await run(unknown);
    if (typeof outcomes === 'string') throw new Error(`without a patch: ${outcomes}`);
    for (const file of unknown) failingBefore.set(file, new Set(outcomes.filter((one) => one.file === file && one.failed).map(({ name }) => name)));
  }
  return files.flatMap((file) => [...(failingBefore.get(file) ?? [])]).find((name) => carries(name, number));
}

/** A patch that takes more than half of the neighbours along shows nothing. */
function judgement(number: string, outcomes: readonly Outcome[] | string): Answer {
  if (typeof outcomes === 'string') return { verdict: 'breaks', reason: outcomes };
  const killer = outcomes.find(({ name, failed }) => failed && carries(name, number));
  if (!killer) return { verdict: 'survived' };
  const others = outcomes.filter(({ name }) => !carries(name, number));
  const passed = others.filter(({ failed }) => !failed).length;
  if (passed * 2 < others.length) return { verdict: 'breaks', reason: `${others.length - passed} of ${others.length} other tests fail` };
  return { verdict: 'killed', by: killer.name, passed, others: others.length };
}

/** The outcome of each test, or why a file could not be loaded. */
async function run(files: readonly string[]): Promise<Outcome[] | string> {
  const [project] = vitest.projects;
  if (!project) throw new Error('vitest has no project');
  const specifications = files.map((file) => project.createSpecification(join(directory, file)));
  const { testModules } = await vitest.runTestSpecifications(specifications);
  const unloaded = testModules.flatMap((module) => module.errors().map(({ message }) => `${fileOf(module)}: ${message}`));
  if (unloaded.length > 0) return unloaded.join('; ');
  return testModules.flatMap((module) =>
    [...module.children.allTests()].flatMap((test) => {
      const { state } = test.result();
      return state === 'passed' || state === 'failed' ? [{ file: fileOf(module), name: test.name, failed: state === 'failed' }] : [];
    }),
  );
}

const fileOf = ({ moduleId }: TestModule): string => moduleId.slice(directory.length + 1);

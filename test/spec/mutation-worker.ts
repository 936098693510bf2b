// vitest in one copy of the sources: told a patch, it applies it, runs the tests that carry the number, and
// takes the patch back. What vitest has compiled it keeps, so that a patch costs a second or two.
import { join } from 'node:path';
import { createVitest } from 'vitest/node';
import { applyPatch, type Patch, withdrawPatch } from '../patched-copy.ts';
import { carries } from './behaviours.ts';

export interface Order {
  readonly number: string;
  readonly patch: Patch;
  /** With tests of the number; the later ones run only if the patch survives the earlier. */
  readonly files: readonly string[];
}

export type Answer =
  | { readonly verdict: 'killed'; readonly by: string; readonly passed: number; readonly tests: number }
  | { readonly verdict: 'survived' | 'hangs' }
  | { readonly verdict: 'stale' | 'breaks'; readonly reason: string }
  | { readonly verdict: 'unsound'; readonly by: string };

const conditions = ['mailspool-source'];
/** Engine tests run on virtual time: one that takes longer waits for what will not come. */
const testMs = 10_000;

const [, , directory = ''] = process.argv;
process.chdir(directory);
const vitest = await createVitest(
  'test',
  {
    root: directory,
    config: false,
    watch: false,
    include: ['test/**/*.test.ts'],
    provide: { store: 'memory' },
    pool: 'threads',
    maxWorkers: 1,
    testTimeout: testMs,
    hookTimeout: testMs,
    reporters: [{}],
    silent: true,
  },
  { resolve: { conditions }, ssr: { resolve: { conditions } } },
);

interface Outcome {
  readonly name: string;
  readonly failed: boolean;
}

/** What fails in each file without any patch. */
const failingBefore = new Map<string, readonly string[]>();

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

async function judged({ number, patch, files }: Order): Promise<Answer> {
  for (const file of files) {
    const broken = (await failures(file)).find((name) => carries(name, number));
    if (broken !== undefined) return { verdict: 'unsound', by: broken };
    try {
      await applyPatch(directory, patch);
    } catch (error) {
      return { verdict: 'stale', reason: (error as Error).message };
    }
    vitest.invalidateFile(join(directory, patch.file));
    try {
      const answer = judgement(number, await run(file));
      if (answer.verdict !== 'survived') return answer;
    } finally {
      await withdrawPatch(directory, patch);
      vitest.invalidateFile(join(directory, patch.file));
    }
  }
  return { verdict: 'survived' };
}

/** Tests that fail anyhow. */
async function failures(file: string): Promise<readonly string[]> {
  const known = failingBefore.get(file);
  if (known) return known;
  const outcomes = await run(file);
  if (typeof outcomes === 'string') throw new Error(`without a patch: ${outcomes}`);
  const failing = outcomes.filter(({ failed }) => failed).map(({ name }) => name);
  failingBefore.set(file, failing);
  return failing;
}

/** A patch that takes more than half of the neighbours along shows nothing. */
function judgement(number: string, outcomes: readonly Outcome[] | string): Answer {
  if (typeof outcomes === 'string') return { verdict: 'breaks', reason: outcomes };
  const killer = outcomes.find(({ name, failed }) => failed && carries(name, number));
  if (!killer) return { verdict: 'survived' };
  const passed = outcomes.filter(({ failed }) => !failed);
  const others = outcomes.filter(({ name }) => !carries(name, number));
  const alive = passed.filter(({ name }) => !carries(name, number)).length;
  if (alive * 2 < others.length || passed.length === 0) return { verdict: 'breaks', reason: `of the ${others.length} tests beside ${alive} pass` };
  return { verdict: 'killed', by: killer.name, passed: passed.length, tests: outcomes.length };
}

/** The outcome of each test, or why the file could not be loaded. */
async function run(file: string): Promise<Outcome[] | string> {
  const [project] = vitest.projects;
  const moduleId = join(directory, file);
  if (!project) throw new Error('vitest has no project');
  // The answer speaks of earlier runs, too.
  const { testModules } = await vitest.runTestSpecifications([project.createSpecification(moduleId)]);
  const ran = testModules.find((module) => module.moduleId === moduleId);
  if (!ran) return `${file} did not run`;
  if (ran.errors().length > 0)
    return ran
      .errors()
      .map(({ message }) => `${file}: ${message}`)
      .join('; ');
  return [...ran.children.allTests()].flatMap((test) => {
    const { state } = test.result();
    return state === 'passed' || state === 'failed' ? [{ name: test.name, failed: state === 'failed' }] : [];
  });
}

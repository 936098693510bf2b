// The shortest beginning of a plan that still fails: found by trying them all, the shortest first, so that it is the
// shortest indeed.
import { runAll } from './pool.ts';
import type { Run } from './simulate.ts';

export async function shortest(failed: Run, { days, workers }: { readonly days: number; readonly workers: number }): Promise<Run> {
  const longest = Math.min(failed.steps, failed.failure?.step ?? failed.steps);
  let found = failed;
  const tasks = Array.from({ length: longest }, (_, at) => ({ seed: failed.seed, days, steps: at + 1 }));
  const hear = (run: Run) => {
    if (run.failure && run.steps < found.steps) found = run;
  };
  await runAll(tasks, { workers }, hear, () => found !== failed);
  return found;
}

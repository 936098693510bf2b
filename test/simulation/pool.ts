// The processes that run seeds, one for each processor: told a seed, each answers with its run.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run, RunOptions } from './simulate.ts';

export interface Task extends Pick<RunOptions, 'days' | 'steps'> {
  readonly seed: number;
}

export interface PoolOptions {
  readonly workers: number;
  /** Where the sources are: another place for mutants. */
  readonly worker?: string;
}

const here = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Runs all tasks, and hands each run over as it ends; `enough` skips those that have not begun. */
export async function runAll(
  tasks: readonly Task[],
  { workers, worker = here }: PoolOptions,
  ended: (run: Run) => void,
  enough: () => boolean = () => false,
): Promise<void> {
  const left = [...tasks];
  const next = () => (enough() ? undefined : left.shift());
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, async () => await work(worker, next, ended)));
}

async function work(worker: string, next: () => Task | undefined, ended: (run: Run) => void): Promise<void> {
  const child = fork(worker, { execArgv: ['--import', 'tsx', '--conditions=mailspool-source'], serialization: 'advanced' });
  try {
    for (let task = next(); task; task = next()) ended(await answered(child, task));
  } finally {
    child.disconnect();
  }
}

function answered(child: ChildProcess, task: Task): Promise<Run> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`the process that ran seed ${task.seed} ended with ${code}`));
    child.once('exit', died);
    child.once('message', (run: Run) => {
      child.off('exit', died);
      resolve(run);
    });
    child.send(task);
  });
}

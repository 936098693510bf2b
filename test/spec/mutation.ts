// Whether the tests would notice that a behaviour is gone: each patch is applied to a copy, and the tests of its number
// run there. Two processes, each with a copy of its own.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { copyOf } from '../patched-copy.ts';
import { testTitles } from './behaviours.ts';
import type { Answer, Order } from './mutation-worker.ts';
import type { Removal } from './patches/removal.ts';
import { asPatch, filesFor } from './patches.ts';

export type Verdict = { readonly removal: Removal } & Answer;

/** Far more than any patch needs: a program that never comes back is ended. */
const patchMs = 60_000;
const copied = ['src', 'providers', 'test', 'package.json', 'tsconfig.json'];

/** Hands each verdict over as it is found. */
export async function mutate(removals: readonly Removal[], { workers }: { workers: number }, found: (verdict: Verdict) => void): Promise<void> {
  const titles = testTitles();
  const orders = removals.map((removal) => ({ removal, number: removal.number, patch: asPatch(removal), files: filesFor(removal, titles) }));
  // Those with the same tests stay together, and the processes begin at the two ends: each compiles less.
  const left = orders.sort((a, b) => (a.files[0] ?? '').localeCompare(b.files[0] ?? ''));
  const work = async (next: () => (typeof orders)[number] | undefined) => {
    let worker = await start();
    try {
      for (let order = next(); order; order = next()) {
        const { removal, ...rest } = order;
        const answer = await answered(worker, rest);
        found({ removal, ...answer });
        if (answer.verdict !== 'hangs') continue;
        await end(worker);
        worker = await start();
      }
    } finally {
      await end(worker);
    }
  };
  await Promise.all(workers > 1 ? [work(() => left.shift()), work(() => left.pop())] : [work(() => left.shift())]);
}

interface Worker {
  readonly directory: string;
  readonly process: ChildProcess;
}

async function start(): Promise<Worker> {
  const directory = await copyOf(copied);
  const process = fork(fileURLToPath(new URL('./mutation-worker.ts', import.meta.url)), [directory], {
    execArgv: ['--import', 'tsx'],
    // vitest speaks to whoever watches; what the tests print is nobody's business here.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return { directory, process };
}

/** The tests run in its threads: with it all of them end, also one that hangs. */
async function end({ directory, process: child }: Worker): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}

async function answered({ process: child }: Worker, order: Order): Promise<Answer> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', timer).then(([answer]) => answer as Answer),
      once(child, 'exit', timer).then(([code]) => Promise.reject(new Error(`the process that ran ${order.patch.name} ended with ${String(code)}`))),
      setTimeout(patchMs, { verdict: 'hangs' } as const, timer),
      new Promise<never>((_, reject) => child.send(order, (error) => error && reject(error))),
    ]);
  } finally {
    timer.abort();
  }
}

/** So many of them, in the order in which the seed draws them. */
export function drawn(removals: readonly Removal[], count: number, seed: number): Removal[] {
  const random = seededRandom(seed);
  const weighed = removals.map((removal) => ({ removal, weight: Buffer.from(random.bytes(6)).readUIntBE(0, 6) }));
  return weighed
    .sort((a, b) => a.weight - b.weight)
    .slice(0, count)
    .map(({ removal }) => removal);
}

export const isCaught = ({ verdict }: Answer): boolean => verdict === 'killed';

export function sentence({ removal: { number, why, file }, ...answer }: Verdict): string {
  const what = `${number} without it, ${why}:`;
  switch (answer.verdict) {
    case 'killed':
      return `${number} killed by "${answer.by}"; ${answer.passed} of ${answer.tests} tests there pass\n    ${why}`;
    case 'survived':
      return `${what} SURVIVED, no test of ${number} fails`;
    case 'stale':
      return `${what} does not apply: ${answer.reason}`;
    case 'breaks':
      return `${what} the patch of ${file} breaks more than the behaviour: ${answer.reason}`;
    case 'unsound':
      return `${what} a test of ${number} fails without the patch: "${answer.by}"`;
    case 'hangs':
      return `${what} the patch of ${file} never comes back`;
  }
}

// Whether the tests would notice that a behaviour is gone: each patch is applied to a copy, and the tests of its number
// run there. Two processes, each with a copy of its own.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import type { Answer, Order } from './mutation-worker.ts';
import type { Removal } from './patches/removal.ts';
import { asPatch, filesByNumber } from './patches.ts';

export type Verdict = { readonly removal: Removal } & Answer;

/** Far more than any patch needs: a program that never comes back is ended. */
const patchMs = 90_000;

/** Hands each verdict over as it is found. */
export async function mutate(removals: readonly Removal[], { workers }: { workers: number }, found: (verdict: Verdict) => void): Promise<void> {
  const left = [...removals];
  const files = filesByNumber('mapi');
  const work = async () => {
    let worker = start();
    try {
      for (let removal = left.shift(); removal; removal = left.shift()) {
        const { number } = removal;
        const answer = await answered(worker, { number, patch: asPatch(removal), stages: files.get(number) ?? [] });
        if (answer.verdict === 'hangs') worker = start();
        found({ removal, ...answer });
      }
    } finally {
      if (worker.connected) worker.disconnect();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, removals.length) }, work));
}

const start = (): ChildProcess =>
  fork(fileURLToPath(new URL('./mutation-worker.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    // vitest speaks to whoever watches; what the tests print is nobody's business here.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

async function answered(worker: ChildProcess, order: Order): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`the process that ran ${order.patch.name} ended with ${code}`));
    const timer = setTimeout(() => {
      worker.off('exit', died);
      worker.kill('SIGKILL');
      resolve({ verdict: 'hangs' });
    }, patchMs);
    worker.once('exit', died);
    worker.once('message', (answer: Answer) => {
      clearTimeout(timer);
      worker.off('exit', died);
      resolve(answer);
    });
    worker.send(order);
  });
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
      return `${number} killed by "${answer.by}"; ${answer.passed} of ${answer.others} other tests pass\n    ${why}`;
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

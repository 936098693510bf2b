// `npm run bench -- flood`: 100,000 datagrams a second for ten seconds, to a slot that is read and to one that is not.
import type { Answer } from './answer.ts';
import { faultsOf, flooded, megabytes } from './flood.ts';
import type { BenchOptions } from './harness.ts';

const rate = 100_000;
const seconds = 10;
const port = 5_140;

const highest = (memory: readonly number[]): number => megabytes(Math.max(...memory));

export async function flood({ progress }: BenchOptions): Promise<Answer> {
  const faults: string[] = [];
  const counts: Answer['counts'][number][] = [];
  for (const reads of [true, false]) {
    const what = reads ? 'a slot that is read' : 'a slot that nobody reads';
    progress(`${what}: ${rate} datagrams a second for ${seconds} s`);
    const result = await flooded({ rate, seconds, reads, port });
    const { offered, seconds: took, droppedBySystem, counters, memory } = result;
    const { received = 0, ...others } = counters;
    const became = Object.entries(others).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
    progress(`  ${Math.round(offered / took)} a second offered; ${became.join(', ')}, dropped by the system ${droppedBySystem}`);
    progress(`  memory ${memory.map(megabytes).join(' ')} MB`);
    const half = Math.floor(memory.length / 2);
    counts.push(
      { what: `${what}: offered`, counted: offered, expected: rate * seconds },
      { what: `${what}: received, or dropped by the system`, counted: received + droppedBySystem, expected: offered },
      {
        what: `${what}: highest memory in MB, in the second half beside the first`,
        counted: highest(memory.slice(half)),
        expected: highest(memory.slice(0, half)),
      },
    );
    faults.push(...faultsOf(result).map((fault) => `${what}: ${fault}`));
    if (offered / took < 0.8 * rate) faults.push(`${what}: only ${Math.round(offered / took)} a second were offered`);
  }
  return { question: `A hub that is offered ${rate} datagrams a second for ${seconds} s`, records: [], ratios: [], counts, faults };
}

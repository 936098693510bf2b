// How fast are message queues? Recoverable messages of 1 KiB through the embedded engine, sent and then received, beside a
// bare SQLite table into which as many are inserted, and from which they are deleted, with the same commits. And how long
// it takes to open a file in which a million wait.
import { join } from 'node:path';
import { embeddedEngine, queueManager } from 'mailspool/providers/queue';
import { type Answer, ratioOf } from './answer.ts';
import { BareTable } from './bare-table.ts';
import { type BenchOptions, callers, type Contender, takeTurns } from './harness.ts';
import { preparePlace } from './place.ts';

const body = Buffer.alloc(1_024, 'x');
/** As many wait for their commit at once, and as many stand in each of the bare one. */
const callersAtOnce = 64;
const warmUp = 2_000;
const million = 1_000_000;
const openWithinMs = 1_000;

const path = '.\\private$\\orders';

export async function queue({ messages, rounds, directory, progress }: BenchOptions): Promise<Answer> {
  await using place = await preparePlace(directory);
  const base = place.directory;
  await using manager = await queueManager({ engine: embeddedEngine({ directory: join(base, 'engine') }) });
  await manager.createQueue(path);
  const sender = await manager.openQueue(path, { access: 'send' });
  const reader = await manager.openQueue(path, { access: 'receive' });
  using bare = new BareTable(join(base, 'bare.db'));
  const contenders: Contender[] = [
    {
      name: 'embedded engine',
      run: async (count) => {
        await callers(callersAtOnce, count, async () => void (await sender.send({ body, delivery: 'recoverable' })));
        await callers(callersAtOnce, count, async () => void (await reader.receive({ timeoutMs: 0 })));
      },
    },
    {
      name: 'bare SQLite',
      run: async (count) => {
        for (let done = 0; done < count; done += callersAtOnce)
          bare.insert(Array.from({ length: Math.min(callersAtOnce, count - done) }, () => body));
        for (let done = 0; done < count; done += callersAtOnce) bare.take(Math.min(callersAtOnce, count - done));
      },
    },
  ];
  const inEachTurn = Math.ceil(messages / rounds);
  const records = await takeTurns({ contenders, messages: inEachTurn, rounds, warmUp, progress });
  const [ofEngine, ofBare] = records;
  const opening = await openedMs(join(base, 'million'), progress);
  const left = (await manager.listQueues()).reduce((sum, one) => sum + one.messages, 0);
  return {
    question: `Recoverable messages of 1 KiB sent and received, ${inEachTurn * rounds} each in ${rounds} rounds, ${callersAtOnce} at once`,
    records,
    ratios: [ratioOf('embedded engine beside bare SQLite', ofEngine, ofBare)],
    place,
    counts: [
      { what: 'messages left in the engine', counted: left, expected: 0 },
      { what: `milliseconds to open ${million} waiting messages (aim: below)`, counted: Math.round(opening), expected: openWithinMs },
    ],
    faults: [...(left > 0 ? [`${left} messages were not received`] : []), ...(opening > openWithinMs ? ['a million messages open too slowly'] : [])],
  };
}

/** The first message is read, too. */
async function openedMs(directory: string, progress: BenchOptions['progress']): Promise<number> {
  progress(`${million} messages wait`);
  {
    await using manager = await queueManager({ engine: embeddedEngine({ directory }) });
    await manager.createQueue(path);
    await using sender = await manager.openQueue(path, { access: 'send' });
    await callers(1_000, million, async () => void (await sender.send({ body: 'waits', delivery: 'recoverable', timeToBeReceived: 1_000_000 })));
  }
  const from = performance.now();
  await using manager = await queueManager({ engine: embeddedEngine({ directory }) });
  await using reader = await manager.openQueue(path, { access: 'receive' });
  await reader.receive({ timeoutMs: 0 });
  return performance.now() - from;
}

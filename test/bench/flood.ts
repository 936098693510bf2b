// What does a flood do? Datagrams of every kind offered to a hub at a fixed rate, to a slot that is read and to one that
// is not: its memory stays flat, its counters tell of each datagram that the system gave it, the system's own of the rest,
// and nothing is ever answered.
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Receiver, receiver } from './mailslot-process.ts';

export interface FloodOptions {
  /** Datagrams a second, and for how long. */
  readonly rate: number;
  readonly seconds: number;
  /** Whether somebody reads the slot. */
  readonly reads: boolean;
  readonly port: number;
}

export interface Flood {
  readonly offered: number;
  readonly seconds: number;
  /** By the system, since its buffer was full. */
  readonly droppedBySystem: number;
  readonly counters: Readonly<Record<string, number>>;
  /** What the hub sent: nothing. */
  readonly answers: number;
  /** Of the hub's process, in bytes: each quarter of a second, after its first second. */
  readonly memory: readonly number[];
  readonly waiting: number;
}

const addresses = { hub: '127.0.0.3', flooder: '127.0.0.5' };
const maxQueuedMessages = 10_000;
/** Until the collector has found its pace. */
const warmUpSeconds = 1;

export async function flooded({ rate, seconds, reads, port }: FloodOptions): Promise<Flood> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-flood-'));
  const host = { name: 'bob', directory, network: { addresses: [addresses.hub], port } };
  const hub = await receiver({ role: reads ? 'slot' : 'full', slot: '\\\\.\\mailslot\\news', settings: { maxQueuedMessages }, host });
  const socket = createSocket('udp4');
  let answers = 0;
  socket.on('message', () => (answers += 1));
  try {
    await new Promise<void>((bound) => socket.bind(0, addresses.flooder, bound));
    await new Promise<void>((connected) => socket.connect(port, addresses.hub, connected));
    const frames = kinds();
    const memory = remembered(hub);
    const from = performance.now();
    let offered = 0;
    while (offered < rate * seconds) {
      const elapsed = (performance.now() - from) / 1_000;
      const due = Math.min(rate * seconds, Math.ceil(elapsed * rate));
      // In bursts with room for others between them, as many senders together would be.
      for (const end = Math.min(due, offered + 2_048); offered < end; offered += 1) socket.send(frames[offered % frames.length] as Buffer);
      await new Promise(setImmediate);
    }
    const took = (performance.now() - from) / 1_000;
    const samples = await memory();
    const { counters, messageCount } = await quiet(hub);
    return { offered, seconds: took, droppedBySystem: await drops(addresses.hub, port), counters, answers, memory: samples, waiting: messageCount };
  } finally {
    socket.close();
    await hub[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What was counted is the sum of what became of it, and all that was offered was counted, here or by the system. */
export function faultsOf({ offered, droppedBySystem, counters, answers, memory }: Flood): readonly string[] {
  const { received = 0, ...others } = counters;
  const sum = Object.values(others).reduce((all, one) => all + one, 0);
  const half = Math.floor(memory.length / 2);
  const [early, late] = [Math.max(...memory.slice(0, half)), Math.max(...memory.slice(half))];
  return [
    ...(received === sum ? [] : [`the hub received ${received}, and counted ${sum} for what became of them`]),
    ...(received + droppedBySystem === offered ? [] : [`${offered} were offered: ${received} received, ${droppedBySystem} dropped by the system`]),
    ...(answers === 0 ? [] : [`${answers} datagrams were answered`]),
    ...(late <= early + allowedGrowth ? [] : [`memory grew from ${megabytes(early)} to ${megabytes(late)} MB in the second half`]),
  ];
}

/** What a garbage collector may be behind. */
const allowedGrowth = 32 * 2 ** 20;

export const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Good ones, those for nobody, and garbage: encoded by hand, as a stranger would. */
function kinds(): Buffer[] {
  return Array.from({ length: 8_192 }, (_, number) => {
    const kind = number % 8;
    if (kind === 0) return Buffer.alloc(number % 1_400, number);
    const [target, path] = [kind === 1 ? 'nobody' : 'bob', kind === 2 ? `none${number}` : 'news'];
    const id = Buffer.alloc(16);
    id.writeUInt32BE(kind === 3 ? 0 : number);
    const fixed = Buffer.concat([Buffer.from('MSLT\x01\0', 'latin1'), id, Buffer.alloc(9)]);
    const texts = [target, 'eve', path].map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1'));
    const frame = Buffer.concat([fixed, ...texts, Buffer.of(1, 168), Buffer.alloc(424, number)]);
    return kind === 4 ? frame.subarray(0, number % frame.length) : frame;
  });
}

function remembered(hub: Receiver): () => Promise<readonly number[]> {
  const samples: number[] = [];
  let isOver = false;
  const looking = (async () => {
    await sleep(warmUpSeconds * 1_000);
    while (!isOver) {
      samples.push((await hub.told()).rss);
      await sleep(250);
    }
  })();
  return async () => {
    isOver = true;
    await looking;
    return samples;
  };
}

/** Once it has read what the system still had. */
async function quiet(hub: Receiver): ReturnType<Receiver['told']> {
  for (let before = -1; ;) {
    const told = await hub.told();
    const { received = 0 } = told.counters;
    if (received === before) return told;
    before = received;
    await sleep(200);
  }
}

/** The last column of the socket's line in /proc/net/udp. */
async function drops(address: string, port: number): Promise<number> {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  const local = `${address
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2))
    .join('')}:${hex(port, 4)}`;
  const lines = (await readFile('/proc/net/udp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const line = lines.find(([, localAddress]) => localAddress === local);
  if (line === undefined) throw new Error(`the hub's socket ${local} is not in /proc/net/udp`);
  return Number(line.at(-1));
}

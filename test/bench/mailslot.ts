// How fast are mailslots? Messages of 424 bytes from one process to another: datagrams beside Node's bare dgram, local
// messages beside a bare Unix socket with the same frames and replies. Both pairs with as much under way.
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailslotHost, type MailslotWriter } from 'mailspool/providers/mailslot';
import { type Answer, ratioOf } from './answer.ts';
import { type BenchOptions, callers, type Contender, takeTurns } from './harness.ts';
import { type Receiver, receiver } from './mailslot-process.ts';

const messageBytes = 424;
const callersAtOnce = 64;
const warmUp = 20_000;
/** Datagrams that may be under way: what the system's buffers hold without loss. */
const window = 1_024;
const addresses = { sender: '127.0.0.2', slot: '127.0.0.3', bare: '127.0.0.4' };
const port = 5_139;

export async function mailslot({ messages, rounds, progress }: BenchOptions): Promise<Answer> {
  const directory = await mkdtemp(join(tmpdir(), 'mailslot-bench-'));
  const path = join(directory, 'bare');
  const bob = { name: 'bob', directory: join(directory, 'bob') };
  const settings = { maxQueuedMessages: 100_000 };
  const inEachTurn = Math.ceil(messages / rounds);
  await using slot = await receiver({
    role: 'slot',
    slot: '\\\\.\\mailslot\\news',
    settings,
    host: { ...bob, network: { addresses: [addresses.slot], port } },
  });
  await using local = await receiver({ role: 'slot', slot: '\\\\.\\mailslot\\local', settings, host: bob });
  await using bare = await receiver({ role: 'dgram', address: addresses.bare, port });
  await using unix = await receiver({ role: 'unix', path });
  const ann = mailslotHost({
    name: 'ann',
    directory: bob.directory,
    network: { addresses: [addresses.sender], hosts: { bob: addresses.slot }, port },
  });
  const socket = await bareDatagrams();
  const stream = await bareStream(path);
  try {
    const contenders = [
      datagrams('mailslot, datagrams', slot, written(await ann.openMailslot('\\\\bob\\mailslot\\news'))),
      datagrams("Node's dgram", bare, socket.send),
      replied('mailslot, local', written(await ann.openMailslot('\\\\.\\mailslot\\local'))),
      replied('bare Unix socket', stream.send),
    ];
    const records = await takeTurns({ contenders, messages: inEachTurn, rounds, warmUp, progress });
    const [ofSlot, ofBare, ofLocal, ofUnix] = records;
    const expected = warmUp + inEachTurn * rounds;
    const counts = await Promise.all(
      Object.entries({ 'datagrams to the slot': slot, 'bare datagrams': bare, 'local messages': local, 'bare frames': unix }).map(
        async ([what, one]) => ({
          what,
          counted: (await one.told()).came,
          expected,
        }),
      ),
    );
    const faults = counts.flatMap(({ what, counted }) => (counted === expected ? [] : [`${what}: ${counted} instead of ${expected}`]));
    if ((await local.told()).outOfOrder > 0) faults.push('local messages came out of order');
    return {
      question: `Messages of ${messageBytes} bytes from one process to another, ${inEachTurn * rounds} each in ${rounds} rounds, ${callersAtOnce} callers, at most ${window} datagrams under way`,
      records,
      ratios: [
        ratioOf("mailslot datagrams beside Node's dgram", ofSlot, ofBare),
        ratioOf('local mailslot beside a bare Unix socket', ofLocal, ofUnix),
      ],
      counts,
      faults,
    };
  } finally {
    await ann.close();
    socket.close();
    stream.close();
    await rm(directory, { recursive: true, force: true });
  }
}

type Send = (message: Buffer) => Promise<unknown>;

const written =
  (writer: MailslotWriter): Send =>
  (message) =>
    writer.write(message);

/** Numbered, so that the other side sees gaps and swaps. */
function numbered(number: number): Buffer {
  const message = Buffer.alloc(messageBytes, 0x20);
  message.writeUInt32BE(number);
  return message;
}

/** Ends when all have come. */
function datagrams(name: string, to: Receiver, send: Send): Contender {
  let sent = 0;
  return {
    name,
    run: async (messages) => {
      const all = sent + messages;
      await callers(callersAtOnce, messages, async () => {
        const number = sent++;
        while (number - to.came >= window) await to.more();
        await send(numbered(number));
      });
      while ((await to.told()).came < all) continue;
    },
  };
}

/** Ends when all are answered for. */
function replied(name: string, send: Send): Contender {
  let sent = 0;
  return { name, run: async (messages) => await callers(callersAtOnce, messages, async () => void (await send(numbered(sent++)))) };
}

async function bareDatagrams() {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, addresses.sender, bound));
  const send: Send = (message) =>
    new Promise<void>((sent, failed) => socket.send(message, port, addresses.bare, (error) => (error ? failed(error) : sent())));
  return { send, close: () => socket.close() };
}

async function bareStream(path: string) {
  const socket = await new Promise<Socket>((connected) => {
    const one = createConnection(path, () => connected(one));
  });
  const pending: (() => void)[] = [];
  socket.on('data', (replies) => {
    for (let left = replies.length; left > 0; left -= 1) pending.shift()?.();
  });
  const send: Send = (message) =>
    new Promise<void>((stored) => {
      pending.push(stored);
      const head = Buffer.allocUnsafe(5);
      head.writeUInt32BE(message.length);
      head[4] = 1;
      socket.write(Buffer.concat([head, message]));
    });
  return { send, close: () => socket.destroy() };
}

// The hub: what it drops, what it counts, whom it hands on to, and who takes its place.
import { describe, expect, test } from 'vitest';
import { nativeFormat } from '../../../providers/mailslot/wire/native-frame.ts';
import { sumOf, texts, wireWorld, type WireWorld } from './wire-world.ts';

const hosts = { bob: '192.0.2.2' };
const bobAt = { address: '192.0.2.2', port: 5_138 };
const news = '\\\\.\\mailslot\\news';

/** Ann writes to Bob, whose slot never waits. */
async function annAndBob(world: WireWorld, network: object = {}) {
  const ann = world.process({ name: 'ann', address: '192.0.2.1', network: { hosts, ...network } });
  const bob = world.process({ name: 'bob', address: hosts.bob, network });
  const slot = await bob.createMailslot(news, { readTimeout: 0 });
  const writer = await ann.openMailslot('\\\\bob\\mailslot\\news');
  return { ann, bob, slot, writer };
}

describe.each([1, 2, 3, 4, 5])('a network that loses, repeats and swaps, seed %i', (seed) => {
  test('S-028 S-029 neither side is told; what arrives is whole, in any order, with gaps, and each message once', async () => {
    await using world = await wireWorld(seed);
    const { bob, slot, writer } = await annAndBob(world);
    world.network.faults = { loss: 0.2, repeats: 0.3, delayMs: 500 };
    const sent = Array.from({ length: 200 }, (_, number) => `message ${number}`);
    for (const text of sent) {
      expect((await writer.write(text)).outcome).toBe('relayed');
      await world.time.advance(20);
    }
    await world.time.advance(1_000);
    const arrived = await texts(slot);
    expect(new Set(arrived).size).toBe(arrived.length);
    expect(arrived.filter((text) => !sent.includes(text))).toEqual([]);
    expect(arrived.length).toBeLessThan(sent.length);
    expect(arrived.length).toBeGreaterThan(sent.length / 2);
    expect(arrived).not.toEqual(sent.filter((text) => arrived.includes(text)));
    const { counters } = bob.hub;
    expect(counters).toMatchObject({ delivered: arrived.length, repeated: expect.any(Number) as number });
    expect(counters.repeated).toBeGreaterThan(0);
    expect(sumOf(counters).sum).toBe(counters.received);
  });

  test('S-029 with duplicates delivered one reader receives the same message more than once, as with the original', async () => {
    await using world = await wireWorld(seed);
    const { slot, writer } = await annAndBob(world, { duplicates: 'deliver' });
    world.network.faults = { repeats: 1 };
    await writer.write('hello');
    expect(await texts(slot)).toEqual(['hello', 'hello']);
  });

  test('S-028 ms-mail frames have no identifier: repeats are repeats', async () => {
    await using world = await wireWorld(seed);
    const { slot, writer, bob } = await annAndBob(world, { format: 'ms-mail' });
    world.network.faults = { repeats: 1 };
    await writer.write('hello');
    expect(await texts(slot)).toEqual(['hello', 'hello']);
    expect(bob.hub.counters).toMatchObject({ received: 2, delivered: 2, repeated: 0 });
  });
});

test('S-029 a repeat is known for 60 seconds and 1,024 messages, and no longer', async () => {
  await using world = await wireWorld();
  const { slot, writer, bob } = await annAndBob(world);
  await writer.write('hello');
  const again = () => world.network.inject(world.network.sent[0]?.frame ?? Buffer.alloc(0), bobAt);
  await world.time.advance(59_999);
  again();
  expect(bob.hub.counters.repeated).toBe(1);
  await world.time.advance(1);
  again();
  expect(await texts(slot)).toEqual(['hello', 'hello']);
  for (let count = 0; count < 1_024; count += 1) await writer.write(`other ${count}`);
  again();
  expect((await texts(slot)).filter((text) => text === 'hello')).toHaveLength(1);
});

test('S-037 what is malformed, truncated or too large is dropped and counted, and nothing else changes', async () => {
  await using world = await wireWorld();
  const { slot, writer, bob } = await annAndBob(world);
  await writer.write('before');
  const frame = world.network.sent[0]?.frame ?? Buffer.alloc(0);
  for (const bad of [Buffer.alloc(0), Buffer.from('hello'), frame.subarray(0, -1), Buffer.concat([frame, Buffer.of(0)])])
    world.network.inject(bad, bobAt);
  world.network.inject(Buffer.alloc(1_201), bobAt);
  await writer.write('after');
  expect(bob.hub.counters).toMatchObject({ received: 7, malformed: 4, oversized: 1, delivered: 2 });
  expect(await texts(slot)).toEqual(['before', 'after']);
});

test('S-038 what finds no room in a queue is dropped and counted, on both sides of the bounds', async () => {
  await using world = await wireWorld();
  const { bob, ann } = await annAndBob(world);
  const few = await bob.createMailslot('\\\\.\\mailslot\\few', { readTimeout: 0, maxQueuedMessages: 3 });
  const small = await bob.createMailslot('\\\\.\\mailslot\\small', { readTimeout: 0, maxQueuedBytes: 1_000 });
  const [toFew, toSmall] = await Promise.all(['few', 'small'].map(async (name) => await ann.openMailslot(`\\\\bob\\mailslot\\${name}`)));
  for (const text of ['1', '2', '3', '4', '5']) await toFew?.write(text);
  for (let count = 0; count < 5; count += 1) await toSmall?.write(Buffer.alloc(400));
  expect([few.info(), small.info()]).toMatchObject([
    { messageCount: 3, dropped: 2 },
    { messageCount: 2, dropped: 3 },
  ]);
  expect(bob.hub.counters).toMatchObject({ received: 10, delivered: 5, queueFull: 5 });
  expect(await texts(few)).toEqual(['1', '2', '3']);
  await toFew?.write('6');
  expect(await texts(few)).toEqual(['6']);
});

test('S-021 S-038 a datagram that is larger than the slot takes is dropped and counted', async () => {
  await using world = await wireWorld();
  const { bob, ann } = await annAndBob(world);
  const slot = await bob.createMailslot('\\\\.\\mailslot\\tiny', { readTimeout: 0, maxMessageSize: 4 });
  const writer = await ann.openMailslot('\\\\bob\\mailslot\\tiny');
  await writer.write('12345');
  await writer.write('1234');
  expect(await texts(slot)).toEqual(['1234']);
  expect(bob.hub.counters).toMatchObject({ delivered: 1, queueFull: 1 });
});

test('S-039 what arrives is read in the order of arrival, whatever the frames say of their priority', async () => {
  await using world = await wireWorld();
  const { slot, writer } = await annAndBob(world, { format: 'ms-mail' });
  for (const text of ['low', 'high', 'none']) await writer.write(text);
  const [low, high, none] = world.network.sent.map(({ frame }) => Buffer.from(frame));
  await texts(slot);
  const at = { address: hosts.bob, port: 138 };
  high?.writeUInt16LE(9, 82 + 33 + 30);
  for (const frame of [low, high, none]) if (frame) world.network.inject(frame, at);
  expect(await texts(slot)).toEqual(['low', 'high', 'none']);
});

test('a frame for another computer or domain is not for us, whatever its address was', async () => {
  await using world = await wireWorld();
  const { bob } = await annAndBob(world);
  const frame = nativeFormat().encode({
    id: '00'.repeat(16),
    sentAt: 0,
    source: 'ann',
    scope: 'host',
    target: 'eve',
    path: ['news'],
    data: Buffer.alloc(1),
  });
  world.network.inject(frame, bobAt);
  expect(bob.hub.counters).toMatchObject({ received: 1, notForUs: 1 });
});

test('the message says where it came from, and when it was sent', async () => {
  await using world = await wireWorld();
  const { slot, writer } = await annAndBob(world);
  world.network.faults = { delayMs: 100 };
  const sentAt = world.time.now();
  await writer.write('hello');
  await world.time.advance(1_000);
  const message = await slot.read();
  expect(message).toMatchObject({
    via: 'datagram',
    datagram: { host: 'ann', address: '192.0.2.1', sentAt, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
  });
  expect(message?.receivedAt).toBeGreaterThan(sentAt);
});

describe('several processes of one computer', () => {
  const bob = { name: 'bob', address: hosts.bob };
  const remote = async (world: WireWorld, name = 'news') =>
    await world.process({ name: 'ann', address: '192.0.2.1', network: { hosts } }).openMailslot(`\\\\bob\\mailslot\\${name}`);

  test('one of them listens, and hands datagrams to the slots of the others', async () => {
    await using world = await wireWorld();
    const [first, second] = [world.process(bob), world.process(bob)];
    await first.createMailslot('\\\\.\\mailslot\\first');
    await using slot = await second.createMailslot('\\\\.\\mailslot\\Second');
    expect([first.hub.state, second.hub.state]).toEqual(['listening', 'elsewhere']);
    await (await remote(world, 'second')).write('hello');
    expect(await slot.read()).toMatchObject({
      via: 'datagram',
      datagram: { host: 'ann', address: '192.0.2.1' },
      data: new Uint8Array(Buffer.from('hello')),
    });
    await expect.poll(() => first.hub.counters).toMatchObject({ received: 1, delivered: 1 });
    expect(second.hub.counters.received).toBe(0);
  });

  test('many at once keep their order, and a burst to a name that is just being looked for is bounded and counted', async () => {
    await using world = await wireWorld();
    const [first, second] = [world.process(bob), world.process(bob)];
    await first.createMailslot('\\\\.\\mailslot\\first');
    await using slot = await second.createMailslot(news);
    const writer = await remote(world);
    await Promise.all(Array.from({ length: 200 }, async (_, number) => await writer.write(`${number}`)));
    await expect.poll(() => sumOf(first.hub.counters).sum).toBe(200);
    const { delivered, queueFull } = first.hub.counters;
    expect(queueFull).toBeGreaterThan(0);
    await expect.poll(() => slot.info().messageCount).toBe(delivered);
    const arrived = (await texts(slot)).map(Number);
    expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
  });

  test('S-011 when the one that listens is gone, another takes its place within a second', async () => {
    await using world = await wireWorld();
    const [first, second] = [world.process(bob), world.process(bob)];
    const gone = await first.createMailslot('\\\\.\\mailslot\\first');
    await using slot = await second.createMailslot(news);
    const writer = await remote(world);
    await gone.close();
    await first.close();
    await writer.write('lost: nobody listens');
    await world.time.advance(1_000);
    expect(second.hub.state).toBe('listening');
    await writer.write('found');
    expect(Buffer.from((await slot.read())?.data ?? []).toString()).toBe('found');
    expect(second.hub.counters).toMatchObject({ received: 1, delivered: 1 });
  });

  test('a slot whose process is gone is no slot, and the hub lives on', async () => {
    await using world = await wireWorld();
    const [first, second] = [world.process(bob), world.process(bob)];
    await first.createMailslot('\\\\.\\mailslot\\first');
    const slot = await second.createMailslot(news);
    const writer = await remote(world);
    await writer.write('one');
    await slot.read();
    await slot.close();
    await expect
      .poll(async () => {
        await writer.write('two');
        return first.hub.counters.noSuchSlot;
      })
      .toBeGreaterThan(0);
    await world.time.advance(1_000);
    await using again = await second.createMailslot(news);
    await writer.write('three');
    expect(Buffer.from((await again.read())?.data ?? []).toString()).toBe('three');
    await expect.poll(() => sumOf(first.hub.counters).sum).toBe(first.hub.counters.received);
  });

  test('a hub that was stopped while it waited never listens', async () => {
    await using world = await wireWorld();
    const [first, second] = [world.process(bob), world.process(bob)];
    await first.createMailslot('\\\\.\\mailslot\\first');
    await second.createMailslot(news);
    await second.close();
    await first.close();
    await world.time.advance(5_000);
    expect(second.hub.state).toBe('elsewhere');
    expect(world.time.pending).toBe(0);
  });
});

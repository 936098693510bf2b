// Who wrote a native frame (S-040): frames without a tag, forged, stale and replayed ones, keys that come and go.
import type { MailslotAuthentication, MailslotKey } from 'mailspool/providers/mailslot';
import { expect, test } from 'vitest';
import { KeyRing } from '../../../providers/mailslot/wire/authentication.ts';
import { nativeFormat } from '../../../providers/mailslot/wire/native-frame.ts';
import { Seen } from '../../../providers/mailslot/network/seen.ts';
import { texts, wireWorld, type WireWorld } from './wire-world.ts';

const k1: MailslotKey = { id: 'k1', secret: 'the first secret of all' };
const k2: MailslotKey = { id: 'k2', secret: 'the second secret of all' };
const hosts = { bob: '192.0.2.2' };
const bobAt = { address: '192.0.2.2', port: 5_138 };

/** Ann writes `text` to a slot of Bob; each with a setting of their own, or none. */
async function written(world: WireWorld, ann: MailslotAuthentication | undefined, bob: MailslotAuthentication | undefined, aheadMs = 0) {
  const set = (authentication: MailslotAuthentication | undefined) => ({ hosts, ...(authentication && { authentication }) });
  const from = world.process({ name: 'ann', address: '192.0.2.1', network: set(ann), aheadMs });
  const to = world.process({ name: 'bob', address: '192.0.2.2', network: set(bob) });
  const slot = await to.createMailslot('\\\\.\\mailslot\\news', { readTimeout: 0 });
  const writer = await from.openMailslot('\\\\bob\\mailslot\\news');
  await writer.write('one');
  const { received, ...counters } = to.hub.counters;
  const what = Object.entries(counters).filter(([, count]) => count > 0);
  return { slot, to, writer, received, what, lastFrame: world.network.sent.at(-1)?.frame ?? Buffer.alloc(0) };
}

test.each<[string, MailslotAuthentication | undefined, MailslotAuthentication | undefined, string]>([
  ['off: a frame without a tag is delivered', undefined, undefined, 'delivered'],
  ['off: a signed frame is delivered, and nobody looks at its tag', { mode: 'require', keys: [k1] }, undefined, 'delivered'],
  ['accept: a frame without a tag is delivered', undefined, { mode: 'accept', keys: [k1] }, 'delivered'],
  ['accept: a frame that a known key signed is delivered', { mode: 'accept', keys: [k1] }, { mode: 'accept', keys: [k1] }, 'delivered'],
  ['accept: a frame that an unknown key signed is forged', { mode: 'accept', keys: [k2] }, { mode: 'accept', keys: [k1] }, 'forged'],
  ['require: a frame without a tag is unauthenticated', undefined, { mode: 'require', keys: [k1] }, 'unauthenticated'],
  ['require: a frame that a known key signed is delivered', { mode: 'accept', keys: [k1] }, { mode: 'require', keys: [k1] }, 'delivered'],
  ['require: a key id with another secret is forged', { mode: 'require', keys: [{ ...k2, id: 'k1' }] }, { mode: 'require', keys: [k1] }, 'forged'],
])('S-040 %s', async (_what, ann, bob, becomes) => {
  await using world = await wireWorld();
  const { slot, received, what } = await written(world, ann, bob);
  expect(received).toBe(1);
  expect(what).toEqual([[becomes, 1]]);
  expect(slot.info().messageCount).toBe(becomes === 'delivered' ? 1 : 0);
});

test('S-040 a message says which key authenticated it, and none where none did', async () => {
  await using world = await wireWorld();
  const { slot } = await written(world, { mode: 'require', keys: [k2] }, { mode: 'accept', keys: [k1, k2] });
  expect((await slot.read())?.datagram).toMatchObject({ host: 'ann', keyId: 'k2' });
  await using other = await wireWorld();
  const unsigned = await written(other, undefined, { mode: 'accept', keys: [k1] });
  expect((await unsigned.slot.read())?.datagram).not.toHaveProperty('keyId');
});

test('S-040 a change of any byte of a signed frame is never delivered', async () => {
  const keys = { mode: 'require', keys: [k1] } as const;
  await using world = await wireWorld();
  const { slot, to, lastFrame } = await written(world, keys, keys);
  await slot.read();
  for (let at = 0; at < lastFrame.length; at += 1) {
    const forged = Buffer.from(lastFrame);
    forged[at] = (forged[at] ?? 0) ^ 0x01;
    world.network.inject(forged, bobAt);
  }
  expect(slot.info().messageCount).toBe(0);
  expect(to.hub.counters.forged).toBeGreaterThan(60);
  expect(to.hub.counters.delivered).toBe(1);
});

test('S-040 a frame whose sender’s clock differs by more than the window is stale, in both directions', async () => {
  const keys = { mode: 'require', keys: [k1], windowMs: 5_000 } as const;
  for (const [aheadMs, becomes] of [
    [5_000, 'delivered'],
    [5_001, 'stale'],
    [-5_001, 'stale'],
  ] as const) {
    await using world = await wireWorld();
    expect((await written(world, keys, keys, aheadMs)).what).toEqual([[becomes, 1]]);
  }
});

test('S-040 a replay is dropped as long as it would not be stale, to the last millisecond', async () => {
  const keys = { mode: 'require', keys: [k1], windowMs: 5_000 } as const;
  await using world = await wireWorld();
  // Fresh for ten seconds, since the sender's clock is ahead by five.
  const { to, lastFrame } = await written(world, keys, keys, 5_000);
  world.network.inject(lastFrame, bobAt);
  await world.time.advance(10_000);
  world.network.inject(lastFrame, bobAt);
  expect(to.hub.counters).toMatchObject({ delivered: 1, replayed: 2, stale: 0 });
  await world.time.advance(1);
  world.network.inject(lastFrame, bobAt);
  expect(to.hub.counters).toMatchObject({ delivered: 1, replayed: 2, stale: 1 });
});

test('S-040 a hub that begins to listen takes nothing that was sent before: the one before it may have had it', async () => {
  const keys = { mode: 'require', keys: [k1] } as const;
  await using world = await wireWorld();
  const { to, lastFrame } = await written(world, keys, keys);
  await to.close();
  await world.time.advance(10);
  const again = world.process({ name: 'bob2', address: '192.0.2.2', network: { authentication: keys }, memberOf: ['bob'] });
  const slot = await again.createMailslot('\\\\.\\mailslot\\news', { readTimeout: 0 });
  world.network.inject(lastFrame, bobAt);
  expect(again.hub.counters).toMatchObject({ delivered: 0, stale: 1 });
  expect(slot.info().messageCount).toBe(0);
});

test('S-040 a cache of replays that is full lets nothing pass twice: what is as old as what it forgot is stale', () => {
  const seen = new Seen({ maxIds: 3, ms: 1_000 });
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) expect(seen.add(id, 100 + index, 500)).toBe(true);
  expect(seen.floor).toBe(100);
  expect(seen.add('d', 103, 500)).toBe(false);
  // Out of order: the floor never sinks.
  expect(seen.add('e', 50, 500)).toBe(true);
  expect(seen.add('f', 104, 500)).toBe(true);
  expect(seen.floor).toBe(102);
});

test('S-040 the floor also covers what was forgotten in time, should the clock be put back', () => {
  const seen = new Seen({ maxIds: 10, ms: 1_000 });
  seen.add('a', 100, 500);
  seen.add('b', 2_000, 2_000);
  expect(seen.floor).toBe(100);
});

test('S-040 a flood of frames with different identifiers never opens the way to a replay', async () => {
  const keys = { mode: 'require', keys: [k1] } as const;
  const format = nativeFormat(new KeyRing(keys));
  await using world = await wireWorld();
  const { to, lastFrame } = await written(world, keys, keys);
  await world.time.advance(1);
  for (let count = 0; count < 65_537; count += 1) {
    const id = count.toString(16).padStart(32, '0');
    world.network.inject(
      format.encode({ id, sentAt: world.time.now(), source: 'eve', scope: 'host', target: 'bob', path: ['other'], data: Buffer.alloc(0) }),
      bobAt,
    );
  }
  world.network.inject(lastFrame, bobAt);
  expect(to.hub.counters).toMatchObject({ delivered: 1, replayed: 0, stale: 1 });
});

test('S-040 keys are rotated without a gap: added behind everywhere, then moved to the front, then the old one taken away', async () => {
  const steps: (readonly [MailslotKey[], MailslotKey[], string])[] = [
    [[k1], [k1, k2], 'k1'],
    [[k1, k2], [k1], 'k1'],
    [[k2, k1], [k1, k2], 'k2'],
    [[k2], [k2, k1], 'k2'],
  ];
  for (const [ann, bob, signed] of steps) {
    await using world = await wireWorld();
    const { slot } = await written(world, { mode: 'require', keys: ann }, { mode: 'require', keys: bob });
    expect((await slot.read())?.datagram?.keyId).toBe(signed);
  }
});

test('S-029 S-040 with authentication repeats of one write are one message, too', async () => {
  const keys = { mode: 'require', keys: [k1] } as const;
  await using world = await wireWorld();
  world.network.faults = { repeats: 1 };
  const { slot, to } = await written(world, keys, keys);
  expect(await texts(slot)).toEqual(['one']);
  expect(to.hub.counters).toMatchObject({ received: 2, delivered: 1, replayed: 1 });
});

test.each<[string, MailslotAuthentication]>([
  ['authentication.keys', { mode: 'accept', keys: [] }],
  ['authentication.keys[0].id', { mode: 'accept', keys: [{ ...k1, id: '' }] }],
  ['authentication.keys[0].id', { mode: 'accept', keys: [{ ...k1, id: 'k'.repeat(33) }] }],
  ['authentication.keys[0].id', { mode: 'accept', keys: [{ ...k1, id: 'kö' }] }],
  ['authentication.keys[1].id', { mode: 'accept', keys: [k1, k1] }],
  ['authentication.keys[0].secret', { mode: 'accept', keys: [{ id: 'k', secret: 'too short' }] }],
])('an error names the field %s', (field, authentication) => {
  expect(() => new KeyRing(authentication)).toThrow(expect.objectContaining({ code: 'ECONFIG', field }) as Error);
});

test('ms-mail has no authentication, and says so', async () => {
  await using world = await wireWorld();
  const network = { format: 'ms-mail', authentication: { mode: 'accept', keys: [k1] } } as const;
  expect(() => world.process({ name: 'ann', address: '192.0.2.1', network })).toThrow(expect.objectContaining({ code: 'ECONFIG' }) as Error);
});

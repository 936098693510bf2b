// Writers to other computers: what they address, what they refuse, and what they never learn.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailslotHost, MailslotMessageTooLargeError } from 'mailspool/providers/mailslot';
import { describe, expect, test } from 'vitest';
import { nativeFormat } from '../../../providers/mailslot/wire/native-frame.ts';
import { texts, wireWorld, type WireWorld } from './wire-world.ts';

const hosts = { ann: '192.0.2.1', bob: '192.0.2.2', eve: '192.0.2.3' };
const domains = { office: ['ann', 'bob', 'eve'], lab: ['eve'] };
const news = '\\\\.\\mailslot\\news';
const slotOptions = { readTimeout: 0 } as const;

/** Ann, Bob and Eve are the office, Eve alone is the lab; all have the slot `news`. */
async function office(world: WireWorld, network: object = {}) {
  const settings = { hosts, domains, ...network };
  const [ann, bob, eve] = (['ann', 'bob', 'eve'] as const).map((name) =>
    world.process({ name, address: hosts[name], primaryDomain: 'office', memberOf: name === 'eve' ? ['lab'] : [], network: settings }),
  );
  if (!ann || !bob || !eve) throw new Error('three computers');
  const slots = await Promise.all([ann, bob, eve].map(async (one) => await one.createMailslot(news, slotOptions)));
  const arrived = async () => await Promise.all(slots.map(async (slot) => (await texts(slot)).length));
  return { ann, bob, eve, arrived };
}

test.each([
  ['\\\\.\\mailslot\\news', [1, 0, 0]],
  ['\\\\bob\\mailslot\\news', [0, 1, 0]],
  ['\\\\BOB\\Mailslot\\News', [0, 1, 0]],
  ['\\\\ann\\mailslot\\news', [1, 0, 0]],
  ['\\\\lab\\mailslot\\news', [0, 0, 1]],
  ['\\\\office\\mailslot\\news', [1, 1, 1]],
  ['\\\\*\\mailslot\\news', [1, 1, 1]],
])('S-007 S-026 %s reaches whom it names, each once, the own computer included', async (name, expected) => {
  await using world = await wireWorld();
  const { ann, arrived } = await office(world);
  const writer = await ann.openMailslot(name.includes('lab') ? { scope: 'domain', target: 'lab', path: ['news'] } : name);
  await writer.write('hello');
  expect(await arrived()).toEqual(expected);
});

test('S-026 members that do not have the name get nothing, and nobody is told', async () => {
  await using world = await wireWorld();
  const { ann, bob } = await office(world);
  const slot = await bob.createMailslot('\\\\.\\mailslot\\kitchen', slotOptions);
  expect(await (await ann.openMailslot('\\\\office\\mailslot\\kitchen')).write('tea')).toEqual({ bytes: 3, outcome: 'relayed' });
  expect(await texts(slot)).toEqual(['tea']);
});

test('S-007 \\\\*\\ without a primary domain is refused with what to do', async () => {
  await using world = await wireWorld();
  const alone = world.process({ name: 'ann', address: hosts.ann });
  await expect(alone.openMailslot('\\\\*\\mailslot\\news')).rejects.toMatchObject({
    code: 'EINVALID',
    remedy: expect.stringContaining('primaryDomain'),
  });
});

test('a name that nothing resolves is refused at once, with what to do', async () => {
  await using world = await wireWorld();
  const alone = world.process({ name: 'ann', address: hosts.ann });
  await expect(alone.openMailslot('\\\\nobody\\mailslot\\news')).rejects.toMatchObject({
    code: 'EDNS',
    remedy: expect.stringContaining('network.hosts') as string,
  });
});

test('S-019 opening contacts nobody, and says nothing of whether the slot exists', async () => {
  await using world = await wireWorld();
  const ann = world.process({ name: 'ann', address: hosts.ann, network: { hosts } });
  await using writer = await ann.openMailslot('\\\\eve\\mailslot\\nothing\\here');
  expect(writer.address).toMatchObject({ scope: 'host', target: 'eve', path: ['nothing', 'here'] });
  expect(world.network.sent).toEqual([]);
});

test('S-020 S-027 a write to a slot, or a computer, that does not exist succeeds: it was handed to the network', async () => {
  await using world = await wireWorld();
  const { ann, bob } = await office(world);
  const writer = await ann.openMailslot('\\\\bob\\mailslot\\nothing');
  expect(await writer.write('hello')).toEqual({ bytes: 5, outcome: 'relayed' });
  await expect.poll(() => bob.hub.counters).toMatchObject({ received: 1, noSuchSlot: 1, delivered: 0 });
  await bob.close();
  expect(await writer.write('hello')).toEqual({ bytes: 5, outcome: 'relayed' });
});

test('S-027 a full slot is not told to a remote writer', async () => {
  await using world = await wireWorld();
  const ann = world.process({ name: 'ann', address: hosts.ann, network: { hosts } });
  const bob = world.process({ name: 'bob', address: hosts.bob });
  await bob.createMailslot(news, { ...slotOptions, maxQueuedMessages: 1 });
  const writer = await ann.openMailslot('\\\\bob\\mailslot\\news');
  expect([await writer.write('one'), await writer.write('two')]).toEqual([
    { bytes: 3, outcome: 'relayed' },
    { bytes: 3, outcome: 'relayed' },
  ]);
  expect(bob.hub.counters).toMatchObject({ delivered: 1, queueFull: 1 });
});

describe.each(['\\\\bob\\mailslot\\news', '\\\\office\\mailslot\\news', '\\\\*\\mailslot\\news'])('%s', (name) => {
  test('S-022 S-023 S-025 takes 0 to 424 bytes whole, and refuses 425 before anything is sent', async () => {
    await using world = await wireWorld();
    const { ann, bob } = await office(world);
    const slot = await bob.createMailslot('\\\\.\\mailslot\\sizes', slotOptions);
    const writer = await ann.openMailslot(name.replace('news', 'sizes'));
    expect(writer.maxMessageSize).toBe(424);
    for (const size of [0, 424]) {
      await writer.write(Buffer.alloc(size, 7));
      expect((await slot.read())?.data).toHaveLength(size);
    }
    const before = world.network.sent.length;
    const refused = writer.write(Buffer.alloc(425));
    await expect(refused).rejects.toBeInstanceOf(MailslotMessageTooLargeError);
    await expect(refused).rejects.toMatchObject({ code: 'EBADNETPATH', maxBytes: 424 });
    expect(world.network.sent).toHaveLength(before);
    expect(slot.info().messageCount).toBe(0);
  });
});

test('S-023 one write is one datagram to each destination, never several', async () => {
  await using world = await wireWorld();
  const { ann } = await office(world);
  await (await ann.openMailslot('\\\\bob\\mailslot\\news')).write(Buffer.alloc(424));
  expect(world.network.sent).toHaveLength(1);
  await (await ann.openMailslot('\\\\office\\mailslot\\news')).write(Buffer.alloc(424));
  expect(world.network.sent).toHaveLength(1 + 3);
});

test('S-024 with ms-mail the limit follows from the length of the name', async () => {
  await using world = await wireWorld();
  const { ann, arrived } = await office(world, { format: 'ms-mail' });
  for (const [name, bytes] of [
    ['news', 428],
    ['bulletin', 424],
    ['presence\\all', 420],
  ] as const) {
    const writer = await ann.openMailslot(`\\\\office\\mailslot\\${name}`);
    expect(writer.maxMessageSize).toBe(bytes);
    await writer.write(Buffer.alloc(bytes));
    await expect(writer.write(Buffer.alloc(bytes + 1))).rejects.toMatchObject({ code: 'EBADNETPATH' });
  }
  expect(await arrived()).toEqual([1, 1, 1]);
});

test.each(['\\\\bob\\mailslot\\caf\u00e9', '\\\\b\u00f6b\\mailslot\\news', '\\\\a-name-of-sixteen\\mailslot\\news', '\\\\*\\mailslot\\caf\u00e9'])(
  'S-004 %s cannot go over the wire: ASCII only, targets of at most 15 characters',
  async (name) => {
    await using world = await wireWorld();
    const ann = world.process({ name: 'ann', address: hosts.ann, primaryDomain: 'office', network: { hosts, broadcast: '192.0.2.255' } });
    await expect(ann.openMailslot(name)).rejects.toMatchObject({ code: 'EINVALID' });
    expect(world.network.sent).toEqual([]);
  },
);

test('S-004 a target of 15 characters is one', async () => {
  await using world = await wireWorld();
  const ann = world.process({ name: 'ann', address: hosts.ann, network: { hosts: { 'fifteen-letters': '192.0.2.4' } } });
  expect((await ann.openMailslot('\\\\fifteen-letters\\mailslot\\news')).address.target).toBe('fifteen-letters');
});

test('S-029 a domain with several addresses gets a datagram to each, all with the identifier of the one write', async () => {
  await using world = await wireWorld();
  const { ann } = await office(world);
  await (await ann.openMailslot('\\\\office\\mailslot\\news')).write('hello');
  expect(world.network.sent.map(({ to }) => to.address).sort()).toEqual(Object.values(hosts).sort());
  const ids = world.network.sent.map(({ frame }) => nativeFormat().decode(frame)).map((one) => (typeof one === 'string' ? one : one.id));
  expect(new Set(ids).size).toBe(1);
});

test('names that the table does not have are asked of everybody, by broadcast', async () => {
  await using world = await wireWorld();
  const network = { broadcast: '192.0.2.255' };
  const ann = world.process({ name: 'ann', address: hosts.ann, network });
  const bob = world.process({ name: 'bob', address: hosts.bob, memberOf: ['office'], network });
  const eve = world.process({ name: 'eve', address: hosts.eve, network });
  const slots = await Promise.all([bob, eve].map(async (one) => await one.createMailslot(news, slotOptions)));
  await (await ann.openMailslot('\\\\bob\\mailslot\\news')).write('to bob');
  await (await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] })).write('to the office');
  expect(await Promise.all(slots.map(texts))).toEqual([['to bob', 'to the office'], []]);
  expect(eve.hub.counters).toMatchObject({ received: 2, notForUs: 2 });
});

test('S-026 domains can be multicast groups, which members join and others do not', async () => {
  await using world = await wireWorld();
  const network = { multicast: true };
  const ann = world.process({ name: 'ann', address: hosts.ann, primaryDomain: 'office', network });
  const bob = world.process({ name: 'bob', address: hosts.bob, primaryDomain: 'OFFICE', network });
  const eve = world.process({ name: 'eve', address: hosts.eve, primaryDomain: 'lab', network });
  const slots = await Promise.all([ann, bob, eve].map(async (one) => await one.createMailslot(news, slotOptions)));
  await (await ann.openMailslot('\\\\*\\mailslot\\news')).write('hello');
  expect(await Promise.all(slots.map(texts))).toEqual([['hello'], ['hello'], []]);
  expect(world.network.sent).toHaveLength(1);
  expect(eve.hub.counters.received).toBe(0);
});

test('S-027 a network that takes the datagram for nobody is an error, for some it is not', async () => {
  await using world = await wireWorld();
  const unreachable = new Set([hosts.bob]);
  const transport = world.network.at(hosts.ann);
  const failing = {
    ...transport,
    sender: async () => {
      const link = await transport.sender({ addresses: [], ttl: 1 });
      const send: typeof link.send = async (frame, to) => {
        if (unreachable.has(to.address)) throw Object.assign(new Error('send ENETUNREACH'), { code: 'ENETUNREACH' });
        await link.send(frame, to);
      };
      return { ...link, send };
    },
  };
  const ann = world.process({ name: 'ann', address: hosts.ann, network: { hosts, domains, transport: failing } });
  await expect((await ann.openMailslot('\\\\bob\\mailslot\\news')).write('hello')).rejects.toMatchObject({ code: 'ENETWORK' });
  const toSome = await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] });
  expect(await toSome.write('hello')).toEqual({ bytes: 5, outcome: 'relayed' });
});

test('a writer that was closed writes no more, and one that was given up does not begin', async () => {
  await using world = await wireWorld();
  const { ann } = await office(world);
  const writer = await ann.openMailslot('\\\\bob\\mailslot\\news');
  await expect(writer.write('hello', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  await writer.close();
  await expect(writer.write('hello')).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  expect(world.network.sent).toEqual([]);
});

test('nothing leaves a computer without a network, which still reaches itself by all its names', async () => {
  await using world = await wireWorld();
  const directory = await mkdtemp(join(tmpdir(), 'mailslots-'));
  await using alone = mailslotHost({ name: 'ann', primaryDomain: 'office', directory, clock: world.time });
  await using slot = await alone.createMailslot(news, slotOptions);
  for (const name of ['\\\\ann\\mailslot\\news', '\\\\office\\mailslot\\news', '\\\\*\\mailslot\\news'])
    await (await alone.openMailslot(name)).write(name);
  expect(await texts(slot)).toHaveLength(3);
  await expect(alone.openMailslot('\\\\bob\\mailslot\\news')).rejects.toMatchObject({ code: 'EDNS' });
  await rm(directory, { recursive: true });
});

// The same over real UDP: several computers are several addresses of the loopback, and nothing leaves it.
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mailslot, mailslotHost, type MailslotHost, type MailslotHostOptions, type MailslotNetwork } from 'mailspool/providers/mailslot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nativeFormat } from '../../../providers/mailslot/wire/native-frame.ts';
import { virtualTime } from 'mailspool/testing';
import { hasIpv6Loopback, hasIpv6Multicast } from './ipv6.ts';
import { sumOf, texts } from './wire-world.ts';

const news = '\\\\.\\mailslot\\news';
let directory = '';
let port = 0;
let open: AsyncDisposable[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mailslots-'));
  port = await freePort();
  open = [];
});

afterEach(async () => {
  for (const one of open.reverse()) await one[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** A process on the computer of that name. */
function computer(name: string, network: MailslotNetwork, rest: Partial<MailslotHostOptions> = {}): MailslotHost {
  const host = mailslotHost({ name, directory: join(directory, name), network: { port, ...network }, ...rest });
  open.push(host);
  return host;
}

async function slotOf(host: MailslotHost, name = news): Promise<Mailslot> {
  const slot = await host.createMailslot(name, { readTimeout: 10_000 });
  open.push(slot);
  return slot;
}

const textOf = async (slot: Mailslot) => Buffer.from((await slot.read())?.data ?? Buffer.from('nothing came')).toString();

const addresses = { ann: '127.0.0.2', bob: '127.0.0.3', eve: '127.0.0.4' };

describe.each(['native', 'ms-mail'] as const)('%s', (format) => {
  const network = (name: keyof typeof addresses): MailslotNetwork => ({
    format,
    addresses: [addresses[name]],
    hosts: addresses,
    domains: { office: ['ann', 'bob'] },
  });

  test('S-007 S-022 S-025 0 and 424 bytes arrive at another computer as they were sent', async () => {
    const slot = await slotOf(computer('bob', network('bob')));
    const writer = await computer('ann', network('ann')).openMailslot('\\\\bob\\mailslot\\news');
    for (const bytes of [0, 1, 424]) {
      const data = Buffer.alloc(bytes, bytes);
      expect(await writer.write(data)).toEqual({ bytes, outcome: 'relayed' });
      const message = await slot.read();
      expect(Buffer.from(message?.data ?? []).equals(data)).toBe(true);
      expect(message).toMatchObject({ via: 'datagram', datagram: { address: addresses.ann, host: format === 'native' ? 'ann' : 'ANN' } });
    }
  });

  test('S-026 a domain write reaches every member that has the slot, the own computer included, and nobody else', async () => {
    const [ann, bob, eve] = (['ann', 'bob', 'eve'] as const).map((name) =>
      computer(name, network(name), name === 'eve' ? {} : { memberOf: ['office'] }),
    );
    if (!ann || !bob || !eve) throw new Error('three computers');
    const slots = await Promise.all([ann, bob, eve].map(async (host) => await slotOf(host)));
    await (await ann.openMailslot('\\\\office\\mailslot\\news')).write('hello');
    expect([await textOf(slots[0] as Mailslot), await textOf(slots[1] as Mailslot)]).toEqual(['hello', 'hello']);
    expect(eve.hub.counters.received).toBe(0);
  });

  test('S-020 S-027 nobody at the address, nobody at the port, no such slot: the writer sees success each time', async () => {
    const ann = computer('ann', network('ann'));
    const writer = await ann.openMailslot('\\\\bob\\mailslot\\nothing');
    for (let count = 0; count < 3; count += 1) expect((await writer.write('hello')).outcome).toBe('relayed');
    const bob = computer('bob', network('bob'));
    await slotOf(bob);
    await writer.write('hello');
    await expect.poll(() => bob.hub.counters).toMatchObject({ received: 1, noSuchSlot: 1 });
  });

  test('S-037 garbage of every size is dropped and counted, and what is good still arrives', async () => {
    const bob = computer('bob', network('bob'));
    const slot = await slotOf(bob);
    const socket = createSocket('udp4');
    const sizes = [0, 1, 31, 82, 600, 1_300, 20_000, 65_507];
    for (const bytes of sizes)
      await new Promise<void>((resolve, reject) =>
        socket.send(Buffer.alloc(bytes, 0xff), port, addresses.bob, (error) => (error ? reject(error) : resolve())),
      );
    socket.close();
    await (await computer('ann', network('ann')).openMailslot('\\\\bob\\mailslot\\news')).write('hello');
    expect(await textOf(slot)).toBe('hello');
    const { counters } = bob.hub;
    expect(counters.received).toBe(sizes.length + 1);
    expect(counters.malformed + counters.oversized).toBe(sizes.length);
    expect(sumOf(counters).sum).toBe(counters.received);
  });

  test('what is sent to the broadcast address of the loopback reaches who listens to it, and who is not meant drops it', async () => {
    const broadcast = { format, broadcast: '127.255.255.255' };
    // Two computers cannot both listen to the one broadcast address of one loopback.
    const bob = computer('bob', { ...broadcast, addresses: [addresses.bob] }, { memberOf: ['office'] });
    const slot = await slotOf(bob);
    const ann = computer('ann', { ...broadcast, addresses: [addresses.ann] });
    await (await ann.openMailslot('\\\\bob\\mailslot\\news')).write('to bob');
    await (await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] })).write('to the office');
    await (await ann.openMailslot('\\\\eve\\mailslot\\news')).write('to eve');
    expect([await textOf(slot), await textOf(slot)]).toEqual(['to bob', 'to the office']);
    await expect.poll(() => bob.hub.counters).toMatchObject({ received: 3, delivered: 2, notForUs: 1 });
  });

  test('S-026 domains that are multicast groups reach their members on the loopback', async () => {
    const multicast = { format, multicast: true, ttl: 0 };
    const bob = computer('bob', { ...multicast, addresses: [addresses.bob] }, { memberOf: ['office'] });
    const eve = computer('eve', { ...multicast, addresses: [addresses.eve] }, { memberOf: ['lab'] });
    const [ofBob] = [await slotOf(bob), await slotOf(eve)];
    const ann = computer('ann', { ...multicast, addresses: [addresses.ann] });
    await (await ann.openMailslot({ scope: 'domain', target: 'Office', path: ['news'] })).write('hello');
    expect(await textOf(ofBob)).toBe('hello');
    expect(eve.hub.counters.received).toBe(0);
  });
});

describe('one hub for each computer', () => {
  const bob = { addresses: [addresses.bob] };
  const toBob = async (name = 'news') =>
    await computer('ann', { addresses: [addresses.ann], hosts: addresses }).openMailslot(`\\\\bob\\mailslot\\${name}`);

  test('two processes do not share a port: one listens, and hands datagrams to the slots of the other', async () => {
    const [first, second] = [computer('bob', bob), computer('bob', bob)];
    await slotOf(first, '\\\\.\\mailslot\\first');
    const slot = await slotOf(second);
    expect([first.hub.state, second.hub.state]).toEqual(['listening', 'elsewhere']);
    await (await toBob()).write('hello');
    expect(await textOf(slot)).toBe('hello');
    await expect.poll(() => first.hub.counters).toMatchObject({ received: 1, delivered: 1 });
  });

  test('S-011 when the process that listens goes, another takes its place within about a second', async () => {
    const [first, second] = [computer('bob', bob), computer('bob', bob)];
    await slotOf(first, '\\\\.\\mailslot\\first');
    const slot = await slotOf(second);
    await first.close();
    await expect.poll(() => second.hub.state, { timeout: 5_000 }).toBe('listening');
    await (await toBob()).write('hello');
    expect(await textOf(slot)).toBe('hello');
  });

  test('several computers on one loopback have each a hub of their own', async () => {
    const hosts = (Object.keys(addresses) as (keyof typeof addresses)[]).map((name) => computer(name, { addresses: [addresses[name]] }));
    for (const host of hosts) await slotOf(host);
    expect(hosts.map((host) => host.hub.state)).toEqual(['listening', 'listening', 'listening']);
  });

  test('an address that is none of this computer is an error of who creates a slot', async () => {
    const host = computer('bob', { addresses: ['192.0.2.1'] });
    await expect(host.createMailslot(news)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
    await expect(host.openMailslot(news)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

test('S-028 S-038 a burst beyond what the system holds is lost without a word, and what came is in order', async () => {
  const bob = computer('bob', { addresses: [addresses.bob] });
  const slot = await bob.createMailslot(news, { readTimeout: 0, maxQueuedMessages: 100_000 });
  open.push(slot);
  const writer = await computer('ann', { addresses: [addresses.ann], hosts: addresses }).openMailslot('\\\\bob\\mailslot\\news');
  const count = 20_000;
  // The reader's loop stands still meanwhile, since all is sent from one turn of it.
  await Promise.all(Array.from({ length: count }, async (_, number) => await writer.write(`${number}`)));
  let before = -1;
  await expect
    .poll(() => {
      const { received } = bob.hub.counters;
      const isQuiet = received === before;
      before = received;
      return isQuiet;
    })
    .toBe(true);
  const arrived = (await texts(slot)).map(Number);
  expect(arrived.length).toBe(bob.hub.counters.delivered);
  expect(arrived.length).toBeLessThanOrEqual(count);
  expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
});

test('S-040 authenticated frames over the wire, with the clock of each side', async () => {
  const authentication = { mode: 'require', keys: [{ id: 'k1', secret: 'a secret of some length' }] } as const;
  const bob = computer('bob', { addresses: [addresses.bob], authentication });
  const slot = await slotOf(bob);
  const network = { addresses: [addresses.ann], hosts: addresses };
  await (await computer('ann', { ...network, authentication }).openMailslot('\\\\bob\\mailslot\\news')).write('signed');
  await (await computer('eve', network).openMailslot('\\\\bob\\mailslot\\news')).write('unsigned');
  const late = virtualTime({ startAt: Date.now() - 120_000 });
  await (await computer('ann', { ...network, authentication }, { clock: late }).openMailslot('\\\\bob\\mailslot\\news')).write('late');
  expect(await textOf(slot)).toBe('signed');
  await expect.poll(() => bob.hub.counters).toMatchObject({ received: 3, delivered: 1, unauthenticated: 1, stale: 1 });
});

describe.skipIf(!hasIpv6Loopback('that mailslots reach computers over IPv6'))('IPv6', () => {
  test('S-007 a computer whose address is an IPv6 one is reached', async () => {
    const slot = await slotOf(computer('bob', { addresses: ['::1'] }));
    const writer = await computer('ann', { addresses: ['::1'], hosts: { bob: `[::1]:${port}` } }).openMailslot('\\\\bob\\mailslot\\news');
    await writer.write('hello');
    expect(await slot.read()).toMatchObject({ datagram: { address: '::1' } });
  });

  test('S-029 a computer with an address of each family gets a datagram at each, and its reader one message', async () => {
    const bob = computer('bob', { addresses: [addresses.bob, '::1'] }, { memberOf: ['office'] });
    const slot = await slotOf(bob);
    const ann = computer('ann', { addresses: [addresses.ann, '::1'], domains: { office: [addresses.bob, '::1'] } });
    await (await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] })).write('hello');
    expect(await textOf(slot)).toBe('hello');
    await expect.poll(() => bob.hub.counters).toMatchObject({ received: 2, delivered: 1, repeated: 1 });
  });

  test('a loopback that has no IPv6 groups does not keep a domain from being reached by IPv4', async () => {
    const network = { multicast: true, ttl: 0 };
    const bob = computer('bob', { ...network, addresses: [addresses.bob, '::1'] }, { memberOf: ['office'] });
    const slot = await slotOf(bob);
    const ann = computer('ann', { ...network, addresses: [addresses.ann, '::1'] });
    await (await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] })).write('hello');
    expect(await textOf(slot)).toBe('hello');
  });

  test('a destination of a family that this computer has no address of is refused', async () => {
    const ann = computer('ann', { addresses: [addresses.ann], hosts: { bob: '::1' } });
    await expect((await ann.openMailslot('\\\\bob\\mailslot\\news')).write('hello')).rejects.toMatchObject({ code: 'ENETWORK' });
  });
});

describe.skipIf(!hasIpv6Multicast('that a domain is an IPv6 multicast group'))('IPv6 multicast', () => {
  test('S-026 a domain that is a group reaches its members', async () => {
    const bob = computer('bob', { addresses: ['::'], multicast: true, ttl: 0 }, { memberOf: ['office'] });
    const slot = await slotOf(bob);
    const ann = computer('ann', { addresses: ['::'], multicast: true, ttl: 0 });
    await (await ann.openMailslot({ scope: 'domain', target: 'office', path: ['news'] })).write('hello');
    expect(await textOf(slot)).toBe('hello');
  });
});

test('one frame on the wire is what the format says, and nothing is ever answered', async () => {
  const bob = computer('bob', { addresses: [addresses.bob] });
  const slot = await slotOf(bob);
  const socket = createSocket('udp4');
  let answers = 0;
  socket.on('message', () => (answers += 1));
  await new Promise<void>((resolve) => socket.bind(0, addresses.eve, resolve));
  const frame = nativeFormat().encode({
    id: '01'.repeat(16),
    sentAt: Date.now(),
    source: 'eve',
    scope: 'host',
    target: 'bob',
    path: ['news'],
    data: Buffer.from('hello'),
  });
  const send = async (bytes: Buffer) => await new Promise<void>((resolve) => socket.send(bytes, port, addresses.bob, () => resolve()));
  await send(frame);
  await send(Buffer.from('garbage'));
  expect(await textOf(slot)).toBe('hello');
  await expect.poll(() => bob.hub.counters).toMatchObject({ received: 2, malformed: 1 });
  socket.close();
  expect(answers).toBe(0);
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
  const { port: free } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return free;
}

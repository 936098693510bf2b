// Mail between spoolers whose computers have slots: over UDP on the loopback, and over the sockets of one computer.
import { createSocket } from 'node:dgram';
import { setTimeout as passed } from 'node:timers/promises';
import { createSpooler, memoryStore, type EntryId, type Spooler, type SubmitMessage } from 'mailspool';
import type { TransportProvider, TransportSession } from 'mailspool/provider';
import { loopback } from 'mailspool/providers/loopback';
import { mailslot, type MailslotNetwork, type MailslotOptions, mailslotHost } from 'mailspool/providers/mailslot';
import { logonOptions, outboundMessage, Spool } from 'mailspool/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { computer, newDirectory } from './computers.ts';

/** A machine may be busy. */
const until = async (holds: () => unknown): Promise<unknown> => await vi.waitUntil(holds, { timeout: 50_000, interval: 10 });

async function running(providers: readonly TransportProvider[]): Promise<Spooler> {
  const spooler = await createSpooler({ store: memoryStore(), providers: [...providers] });
  onTestFinished(async () => void (await spooler.stop({ drainMs: 0 })));
  await spooler.start();
  await until(async () => (await spooler.listAccounts()).every(({ sessions }) => sessions.every(({ addressTypes }) => addressTypes !== undefined)));
  return spooler;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return port;
}

/** Two computers in one network, each with a spooler that owns the slot `inbox`. */
async function office(more: Partial<MailslotNetwork> = {}, others: readonly TransportProvider[] = []) {
  const port = await freePort();
  const hosts = { ALPHA: '127.0.0.2', BETA: '127.0.0.3' };
  const settings = (name: keyof typeof hosts): MailslotOptions => ({
    name,
    primaryDomain: 'OFFICE',
    directory: newDirectory(),
    inboxes: ['inbox'],
    network: { addresses: [hosts[name]], port, hosts, domains: { OFFICE: ['ALPHA', 'BETA'] }, ...more },
  });
  const alpha = await running([mailslot(settings('ALPHA')), ...others]);
  const beta = await running([mailslot(settings('BETA'))]);
  return { alpha, beta };
}

const note = (to: SubmitMessage['to'], rest: SubmitMessage = {}): SubmitMessage => ({
  from: 'ann@office.example',
  to,
  subject: 'Tea',
  text: 'The kettle is on.',
  ...rest,
});

async function received(spooler: Spooler) {
  const found = [];
  for await (const message of spooler.list({ direction: 'inbound' })) found.push(message);
  return found;
}

async function bytesOf(spooler: Spooler, id: EntryId): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await spooler.raw(id)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test.each(['native', 'ms-mail'] as const)(
  'S-007 S-027 a message to a slot of another computer goes as one datagram (%s): relayed, never delivered, and there with all its bytes',
  async (format) => {
    const { alpha, beta } = await office({ format });
    const { id, messageId } = await alpha.submit(note('[MAILSLOT:\\\\BETA\\mailslot\\inbox]'));
    const { recipients } = await alpha.settled(id);
    expect(recipients).toMatchObject([{ type: 'MAILSLOT', address: '\\\\BETA\\mailslot\\inbox', status: { state: 'relayed' } }]);
    await until(async () => (await received(beta)).length === 1);
    const [mail] = await received(beta);
    expect(mail).toMatchObject({
      properties: { messageId, subject: 'Tea', named: { mailslotVia: 'datagram', mailslotHost: 'ALPHA', mailslotFrom: '127.0.0.2' } },
      recipients: [{ type: 'MAILSLOT', address: '\\\\BETA\\mailslot\\inbox' }],
    });
    expect(await bytesOf(beta, mail?.id as EntryId)).toBe(await bytesOf(alpha, id));
    expect(await received(alpha)).toEqual([]);
  },
);

test('S-026 a message to a domain, or to the primary one, reaches every computer of it that has the slot', async () => {
  const { alpha, beta } = await office();
  await alpha.submit(note({ name: '', address: '[MAILSLOT:\\\\OFFICE\\mailslot\\inbox]' }, { subject: 'one' }));
  await beta.submit(note([], { recipients: [{ type: 'MAILSLOT', address: '\\\\*\\mailslot\\inbox' }], subject: 'two' }));
  for (const spooler of [alpha, beta]) {
    await until(async () => (await received(spooler)).length === 2);
    expect((await received(spooler)).map(({ properties }) => properties.subject).sort()).toEqual(['one', 'two']);
  }
});

test('S-026 a computer is a member of its own domain, also where its table forgets it', async () => {
  const { alpha, beta } = await office({ domains: { OFFICE: ['BETA'] } });
  await alpha.submit(note('[MAILSLOT:\\\\OFFICE\\mailslot\\inbox]'));
  for (const spooler of [alpha, beta]) await until(async () => (await received(spooler)).length === 1);
});

test('S-029 what comes by two ways is received once: a domain and a member of it, a network that repeats, and a second attempt', async () => {
  const { alpha, beta } = await office({ duplicates: 'deliver', domains: { OFFICE: ['ALPHA', 'BETA', 'BETA'] } });
  const { id } = await alpha.submit(note(['[MAILSLOT:\\\\OFFICE\\mailslot\\inbox]', '[MAILSLOT:\\\\BETA\\mailslot\\INBOX]']));
  await alpha.settled(id);
  await until(async () => (await received(beta)).length > 0);
  // What is repeated is there by now, or is on no way any more.
  await alpha.submit(note('[MAILSLOT:\\\\BETA\\mailslot\\inbox]', { subject: 'the last' }));
  await until(async () => (await received(beta)).some(({ properties }) => properties.subject === 'the last'));
  expect((await received(beta)).map(({ properties }) => properties.subject)).toEqual(['Tea', 'the last']);
});

test('M-016 M-022 a message for mailboxes and slots splits: each provider gets its own recipients', async () => {
  const post = loopback();
  const { alpha, beta } = await office({}, [post]);
  const { id } = await alpha.submit(note(['bob@office.example', '[MAILSLOT:\\\\BETA\\mailslot\\inbox]']));
  const { recipients } = await alpha.settled(id);
  expect(recipients.map(({ route, status }) => [route?.session, status.state])).toEqual([
    ['loopback', 'relayed'],
    ['mailslot', 'relayed'],
  ]);
  expect(post.handedOver.map(({ recipients: given }) => given.map(({ address }) => address))).toEqual([['bob@office.example']]);
  await until(async () => (await received(beta)).length === 1);
});

test('S-017 M-065 mail into a slot of this computer is delivered, of any size, also across processes, and the report that was asked for says so', async () => {
  const directory = newDirectory();
  const here = await running([mailslot({ directory })]);
  const there = await running([mailslot({ directory, inboxes: ['inbox'] })]);
  const text = 'The kettle is on.\n'.repeat(20_000);
  const { id } = await here.submit(note('[MAILSLOT:\\\\.\\mailslot\\inbox]', { text }), { report: { delivery: true } });
  const { recipients } = await here.settled(id);
  expect(recipients).toMatchObject([{ status: { state: 'delivered' } }]);
  await until(async () => (await received(there)).length === 1);
  const [mail] = await received(there);
  expect(mail).toMatchObject({ properties: { named: { mailslotVia: 'local' } } });
  expect(await bytesOf(there, mail?.id as EntryId)).toBe(await bytesOf(here, id));
  expect((await received(here)).map(({ properties }) => properties.messageClass)).toEqual(['REPORT.IPM.Note.DR']);
});

test('S-010 U-016 where the process with the slot goes away before it says that it has the message, nobody knows, and the policy decides', async () => {
  const directory = newDirectory();
  const slot = await computer({ directory }).createMailslot('\\\\.\\mailslot\\busy', { maxQueuedMessages: 1 });
  const spooler = await running([mailslot({ directory })]);
  const first = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\busy]'));
  await spooler.settled(first.id);
  const { id } = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\busy]'), { onUnknown: 'hold' });
  await until(async () => (await spooler.get(id))?.recipients[0]?.status.state === 'claimed');
  // It is on its way to the socket by then.
  await passed(500);
  await slot.close();
  expect((await spooler.settled(id)).recipients).toMatchObject([{ status: { state: 'uncertain', diagnostic: { code: 'EINVALIDOBJECT' } } }]);
});

test('M-005 M-003 a spooler that is offline owns no inbox, and creates it once it is on line', async () => {
  const directory = newDirectory();
  const spooler = await createSpooler({ store: memoryStore(), providers: [mailslot({ directory, inboxes: ['inbox'] })], offline: true });
  onTestFinished(async () => void (await spooler.stop({ drainMs: 0 })));
  await spooler.start();
  await until(async () => (await spooler.listAccounts()).every(({ sessions }) => sessions.every(({ addressTypes }) => addressTypes !== undefined)));
  await passed(50);
  const writing = computer({ directory });
  await expect(writing.openMailslot('\\\\.\\mailslot\\inbox')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await spooler.setOffline(false);
  const { id } = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\inbox]'));
  await spooler.settled(id);
  await until(async () => (await received(spooler)).length === 1);
});

test('M-105 M-106 what comes while the session is logged off and on again is received afterwards', async () => {
  const provider = mailslot({ directory: newDirectory(), inboxes: ['inbox'] });
  const spool = new Spool();
  const first = await provider.logon(spool.support(), logonOptions());
  const submit = async (session: TransportSession) =>
    await session.submitMessage?.(outboundMessage({ to: [{ type: 'MAILSLOT', address: '\\\\.\\mailslot\\inbox' }] }), new AbortController().signal);
  await first.logoff?.();
  const sender = await provider.logon(spool.support({ session: 'other/mailslot' }), logonOptions({ inbound: false }));
  await submit(sender);
  await sender.logoff?.();
  const support = spool.support();
  const again = await provider.logon(support, logonOptions());
  await until(() => support.news.some(({ type }) => type === 'newMail'));
  expect(await spool.turn(again)).toMatchObject({ result: 'saved' });
  await again.logoff?.();
  await provider.shutdown?.();
});

test('S-018 mail to a slot that nobody has waits: slots come and go with their owners', async () => {
  const directory = newDirectory();
  const spooler = await running([mailslot({ directory })]);
  const { id } = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\late]'));
  await until(async () => (await spooler.get(id))?.recipients[0]?.status.state === 'deferred');
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ status: { diagnostic: { code: 'ENOTFOUND', enhancedCode: '4.2.1' } } });
  const slot = await computer({ directory }).createMailslot('\\\\.\\mailslot\\late');
  await spooler.retry(id);
  expect((await spooler.settled(id)).recipients).toMatchObject([{ status: { state: 'delivered' } }]);
  expect(slot.info().messageCount).toBe(1);
  await slot.close();
});

test('S-022 S-023 mail that no datagram could carry is refused at submit, unless another provider takes it', async () => {
  const large = note('[MAILSLOT:\\\\BETA\\mailslot\\inbox]', { text: 'The kettle is on.\n'.repeat(200) });
  const { alpha } = await office();
  await expect(alpha.submit(large)).rejects.toMatchObject({ code: 'EMAXSIZE' });

  const smartHost = loopback({ addressTypes: null });
  const { alpha: other } = await office({}, [smartHost]);
  const { id } = await other.submit(large);
  expect((await other.settled(id)).recipients).toMatchObject([{ route: { session: 'loopback' }, status: { state: 'relayed' } }]);
});

test('S-022 S-023 mail that packed has 425 bytes or more fails with EBADNETPATH and is never split, unless another provider takes it', async () => {
  const noise = Buffer.from(Array.from({ length: 400 }, (_, at) => (at * 7919 + ((at * at) % 251)) % 256)).toString('base64');
  const dense = note('[MAILSLOT:\\\\BETA\\mailslot\\inbox]', { text: noise });
  const { alpha, beta } = await office();
  const { id } = await alpha.submit(dense);
  const { recipients } = await alpha.settled(id);
  expect(recipients).toMatchObject([{ attempts: 0, status: { state: 'failed', diagnostic: { code: 'EBADNETPATH', enhancedCode: '5.3.4' } } }]);
  expect((await received(alpha)).map(({ properties }) => properties.messageClass)).toEqual(['REPORT.IPM.Note.NDR']);
  await passed(50);
  expect(await received(beta)).toEqual([]);

  const smartHost = loopback({ addressTypes: null });
  const { alpha: other } = await office({}, [smartHost]);
  const sent = await other.submit(dense);
  expect((await other.settled(sent.id)).recipients).toMatchObject([{ status: { state: 'relayed' } }]);
  expect(smartHost.handedOver).toHaveLength(1);
});

test('S-021 a slot of this computer that takes no message of that size refuses the mail for good', async () => {
  const directory = newDirectory();
  await using _slot = await computer({ directory }).createMailslot('\\\\.\\mailslot\\tiny', { maxMessageSize: 100 });
  const spooler = await running([mailslot({ directory })]);
  const { id } = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\tiny]'));
  expect((await spooler.settled(id)).recipients).toMatchObject([{ status: { state: 'failed', diagnostic: { code: 'EMAXSIZE' } } }]);
});

test('S-004 a recipient that is no name of a slot is refused, and one that nobody knows has no route', async () => {
  const { alpha } = await office();
  const { id } = await alpha.submit(note(['[MAILSLOT:\\\\BETA\\mailslot\\]', '[MAILSLOT:\\\\GAMMA\\mailslot\\inbox]']));
  expect((await alpha.settled(id)).recipients.map(({ status }) => status)).toMatchObject([
    { state: 'failed', diagnostic: { code: 'EINVALID' } },
    { state: 'failed', diagnostic: { code: 'EDNS' } },
  ]);
});

test('S-037 what comes into an inbox and is no mail is dropped and counted, and mail behind it is received', async () => {
  const directory = newDirectory();
  const spooler = await running([mailslot({ directory, inboxes: ['inbox'] })]);
  const writer = await computer({ directory }).openMailslot('\\\\.\\mailslot\\inbox');
  await writer.write('MS\x01\x01 neither packed nor mail');
  await writer.write('');
  await writer.close();
  const { id } = await spooler.submit(note('[MAILSLOT:\\\\.\\mailslot\\inbox]'));
  await spooler.settled(id);
  await until(async () => (await received(spooler)).length === 1);
  await until(async () => (await spooler.status()).some(({ statusText }) => statusText.includes('2 dropped that were no mail')));
});

test('S-005 while another process owns an inbox the logon waits for it, and succeeds once the name is free', async () => {
  const directory = newDirectory();
  const owner = await computer({ directory }).createMailslot('\\\\.\\mailslot\\inbox');
  const provider = mailslot({ directory, inboxes: ['inbox'] });
  const spooler = await createSpooler({ store: memoryStore(), providers: [provider] });
  onTestFinished(async () => void (await spooler.stop({ drainMs: 0 })));
  await spooler.start();
  await until(async () => (await spooler.status()).some(({ gate }) => gate !== null));
  await owner.close();
  await until(async () => (await spooler.status()).some(({ statusText }) => statusText.includes('owns')));
});

test('S-008 the inboxes vanish when the spooler stops', async () => {
  const directory = newDirectory();
  const spooler = await createSpooler({ store: memoryStore(), providers: [mailslot({ directory, inboxes: ['inbox'] })] });
  await spooler.start();
  await spooler.stop();
  await expect(computer({ directory }).openMailslot('\\\\.\\mailslot\\inbox')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test.each([
  [{ inbox: ['x'] }, 'inbox'],
  [{ network: { adresses: ['127.0.0.1'] } }, 'network.adresses'],
  [{ inboxes: ['\\\\BETA\\mailslot\\x'] }, 'inboxes[0]'],
  [{ inboxes: ['x', { name: '//./mailslot/X' }] }, 'inboxes[1]'],
  [{ inboxes: [{ name: 'x', maxBytes: 1 }] }, 'inboxes[0].maxBytes'],
  [{ maxDatagramMailBytes: 0 }, 'maxDatagramMailBytes'],
  [{ providerName: 'Slots' }, 'providerName'],
  [{ host: 'localhost' }, 'host'],
  [{ name: 'a name that is too long' }, 'name'],
])('a mistake in the settings is refused before anything is opened, and names its field: %j', (options, field) => {
  expect(() => mailslot(options as MailslotOptions)).toThrow(expect.objectContaining({ code: 'ECONFIG', field }));
});

test('a program gives the provider the host that it has already, and goes on using it', async () => {
  const directory = newDirectory();
  const host = mailslotHost({ name: 'HERE', directory });
  const spooler = await running([mailslot({ host, inboxes: ['inbox'] })]);
  await until(async () => (await spooler.status()).some(({ statusText }) => statusText.includes('owns')));
  await spooler.stop();
  await using slot = await host.createMailslot('\\\\.\\mailslot\\own');
  await (await host.openMailslot('\\\\.\\mailslot\\own')).write('still here');
  expect(slot.info().messageCount).toBe(1);
  await host.close();
});

// Remote access of the IMAP provider against the fake server: what goes over the wire, and what the server keeps.
import { afterEach, describe, expect, test } from 'vitest';
import { createSpooler, memoryStore, type Message, type Spooler } from 'mailspool';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import type { Mark, TransportSession } from 'mailspool/provider';
import { fakeImap, virtualTime, type FakeImap, type VirtualTime } from 'mailspool/testing';
import { placeOf, referenceOf } from '../../../providers/imap/references.ts';
import { Spool } from '../../../src/testing/provider-suite/inbound-message.ts';
import { logonOptions, type TestSupport } from '../../../src/testing/provider-suite/support.ts';

const mail = (subject: string, body = 'Hello\r\n'): string => `From: ann@example.test\r\nSubject: ${subject}\r\n\r\n${body}`;
const { signal } = new AbortController();

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const ending of endings.splice(0).reverse()) await ending();
});

async function start(): Promise<FakeImap> {
  const server = await fakeImap();
  endings.push(() => server.close());
  return server;
}

const optionsFor = ({ host, port }: FakeImap, more: Partial<ImapOptions> = {}): ImapOptions => ({
  ...{ host, port, secure: false, auth: { user: 'user', pass: 'pass' }, begin: 'all', reception: 'poll' },
  ...more,
});

async function logon(spool: Spool, options: ImapOptions): Promise<{ session: TransportSession; support: TestSupport }> {
  const support = spool.support();
  const session = await imap(options).logon(support, logonOptions());
  endings.push(async () => session.logoff?.());
  return { session, support };
}

async function round(spool: Spool, session: TransportSession, wanted: { headersOnly?: boolean; maxSizeBytes?: number }): Promise<void> {
  while ((await spool.turn(session, signal, { wanted })).result !== 'nothing');
}

const marked = (spool: Spool, session: TransportSession, mark: Mark, reference = spool.saved[0]?.reference ?? '') =>
  spool.turn(session, signal, { wanted: { reference, mark } });

const uids = (server: FakeImap, folder = 'INBOX'): number[] => server.mailbox('user', folder).messages.map(({ uid }) => uid);
const commands = (server: FakeImap): string[] => server.commands.map(({ name }) => name);

describe('headers first from the fake server', () => {
  test('M-110 listing fetches headers and sizes, and no byte of a body', async () => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('large', 'x'.repeat(100_000)), { internalDate: Date.UTC(2026, 1, 3) });
    const { session } = await logon(spool, optionsFor(server, { after: 'delete' }));
    await round(spool, session, { headersOnly: true });
    expect(spool.saved).toMatchObject([{ headersOnly: true, sizeBytes: mail('large', 'x'.repeat(100_000)).length, aliases: [] }]);
    expect(spool.saved[0]?.bytes.toString()).toBe(mail('large', ''));
    expect(spool.saved[0]?.properties.deliveryTime).toBe(Date.UTC(2026, 1, 3));
    expect(uids(server)).toEqual([1]);
    expect(commands(server)).not.toContain('UID EXPUNGE');
  });

  test('M-110 a folder that is only looked at is opened for writing where a mark removes something', async () => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('one'));
    server.deliver('user', 'INBOX', mail('two'));
    const { session } = await logon(spool, optionsFor(server));
    await round(spool, session, { headersOnly: true });
    expect(commands(server)).not.toContain('SELECT');
    await marked(spool, session, 'download');
    expect(commands(server)).not.toContain('SELECT');
    await marked(spool, session, 'delete', spool.saved[1]?.reference);
    expect(uids(server)).toEqual([1]);
    expect(spool.saved.map(({ headersOnly }) => headersOnly)).toEqual([false, true]);
  });

  test.each(['UID STORE', 'UID EXPUNGE'] as const)('M-110 a delete whose %s the server refuses is not done', async (at) => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('one'));
    const { session } = await logon(spool, optionsFor(server));
    await round(spool, session, { headersOnly: true });
    server.script({ at, do: { no: 'not now' } });
    await expect(marked(spool, session, 'delete')).rejects.toMatchObject({ code: 'EMESSAGE' });
    await marked(spool, session, 'delete');
    expect(uids(server)).toEqual([]);
  });

  test('M-110 what is downloaded is acknowledged as usual, by the next connection if this one is lost', async () => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('one'));
    const { session } = await logon(spool, optionsFor(server, { after: { flag: '\\Seen' } }));
    await round(spool, session, { headersOnly: true });
    server.script({ at: 'UID STORE', do: 'drop' });
    await marked(spool, session, 'download');
    expect(spool.saved[0]?.bytes.toString()).toBe(mail('one'));
    expect(server.mailbox('user', 'INBOX').messages[0]?.flags).not.toContain('\\Seen');
    await logon(spool, optionsFor(server, { after: { flag: '\\Seen' } }));
    expect([...(server.mailbox('user', 'INBOX').messages[0]?.flags ?? [])]).toContain('\\Seen');
  });

  test('M-110 after a new UIDVALIDITY nothing of what is listed is taken for received, and what is marked is gone', async () => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('one'));
    const options = optionsFor(server, { after: 'delete' });
    const first = await logon(spool, options);
    await round(spool, first.session, { headersOnly: true });
    server.setUidValidity('user', 'INBOX', 777);
    const { session } = await logon(spool, options);
    await expect(marked(spool, session, 'download')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await marked(spool, session, 'delete');
    expect(uids(server)).toHaveLength(1);
    await round(spool, session, { headersOnly: true });
    expect(spool.saved).toHaveLength(2);
    await marked(spool, session, 'move', spool.saved[1]?.reference);
    expect(spool.saved[1]?.bytes.toString()).toBe(mail('one'));
    expect(uids(server)).toEqual([]);
  });

  test('M-110 a lost position lists nothing twice, and acknowledges nothing of which only the headers are here', async () => {
    const spool = new Spool();
    const server = await start();
    server.deliver('user', 'INBOX', mail('one'));
    const options = optionsFor(server, { after: 'delete' });
    await round(spool, (await logon(spool, options)).session, { headersOnly: true });
    spool.sections.clear();
    const { session } = await logon(spool, options);
    await round(spool, session, {});
    expect(spool.saved.map(({ headersOnly }) => headersOnly)).toEqual([true]);
    expect(uids(server)).toEqual([1]);
  });

  test('M-110 the folder of a reference may have any name', () => {
    for (const folder of ['INBOX', 'Entwürfe; 50 %', 'a b/c;UID=7'])
      expect(placeOf(referenceOf(folder, '77', 42))).toEqual({ folder, uidValidity: '77', uid: 42 });
    expect(placeOf('uidl-0001')).toBeUndefined();
  });
});

describe('headers first through the spooler', () => {
  const listed = async (spooler: Spooler): Promise<Message[]> => {
    const entries: Message[] = [];
    for await (const message of spooler.list({ headersOnly: true })) entries.push(message);
    return entries;
  };

  async function running(server: FakeImap, clock: VirtualTime, more: Partial<ImapOptions>): Promise<Spooler> {
    const spooler = await createSpooler({
      clock,
      store: memoryStore(),
      providers: [imap(optionsFor(server, { pollIntervalMs: 3_600_000, ...more }))],
    });
    endings.push(() => spooler.stop({ drainMs: 0 }));
    await spooler.start();
    await clock.settle();
    return spooler;
  }

  /** The fake answers in real time, which no clock passes. */
  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  test('M-099 M-110 a flush ends when everything is fetched, and keeps to its size limit', async () => {
    const server = await start();
    const spooler = await running(server, virtualTime(), {});
    server.deliver('user', 'INBOX', mail('small'));
    server.deliver('user', 'INBOX', mail('large', 'x'.repeat(20_000)));
    await spooler.flush({ inbound: true, maxSizeBytes: 10_000 });
    expect((await listed(spooler)).map(({ properties }) => properties.subject)).toEqual(['large']);
    const row = (await spooler.status()).find(({ id }) => id === 'imap');
    expect(row).toMatchObject({ flags: { remoteAccess: true, inboundFlush: false }, remoteValidateOk: true });
  });

  test.each(['poll', 'notify'] as const)('M-110 with %s: refresh, mark, process', async (reception) => {
    const server = await start();
    const clock = virtualTime();
    const spooler = await running(server, clock, { reception, begin: 'new' });
    const object = spooler.statusObject('imap' as never);
    await spooler.suspend();
    for (const subject of ['read', 'drop', 'move']) server.deliver('user', 'INBOX', mail(subject));
    await spooler.setOffline(true);
    await spooler.resume();
    await object.validateState({ refreshHeaders: true }, signal);
    await until(async () => (await listed(spooler)).length === 3);
    await until(async () => (await spooler.status()).every(({ remoteValidateOk }) => remoteValidateOk));
    const marks: Record<string, Mark> = { read: 'download', drop: 'delete', move: 'move' };
    for (const { id, properties } of await listed(spooler)) await spooler.mark(id, marks[properties.subject ?? ''] ?? null);
    await object.validateState({ processHeaders: true }, signal);
    await until(async () => (await spooler.status()).every(({ remoteValidateOk }) => remoteValidateOk));
    expect(await listed(spooler)).toEqual([]);
    expect(uids(server)).toEqual([1]);
  });
});

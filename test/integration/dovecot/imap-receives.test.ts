// The IMAP provider against a real Dovecot: what arrives, how often, with which bytes, and what stays at the server.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import type { TransportSession } from 'mailspool/provider';
import { Crash, Spool } from '../../../src/testing/provider-suite/inbound-message.ts';
import { logonOptions, type TestSupport } from '../../../src/testing/provider-suite/support.ts';
import { hasDovecot, startDovecot, type Dovecot } from './server.ts';

const mail = (subject: string, body = 'Hello\r\n'): string =>
  `From: ann@example.test\r\nTo: bob@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replace(/\W/g, '-')}@example.test>\r\n\r\n${body}`;

const subjects = (spool: Pick<Spool, 'saved'>): string[] =>
  spool.saved.map((message) => /^Subject: (.*)\r$/m.exec(message.bytes.toString('latin1'))?.[1] ?? '?');

describe.skipIf(!hasDovecot('receiving by IMAP from a real server'))('IMAP from Dovecot', () => {
  let server: Dovecot;
  const open: { session: TransportSession; stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    server = await startDovecot();
  });
  afterEach(async () => {
    for (const { session, stop } of open.splice(0)) {
      await stop();
      await session.logoff?.();
    }
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const options = (auth: { user: string; pass: string }, more: Partial<ImapOptions> = {}): ImapOptions => ({
    host: 'localhost',
    port: server.securePort,
    secure: true,
    tls: { ca: server.ca },
    auth,
    retry: { firstMs: 20, factor: 1, maxMs: 20, jitter: 0 },
    ...more,
  });

  const logon = async (spool: Spool, imapOptions: ImapOptions): Promise<{ session: TransportSession; support: TestSupport }> => {
    const support = spool.support();
    const session = await imap(imapOptions).logon(support, logonOptions());
    return { session, support };
  };

  /** Logs on and serves what the session asks for. */
  const serve = async (
    spool: Spool,
    imapOptions: ImapOptions,
  ): Promise<{ session: TransportSession; support: TestSupport; errors: unknown[]; end(): Promise<void> }> => {
    const { session, support } = await logon(spool, imapOptions);
    const serving = spool.serve(session, support);
    const entry = { session, stop: serving.stop };
    open.push(entry);
    const end = async (): Promise<void> => {
      open.splice(open.indexOf(entry), 1);
      await serving.stop();
      await session.logoff?.();
    };
    return { session, support, errors: serving.errors, end };
  };

  const polled = async (
    spool: Spool,
    imapOptions: ImapOptions,
  ): Promise<{ session: TransportSession; received: number; found: boolean | undefined }> => {
    const { session } = await logon(spool, { ...imapOptions, reception: 'poll' });
    open.push({ session, stop: async () => undefined });
    const found = await session.poll?.(new AbortController().signal);
    return { session, found, received: await spool.round(session) };
  };

  test('M-080 mail is announced by IDLE, received once, with the bytes that the server has and its date', async () => {
    const spool = new Spool();
    const who = server.newUser();
    const { support } = await serve(spool, options(who));
    const date = new Date('2026-02-03T04:05:06Z');
    await server.append(who.user, mail('one'), { date });
    await spool.until(() => spool.saved.length === 1);
    expect(spool.saved[0]?.bytes.toString()).toBe(mail('one'));
    expect(spool.saved[0]?.reference).toMatch(/^INBOX;UIDVALIDITY=\d+;UID=1$/);
    expect(spool.saved[0]?.properties.deliveryTime).toBe(date.getTime());
    expect(spool.saved[0]?.announced).toBe(true);
    expect(support.columns).toMatchObject({ gate: null, flags: { available: true, inboundEnabled: true } });
  });

  test('M-078 poll says whether there is mail, and startMessage takes one message a call until none is left (M-081)', async () => {
    const spool = new Spool();
    const who = server.newUser();
    const first = await polled(spool, options(who));
    expect(first.found).toBe(false);
    for (const name of ['a', 'b', 'c']) await server.append(who.user, mail(name));
    expect(await first.session.poll?.(new AbortController().signal)).toBe(true);
    expect(await spool.round(first.session)).toBe(3);
    expect(subjects(spool)).toEqual(['a', 'b', 'c']);
    expect(await first.session.poll?.(new AbortController().signal)).toBe(false);
  });

  test('U-047 begin new: what is there already is neither received nor announced, begin all receives it', async () => {
    const who = server.newUser();
    await server.append(who.user, mail('old'));
    const spool = new Spool();
    const { session } = await polled(spool, options(who));
    await server.append(who.user, mail('new'));
    await spool.round(session);
    expect(subjects(spool)).toEqual(['new']);
    const all = new Spool();
    await polled(all, options(who, { begin: 'all' }));
    expect(subjects(all)).toEqual(['old', 'new']);
  });

  test('U-047 begin since: messages from that instant on, by the date the server took them', async () => {
    const who = server.newUser();
    await server.append(who.user, mail('before'), { date: new Date('2026-03-01T11:59:59Z') });
    await server.append(who.user, mail('after'), { date: new Date('2026-03-01T12:00:00Z') });
    const spool = new Spool();
    const { session } = await polled(spool, options(who, { begin: { since: new Date('2026-03-01T12:00:00Z') } }));
    await server.append(who.user, mail('late, with an old date'), { date: new Date('2020-01-01T00:00:00Z') });
    await spool.round(session);
    expect(subjects(spool)).toEqual(['after', 'late, with an old date']);
  });

  test('U-047 a lost position is rebuilt quietly: nothing known comes again, what came meanwhile does', async () => {
    const who = server.newUser();
    await server.append(who.user, mail('baseline'));
    const spool = new Spool();
    const first = await polled(spool, options(who));
    await server.append(who.user, mail('known'));
    await spool.round(first.session);
    await server.append(who.user, mail('meanwhile'));
    spool.sections.clear();
    await polled(spool, options(who));
    expect(subjects(spool)).toEqual(['known', 'meanwhile']);
  });

  test('T-051 F-22 U-048 after a new UIDVALIDITY nothing is received twice and three new arrivals once', async () => {
    const who = server.newUser();
    await server.append(who.user, mail('baseline'), { date: new Date('2026-01-01T00:00:00Z') });
    const spool = new Spool();
    const first = await polled(spool, options(who));
    for (const name of ['k1', 'k2']) await server.append(who.user, mail(name));
    await server.append(who.user, mail('k2'));
    await spool.round(first.session);
    expect(subjects(spool)).toEqual(['k1', 'k2', 'k2']);
    await first.session.logoff?.();
    for (const name of ['n1', 'n2', 'n3']) await server.append(who.user, mail(name));
    await server.setUidValidity(who.user, 777_777);
    await polled(spool, options(who));
    expect(subjects({ saved: spool.saved.filter((message) => message.announced) })).toEqual(['k1', 'k2', 'k2', 'n1', 'n2', 'n3']);
    expect(spool.saved.at(-1)?.reference).toBe('INBOX;UIDVALIDITY=777777;UID=7');
    const before = spool.saved.length;
    await polled(spool, options(who));
    expect(spool.saved).toHaveLength(before);
  });

  test('U-047 after a new UIDVALIDITY history stays history: older than the baseline is not fetched, of its very second is filed without news', async () => {
    const who = server.newUser();
    await server.append(who.user, mail('ancient'), { date: new Date('2025-01-01T00:00:00Z') });
    await server.append(who.user, mail('baseline'), { date: new Date('2026-01-01T00:00:00Z') });
    const spool = new Spool();
    await polled(spool, options(who));
    await server.setUidValidity(who.user, 666_666);
    await polled(spool, options(who));
    expect(spool.saved.map((message) => message.announced)).toEqual([false]);
    expect(subjects(spool)).toEqual(['baseline']);
  });

  test('F-22 a UIDVALIDITY that changes under a running session is noticed', async () => {
    const who = server.newUser();
    const spool = new Spool();
    await serve(spool, options(who, { pollIntervalMs: 100 }));
    await server.append(who.user, mail('a'));
    await spool.until(() => spool.saved.length === 1);
    await server.setUidValidity(who.user, 888_888);
    await server.append(who.user, mail('b'));
    await spool.until(() => spool.saved.length === 2);
    expect(subjects(spool)).toEqual(['a', 'b']);
  });

  test.each([
    ['flag', { flag: '\\Seen' }],
    ['move', { move: 'Archive' }],
    ['delete', 'delete'],
  ] as const)('T-052 after %s: done at the server once the message is saved', async (_name, after) => {
    const who = server.newUser();
    const spool = new Spool();
    const { session } = await polled(spool, options(who, { after }));
    await server.append(who.user, mail('a'));
    expect(await spool.round(session)).toBe(1);
    expect(await stateOf(who.user, after)).toBe('acknowledged');
    expect(spool.saved).toHaveLength(1);
  });

  test.each([
    ['beforeSave', { flag: '\\Seen' }],
    ['beforeSave', { move: 'Archive' }],
    ['beforeSave', 'delete'],
    ['afterSave', { flag: '\\Seen' }],
    ['afterSave', { move: 'Archive' }],
    ['afterSave', 'delete'],
  ] as const)(
    'F-24 T-052 killed %s with after %j: nothing is lost, nothing handed over twice, the server is told in the end',
    async (crash, after) => {
      const who = server.newUser();
      const spool = new Spool();
      const first = await polled(spool, options(who, { after }));
      await server.append(who.user, mail('a'));
      spool.crash = crash;
      await expect(spool.round(first.session)).rejects.toThrow(Crash);
      expect(await stateOf(who.user, after)).toBe('untouched');
      await first.session.logoff?.();
      await polled(spool, options(who, { after }));
      expect(subjects(spool)).toEqual(['a']);
      expect(await stateOf(who.user, after)).toBe('acknowledged');
    },
  );

  const stateOf = async (user: string, after: ImapOptions['after']): Promise<'acknowledged' | 'untouched'> => {
    const flags = (await server.doveadm('-f', 'tab', 'fetch', '-u', user, 'uid flags', 'mailbox', 'INBOX')).trim().split('\n').slice(1);
    if (typeof after === 'object' && 'flag' in after) return flags[0]?.includes(after.flag) ? 'acknowledged' : 'untouched';
    if (flags.length === 1) return 'untouched';
    if (after === 'delete') return 'acknowledged';
    const archived = (await server.doveadm('-f', 'tab', 'fetch', '-u', user, 'uid', 'mailbox', 'Archive')).trim().split('\n').slice(1);
    return archived.length === 1 ? 'acknowledged' : 'untouched';
  };

  test('F-25 U-043 a closed session is noticed without an error event, and receiving goes on', async () => {
    const who = server.newUser();
    const spool = new Spool();
    const { errors } = await serve(spool, options(who));
    await server.append(who.user, mail('a'));
    await spool.until(() => spool.saved.length === 1);
    await server.kick(who.user);
    await server.append(who.user, mail('b'));
    await spool.until(() => spool.saved.length === 2);
    expect(subjects(spool)).toEqual(['a', 'b']);
    // A call that was under way then says that the connection is lost, and nothing else.
    expect(errors.filter((error) => (error as { code?: string }).code !== 'ECONNECTION')).toEqual([]);
  });

  test('U-046 a burst with expunges in between: every message that stayed is received once', async () => {
    const who = server.newUser();
    const spool = new Spool();
    await serve(spool, options(who));
    const other = await server.client(who.user);
    await other.mailboxOpen('INBOX');
    for (let i = 1; i <= 40; i++) {
      await server.append(who.user, mail(`m${i}`));
      if (i % 10 === 0) await server.append(who.user, mail(`gone${i}`), { flags: ['\\Deleted'] });
      if (i % 20 === 0) await other.messageDelete({ deleted: true });
    }
    const kept = (): string[] => subjects(spool).filter((subject) => !subject.startsWith('gone'));
    await spool.until(() => kept().length === 40);
    expect(kept()).toEqual(Array.from({ length: 40 }, (_, index) => `m${index + 1}`));
    expect(new Set(subjects(spool)).size).toBe(spool.saved.length);
  });

  test('M-081 bodies of any kind arrive byte for byte: 8-bit, binary-looking, empty, without a final line end, 10 MB', async () => {
    const who = server.newUser();
    const spool = new Spool();
    const { session } = await polled(spool, options(who, { chunkBytes: 64 * 1024 }));
    const huge = randomBytes(7_500_000).toString('base64').replace(/.{76}/g, '$&\r\n');
    const head = Buffer.from('Subject: bytes\r\n\r\n');
    const bodies = [
      Buffer.concat([head, Buffer.from([...Array(256).keys()].filter((byte) => byte !== 0 && byte !== 10 && byte !== 13))]),
      Buffer.from('Subject: only a header\r\n\r\n'),
      Buffer.from('Subject: no final line end\r\n\r\nx'),
      Buffer.concat([head, Buffer.alloc(64 * 1024 - head.length, 'y')]),
      Buffer.from(`Subject: huge\r\n\r\n${huge}\r\n`),
    ];
    for (const body of bodies) await server.append(who.user, body);
    expect(await spool.round(session)).toBe(bodies.length);
    expect(spool.saved.map((message, index) => message.bytes.equals(bodies[index] ?? Buffer.alloc(0)))).toEqual(bodies.map(() => true));
  });

  test('M-081 Dovecot serves a bare LF as CRLF, and those bytes are what is kept', async () => {
    const who = server.newUser();
    const spool = new Spool();
    const { session } = await polled(spool, options(who));
    await server.append(who.user, Buffer.from('Subject: lf\n\nline\n'));
    await spool.round(session);
    expect(spool.saved[0]?.bytes.toString()).toBe('Subject: lf\r\n\r\nline\r\n');
  });

  test('M-080 several folders by name and pattern; those without IDLE are looked into', async () => {
    const who = server.newUser();
    const client = await server.client(who.user);
    for (const folder of ['Lists/a', 'Lists/b', 'Other']) await client.mailboxCreate(folder);
    const spool = new Spool();
    await serve(spool, options(who, { folders: ['INBOX', 'Lists/%'], pollIntervalMs: 100 }));
    await server.append(who.user, mail('in a'), { folder: 'Lists/a' });
    await server.append(who.user, mail('in b'), { folder: 'Lists/b' });
    await server.append(who.user, mail('elsewhere'), { folder: 'Other' });
    await server.append(who.user, mail('in the inbox'));
    await spool.until(() => spool.saved.length === 3);
    expect(subjects(spool).sort()).toEqual(['in a', 'in b', 'in the inbox']);
  });

  test('U-047 a folder that appears later is new with all that is in it, a missing one keeps nothing back', async () => {
    const who = server.newUser();
    const spool = new Spool();
    const { session, support } = await serve(spool, options(who, { folders: ['INBOX', 'Lists/%', 'Named'], pollIntervalMs: 100 }));
    expect(support.columns['statusText']).toContain('Named');
    const client = await server.client(who.user);
    for (const folder of ['Lists/late', 'Named']) {
      await client.mailboxCreate(folder);
      await server.append(who.user, mail(`in ${folder}`), { folder });
    }
    await server.append(who.user, mail('in the inbox'));
    await spool.until(() => spool.saved.length === 3);
    expect(subjects(spool).sort()).toEqual(['in Lists/late', 'in Named', 'in the inbox']);
    expect(session.reception).toBe('notify');
  });

  test('U-050 further connections watch further folders and stay within the account budget', async () => {
    const who = server.newUser();
    const client = await server.client(who.user);
    await client.mailboxCreate('Second');
    const spool = new Spool();
    const { support } = await serve(spool, options(who, { folders: ['INBOX', 'Second'], maxConnections: 2 }));
    await spool.until(() => support.places.open === 2);
    await server.append(who.user, mail('told by IDLE'), { folder: 'Second' });
    await spool.until(() => spool.saved.length === 1);
    expect(support.places.most).toBe(2);
  });

  test('EAUTH a wrong password rejects the logon and leaves no connection', async () => {
    const { user } = server.newUser();
    const support = new Spool().support();
    const refused = imap(options({ user, pass: 'wrong' })).logon(support, logonOptions());
    await expect(refused).rejects.toMatchObject({ code: 'EAUTH', gate: { reason: 'authRequired' } });
    expect(support.places.open).toBe(0);
  });

  test('T-062 refused credentials of the account are refreshed once', async () => {
    const { user, pass } = server.newUser();
    const asked: unknown[] = [];
    const support = new Spool().support({
      credentials: (stale) => {
        asked.push(stale);
        return stale === undefined ? { user, pass: 'expired' } : { user, pass };
      },
    });
    const { auth: _auth, ...rest } = options({ user, pass });
    const session = await imap(rest).logon(support, logonOptions());
    await session.logoff?.();
    expect(asked).toEqual([undefined, { user, pass: 'expired' }]);
  });

  test('T-060 STARTTLS is used where it is offered, and its certificate is checked', async () => {
    const who = server.newUser();
    const support = new Spool().support();
    const session = await imap({ host: 'localhost', port: server.port, secure: false, requireTLS: true, tls: { ca: server.ca }, auth: who }).logon(
      support,
      logonOptions(),
    );
    expect(support.columns).toMatchObject({ gate: null });
    await session.logoff?.();
    const unknown = new Spool().support();
    const other = await imap({ host: 'localhost', port: server.port, secure: false, requireTLS: true, auth: who }).logon(unknown, logonOptions());
    expect(unknown.columns).toMatchObject({ gate: { reason: 'unreachable' } });
    await other.logoff?.();
  });

  test('U-061 logoff leaves no connection and no place taken', async () => {
    const who = server.newUser();
    const { support, end } = await serve(new Spool(), options(who));
    await end();
    expect(support.places.open).toBe(0);
    expect((await server.doveadm('-f', 'tab', 'who', who.user)).trim().split('\n').slice(1)).toEqual([]);
  });
});

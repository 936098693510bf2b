// The IMAP provider when things go wrong between it and a real Dovecot: at every command, in every way that a line and
// a server have been seen to fail.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import { TransportError, type Clock, type TransportSession } from 'mailspool/provider';
import { systemClock } from '../../../src/time/clock.ts';
import { FaultLine, type Harm } from '../../providers/imap/fault-line.ts';
import { Spool } from '../../../src/testing/provider-suite/inbound-message.ts';
import { logonOptions, type TestSupport } from '../../../src/testing/provider-suite/support.ts';
import { hasDovecot, startDovecot, type Dovecot } from './server.ts';

const mail = (subject: string, body = 'Hello\r\n'): string => `From: ann@example.test\r\nSubject: ${subject}\r\n\r\n${body}`;
const subjects = (spool: Spool): string[] => spool.saved.map((message) => /^Subject: (.*)\r$/m.exec(message.bytes.toString('latin1'))?.[1] ?? '?');
const never = (): AbortSignal => new AbortController().signal;

describe.skipIf(!hasDovecot('IMAP faults against a real server'))('IMAP faults', () => {
  let server: Dovecot;
  let line: FaultLine;
  const endings: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    server = await startDovecot();
  });
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const prepare = async (spool: Spool, more: Partial<ImapOptions> = {}): Promise<{ who: { user: string; pass: string }; options: ImapOptions }> => {
    line = await FaultLine.to(server.port);
    line.onChange = () => spool.stir();
    endings.push(() => line[Symbol.asyncDispose]());
    const who = server.newUser();
    const retry = { firstMs: 5, factor: 1, maxMs: 5, jitter: 0 };
    return { who, options: { host: '127.0.0.1', port: line.port, secure: false, auth: who, retry, ...more } };
  };

  const serve = async (
    spool: Spool,
    options: ImapOptions,
    connections?: number,
  ): Promise<{ session: TransportSession; support: TestSupport; errors: unknown[] }> => {
    const support = spool.support(connections === undefined ? {} : { connections });
    const session = await imap(options).logon(support, logonOptions());
    const serving = spool.serve(session, support);
    endings.push(async () => {
      await serving.stop();
      await session.logoff?.();
    });
    return { session, support, errors: serving.errors };
  };

  const flagsOf = async (user: string): Promise<string> => server.doveadm('-f', 'flow', 'fetch', '-u', user, 'uid flags', 'mailbox', 'INBOX');

  test('U-043 T-052 the line drops at each command in turn: received once, acknowledged, and never more connections than one', async () => {
    let steps = 1;
    for (let drop = 0; drop <= steps; drop++) {
      const spool = new Spool();
      const { who, options } = await prepare(spool, { begin: 'all', after: { flag: '\\Seen' } });
      await server.append(who.user, mail('one'));
      await server.append(who.user, mail('two'));
      line.at = (command) => (command.count === drop ? 'drop' : 'pass');
      const { support } = await serve(spool, options, 1);
      await spool.until(() => spool.saved.length === 2 && line.commands.at(-1)?.name === 'IDLE');
      if (drop === 0) steps = line.commands.length;
      expect(subjects(spool), `dropped at ${drop}: ${line.names().join(' ')}`).toEqual(['one', 'two']);
      expect((await flagsOf(who.user)).match(/\\Seen/g), `dropped at ${drop}`).toHaveLength(2);
      expect(support.places.most).toBe(1);
      expect(line.open).toBe(1);
      for (const end of endings.splice(0).reverse()) await end();
    }
    expect(steps).toBeGreaterThan(10);
  });

  test('U-042 F-25 IDLE that looks alive and tells nothing: new mail is seen within the poll interval', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { pollIntervalMs: 300 });
    line.at = (command) => (command.name === 'IDLE' ? 'deafIdle' : 'pass');
    await serve(spool, options);
    await spool.until(() => line.names().includes('IDLE'));
    await server.append(who.user, mail('unheard'));
    await spool.until(() => spool.saved.length === 1);
    expect(line.commands.at(-1)?.connection).toBe(1);
  });

  test('F-25 T-053 a half-open connection is noticed by a command without an answer, and what came meanwhile is received', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { pollIntervalMs: 100, deadlines: { commandMs: 200 } });
    line.at = (command) => (command.connection === 1 && command.name === 'IDLE' ? 'mute' : 'pass');
    await serve(spool, options);
    await spool.until(() => line.names().includes('IDLE'));
    await server.append(who.user, mail('meanwhile'));
    await spool.until(() => spool.saved.length === 1);
    expect(line.commands.at(-1)?.connection).toBe(2);
  });

  test('T-053 IDLE is begun anew after idleRenewMs', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool, { idleRenewMs: 50 });
    await serve(spool, options);
    await spool.until(() => line.names().filter((name) => name === 'IDLE').length >= 4);
    expect(line.commands.at(-1)?.connection).toBe(1);
  });

  test.each([
    ['is not offered', (): void => void (line.hide = ['STARTTLS', 'IDLE'])],
    ['is refused', (): void => void (line.at = (command) => (command.name === 'IDLE' ? { answer: 'NO not today' } : 'pass'))],
  ])('U-042 where IDLE %s, looking at the interval takes its place', async (_name, harm) => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { pollIntervalMs: 100 });
    harm();
    await serve(spool, options);
    await server.append(who.user, mail('found'));
    await spool.until(() => spool.saved.length === 1);
    expect(line.names().filter((name) => name === 'IDLE').length).toBeLessThan(60);
  });

  test('F-23 T-055 a message that is expunged before it is fetched is skipped, the others are received', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all' });
    for (const name of ['a', 'gone', 'c']) await server.append(who.user, mail(name));
    const other = await server.client(who.user);
    await other.mailboxOpen('INBOX');
    line.at = async (command): Promise<Harm> => {
      if (command.name === 'UID FETCH' && command.line.includes('FETCH 2 ')) await other.messageDelete('2', { uid: true });
      return 'pass';
    };
    await serve(spool, options);
    await spool.until(() => spool.saved.length === 2 && line.commands.at(-1)?.name === 'IDLE');
    expect(subjects(spool)).toEqual(['a', 'c']);
  });

  const answers: [string, (tag: string) => Harm | 'expunge'][] = [
    ['no data', () => ({ answer: 'OK nothing there' })],
    ['an empty piece', (tag) => ({ raw: `* 1 FETCH (UID 1 BODY[]<2048> "")\r\n${tag} OK done\r\n` })],
    ['NIL', (tag) => ({ raw: `* 1 FETCH (UID 1 BODY[]<2048> NIL)\r\n${tag} OK [EXPUNGEISSUED] gone\r\n` })],
    ['what Dovecot says', () => 'expunge'],
  ];
  test.each(answers)('F-23 a message that is expunged in the middle of its download is not kept as a half: %s', async (_name, answer) => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all', chunkBytes: 1_024 });
    await server.append(who.user, mail('gone', 'x'.repeat(70).concat('\r\n').repeat(100)));
    await server.append(who.user, mail('stays'));
    const other = await server.client(who.user);
    await other.mailboxOpen('INBOX');
    line.at = async (command): Promise<Harm> => {
      if (!command.line.includes('FETCH 1 ') || !command.line.includes('<2048.')) return 'pass';
      await other.messageDelete('1', { uid: true });
      const harm = answer(command.tag);
      return harm === 'expunge' ? 'pass' : harm;
    };
    await serve(spool, options);
    await spool.until(() => spool.saved.length === 1);
    expect(subjects(spool)).toEqual(['stays']);
  });

  test('U-046 a message that SEARCH shows but FETCH does not give yet is received later', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all', pollIntervalMs: 50 });
    await server.append(who.user, mail('late'));
    let refusals = 0;
    line.at = (command) => (command.name === 'UID FETCH' && refusals++ < 2 ? { answer: 'OK not yet' } : 'pass');
    await serve(spool, options);
    await spool.until(() => spool.saved.length === 1);
    expect(subjects(spool)).toEqual(['late']);
  });

  test('U-046 a lower UID that shows up after a higher one is not passed over, also across a restart', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { reception: 'poll' });
    const session = await imap(options).logon(spool.support(), logonOptions());
    for (const name of ['late', 'early']) await server.append(who.user, mail(name));
    line.at = (command) => (command.name === 'UID SEARCH' ? { raw: `* SEARCH 2\r\n${command.tag} OK\r\n` } : 'pass');
    expect(await session.poll?.(never())).toBe(true);
    await session.startMessage?.(spool.newMessage(), never());
    expect(subjects(spool)).toEqual(['early']);
    line.at = () => 'pass';
    await session.logoff?.();
    const again = await imap(options).logon(spool.support(), logonOptions());
    await spool.round(again);
    expect(subjects(spool)).toEqual(['early', 'late']);
    await again.logoff?.();
  });

  test('U-048 T-051 where the server names messages by EMAILID, a new UIDVALIDITY costs no download of what is known', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all', reception: 'poll' });
    line.toClient = (text) => text.replace(' SORT ', ' OBJECTID ').replaceAll(/FETCH \(UID (\d+) /g, 'FETCH (EMAILID (M$1) UID $1 ');
    line.toServer = (text) => text.replace(' EMAILID', '');
    for (const name of ['a', 'b']) await server.append(who.user, mail(name));
    const first = await imap(options).logon(spool.support(), logonOptions());
    expect(await spool.round(first)).toBe(2);
    await first.logoff?.();
    await server.append(who.user, mail('c'));
    await server.setUidValidity(who.user, 4_242);
    const downloads = (): number => line.commands.filter((command) => command.line.includes('BODY.PEEK[]')).length;
    const before = downloads();
    const again = await imap(options).logon(spool.support(), logonOptions());
    await spool.round(again);
    await again.logoff?.();
    expect(subjects(spool)).toEqual(['a', 'b', 'c']);
    expect(spool.saved[0]?.aliases).toContain('EMAILID=M1');
    expect(downloads() - before).toBe(1);
  });

  test('T-052 NO to what should happen afterwards: the message is kept once, and the server is told with the next connection', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all', after: { flag: '\\Seen' } });
    await server.append(who.user, mail('a'));
    line.at = (command) => (command.connection === 1 && command.name === 'UID STORE' ? { answer: 'NO not now' } : 'pass');
    await serve(spool, options);
    await spool.until(() => spool.saved.length === 1 && line.commands.at(-1)?.name === 'IDLE');
    expect(await flagsOf(who.user)).not.toContain('Seen');
    line.dropAll();
    await spool.until(() => line.commands.at(-1)?.connection === 2 && line.commands.at(-1)?.name === 'IDLE');
    expect(await flagsOf(who.user)).toContain('Seen');
    expect(spool.saved).toHaveLength(1);
  });

  test('NO to a FETCH sets that message aside, the others come in, and it is tried again with the next connection', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all' });
    for (const name of ['bad', 'good']) await server.append(who.user, mail(name));
    line.at = (command) => (command.connection === 1 && command.line.includes('FETCH 1 ') ? { answer: 'NO [SERVERBUG] cannot read it' } : 'pass');
    await serve(spool, options);
    await spool.until(() => spool.saved.length === 1 && line.commands.at(-1)?.name === 'IDLE');
    expect(subjects(spool)).toEqual(['good']);
    line.dropAll();
    await spool.until(() => spool.saved.length === 2);
    expect(subjects(spool)).toEqual(['good', 'bad']);
  });

  test('T-052 without MOVE the message is copied and removed; without UIDPLUS nothing of others is expunged', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { after: { move: 'Archive' }, reception: 'poll' });
    line.hide = ['STARTTLS', 'MOVE', 'UIDPLUS'];
    const session = await imap(options).logon(spool.support(), logonOptions());
    await server.append(who.user, mail('mine'));
    await server.append(who.user, mail('marked by somebody else'), { flags: ['\\Deleted'] });
    expect(await spool.round(session)).toBe(2);
    expect(line.names()).not.toContain('EXPUNGE');
    const archived = await server.doveadm('-f', 'flow', 'fetch', '-u', who.user, 'uid', 'mailbox', 'Archive');
    expect(archived.trim().split('\n')).toHaveLength(2);
    expect((await flagsOf(who.user)).match(/\\Deleted/g)).toHaveLength(2);
    await session.logoff?.();
  });

  test('U-049 throttled: this account waits behind a gate that says so, another keeps pace', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool);
    line.at = (command) => (command.name === 'NOOP' || command.name === 'UID SEARCH' ? { answer: 'NO [THROTTLED] slow down' } : 'pass');
    const { support } = await serve(spool, options);
    await spool.until(() => gateOf(support) !== null && gateOf(support) !== undefined);
    expect(gateOf(support)).toMatchObject({ reason: 'throttled', until: expect.any(Number) as number });
    const other = server.newUser();
    const others = new Spool();
    await serve(others, { host: 'localhost', port: server.securePort, secure: true, tls: { ca: server.ca }, auth: other });
    await server.append(other.user, mail('on time'));
    await others.until(() => others.saved.length === 1);
    expect(line.open).toBe(0);
  });

  test('U-049 too many connections at the login is throttling, not a wrong password', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool);
    line.at = (command) => (/^(LOGIN|AUTHENTICATE)$/.test(command.name) ? { answer: 'NO [LIMIT] Too many simultaneous connections' } : 'pass');
    const { support } = await serve(spool, options);
    expect(gateOf(support)).toMatchObject({ reason: 'throttled' });
  });

  test('T-060 X-006 with TLS required and STARTTLS gone, no password is sent', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool, { requireTLS: true });
    const support = spool.support();
    const session = await imap(options).logon(support, logonOptions());
    expect(gateOf(support)).toMatchObject({ reason: 'unreachable' });
    expect(line.names().filter((name) => /LOGIN|AUTHENTICATE/.test(name))).toEqual([]);
    await session.logoff?.();
  });

  test.each([
    ['a literal of 4 GB', '* 1 FETCH (BODY[] {4294967295}\r\n'],
    ['nonsense', '* )( {{{\r\n* 99999999999999999999 EXISTS\r\n'],
    ['BYE', '* BYE going down\r\n'],
  ])('U-044 X-013 a server that sends %s: the connection goes, the process and the session live', async (_name, raw) => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { begin: 'all', deadlines: { commandMs: 300 } });
    line.at = (command) => (command.connection === 1 && command.name === 'UID SEARCH' ? { raw } : 'pass');
    await serve(spool, options);
    await server.append(who.user, mail('after all'));
    await spool.until(() => spool.saved.length === 1);
    expect(line.commands.at(-1)?.connection).toBe(2);
  });

  test('U-044 U-061 whatever happens to the line after logoff disturbs nobody', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool);
    const support = spool.support();
    const session = await imap(options).logon(support, logonOptions());
    await session.logoff?.();
    line.dropAll();
    await expect(session.poll?.(never())).rejects.toMatchObject({ code: 'ECANCEL' });
    expect(support.places.open).toBe(0);
  });

  test('U-061 after logoff nothing of the session keeps the process', async () => {
    const spool = new Spool();
    const { options } = await prepare(spool, { pollIntervalMs: 50 });
    let sleepers = 0;
    const clock: Clock = {
      now: () => systemClock.now(),
      sleep: async (ms, signal) => {
        sleepers++;
        await systemClock.sleep(ms, signal).finally(() => sleepers--);
      },
    };
    const support = spool.support({ clock });
    const session = await imap(options).logon(support, logonOptions());
    await spool.until(() => line.names().filter((name) => name === 'IDLE').length > 2);
    expect(sleepers).toBeGreaterThan(0);
    await session.logoff?.();
    await new Promise(setImmediate);
    expect([sleepers, support.places.open]).toEqual([0, 0]);
    await spool.until(() => line.open === 0);
  });

  test('U-045 poll beside a download waits for it instead of breaking into it', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { reception: 'poll', chunkBytes: 1_024 });
    const session = await imap(options).logon(spool.support(), logonOptions());
    await server.append(who.user, mail('long', 'x'.repeat(70).concat('\r\n').repeat(500)));
    const receiving = session.startMessage?.(spool.newMessage(), never());
    const polling = [session.poll?.(never()), session.poll?.(never())].map(async (answer) => answer);
    await receiving;
    expect(await Promise.all(polling)).toEqual([false, false]);
    expect(subjects(spool)).toEqual(['long']);
    await session.logoff?.();
  });

  test('M-082 an aborted startMessage rejects at once and leaves nothing; the message comes with the next call', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { reception: 'poll' });
    const session = await imap(options).logon(spool.support(), logonOptions());
    await server.append(who.user, mail('again'));
    const stop = new AbortController();
    line.at = (command) => {
      if (command.name === 'UID FETCH') stop.abort(new Error('stop'));
      return 'pass';
    };
    await expect(session.startMessage?.(spool.newMessage(), stop.signal)).rejects.toThrow('stop');
    expect(spool.saved).toEqual([]);
    expect(await spool.round(session)).toBe(1);
    await session.logoff?.();
  });

  test('U-043 a call that fails closes no gate without an end: the first loss is tried again at once, the next waits', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool, { reception: 'poll', retry: { firstMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 } });
    const session = await imap(options).logon(spool.support(), logonOptions());
    await server.append(who.user, mail('patience'));
    line.at = (command) => (command.name === 'UID FETCH' ? 'drop' : 'pass');
    const gateOfFailure = async (): Promise<unknown> => {
      const error: unknown = await Promise.resolve(session.startMessage?.(spool.newMessage(), never())).catch((reason: unknown) => reason);
      return error instanceof TransportError ? error.gate : 'no error';
    };
    expect(await gateOfFailure()).toBeUndefined();
    expect(await gateOfFailure()).toMatchObject({ reason: 'unreachable', until: expect.any(Number) as number });
    await expect(session.poll?.(never())).rejects.toMatchObject({
      code: 'EWAIT',
      gate: { reason: 'unreachable', until: expect.any(Number) as number },
    });
    await session.logoff?.();
  });

  test('M-086 inbound off ends IDLE news, on brings them back with what came meanwhile', async () => {
    const spool = new Spool();
    const { who, options } = await prepare(spool);
    const { session, support } = await serve(spool, options);
    await spool.until(() => line.names().includes('IDLE'));
    await session.transportNotify?.({ type: 'inbound', on: false });
    expect(support.columns).toMatchObject({ flags: { inboundEnabled: false } });
    await server.append(who.user, mail('meanwhile'));
    const told = support.news.length;
    await session.transportNotify?.({ type: 'inbound', on: true });
    await spool.until(() => spool.saved.length === 1);
    expect(support.news.length).toBeGreaterThan(told);
  });
});

const gateOf = (support: TestSupport): unknown => support.columns['gate'];

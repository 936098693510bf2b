// The IMAP provider against the fake server: every kind of failure at every command, and waiting by virtual time.
import { afterEach, describe, expect, test } from 'vitest';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import type { Clock, TransportSession } from 'mailspool/provider';
import { fakeImap, virtualTime, type FakeImap, type FakeImapOptions } from 'mailspool/testing';
import type { ImapMisdeed } from '../../../src/testing/fake-imap/imap-host.ts';
import { Spool } from '../../../src/testing/provider-suite/inbound-message.ts';
import { logonOptions, type TestSupport } from '../../../src/testing/provider-suite/support.ts';
import { FaultLine } from './fault-line.ts';

const mail = (subject: string): string => `From: ann@example.test\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
const subjects = (spool: Spool): string[] => spool.saved.map((message) => /^Subject: (.*)\r$/m.exec(message.bytes.toString('latin1'))?.[1] ?? '?');
const never = (): AbortSignal => new AbortController().signal;

const endings: (() => Promise<unknown>)[] = [];
const end = async (): Promise<void> => {
  for (const ending of endings.splice(0).reverse()) await ending();
};
afterEach(end);

const start = async (spool: Spool, options: FakeImapOptions = {}): Promise<FakeImap> => {
  const server = await fakeImap(options);
  server.onCommand(() => {
    spool.stir();
    return undefined;
  });
  endings.push(() => server.close());
  return server;
};

const optionsFor = (server: FakeImap, more: Partial<ImapOptions> = {}): ImapOptions => ({
  host: server.host,
  port: server.port,
  secure: false,
  auth: { user: 'user', pass: 'pass' },
  retry: { firstMs: 5, factor: 1, maxMs: 5, jitter: 0 },
  ...more,
});

const serve = async (
  spool: Spool,
  options: ImapOptions,
  more: { clock?: Clock; connections?: number } = {},
): Promise<{ session: TransportSession; support: TestSupport }> => {
  const support = spool.support(more);
  const session = await imap(options).logon(support, logonOptions());
  const serving = spool.serve(session, support);
  endings.push(async () => {
    await serving.stop();
    await session.logoff?.();
  });
  return { session, support };
};

const names = (server: FakeImap): string[] => server.commands.map((command) => command.name);
const idling = (server: FakeImap): boolean => names(server).at(-1) === 'IDLE';

describe('receiving from the fake server', () => {
  test('M-080 T-052 mail is told by IDLE, received once and flagged afterwards', async () => {
    const spool = new Spool();
    const server = await start(spool);
    await serve(spool, optionsFor(server, { after: { flag: '\\Seen' } }));
    server.deliver('user', 'INBOX', mail('one'), { internalDate: Date.UTC(2026, 1, 3) });
    await spool.until(() => spool.saved.length === 1 && names(server).includes('UID STORE'));
    expect(spool.saved[0]?.bytes.toString()).toBe(mail('one'));
    expect(spool.saved[0]?.properties.deliveryTime).toBe(Date.UTC(2026, 1, 3));
    const order = names(server);
    expect(order.indexOf('UID STORE')).toBeGreaterThan(order.lastIndexOf('UID FETCH'));
  });

  const misdeeds: readonly [string, ImapMisdeed][] = [
    ['cuts the connection', 'drop'],
    ['does it and cuts the connection', 'acceptThenDrop'],
    ['says BYE', { bye: 'enough' }],
    ['says nothing more', 'stall'],
    ['says BAD', { bad: 'what?' }],
    ['says NO', { no: 'no' }],
    ['says nonsense', { say: '* (((\r\n)))\r\n' }],
  ];
  test.each(misdeeds)(
    'U-043 U-044 T-052 the server %s at each command in turn: everything is received once and acknowledged',
    async (_name, misdeed) => {
      let steps = 1;
      for (let at = 0; at <= steps; at++) {
        const spool = new Spool();
        const server = await start(spool);
        let count = 0;
        server.onCommand(({ name }) => (name !== 'LOGOUT' && ++count === at ? misdeed : undefined));
        for (const subject of ['one', 'two']) server.deliver('user', 'INBOX', mail(subject));
        const options = optionsFor(server, {
          begin: 'all',
          after: { move: 'Archive' },
          pollIntervalMs: 50,
          deadlines: { connectMs: 100, commandMs: 100 },
        });
        const { support } = await logonOrAgain(spool, options);
        await spool.until(() => spool.saved.length === 2 && idling(server));
        if (at === 0) steps = server.commands.length;
        const moved = (): number => server.mailbox('user', 'Archive').messages.length;
        if (moved() < 2) server.dropConnections();
        await spool.until(() => moved() >= 2);
        expect(subjects(spool).sort(), `at command ${at}: ${names(server).join(' ')}`).toEqual(['one', 'two']);
        expect(moved()).toBe(2);
        expect(support.places.most).toBe(1);
        await end();
      }
      expect(steps).toBeGreaterThan(8);
    },
    60_000,
  );

  test('U-043 U-044 a server that says BYE between two commands and keeps its end open: the next look is on a new connection', async () => {
    const spool = new Spool();
    const server = await start(spool, { without: ['IDLE'] });
    const line = await FaultLine.to(server.port);
    endings.push(() => line[Symbol.asyncDispose]());
    const { support } = await serve(spool, { ...optionsFor(server, { pollIntervalMs: 20 }), port: line.port });
    await spool.until(() => names(server).filter((name) => name === 'STATUS').length === 2);
    line.say('* BYE enough\r\n');
    server.deliver('user', 'INBOX', mail('after it'));
    await spool.until(() => spool.saved.length === 1);
    expect(names(server).filter((name) => name === 'AUTHENTICATE').length).toBe(2);
    expect(support.places.most).toBe(1);
  });

  /** NO to the login is a wrong password: the logon rejects, and somebody tries again. */
  const logonOrAgain = async (spool: Spool, options: ImapOptions): Promise<{ support: TestSupport }> => {
    try {
      return await serve(spool, options, { connections: 1 });
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAUTH' });
      return serve(spool, options, { connections: 1 });
    }
  };

  test('U-042 F-25 the server goes mute: new mail is seen after the poll interval, by virtual time', async () => {
    const clock = virtualTime();
    const spool = new Spool();
    const server = await start(spool, { clock });
    await serve(spool, optionsFor(server), { clock });
    await spool.until(() => idling(server));
    server.mute();
    server.deliver('user', 'INBOX', mail('unheard'));
    await clock.advance('4m');
    expect(spool.saved).toHaveLength(0);
    await clock.advance('2m');
    await spool.until(() => spool.saved.length === 1);
  });

  test('T-053 between two IDLEs there are never 29 minutes, whatever the poll interval', async () => {
    const clock = virtualTime();
    const spool = new Spool();
    const server = await start(spool, { clock });
    const begun: number[] = [];
    server.onCommand(({ name }) => {
      if (name === 'IDLE') begun.push(clock.now());
      return undefined;
    });
    await serve(spool, optionsFor(server, { pollIntervalMs: 24 * 3_600_000 }), { clock });
    for (let round = 1; round <= 5; round++) {
      await spool.until(() => begun.length >= round);
      await clock.advance('20m');
    }
    const apart = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(Math.max(...apart)).toBeLessThan(29 * 60_000);
  });

  test('T-051 F-22 U-048 new UIDVALIDITY and new UIDs: known messages are rebound by their digest, three arrivals come once', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const options = optionsFor(server, { begin: 'all', reception: 'poll' });
    for (const subject of ['a', 'b', 'b']) server.deliver('user', 'INBOX', mail(subject));
    const first = await imap(options).logon(spool.support(), logonOptions());
    await spool.round(first);
    for (const subject of ['n1', 'n2', 'n3']) server.deliver('user', 'INBOX', mail(subject));
    server.setUidValidity('user', 'INBOX', 4_242);
    await spool.round(first).catch(() => 0);
    await spool.round(first);
    await first.logoff?.();
    expect(subjects(spool)).toEqual(['a', 'b', 'b', 'n1', 'n2', 'n3']);
    expect(spool.known).toBe(3);
  });

  test('T-051 a resynchronisation that fails in the middle of a message compares it anew, and counts no copy twice', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const options = optionsFor(server, { begin: 'all', reception: 'poll' });
    for (const subject of ['a', 'a', 'b']) server.deliver('user', 'INBOX', mail(subject));
    const first = await imap(options).logon(spool.support(), logonOptions());
    await spool.round(first);
    await first.logoff?.();
    server.setUidValidity('user', 'INBOX', 4_242);
    const again = await imap(options).logon(spool.support(), logonOptions());
    const message = spool.newMessage();
    const setReference = message.setReference.bind(message);
    let calls = 0;
    message.setReference = (...names) => (++calls === 2 ? Promise.reject(new Error('the store is busy')) : setReference(...names));
    await expect(again.startMessage?.(message, never())).rejects.toThrow('the store is busy');
    await spool.round(again);
    await again.logoff?.();
    expect(subjects(spool)).toEqual(['a', 'a', 'b']);
    expect(spool.known).toBe(3);
  });

  test('T-052 a known message whose acknowledgement is cut off is acknowledged with the next connection', async () => {
    const spool = new Spool();
    const server = await start(spool);
    server.deliver('user', 'INBOX', mail('a'));
    const leaving = await imap(optionsFor(server, { begin: 'all', reception: 'poll' })).logon(spool.support(), logonOptions());
    await spool.round(leaving);
    await leaving.logoff?.();
    server.setUidValidity('user', 'INBOX', 4_242);
    const flagging = await imap(optionsFor(server, { begin: 'all', reception: 'poll', after: { flag: '\\Seen' } })).logon(
      spool.support(),
      logonOptions(),
    );
    server.script({ at: 'UID STORE', do: 'drop' });
    await spool.round(flagging).catch(() => 0);
    await spool.round(flagging);
    await flagging.logoff?.();
    expect(spool.saved).toHaveLength(1);
    expect([...(server.mailbox('user', 'INBOX').messages[0]?.flags ?? [])]).toContain('\\Seen');
  });

  test('U-046 what was passed over and turns out to be known is not asked for again', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const options = optionsFor(server, { begin: 'all', reception: 'poll' });
    const session = await imap(options).logon(spool.support(), logonOptions());
    for (const subject of ['late', 'early']) server.deliver('user', 'INBOX', mail(subject));
    const hide = server.onCommand(({ name, tag }) => (name === 'UID SEARCH' ? { say: `* SEARCH 2\r\n${tag} OK\r\n` } : undefined));
    await session.startMessage?.(spool.newMessage(), never());
    hide[Symbol.dispose]();
    spool.names.add(spool.saved[0]?.reference.replace(/UID=2$/, 'UID=1') ?? '');
    expect(await session.poll?.(never())).toBe(false);
    expect(await session.poll?.(never())).toBe(false);
    expect(server.commands.filter(({ name }) => name === 'UID SEARCH').at(-1)?.line).toMatch(/UID 3:\*$/);
    await session.logoff?.();
  });

  test('U-050 three watched folders in an account with room for two connections: never more than two, and mail comes in', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const one = optionsFor(server, { folders: ['INBOX', 'Junk', 'Sent'], maxConnections: 3 });
    const { support } = await serve(spool, one, { connections: 2 });
    await spool.until(() => support.places.open === 2);
    server.dropConnections();
    server.deliver('user', 'INBOX', mail('still'));
    await spool.until(() => spool.saved.length === 1);
    expect(support.places.most).toBe(2);
    expect(server.connections.peak).toBe(2);
  });

  test('U-042 mail that comes to a further folder right before that is opened is received at once', async () => {
    const spool = new Spool();
    const server = await start(spool);
    let opened = 0;
    server.onCommand(({ name, line }) => {
      spool.stir();
      // The first is the look of the logon, the second the connection that is to watch the folder.
      if (name === 'EXAMINE' && line.includes('Junk') && ++opened === 2) server.deliver('user', 'Junk', mail('just in time'));
      return undefined;
    });
    await serve(spool, optionsFor(server, { folders: ['INBOX', 'Junk'], maxConnections: 2 }));
    await spool.until(() => spool.saved.length === 1);
    expect(subjects(spool)).toEqual(['just in time']);
  });

  test('M-003 M-086 logged on without inbound it asks for nothing until that is opened', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const support = spool.support();
    const session = await imap(optionsFor(server)).logon(support, logonOptions({ inbound: false }));
    const serving = spool.serve(session, support);
    endings.push(async () => {
      await serving.stop();
      await session.logoff?.();
    });
    server.deliver('user', 'INBOX', mail('early'));
    expect(support.news).toEqual([]);
    expect(support.columns).not.toMatchObject({ flags: { inboundEnabled: true } });
    await session.transportNotify?.({ type: 'inbound', on: true });
    expect(support.columns).toMatchObject({ flags: { inboundEnabled: true } });
    await spool.until(() => spool.saved.length === 1);
  });

  test('M-005 logged on offline it opens no connection', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const support = spool.support();
    const session = await imap(optionsFor(server)).logon(support, logonOptions({ offline: true }));
    expect(await session.poll?.(never())).toBe(false);
    expect(await spool.round(session)).toBe(0);
    await session.logoff?.();
    expect(server.connections.total).toBe(0);
    expect(support.columns).toMatchObject({ gate: { reason: 'offline' } });
  });

  test('M-005 logged on offline it connects and receives once inbound opens, by notice and by polling', async () => {
    for (const reception of ['notify', 'poll'] as const) {
      const spool = new Spool();
      const server = await start(spool);
      server.deliver('user', 'INBOX', mail(reception));
      const support = spool.support();
      const session = await imap(optionsFor(server, { begin: 'all', reception })).logon(support, logonOptions({ inbound: false, offline: true }));
      await session.transportNotify?.({ type: 'inbound', on: true });
      expect(support.columns).toMatchObject({ gate: null, flags: { available: true, offline: false } });
      expect(await session.poll?.(never())).toBe(true);
      expect(await spool.round(session)).toBe(1);
      await session.logoff?.();
    }
  });

  test('M-006 U-043 a server that is not there rejects no logon: the session waits behind its gate and receives later', async () => {
    const spool = new Spool();
    const server = await start(spool);
    const options = optionsFor(server, { begin: 'all', retry: { firstMs: 20, factor: 1, maxMs: 20, jitter: 0 } });
    const { port } = server;
    await end();
    const { support } = await serve(spool, options);
    expect(support.columns).toMatchObject({
      gate: { reason: 'unreachable', until: expect.any(Number) as number },
      flags: { available: false, offline: true },
    });
    const back = await start(spool, { port });
    back.deliver('user', 'INBOX', mail('there again'));
    await spool.until(() => spool.saved.length === 1);
    expect(support.columns).toMatchObject({ gate: null, flags: { available: true } });
  });
});

import { connect } from 'node:net';
import { ImapFlow, type FetchMessageObject, type ImapFlowOptions } from 'imapflow';
import { createTransport } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { fakeImap, fakeMailboxes, fakeSmtp, type FakeImap } from 'mailspool/testing';

const message = (n: number, more = ''): string =>
  `From: Ann <ann@test>\r\nTo: bob@test\r\nSubject: Number ${n}\r\nMessage-ID: <${n}@test>\r\nDate: Mon, 7 Jan 2030 10:00:00 +0100\r\n${more}\r\nBody ${n}\r\n`;

async function client(server: FakeImap, options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow & AsyncDisposable> {
  const [first] = server.users;
  const auth = { user: first?.user ?? '', pass: first?.pass ?? '' };
  const flow = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    logger: false,
    auth,
    tls: { ca: server.certificate },
    ...options,
  });
  flow.on('error', () => undefined);
  await flow.connect();
  return Object.assign(flow, { [Symbol.asyncDispose]: async () => flow.close() });
}

/** Resolves with the next event of that name. */
const next = (flow: ImapFlow, event: string): Promise<Record<string, unknown>> =>
  new Promise((resolve) => flow.once(event, (data: Record<string, unknown>) => resolve(data)));

async function fetched(flow: ImapFlow, range: string, query: object, options: object = {}): Promise<FetchMessageObject[]> {
  return await flow.fetchAll(range, query, options);
}

describe('fakeImap, driven by imapflow', () => {
  it('U-062 listens on the loopback alone, on a free port, within 50 ms', async () => {
    await using warm = await fakeImap();
    await using server = await fakeImap();
    // The best of several: others may be busy on this machine.
    const startsMs: number[] = [];
    for (let n = 0; n < 5; n++) {
      const before = performance.now();
      await using _another = await fakeImap();
      startsMs.push(performance.now() - before);
    }
    expect(Math.min(...startsMs)).toBeLessThan(50);
    expect([server.host, server.port !== warm.port, server.url]).toEqual(['127.0.0.1', true, `imap://user:pass@127.0.0.1:${server.port}`]);
  });

  it.each(['starttls', 'implicit'] as const)('speaks TLS with a certificate that verifies (%s)', async (tls) => {
    await using server = await fakeImap({ tls });
    await using flow = await client(server, { secure: tls === 'implicit' });
    expect(flow.secureConnection).toBe(true);
    await expect(client(server, { secure: tls === 'implicit', tls: {} })).rejects.toThrow(/self-signed/);
  });

  it.each([[{}], [{ without: ['SASL-IR'] as const }], [{ without: ['AUTH=PLAIN'] as const }]])(
    'lets users in with their password alone (%j)',
    async (options) => {
      await using server = await fakeImap({ ...options, users: { 'änn"\\': 'sécret "x" \\' } });
      await using flow = await client(server);
      expect(flow.authenticated).toBe(true);
      await expect(client(server, { auth: { user: 'änn"\\', pass: 'guess' } })).rejects.toMatchObject({ authenticationFailed: true });
    },
  );

  it('takes a bearer token while it is the current one', async () => {
    await using server = await fakeImap({ users: { ann: { token: 'fresh' } } });
    const auth = { user: 'ann', accessToken: 'fresh' };
    await using flow = await client(server, { auth });
    expect(flow.authenticated).toBe(true);
    server.mailboxes.setUser('ann', { token: 'newer' });
    await expect(client(server, { auth })).rejects.toMatchObject({ authenticationFailed: true });
  });

  it('lists, creates, renames, subscribes and deletes mailboxes, in any script', async () => {
    await using server = await fakeImap();
    await using flow = await client(server);
    expect((await flow.list()).map(({ path, specialUse }) => [path, specialUse])).toEqual(
      expect.arrayContaining([
        ['INBOX', '\\Inbox'],
        ['Sent', '\\Sent'],
        ['Trash', '\\Trash'],
        ['Drafts', '\\Drafts'],
        ['Junk', '\\Junk'],
        ['Archive', '\\Archive'],
      ]),
    );
    expect(await flow.mailboxCreate('Projekte/Grüße & 😀')).toMatchObject({ path: 'Projekte/Grüße & 😀', created: true });
    expect(await flow.mailboxCreate('Projekte')).toMatchObject({ created: false });
    await flow.mailboxRename('Projekte', 'Alt');
    const listed = new Map((await flow.list()).map((each) => [each.path, each]));
    expect([...listed.keys()].filter((path) => path.startsWith('Alt'))).toEqual(['Alt', 'Alt/Grüße & 😀']);
    expect(listed.get('Alt')?.flags.has('\\HasChildren')).toBe(true);
    await flow.mailboxDelete('Alt/Grüße & 😀');
    await flow.mailboxDelete('Alt');
    await expect(flow.mailboxDelete('INBOX')).rejects.toMatchObject({ responseStatus: 'NO' });
    await flow.mailboxUnsubscribe('Junk');
    expect((await flow.list()).filter(({ subscribed }) => !subscribed).map(({ path }) => path)).toEqual(['Junk']);
  });

  it('tells the state of a mailbox by STATUS and SELECT', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 3; n++) server.deliver('user', 'INBOX', message(n), { flags: n === 2 ? ['\\seen'] : [] });
    const { uidValidity } = server.mailbox('user', 'INBOX');
    await using flow = await client(server);
    const query = { messages: true, unseen: true, uidNext: true, uidValidity: true, highestModseq: true, recent: true };
    expect(await flow.status('INBOX', query)).toMatchObject({ messages: 3, unseen: 2, uidNext: 4, uidValidity: BigInt(uidValidity), recent: 0 });
    expect(await flow.mailboxOpen('inbox', { readOnly: true })).toMatchObject({
      path: 'INBOX',
      exists: 3,
      uidNext: 4,
      uidValidity: BigInt(uidValidity),
      readOnly: true,
    });
    await expect(flow.mailboxOpen('Nowhere')).rejects.toMatchObject({ responseStatus: 'NO', serverResponseCode: 'NONEXISTENT' });
  });

  it('appends byte for byte, with flags and date, and says under which UID', async () => {
    await using server = await fakeImap();
    await using flow = await client(server);
    const raw = Buffer.concat([Buffer.from(message(1)), Buffer.from([0xff, 0xfe, 0x80, 13, 10]), Buffer.alloc(200_000, 'x')]);
    const appended = await flow.append('Sent', raw, ['\\Seen', 'work'], new Date('2030-02-03T04:05:06Z'));
    const { uidValidity, messages } = server.mailbox('user', 'Sent');
    expect(appended).toMatchObject({ destination: 'Sent', uid: 1, uidValidity: BigInt(uidValidity) });
    expect([Buffer.from(messages[0]?.raw ?? []).equals(raw), [...(messages[0]?.flags ?? [])], messages[0]?.internalDate]).toEqual([
      true,
      ['\\Seen', 'work'],
      Date.UTC(2030, 1, 3, 4, 5, 6),
    ]);
    await expect(flow.append('Nowhere', raw)).rejects.toMatchObject({ serverResponseCode: 'TRYCREATE' });
    await flow.mailboxOpen('Sent');
    expect(Buffer.from((await fetched(flow, '1', { source: true }))[0]?.source ?? []).equals(raw)).toBe(true);
  });

  it('fetches what imapflow asks for', async () => {
    await using server = await fakeImap();
    server.deliver('user', 'INBOX', multipart, { internalDate: new Date('2030-01-07T09:00:01Z'), flags: ['\\Flagged'] });
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const [one] = await fetched(flow, '1:*', {
      uid: true,
      flags: true,
      bodyStructure: true,
      envelope: true,
      internalDate: true,
      size: true,
      headers: ['subject', 'x-none'],
    });
    expect(one).toMatchObject({ uid: 1, seq: 1, size: Buffer.byteLength(multipart), internalDate: new Date('2030-01-07T09:00:01Z') });
    expect([...(one?.flags ?? [])]).toEqual(['\\Flagged']);
    expect(one?.envelope).toMatchObject({
      subject: 'Grüße',
      messageId: '<m@test>',
      inReplyTo: '<before@test>',
      from: [{ name: 'Ann, the "first"', address: 'ann@test' }],
      to: [{ name: 'Bob', address: 'bob@test' }, { address: 'carol@test' }],
      sender: [{ address: 'ann@test' }],
    });
    expect(String(one?.headers)).toBe('Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n');
    expect(one?.bodyStructure).toMatchObject({
      type: 'multipart/mixed',
      childNodes: [
        {
          part: '1',
          type: 'multipart/alternative',
          childNodes: [
            { part: '1.1', type: 'text/plain', parameters: { charset: 'utf-8' }, lineCount: 1 },
            { part: '1.2', type: 'text/html', encoding: 'quoted-printable' },
          ],
        },
        {
          part: '2',
          type: 'application/pdf',
          disposition: 'attachment',
          dispositionParameters: { filename: 'a "b".pdf' },
          encoding: 'base64',
          size: 8,
        },
        { part: '3', type: 'message/rfc822', envelope: { subject: 'Inside' }, childNodes: [{ type: 'text/plain' }] },
      ],
    });
    expect(server.mailbox('user', 'INBOX').messages[0]?.flags.has('\\Seen')).toBe(false);
  });

  it('fetches parts, headers and pieces of them', async () => {
    await using server = await fakeImap();
    server.deliver('user', 'INBOX', multipart);
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const parts = ['1', '1.1', '1.2.MIME', '2', '3', '3.1', '3.HEADER', '3.TEXT', '9', 'TEXT'];
    const [one] = await fetched(flow, '1', { bodyParts: parts.map((key) => ({ key })) });
    const text = (key: string): string => String(one?.bodyParts?.get(key.toLowerCase()));
    expect(text('1.1')).toBe('Hello\r\n');
    expect(text('1.2.MIME')).toBe('Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n');
    expect(text('2')).toBe('JVBERi0x');
    expect(text('3.HEADER')).toBe('Subject: Inside\r\n\r\n');
    expect([text('3.1'), text('3.TEXT')]).toEqual(['Deep\r\n', 'Deep\r\n']);
    expect(text('9')).toBe('false');
    expect(text('TEXT')).toBe(multipart.slice(multipart.indexOf('\r\n\r\n') + 4));
    const source = await fetched(flow, '1', { source: { start: 5, maxLength: 10 } });
    expect(String(source[0]?.source)).toBe(multipart.slice(5, 15));
    const { content, meta } = await flow.download('1', '2');
    let downloaded = '';
    for await (const chunk of content ?? []) downloaded += String(chunk);
    expect([downloaded, meta?.contentType]).toEqual(['%PDF-1', 'application/pdf']);
  });

  it('searches', async () => {
    await using server = await fakeImap();
    server.deliver('user', 'INBOX', message(1), { internalDate: Date.UTC(2030, 0, 1) });
    server.deliver('user', 'INBOX', message(2, 'Cc: =?utf-8?Q?J=C3=BCrgen?= <j@test>\r\n'), {
      flags: ['\\Seen', 'work'],
      internalDate: Date.UTC(2030, 0, 5, 23, 59),
    });
    server.deliver('user', 'INBOX', message(3).concat('x'.repeat(5_000)), { flags: ['\\Flagged'], internalDate: Date.UTC(2030, 0, 6) });
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const search = async (query: object): Promise<unknown> => await flow.search(query, { uid: true });
    expect(await search({ all: true })).toEqual([1, 2, 3]);
    expect(await search({ header: { 'message-id': '<2@test>' } })).toEqual([2]);
    expect(await search({ uid: '2:*' })).toEqual([2, 3]);
    expect(await search({ seen: false })).toEqual([1, 3]);
    expect(await search({ since: new Date('2030-01-05T00:00:00Z') })).toEqual([2, 3]);
    expect(await search({ before: new Date('2030-01-06T00:00:00Z') })).toEqual([1, 2]);
    expect(await search({ on: new Date('2030-01-05T00:00:00Z') })).toEqual([2]);
    expect(await search({ sentOn: new Date('2030-01-07T00:00:00Z') })).toEqual([1, 2, 3]);
    expect(await search({ cc: 'jürgen' })).toEqual([2]);
    expect(await search({ keyword: 'WORK' })).toEqual([2]);
    expect(await search({ larger: 4_000 })).toEqual([3]);
    expect(await search({ body: 'body 2' })).toEqual([2]);
    expect(await search({ or: [{ flagged: true }, { subject: 'number 1' }] })).toEqual([1, 3]);
    expect(await search({ not: { from: 'ann' } })).toEqual([]);
    expect(await search({ seq: '2' })).toEqual([2]);
  });

  it('sets, adds and removes flags', async () => {
    await using server = await fakeImap();
    server.deliver('user', 'INBOX', message(1));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const flags = (): string[] => [...(server.mailbox('user', 'INBOX').messages[0]?.flags ?? [])];
    expect(await flow.messageFlagsAdd('1', ['\\SEEN', 'work'], { uid: true })).toBe(true);
    expect(flags()).toEqual(['\\Seen', 'work']);
    await flow.messageFlagsRemove('1', ['\\Seen']);
    expect(flags()).toEqual(['work']);
    await flow.messageFlagsSet('1', ['\\Flagged']);
    expect(flags()).toEqual(['\\Flagged']);
  });

  it('copies, moves and deletes, and says what became of the UIDs', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 5; n++) server.deliver('user', 'INBOX', message(n));
    server.deliver('user', 'Archive', message(0));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    expect(await flow.messageCopy('1:2', 'Archive', { uid: true })).toMatchObject({
      uidMap: new Map([
        [1, 2],
        [2, 3],
      ]),
    });
    expect(await flow.messageMove('3,5', 'Archive', { uid: true })).toMatchObject({
      uidMap: new Map([
        [3, 4],
        [5, 5],
      ]),
    });
    expect(await flow.messageMove('99', 'Archive', { uid: true })).not.toHaveProperty('uidMap');
    server.mailboxes.deliver('user', 'INBOX', message(6), { flags: ['\\Deleted'] });
    await flow.messageDelete('1', { uid: true });
    const uids = (path: string): number[] => server.mailbox('user', path).messages.map(({ uid }) => uid);
    expect([uids('INBOX'), uids('Archive')]).toEqual([
      [2, 4, 6],
      [1, 2, 3, 4, 5],
    ]);
    await flow.mailboxClose();
    expect(uids('INBOX')).toEqual([2, 4]);
  });

  it('U-062 waits for what a client files, and says what is there instead', async () => {
    await using server = await fakeImap();
    await using flow = await client(server);
    const sent = server.received({ mailbox: 'Sent', to: 'BOB@test', from: /^ann@/, subject: 'Number 2' });
    await flow.append('Sent', message(1));
    await flow.append('Sent', message(2));
    expect(await sent).toMatchObject({ uid: 2 });
    expect((await (await server.received({ mailbox: 'Sent' })).parsed()).text).toBe('Body 1\n');
    await flow.mailboxOpen('Sent');
    const moved = server.received({ mailbox: 'Archive', user: 'user' });
    await flow.messageMove('1', 'Archive', { uid: true });
    expect(await moved).toMatchObject({ uid: 1 });
    await expect(server.received({ mailbox: 'Archive', subject: 'Number 9', within: 5 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringMatching(/no message \(subject Number 9\) in Archive within 5 ms; it has 1.*\n {2}UID 1: "Number 1"/) as string,
    });
    await expect(server.received({ mailbox: 'Nowhere' })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('moves without MOVE and UIDPLUS too', async () => {
    await using server = await fakeImap({ without: ['MOVE', 'UIDPLUS'] });
    server.deliver('user', 'INBOX', message(1));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    await flow.messageMove('1', 'Archive', { uid: true });
    expect([server.mailbox('user', 'INBOX').messages.length, server.mailbox('user', 'Archive').messages.length]).toEqual([0, 1]);
  });

  it('tells an idling client of new, changed and removed messages', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 3; n++) server.deliver('user', 'INBOX', message(n));
    await using idler = await client(server);
    await using other = await client(server);
    await idler.mailboxOpen('INBOX');
    await other.mailboxOpen('INBOX');
    const idling = idler.idle();
    const exists = next(idler, 'exists');
    await other.append('INBOX', message(4));
    expect(await exists).toMatchObject({ path: 'INBOX', count: 4, prevCount: 3 });
    const flags = next(idler, 'flags');
    await other.messageFlagsAdd('2', ['\\Seen'], { uid: true });
    expect(await flags).toMatchObject({ seq: 2, flags: new Set(['\\Seen']) });
    const expunged = next(idler, 'expunge');
    await other.messageDelete('1', { uid: true });
    expect(await expunged).toMatchObject({ seq: 1 });
    const [first] = await fetched(idler, '1', { uid: true });
    expect(first?.uid).toBe(2);
    await idling;
  });

  it('keeps the numbers still while a client works by number, and tells afterwards', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 3; n++) server.deliver('user', 'INBOX', message(n));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const seen: number[] = [];
    for await (const { uid, seq } of flow.fetch('1:*', { uid: true })) {
      seen.push(seq * 10 + uid);
      if (seq === 1) server.mailboxes.expunge('user', 'INBOX', [2]);
    }
    expect(seen).toEqual([11, 22, 33]);
    const expunged = next(flow, 'expunge');
    await flow.noop();
    expect(await expunged).toMatchObject({ seq: 2 });
    expect((await fetched(flow, '2', { uid: true })).map(({ uid }) => uid)).toEqual([3]);
  });

  it('counts modifications (CONDSTORE)', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 3; n++) server.deliver('user', 'INBOX', message(n));
    await using flow = await client(server);
    const { highestModseq } = await flow.mailboxOpen('INBOX');
    await flow.messageFlagsAdd('2', ['\\Seen'], { uid: true });
    const changed = await fetched(flow, '1:*', { uid: true, flags: true }, { changedSince: highestModseq });
    expect(changed.map(({ uid, modseq }) => [uid, (modseq ?? 0n) > (highestModseq ?? 0n)])).toEqual([[2, true]]);
  });

  it('tells by UID what vanished, to who asks for it (QRESYNC)', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 5; n++) server.deliver('user', 'INBOX', message(n));
    await using flow = await client(server, { qresync: true });
    await flow.mailboxOpen('INBOX');
    const vanished: unknown[] = [];
    flow.on('expunge', (event) => vanished.push(event));
    const idling = flow.idle();
    await heard(server, 'IDLE');
    const exists = next(flow, 'exists');
    server.mailboxes.expunge('user', 'INBOX', [2, 4]);
    server.deliver('user', 'INBOX', message(6));
    expect(await exists).toMatchObject({ count: 4, prevCount: 5 });
    expect(vanished).toMatchObject([
      { uid: 2, vanished: true },
      { uid: 4, vanished: true },
    ]);
    expect(await flow.messageMove('1', 'Archive', { uid: true })).toMatchObject({ uidMap: new Map([[1, 1]]) });
    expect((await fetched(flow, '1:*', { uid: true })).map(({ uid }) => uid)).toEqual([3, 5, 6]);
    await idling;
  });

  it('a new UIDVALIDITY sends away who has the mailbox open and renumbers the messages', async () => {
    await using server = await fakeImap();
    server.deliver('user', 'INBOX', message(1));
    server.mailboxes.expunge('user', 'INBOX', [1]);
    server.deliver('user', 'INBOX', message(2));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const idling = flow.idle();
    const closed = next(flow, 'close');
    server.setUidValidity('user', 'INBOX', 777);
    await Promise.all([closed, idling.catch(() => undefined)]);
    await using again = await client(server);
    expect(await again.mailboxOpen('INBOX')).toMatchObject({ uidValidity: 777n, uidNext: 2 });
    expect((await fetched(again, '1', { uid: true })).map(({ uid }) => uid)).toEqual([1]);
  });

  it('mute: IDLE looks alive and tells nothing, until the client asks or it is over', async () => {
    await using server = await fakeImap();
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    server.mute();
    let told = 0;
    flow.on('exists', () => told++);
    const idling = flow.idle();
    await heard(server, 'IDLE');
    server.deliver('user', 'INBOX', message(1));
    expect(await flow.status('INBOX', { messages: true })).toMatchObject({ messages: 1 });
    await idling;
    expect(told).toBe(1);
    const again = flow.idle();
    await heard(server, 'IDLE', 2);
    const exists = next(flow, 'exists');
    server.deliver('user', 'INBOX', message(2));
    server.mute(false);
    expect(await exists).toMatchObject({ count: 2 });
    await flow.noop();
    await again;
  });

  it('a command goes wrong as planned: NO, BAD, BYE, cut before and after', async () => {
    await using server = await fakeImap();
    const faults = [
      server.script({ at: 'APPEND', do: { no: '[OVERQUOTA] Full' } }),
      server.script({ at: 'APPEND', match: 'sent', do: 'acceptThenDrop' }),
      server.script({ at: 'UID SEARCH', do: { bad: 'What?' } }),
      server.script({ at: 'greeting', nth: 2, do: { bye: 'Too busy' } }),
    ];
    await using flow = await client(server);
    await expect(flow.append('Sent', message(1))).rejects.toMatchObject({ responseStatus: 'NO', serverResponseCode: 'OVERQUOTA' });
    expect(server.mailbox('user', 'Sent').messages).toHaveLength(0);
    await flow.mailboxOpen('INBOX');
    expect(await flow.search({ all: true }, { uid: true })).toBe(false);
    await expect(flow.append('Sent', message(1))).rejects.toMatchObject({ code: 'NoConnection' });
    expect(server.mailbox('user', 'Sent').messages).toHaveLength(1);
    await expect(client(server)).rejects.toThrow(/close/i);
    expect(faults.map(({ fired }) => fired)).toEqual([1, 1, 1, 1]);
  });

  it('onCommand sees every command and decides', async () => {
    await using server = await fakeImap();
    const names: string[] = [];
    using _watch = server.onCommand(({ name }) => {
      names.push(name);
      return name === 'UID FETCH' ? 'drop' : undefined;
    });
    server.deliver('user', 'INBOX', message(1));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    await expect(fetched(flow, '1', { uid: true }, { uid: true })).rejects.toMatchObject({ code: 'NoConnection' });
    expect(names).toEqual(expect.arrayContaining(['AUTHENTICATE', 'SELECT', 'UID FETCH']));
    expect(server.commands.map(({ name }) => name)).toEqual(names);
  });

  it('mail that the fake SMTP accepts is told to the idling client at once', async () => {
    const mailboxes = fakeMailboxes({ users: { 'bob@test': 'secret' } });
    await using smtp = await fakeSmtp({ mailboxes });
    await using imap = await fakeImap({ mailboxes });
    await using flow = await client(imap);
    await flow.mailboxOpen('INBOX');
    const idling = flow.idle();
    await heard(imap, 'IDLE');
    const exists = next(flow, 'exists');
    const transport = createTransport({ url: smtp.url });
    await transport.sendMail({ from: 'ann@test', to: 'bob@test', subject: 'Hi', text: 'Hi' });
    transport.close();
    expect(await exists).toMatchObject({ count: 1 });
    const [one] = await fetched(flow, '1', { source: true });
    expect(Buffer.from(one?.source ?? []).toString()).toBe(`Return-Path: <ann@test>\r\n${Buffer.from(smtp.messages()[0]?.raw ?? []).toString()}`);
    await idling;
  });

  it('fetches a thousand messages without a wait for each', async () => {
    await using server = await fakeImap();
    for (let n = 1; n <= 1_000; n++) server.deliver('user', 'INBOX', message(n));
    await using flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const before = process.hrtime.bigint();
    expect(await fetched(flow, '1:*', { uid: true, source: true, envelope: true, bodyStructure: true })).toHaveLength(1_000);
    expect(Number(process.hrtime.bigint() - before) / 1e9).toBeLessThan(5);
  });

  it('keeps within bounds: long lines, large literals, commands out of order, nonsense', async () => {
    await using server = await fakeImap({ maxMessageBytes: 1_000 });
    const hello = /^\* OK \[CAPABILITY IMAP4rev1 .*\r\n/;
    const after = async (...chunks: string[]): Promise<string> => (await talk(server, chunks)).replace(hello, '').replace(/\[CAPABILITY.*?\] /, '');
    expect(await after('a SELECT INBOX\r\n', '\r\nfrob\r\na )\r\nb FROB\r\nc LOGOUT\r\n')).toBe(
      'a BAD Log on first\r\n* BAD Not a command\r\n* BAD Not a command\r\n* BAD Not a command\r\nb BAD expected " " at the end\r\n* BYE Logging out\r\nc OK LOGOUT completed\r\n',
    );
    expect(await after(`a NOOP ${'x'.repeat(100_000)}\r\n`)).toBe('* BYE Line too long\r\n');
    expect(await after('a LOGIN {99999999}\r\nb LOGIN {99999999+}\r\n')).toBe(
      'a NO [TOOBIG] Literal too large\r\n* BYE [TOOBIG] Literal too large\r\n',
    );
    expect(
      await after(
        'a LOGIN user pass\r\nb APPEND INBOX {1001}\r\n',
        'c APPEND INBOX {5+}\r\nHe',
        'llo\r\nd SELECT INBOX\r\ne FETCH 1 RFC822\r\nf LOGOUT\r\n',
      ),
    ).toMatch(
      /^a OK Logged on\r\nb NO \[TOOBIG\] .*\r\nc OK \[APPENDUID \d+ 1\] .*\r\n[^]*\* 1 FETCH \(RFC822 \{5\}\r\nHello FLAGS \(\\Seen\)\)\r\ne OK/,
    );
  });

  it('forgets what was sent in the clear ahead of STARTTLS', async () => {
    await using server = await fakeImap({ tls: 'starttls' });
    const heardBack = talk(server, ['a STARTTLS\r\nb LOGIN user pass\r\n']);
    expect((await heardBack).split('\r\n').slice(1)).toEqual(['a OK Begin TLS', '']);
    expect(server.commands.map(({ name }) => name)).toEqual(['STARTTLS']);
  });

  it('U-061 closes with clients connected and idling', async () => {
    const server = await fakeImap();
    const flow = await client(server);
    await flow.mailboxOpen('INBOX');
    const closed = next(flow, 'close');
    flow.idle().catch(() => undefined);
    await heard(server, 'IDLE');
    await server.close();
    await closed;
    expect(server.connections.open).toBe(0);
  });
});

/** Resolves once the server was sent so many of that command. */
async function heard(server: FakeImap, name: string, times = 1): Promise<void> {
  await expect.poll(() => server.commands.filter((command) => command.name === name).length, { interval: 1 }).toBeGreaterThanOrEqual(times);
}

/** Sends chunks and gives everything that came back until the server closed, or for STARTTLS until it answered. */
async function talk(server: FakeImap, chunks: readonly string[]): Promise<string> {
  const socket = connect(server.port, server.host).setNoDelay(true).setEncoding('utf8');
  let heardSoFar = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => resolve()).on('close', () => resolve());
    socket.on('data', (text: string) => {
      heardSoFar += text;
      if (text.includes('Begin TLS')) socket.end('no handshake');
    });
  });
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  return heardSoFar;
}

const multipart = [
  'From: "Ann, the \\"first\\"" <ann@test>',
  'To: Bob <bob@test>,',
  ' carol@test',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
  'Message-ID: <m@test>',
  'In-Reply-To: <before@test>',
  'Date: Mon, 7 Jan 2030 10:00:00 +0100',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="=_outer"',
  '',
  'preamble',
  '--=_outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'Hello',
  '',
  '--inner',
  'Content-Type: text/html',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '<p>Hello</p>',
  '--inner--',
  '--=_outer',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename="a \\"b\\".pdf"',
  'Content-Transfer-Encoding: base64',
  '',
  'JVBERi0x',
  '--=_outer',
  'Content-Type: message/rfc822',
  '',
  'Subject: Inside',
  '',
  'Deep',
  '',
  '--=_outer--',
  'epilogue',
  '',
].join('\r\n');

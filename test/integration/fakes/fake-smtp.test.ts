import { connect } from 'node:net';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { fakeMailboxes, fakeSmtp, virtualTime, type FakeSmtp } from 'mailspool/testing';
import { talk, talkRaw } from './dialogue.ts';

const mail: SendMailOptions = { from: 'ann@test', to: 'bob@test', subject: 'Grüße', text: 'Hello\n.\n..dots\n' };

async function send(server: FakeSmtp, options: object = {}, message: SendMailOptions = mail): Promise<Record<string, unknown>> {
  const [first] = server.users;
  const transport = createTransport({ host: server.host, port: server.port, auth: first, tls: { ca: server.certificate }, ...options });
  try {
    return await transport.sendMail(message);
  } finally {
    transport.close();
  }
}

describe('fakeSmtp', () => {
  it('U-062 listens on the loopback alone, on a free port, within 50 ms', async () => {
    await using warm = await fakeSmtp({ tls: 'starttls' });
    await using server = await fakeSmtp({ tls: 'starttls' });
    // The best of several: others may be busy on this machine.
    const startsMs: number[] = [];
    for (let n = 0; n < 5; n++) {
      const before = performance.now();
      await using _another = await fakeSmtp({ tls: 'starttls' });
      startsMs.push(performance.now() - before);
    }
    expect(Math.min(...startsMs)).toBeLessThan(50);
    expect([server.host, server.port > 0, server.port !== warm.port]).toEqual(['127.0.0.1', true, true]);
    expect(server.url).toBe(`smtp://user:pass@127.0.0.1:${server.port}`);
  });

  it('shows what nodemailer sent: envelope, parameters, content and parsed view', async () => {
    await using server = await fakeSmtp();
    await send(server, {}, { ...mail, to: ['bob@test', 'Carol <carol@test>'], envelope: { from: 'bounce@test', to: ['bob@test', 'carol@test'] } });
    const taken = await server.received({ to: 'CAROL@test', from: /^bounce@/, subject: 'Grüße' });
    expect(taken.envelope.rcptTo.map(({ address }) => address)).toEqual(['bob@test', 'carol@test']);
    expect(taken.envelope.mailFrom).toMatchObject({ address: 'bounce@test' });
    expect(taken.user).toBe('user');
    expect((await taken.parsed()).text).toBe('Hello\n.\n..dots\n');
    expect(server.messages()).toHaveLength(1);
  });

  it.each(['starttls', 'implicit'] as const)('speaks TLS with a certificate that verifies (%s)', async (tls) => {
    await using server = await fakeSmtp({ tls });
    await send(server, { secure: tls === 'implicit', requireTLS: true });
    expect((await server.received()).secure).toBe(true);
    await expect(send(server, { secure: tls === 'implicit', requireTLS: true, tls: {} })).rejects.toThrow(/self-signed/);
  });

  it.each(['PLAIN', 'LOGIN'])('lets users in with their password alone (%s)', async (authMethod) => {
    await using server = await fakeSmtp({ users: { ann: 'secret' }, requireAuth: true });
    await send(server, { authMethod });
    await expect(send(server, { authMethod, auth: { user: 'ann', pass: 'guess' } })).rejects.toMatchObject({ code: 'EAUTH', responseCode: 535 });
    await expect(send(server, { authMethod, auth: undefined })).rejects.toMatchObject({ responseCode: 530 });
    expect(server.messages().map(({ user }) => user)).toEqual(['ann']);
  });

  it('takes a bearer token while it is the current one', async () => {
    await using server = await fakeSmtp({ users: { ann: { token: 'fresh' } }, requireAuth: true });
    const auth = { type: 'OAuth2', user: 'ann', accessToken: 'fresh' };
    await send(server, { auth });
    server.mailboxes.setUser('ann', { token: 'newer' });
    await expect(send(server, { auth })).rejects.toMatchObject({ code: 'EAUTH' });
    expect(server.messages()).toHaveLength(1);
  });

  it('refuses one recipient of two, once', async () => {
    await using server = await fakeSmtp();
    const refusal = server.refuse('bob@test', { code: 550, enhancedCode: '5.1.1', message: 'No such user', times: 1 });
    const message = { ...mail, to: 'ann@test, bob@test' };
    const sent = await send(server, {}, message);
    expect(sent).toMatchObject({ accepted: ['ann@test'], rejected: ['bob@test'] });
    expect((sent['rejectedErrors'] as { response: string }[]).map(({ response }) => response)).toEqual(['550 5.1.1 No such user']);
    expect(await send(server, {}, message)).toMatchObject({ accepted: ['ann@test', 'bob@test'] });
    expect([refusal.fired, server.messages().map((taken) => taken.envelope.rcptTo.length)]).toEqual([1, [1, 2]]);
  });

  it.each([
    ['greeting', { code: 554, message: 'Not today' }, { responseCode: 554 }],
    ['greeting', 'drop', { code: 'ESOCKET' }],
    ['EHLO', 'drop', {}],
    ['AUTH', { code: 454, enhancedCode: '4.7.0', message: 'Later' }, { responseCode: 454 }],
    ['MAIL', { code: 451, message: 'Later' }, { code: 'EENVELOPE', responseCode: 451 }],
    ['MAIL', { say: 'what?\r\n' }, { code: 'EENVELOPE', response: 'what?' }],
    ['RCPT', { code: 450, message: 'Greylisted' }, { code: 'EENVELOPE', responseCode: 450 }],
    ['DATA', { code: 421, message: 'Shutting down' }, {}],
    ['DATA', { dropAtByte: 10 }, {}],
    ['dot', { code: 552, enhancedCode: '5.2.2', message: 'Full' }, { code: 'EMESSAGE', responseCode: 552 }],
    ['dot', 'drop', {}],
  ] as const)('goes wrong at %s with %j, and does not take the message', async (at, misdeed, seen) => {
    await using server = await fakeSmtp();
    const fault = server.script({ at, do: misdeed });
    await expect(send(server)).rejects.toMatchObject(seen);
    expect([fault.fired, server.messages().length]).toEqual([1, 0]);
    await send(server);
    expect(server.messages()).toHaveLength(1);
  });

  it.each(['DATA', 'dot'] as const)('takes the message and cuts the line instead of answering (acceptThenDrop at %s)', async (at) => {
    await using server = await fakeSmtp();
    server.script({ at, do: 'acceptThenDrop' });
    await expect(send(server)).rejects.toMatchObject({ code: expect.stringMatching(/ESOCKET|ECONNECTION/) });
    expect(server.messages()).toHaveLength(1);
  });

  it('stalls after the dot with the message taken, until the client loses patience', async () => {
    await using server = await fakeSmtp();
    server.script({ at: 'dot', do: 'stall' });
    await expect(send(server, { socketTimeout: 200 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(server.messages()).toHaveLength(1);
  });

  it('a fault waits for its match and its turn', async () => {
    await using server = await fakeSmtp();
    const fault = server.script({ at: 'MAIL', match: 'carol@test', nth: 2, times: 2, do: { code: 451 } });
    const outcomes: boolean[] = [];
    for (const from of ['ann@test', 'carol@test', 'carol@test', 'ann@test', 'Carol@test', 'carol@test']) {
      outcomes.push(
        await send(server, {}, { ...mail, from }).then(
          () => true,
          () => false,
        ),
      );
    }
    expect(outcomes).toEqual([true, true, false, true, false, true]);
    expect(fault.fired).toBe(2);
  });

  it('delays on virtual time, which moves on under the work that waits', async () => {
    const clock = virtualTime();
    await using server = await fakeSmtp({ clock });
    server.script({ at: 'MAIL', do: { delay: '10m' } });
    const sending = clock.work(send(server));
    const begun = clock.now();
    await clock.advance('10m');
    await sending;
    expect((await server.received()).receivedAt).toBe(begun + 600_000);
  });

  it('offers only what it should, and refuses parameters of what it does not offer', async () => {
    await using server = await fakeSmtp({
      without: ['SMTPUTF8', '8BITMIME', 'ENHANCEDSTATUSCODES', 'AUTH', 'DSN', 'CHUNKING'],
      maxMessageBytes: 1_000,
    });
    const dialogue = await talk(server, [
      'EHLO me',
      'MAIL FROM:<a@b> BODY=8BITMIME',
      'MAIL FROM:<ä@b>',
      'MAIL FROM:<a@b> SIZE=1001',
      'MAIL FROM:<a@b> SIZE=1000',
      'QUIT',
    ]);
    expect(dialogue).toMatch(
      /^220 .*\r\n250-localhost greets me\r\n250-PIPELINING\r\n250 SIZE 1000\r\n555 BODY .*\r\n553 .*\r\n552 Message too big\r\n250 .*\r\n221 /,
    );
  });

  it('minds the order of commands and survives nonsense', async () => {
    await using server = await fakeSmtp();
    const lines = [
      'MAIL FROM:<a@b>',
      'FROB',
      '',
      'HELO me',
      'RCPT TO:<a@b>',
      'DATA',
      'MAIL FROM:a@b',
      'MAIL FROM:<>',
      'DATA',
      'RSET',
      '__proto__',
      `NOOP ${'x'.repeat(20_000)}`,
      'NOOP',
      'QUIT',
    ];
    const codes = (await talk(server, lines)).split('\r\n').map((line) => line.slice(0, 3));
    expect(codes).toEqual(['220', '503', '500', '500', '250', '503', '503', '501', '250', '554', '250', '500', '500', '250', '221', '']);
  });

  it('refuses what is too large after the dot and takes the next message', async () => {
    await using server = await fakeSmtp({ maxMessageBytes: 200_000 });
    const big = 'x'.repeat(900).concat('\r\n').repeat(400);
    const dialogue = await talk(server, [
      'HELO me',
      'MAIL FROM:<a@b>',
      'RCPT TO:<c@d>',
      'DATA',
      `${big}.`,
      'MAIL FROM:<a@b>',
      'RCPT TO:<c@d>',
      'DATA',
      '.',
      'QUIT',
    ]);
    expect(dialogue).toMatch(/552 5\.3\.4 Message too big\r\n(250 .*\r\n){2}354 .*\r\n250 2\.0\.0 OK queued as 1\r\n221 /);
    expect(server.messages().map(({ raw }) => raw.length)).toEqual([0]);
  });

  it('U-062 takes content in chunks, whatever is in them, and refuses what is out of order (RFC 3030)', async () => {
    await using server = await fakeSmtp({ maxMessageBytes: 20 });
    const chunks = ['EHLO me\r\nMAIL FROM:<a@b>\r\nBDAT 5\r\nlost\n', 'RCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n'];
    const said = [
      ...chunks,
      'BDAT 4\r\n.\r\n.BDAT 6 last\r\n\r\n\r\nxy', // taken: ten bytes, dots and all
      'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxDATA\r\nBDAT 0 LAST\r\n', // taken: one byte
      'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 15\r\n012345678901234BDAT 6 LAST\r\n012345', // too large
      'BDAT x\r\nBDAT 1\r\nxQUIT\r\n',
    ];
    const codes = (await talkRaw(server, [said.join('')])).match(/^\d{3} (?:\d\.\d\.\d )?/gm)?.map((line) => line.slice(0, 3));
    const [greeting, before, inOrder, mixed, large, after] = [
      ['220', '250', '250'],
      ['554', '503', '250', '250'],
      ['250', '250'],
      ['250', '250', '250', '503', '250'],
      ['250', '250', '250', '552'],
      ['501', '503', '221'],
    ];
    expect(codes).toEqual([...greeting, ...before, ...inOrder, ...mixed, ...large, ...after]);
    expect(server.messages().map(({ raw }) => Buffer.from(raw).toString())).toEqual(['.\r\n.\r\n\r\nxy', 'x']);
  });

  it('U-062 a fault at BDAT leaves the dialogue in step', async () => {
    await using server = await fakeSmtp();
    server.script({ at: 'BDAT', do: { code: 451, message: 'Later' } });
    server.script({ at: 'BDAT', do: { say: '250 Quite\r\n' } });
    server.script({ at: 'dot', do: { code: 552, message: 'Full' } });
    const bdat = 'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6 LAST\r\nQUIT\r\n';
    const heard = await talkRaw(server, [`EHLO me\r\n${bdat}RSET\r\n${bdat}RSET\r\n${bdat}${bdat}QUIT\r\n`]);
    expect(heard.match(/(?:Later|Quite|Full|queued as \d|221 .*)\r\n/g)).toEqual([
      'Later\r\n',
      'Quite\r\n',
      'Full\r\n',
      'queued as 1\r\n',
      '221 2.0.0 Bye\r\n',
    ]);
    expect(server.messages().map(({ raw }) => Buffer.from(raw).toString())).toEqual(['QUIT\r\n']);
  });

  it('U-062 keeps the parameters of DSN, SIZE, 8BITMIME and SMTPUTF8 as they were sent', async () => {
    await using server = await fakeSmtp();
    const from = 'MAIL FROM:<ä@test> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ';
    const to = 'RCPT TO:<ö@test> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;x@test';
    await talk(server, ['EHLO me', from, to, 'DATA', 'Subject: ü', '', '.', 'QUIT']);
    expect((await server.received()).envelope).toEqual({
      mailFrom: { address: 'ä@test', args: { SIZE: '9', BODY: '8BITMIME', SMTPUTF8: true, RET: 'HDRS', ENVID: 'QQ' } },
      rcptTo: [{ address: 'ö@test', args: { NOTIFY: 'SUCCESS,DELAY', ORCPT: 'utf-8;x@test' } }],
    });
    expect((await (await server.received({ subject: 'ü' })).parsed()).subject).toBe('ü');
  });

  it('U-062 a token is refused from the moment of its expiry on', async () => {
    const clock = virtualTime();
    await using server = await fakeSmtp({ clock, users: { ann: { token: 'fresh', tokenExpiresAt: clock.now() + 3_600_000 } }, requireAuth: true });
    const auth = { type: 'OAuth2', user: 'ann', accessToken: 'fresh' };
    await clock.advance('59m59s');
    await send(server, { auth });
    await clock.advance('1s');
    await expect(send(server, { auth })).rejects.toMatchObject({ code: 'EAUTH', responseCode: 535 });
    expect(() => server.mailboxes.expireToken('bob')).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }));
  });

  it('U-062 a fault that never happened fails whoever closes the server, once', async () => {
    const server = await fakeSmtp();
    server.refuse('bob@test', { code: 550 });
    server.refuse('carol@test', { code: 550, optional: true });
    server.script({ at: 'QUIT', do: 'drop', optional: true });
    await expect(server.close()).rejects.toMatchObject({
      code: 'ENOTFIRED',
      message: expect.stringMatching(/^planned, but never happened:\n.*to: 'bob@test'.*$/),
    });
    expect(server.connections.open).toBe(0);
    await server.close();
  });

  it('undoes dots and finds the end wherever the chunks are cut', async () => {
    await using server = await fakeSmtp();
    const content = '..a\r\n.\n\r\n..\r\nb.\r\n\r.\r\n.x\r\n';
    const bytes = `HELO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n${content}.\r\nQUIT\r\n`;
    for (let size = 1; size <= 9; size++) await talkRaw(server, bytes.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []);
    const raws = server.messages().map(({ raw }) => Buffer.from(raw).toString());
    expect(raws).toEqual(Array.from({ length: 9 }, () => '.a\r\n\n\r\n.\r\nb.\r\n\r.\r\nx\r\n'));
  });

  it('U-061 closes with clients connected, in whatever state they are', async () => {
    const server = await fakeSmtp({ tls: 'starttls' });
    const sockets = [
      '',
      'EHLO me\r\nMAIL FROM:<a@b>\r\n',
      'EHLO me\r\nSTARTTLS\r\n',
      'HELO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhalf',
    ].map((said) => {
      const socket = connect(server.port, server.host);
      socket.on('error', () => undefined).write(said);
      return new Promise<void>((resolve) =>
        socket
          .resume()
          .on('close', () => resolve())
          .once('data', () => connected()),
      );
    });
    let connected = (): void => undefined;
    let left = sockets.length;
    await new Promise<void>((resolve) => (connected = () => --left === 0 && resolve()));
    await server.close();
    await Promise.all(sockets);
    expect(server.connections).toEqual({ open: 0, peak: 4, total: 4 });
    await server.close();
  });

  it("what is accepted for a user shows up in that user's INBOX, once, with its return path (RFC 5321 section 4.4)", async () => {
    const mailboxes = fakeMailboxes({ users: { 'bob@test': 'b', carol: 'c' } });
    await using server = await fakeSmtp({ mailboxes });
    await send(server, {}, { ...mail, to: ['Bob@Test', 'carol@anywhere', 'carol@elsewhere', 'stranger@test'] });
    const [taken] = server.messages();
    const delivered = `Return-Path: <ann@test>\r\n${Buffer.from(taken?.raw ?? []).toString()}`;
    for (const user of ['bob@test', 'carol'])
      expect(mailboxes.mailbox(user, 'INBOX').messages.map(({ raw }) => Buffer.from(raw).toString())).toEqual([delivered]);
  });

  it('says what came instead of the message that was waited for', async () => {
    await using server = await fakeSmtp();
    await expect(server.received({ within: 5 })).rejects.toThrow('no message (any) within 5 ms; nothing was received');
    await send(server);
    await expect(server.received({ to: 'carol@test', within: 5 })).rejects.toThrow(
      /no message \(to carol@test\) within 5 ms; 1 received, .*\n {2}<ann@test> → <bob@test>: "Grüße"/,
    );
  });

  it('waits for a message that is still to come', async () => {
    await using server = await fakeSmtp();
    const [taken] = await Promise.all([server.received({ subject: /grüsse|grüße/i }), send(server)]);
    expect(taken.envelope.mailFrom.address).toBe('ann@test');
  });

  it('refuses options that make no sense', async () => {
    await using server = await fakeSmtp();
    await expect(fakeSmtp({ port: server.port })).rejects.toMatchObject({ code: 'ECONFIG', field: 'port' });
    expect(() => server.script({ at: 'MAIL', do: { code: 99 } })).toThrow('99 is no SMTP reply code');
    expect(() => server.script({ at: 'MAIL', nth: 0, do: 'drop' })).toThrow('nth counts from 1');
  });
});

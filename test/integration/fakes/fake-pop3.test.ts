import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeImap, fakeMailboxes, fakePop3, fakeSmtp, virtualTime, type FakePop3, type Pop3Fault } from 'mailspool/testing';
import { Conversation, talk } from './dialogue.ts';
import { hasProgram, run, scratch, type Ran } from './programs.ts';

const mail = (n: number): string => `Subject: Mail ${n}\r\nFrom: ann@test\r\n\r\n.${n}\r\n..\r\n.\r\n`;
const logon = ['USER user', 'PASS pass'];

/** The answers to the lines, each of them one string. */
async function answers(server: FakePop3, ...lines: readonly string[]): Promise<string[]> {
  const heard = await talk(server, [...logon, ...lines, 'QUIT']);
  return heard.split(/(?=^(?:\+OK|-ERR))/m).slice(3, -1);
}

async function withMail(count: number): Promise<FakePop3> {
  const server = await fakePop3();
  for (let n = 1; n <= count; n++) server.deliver('user', mail(n));
  return server;
}

describe('fakePop3', () => {
  it('U-062 shows the INBOX as it was at logon: STAT, LIST, UIDL, RETR, TOP', async () => {
    await using server = await withMail(3);
    const { uidValidity } = server.inbox('user');
    const size = mail(1).length;
    const stuffed = mail(2).replace(/^\./gm, '..');
    expect(
      await answers(
        server,
        'STAT',
        'LIST',
        'LIST 2',
        'UIDL',
        'UIDL 3',
        'RETR 2',
        'TOP 2 1',
        'TOP 2 0',
        'TOP 2 99',
        'NOOP',
        'LIST 4',
        'RETR x',
        'TOP 1',
      ),
    ).toEqual([
      `+OK 3 ${3 * size}\r\n`,
      `+OK List follows\r\n1 ${size}\r\n2 ${size}\r\n3 ${size}\r\n.\r\n`,
      `+OK 2 ${size}\r\n`,
      `+OK List follows\r\n1 ${uidValidity}.1\r\n2 ${uidValidity}.2\r\n3 ${uidValidity}.3\r\n.\r\n`,
      `+OK 3 ${uidValidity}.3\r\n`,
      `+OK ${size} octets\r\n${stuffed}.\r\n`,
      '+OK Top of it follows\r\nSubject: Mail 2\r\nFrom: ann@test\r\n\r\n..2\r\n.\r\n',
      '+OK Top of it follows\r\nSubject: Mail 2\r\nFrom: ann@test\r\n\r\n.\r\n',
      `+OK Top of it follows\r\n${stuffed}.\r\n`,
      '+OK OK\r\n',
      '-ERR No such message\r\n',
      '-ERR No such message\r\n',
      '-ERR Syntax: TOP message lines\r\n',
    ]);
  });

  it('U-062 sends odd messages in whole lines, and counts them so', async () => {
    await using server = await fakePop3();
    for (const raw of ['', 'no line end', 'a\nb\n\n.\n', '\r\nonly a body']) server.deliver('user', raw);
    expect(await answers(server, 'LIST', 'RETR 1', 'RETR 2', 'RETR 3', 'TOP 4 0')).toEqual([
      '+OK List follows\r\n1 0\r\n2 13\r\n3 11\r\n4 15\r\n.\r\n',
      '+OK 0 octets\r\n.\r\n',
      '+OK 13 octets\r\nno line end\r\n.\r\n',
      '+OK 11 octets\r\na\r\nb\r\n\r\n..\r\n.\r\n',
      '+OK Top of it follows\r\n\r\n.\r\n',
    ]);
  });

  it('T-056 deletes at QUIT alone: not when reset, not when the client goes without it', async () => {
    await using server = await withMail(3);
    const uids = () => server.inbox('user').messages.map(({ uid }) => uid);
    expect(await answers(server, 'DELE 1', 'DELE 1', 'RETR 1', 'STAT', 'RSET', 'STAT')).toMatchObject(
      [/^\+OK/, /^-ERR/, /^-ERR/, /^\+OK 2 /, /^\+OK 3/, /^\+OK 3 /].map((pattern) => expect.stringMatching(pattern)),
    );
    expect(uids()).toEqual([1, 2, 3]);
    {
      await using client = new Conversation(server);
      for (const line of [...logon, 'DELE 2']) await client.says(line, /^\+OK.*\r\n/m);
    }
    await expect.poll(() => server.connections.open, { interval: 1 }).toBe(0);
    expect(uids()).toEqual([1, 2, 3]);
    await answers(server, 'DELE 2');
    expect(uids()).toEqual([1, 3]);
  });

  it('U-051 keeps the unique ids when messages go, and gives others under another UIDVALIDITY', async () => {
    await using server = await withMail(3);
    const before = (await answers(server, 'UIDL'))[0]?.split('\r\n').slice(1, 4);
    await answers(server, 'DELE 2');
    const ids = before?.map((line) => line.split(' ')[1]);
    expect(await answers(server, 'UIDL')).toEqual([`+OK List follows\r\n1 ${ids?.[0]}\r\n2 ${ids?.[2]}\r\n.\r\n`]);
    server.mailboxes.setUidValidity('user', 'INBOX', 7);
    expect(await answers(server, 'UIDL')).toEqual(['+OK List follows\r\n1 7.1\r\n2 7.2\r\n.\r\n']);
  });

  it('U-062 says what it can, in the clear and in TLS', async () => {
    await using server = await fakePop3({ tls: 'starttls', without: ['RESP-CODES', 'APOP'], mechanisms: ['PLAIN'] });
    expect(await talk(server, ['CAPA', 'QUIT'])).toBe(
      '+OK mailspool fake ready\r\n+OK Capabilities follow\r\nTOP\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nSTLS\r\nIMPLEMENTATION mailspool fake\r\n.\r\n+OK Bye\r\n',
    );
  });

  it('U-062 lets users in by USER and PASS, APOP and AUTH, with the right secret alone', async () => {
    await using server = await fakePop3({ users: { ann: { password: 'secret', token: 'fresh' } } });
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const tries: [string[], boolean][] = [
      [['USER ann', 'PASS secret'], true],
      [['USER ann', 'PASS guess'], false],
      [['PASS secret'], false],
      [[`AUTH PLAIN ${base64('\0ann\0secret')}`], true],
      [['AUTH PLAIN', base64('\0ann\0secret')], true],
      [['AUTH PLAIN', '*'], false],
      [['AUTH LOGIN', base64('ann'), base64('secret')], true],
      [[`AUTH XOAUTH2 ${base64('user=ann\x01auth=Bearer fresh\x01\x01')}`], true],
      [[`AUTH OAUTHBEARER ${base64('n,a=ann,\x01host=x\x01port=1\x01auth=Bearer fresh\x01\x01')}`], true],
      [[`AUTH XOAUTH2 ${base64('user=ann\x01auth=Bearer stale\x01\x01')}`, ''], false],
      [['AUTH SCRAM-SHA-1'], false],
    ];
    for (const [lines, lets] of tries) {
      const heard = await talk(server, [...lines, 'STAT', 'QUIT']);
      expect([lines, heard.includes('+OK 0 0')]).toEqual([lines, lets]);
    }
    for (const password of ['secret', 'guess']) {
      await using client = new Conversation(server);
      const [, stamp = ''] = /(<.+>)\r\n/.exec(await client.hears(/\r\n/)) ?? [];
      const digest = createHash('md5')
        .update(stamp + password)
        .digest('hex');
      expect(await client.says(`APOP ann ${digest}`, /\r\n/)).toMatch(password === 'secret' ? /^\+OK/ : /^-ERR \[AUTH\]/);
    }
  });

  it('U-062 minds the order of commands, one session for each maildrop, and nonsense', async () => {
    await using server = await withMail(1);
    await using first = new Conversation(server);
    for (const line of logon) await first.says(line, /^\+OK.*\r\n/m);
    expect(await talk(server, [...logon, 'QUIT'])).toContain('-ERR [IN-USE]');
    await first.says('QUIT', /Bye\r\n/);
    expect(await talk(server, ['STAT', 'FROB', '', '__proto__', `USER ${'x'.repeat(20_000)}`, 'STLS', ...logon, 'USER user', 'QUIT'])).toMatch(
      /^\+OK .*\r\n(-ERR .*\r\n){6}\+OK .*\r\n\+OK 1 messages\r\n-ERR .*\r\n\+OK Bye\r\n$/,
    );
  });

  it('U-062 has what SMTP accepts for a user, and IMAP sees what was deleted', async () => {
    const mailboxes = fakeMailboxes({ users: { 'bob@test': 'secret' } });
    await using smtp = await fakeSmtp({ mailboxes });
    await using imap = await fakeImap({ mailboxes });
    await using pop3 = await fakePop3({ mailboxes });
    await talk(smtp, ['HELO me', 'MAIL FROM:<ann@test>', 'RCPT TO:<bob@test>', 'DATA', 'Subject: Hi', '', 'Hello', '.', 'QUIT']);
    const heard = await talk(pop3, ['USER bob@test', 'PASS secret', 'RETR 1', 'DELE 1', 'QUIT']);
    expect(heard).toContain('Subject: Hi\r\n\r\nHello\r\n.\r\n');
    expect(imap.mailbox('bob@test', 'INBOX').messages).toEqual([]);
  });

  it.each<[string, Pop3Fault, RegExp]>([
    ['refuses', { at: 'RETR', do: { err: '[SYS/TEMP] Later' } }, /-ERR \[SYS\/TEMP\] Later\r\n\+OK Bye\r\n$/],
    ['turns away', { at: 'greeting', do: [{ err: '[SYS/TEMP] Busy' }, 'replyThenDrop'] }, /^-ERR \[SYS\/TEMP\] Busy\r\n$/],
    ['drops', { at: 'UIDL', do: 'drop' }, /\+OK 1 46\r\n$/],
    ['drops in the midst of a message', { at: 'RETR', do: { dropAtByte: 20 } }, /\+OK 46 octets\r\nSubje$/],
    ['drops after the answer', { at: 'UIDL', do: 'replyThenDrop' }, /\.1\r\n\.\r\n$/],
    ['answers garbage', { at: 'STAT', do: { say: 'what?\r\n' } }, /what\?\r\n/],
    ['refuses a logon', { at: 'logon', user: 'user', do: { err: '[AUTH] No' } }, /-ERR \[AUTH\] No\r\n-ERR/],
  ])('U-062 %s on request', async (_name, fault, heard) => {
    await using server = await withMail(1);
    server.script(fault);
    expect(await talk(server, [...logon, 'STAT', 'UIDL', 'RETR 1', 'QUIT'])).toMatch(heard);
  });

  it('T-056 deletes, or does not, when the line is cut at QUIT', async () => {
    await using server = await withMail(2);
    server.script({ at: 'QUIT', do: 'drop' });
    server.script({ at: 'QUIT', nth: 2, do: 'acceptThenDrop' });
    for (const left of [2, 1]) {
      expect(await talk(server, [...logon, 'DELE 1', 'QUIT'])).toMatch(/deleted\r\n$/);
      expect(server.inbox('user').messages).toHaveLength(left);
    }
  });

  it('U-062 sends slowly on virtual time', async () => {
    const clock = virtualTime();
    await using server = await fakePop3({ clock });
    server.deliver('user', mail(1));
    server.script({ at: 'RETR', do: { bytesPerSecond: 1 } });
    let whole = false;
    const sending = clock.work(talk(server, [...logon, 'RETR 1', 'QUIT'])).then(() => (whole = true));
    await clock.advance('60s');
    expect(whole).toBe(false);
    await clock.advance('10s');
    await sending;
  });
});

describe.skipIf(!hasProgram('curl', 'curl', 'fakePop3 with curl'))('curl', () => {
  async function curl(server: FakePop3, path: string, ...args: readonly string[]): Promise<Ran> {
    await using directory = await scratch();
    await writeFile(join(directory.path, 'ca.pem'), server.certificate);
    const scheme = server.url.startsWith('pop3s') ? 'pop3s' : 'pop3';
    const where = `${scheme}://${server.host}:${server.port}/${path}`;
    return await run('curl', ['--silent', '--show-error', '--cacert', 'ca.pem', where, ...args], { home: directory.path });
  }

  it.each([undefined, 'starttls', 'implicit'] as const)('U-062 lists, fetches and deletes (tls: %s)', async (tls) => {
    await using server = await fakePop3(tls === undefined ? {} : { tls });
    server.deliver('user', mail(1));
    const args = ['--user', 'user:pass', ...(tls === undefined ? [] : ['--ssl-reqd'])];
    expect(await curl(server, '', ...args)).toEqual({ code: 0, output: `1 ${mail(1).length}\r\n` });
    expect(await curl(server, '1', ...args)).toEqual({ code: 0, output: mail(1) });
    expect(await curl(server, '1', ...args, '--request', 'DELE', '--head')).toMatchObject({ code: 0 });
    expect(server.inbox('user').messages).toEqual([]);
  });

  it.each([
    ['PLAIN', ['--user', 'ann:secret']],
    ['LOGIN', ['--user', 'ann:secret']],
    ['CRAM-MD5', ['--user', 'ann:secret']],
    ['+APOP', ['--user', 'ann:secret']],
    ['XOAUTH2', ['--user', 'ann:', '--oauth2-bearer', 'fresh']],
    ['OAUTHBEARER', ['--user', 'ann:', '--oauth2-bearer', 'fresh']],
  ] as const)('U-062 logs on with %s', async (mechanism, credentials) => {
    const mechanisms = mechanism === '+APOP' ? {} : { mechanisms: [mechanism] };
    await using server = await fakePop3({ users: { ann: { password: 'secret', token: 'fresh' } }, ...mechanisms });
    const args = ['--login-options', `AUTH=${mechanism}`, ...credentials];
    expect(await curl(server, '', ...args)).toMatchObject({ code: 0 });
    expect(server.commands.map(({ line }) => line)).toContainEqual(expect.stringMatching(mechanism === '+APOP' ? /^APOP/ : `^AUTH ${mechanism}`));
    server.mailboxes.setUser('ann', { password: 'other', token: 'newer' });
    expect(await curl(server, '', ...args)).toMatchObject({ code: 67 });
  });
});

describe.skipIf(!hasProgram('fetchmail', 'fetchmail', 'fakePop3 with fetchmail'))('fetchmail', () => {
  it('U-051 fetches what is new, leaves it, and fetches nothing twice', async () => {
    await using server = await withMail(2);
    await using directory = await scratch();
    const home = directory.path;
    const place = `poll ${server.host} service ${server.port} protocol pop3 uidl auth password`;
    const account = `username "user" password "pass" sslproto "" keep no rewrite mda "cat >> ${join(home, 'taken')}"`;
    await writeFile(join(home, '.fetchmailrc'), `${place} ${account}\n`, { mode: 0o600 });
    const fetch = (): Promise<Ran> => run('fetchmail', ['--nosyslog', '--nodetach', '--pidfile', join(home, 'pid')], { home });
    expect(await fetch()).toMatchObject({ code: 0 });
    const taken = await readFile(join(home, 'taken'), 'utf8');
    expect(taken.match(/^Subject: .*$/gm)).toEqual(['Subject: Mail 1', 'Subject: Mail 2']);
    expect(taken).toMatch(/^\.1\n\.\.\n\.\n/m);
    expect(await fetch()).toMatchObject({ code: 1 });
    server.deliver('user', mail(3));
    expect(await fetch()).toMatchObject({ code: 0 });
    expect((await readFile(join(home, 'taken'), 'utf8')).match(/^Subject: .*$/gm)).toHaveLength(3);
    expect(server.inbox('user').messages).toHaveLength(3);
  });
});

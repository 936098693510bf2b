// Other people's IMAP clients work with the fake: mbsync, curl, Python's imaplib, fetchmail, neomutt.
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeImap, type FakeImap } from 'mailspool/testing';
import { hasProgram, run, scratch, type Ran } from './programs.ts';

const message = (n: number | string): string =>
  `From: Ann <ann@test>\r\nTo: bob@test\r\nSubject: Number ${n}.\r\nMessage-ID: <${n}@test>\r\nDate: Tue, 7 Jan 2020 10:00:00 +0100\r\n\r\nBody ${n}\r\n`;

const users = { ann: 'sec ret"' };

const filled = async (count: number, options: Parameters<typeof fakeImap>[0] = {}): Promise<FakeImap> => {
  const server = await fakeImap({ users, ...options });
  for (let n = 1; n <= count; n++) server.deliver('ann', 'INBOX', message(n), { flags: n % 2 === 0 ? ['\\Seen'] : [] });
  return server;
};

const subjects = (server: FakeImap, path: string): string[] => server.mailbox('ann', path).messages.map(({ raw }) => subjectOf(Buffer.from(raw)));
const subjectOf = (raw: Buffer): string => /^Subject: Number (.*)\.\r?$/m.exec(raw.toString('latin1'))?.[1] ?? '?';
const numbers = (first: number, last: number): string[] => Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
const ascending = (values: readonly string[]): string[] => [...values].sort((a, b) => Number(a) - Number(b));

describe.skipIf(!hasProgram('mbsync', 'isync', 'fakeImap with mbsync'))('mbsync', () => {
  it('U-062 synchronises 200 messages both ways, and finds nothing to do the second time', async () => {
    await using server = await filled(150);
    await using directory = await scratch();
    const near = await maildir(directory.path, server);
    await mkdir(join(near, 'INBOX', 'cur'), { recursive: true });
    for (const part of ['new', 'tmp']) await mkdir(join(near, 'INBOX', part));
    for (const n of numbers(151, 200)) await writeFile(join(near, 'INBOX', 'cur', `${n}.local:2,S`), message(n).replaceAll('\r\n', '\n'));

    expect(await synchronise(directory.path)).toMatchObject({ code: 0 });
    expect(ascending(subjects(server, 'INBOX'))).toEqual(numbers(1, 200));
    expect(ascending(await subjectsOf(join(near, 'INBOX')))).toEqual(numbers(1, 200));
    expect(server.mailbox('ann', 'INBOX').messages.filter(({ flags }) => flags.has('\\Seen'))).toHaveLength(75 + 50);
    expect(await readdir(near)).toEqual(expect.arrayContaining(['Archive', 'Drafts', 'Sent']));

    const before = server.commands.length;
    expect(await synchronise(directory.path)).toMatchObject({ code: 0 });
    const second = server.commands.slice(before).map(({ name, line }) => `${name} ${line.includes('BODY') ? 'BODY' : ''}`.trim());
    expect([...new Set(second)].sort()).toEqual(['CLOSE', 'LIST', 'LOGIN', 'LOGOUT', 'NAMESPACE', 'SELECT', 'UID FETCH']);
    expect([subjects(server, 'INBOX').length, (await subjectsOf(join(near, 'INBOX'))).length]).toEqual([200, 200]);

    server.mailboxes.expunge('ann', 'INBOX', [1, 2]);
    server.deliver('ann', 'INBOX', message(201));
    await writeFile(join(near, 'INBOX', 'cur', '202.local:2,F'), message(202).replaceAll('\r\n', '\n'));
    expect(await synchronise(directory.path)).toMatchObject({ code: 0 });
    expect(ascending(subjects(server, 'INBOX'))).toEqual(numbers(3, 202));
    expect(ascending(await subjectsOf(join(near, 'INBOX')))).toEqual(numbers(3, 202));
  });

  async function maildir(home: string, server: FakeImap): Promise<string> {
    const near = join(home, 'mail');
    await mkdir(near);
    const account = ['IMAPAccount fake', `Host ${server.host}`, `Port ${server.port}`, 'User ann', `PassCmd "cat ${home}/pass"`, 'SSLType None'];
    await writeFile(join(home, 'pass'), users.ann);
    const stores = ['IMAPStore far', 'Account fake', '', 'MaildirStore near', `Path ${near}/`, `Inbox ${near}/INBOX`, 'SubFolders Verbatim'];
    const channel = ['Channel all', 'Far :far:', 'Near :near:', 'Patterns *', 'Create Both', 'Expunge Both', 'Remove Both', 'SyncState *'];
    await writeFile(join(home, 'mbsyncrc'), [...account, 'AuthMechs LOGIN', '', ...stores, '', ...channel, ''].join('\n'));
    return near;
  }

  /** Folders that have just changed are looked at again only a second later; these are made to look old. */
  async function synchronise(home: string): Promise<Ran> {
    for (const folder of await readdir(join(home, 'mail'))) for (const part of ['cur', 'new']) await utimes(join(home, 'mail', folder, part), 0, 0);
    return run('mbsync', ['-c', join(home, 'mbsyncrc'), '-a'], { home });
  }

  async function subjectsOf(folder: string): Promise<string[]> {
    const files = (
      await Promise.all(['cur', 'new'].map(async (part) => (await readdir(join(folder, part))).map((name) => join(folder, part, name))))
    ).flat();
    return Promise.all(files.map(async (file) => subjectOf(await readFile(file))));
  }
});

describe.skipIf(!hasProgram('curl', 'curl', 'fakeImap with curl'))('curl', () => {
  const curl = (server: FakeImap, path: string, ...args: readonly string[]): Promise<Ran> =>
    run('curl', ['--silent', '--show-error', '--user', `ann:${users.ann}`, ...args, `${server.url.replace(/\/\/.*@/, '//')}/${path}`]);

  it('U-062 lists, fetches whole messages and parts, searches, appends and stores', async () => {
    await using server = await filled(3);
    expect((await curl(server, '')).output.replaceAll('\r', '')).toBe(
      [
        '* LIST (\\HasNoChildren) "/" "INBOX"',
        ...['Archive', 'Drafts', 'Junk', 'Sent', 'Trash'].map((name) => `* LIST (\\HasNoChildren \\${name}) "/" "${name}"`),
        '',
      ].join('\n'),
    );
    expect(await curl(server, 'INBOX;UID=2')).toEqual({ code: 0, output: message(2) });
    expect(await curl(server, 'INBOX;UID=2;SECTION=TEXT')).toEqual({ code: 0, output: 'Body 2\r\n' });
    expect(await curl(server, 'INBOX?SUBJECT%20%22Number%203%22')).toEqual({ code: 0, output: '* SEARCH 3\r\n' });
    await using directory = await scratch();
    await writeFile(join(directory.path, 'mail'), message('x'));
    expect(await curl(server, 'Sent', '--upload-file', join(directory.path, 'mail'))).toMatchObject({ code: 0 });
    expect(subjects(server, 'Sent')).toEqual(['x']);
    expect(await curl(server, 'INBOX', '--request', 'STORE 1 +FLAGS (\\Flagged)')).toMatchObject({ code: 0 });
    expect(server.mailbox('ann', 'INBOX').messages[0]?.flags).toContain('\\Flagged');
    expect(await curl(server, 'INBOX;UIDVALIDITY=1;UID=2')).toMatchObject({ code: 78 });
  });

  it.each(['starttls', 'implicit'] as const)('U-062 speaks TLS (%s)', async (tls) => {
    await using server = await filled(1, { tls });
    await using directory = await scratch();
    const ca = join(directory.path, 'ca.pem');
    await writeFile(ca, server.certificate);
    expect(await curl(server, 'INBOX;UID=1', '--ssl-reqd', '--cacert', ca)).toEqual({ code: 0, output: message(1) });
    expect(await curl(server, 'INBOX;UID=1', '--ssl-reqd')).toMatchObject({ code: 60 });
  });

  it.each(['XOAUTH2', 'OAUTHBEARER'])('U-062 logs on with a token, until it expires (%s)', async (mechanism) => {
    await using server = await fakeImap({ users: { ann: { token: 'fresh' } } });
    server.deliver('ann', 'INBOX', message(1));
    const fetch = (): Promise<Ran> =>
      run('curl', [
        '-sS',
        '--user',
        'ann',
        '--oauth2-bearer',
        'fresh',
        '--login-options',
        `AUTH=${mechanism}`,
        `${server.url}/INBOX;UID=1`.replace(/\/\/.*@/, '//'),
      ]);
    expect(await fetch()).toEqual({ code: 0, output: message(1) });
    server.mailboxes.expireToken('ann');
    expect(await fetch()).toMatchObject({ code: 67 });
  });
});

describe.skipIf(!hasProgram('python3', 'python3', "fakeImap with Python's imaplib"))("Python's imaplib", () => {
  it('U-062 does all that it can', async () => {
    await using server = await filled(5);
    const ran = await run('python3', ['-I', '-c', imaplibProgram, String(server.port), users.ann]);
    expect(ran).toEqual({ code: 0, output: 'done\n' });
    expect([subjects(server, 'INBOX'), subjects(server, 'Archive'), subjects(server, 'Sent')]).toEqual([['1', '3', '4', '5'], ['2', '3'], ['sent']]);
  });
});

describe.skipIf(!hasProgram('fetchmail', 'fetchmail', 'fakeImap with fetchmail'))('fetchmail', () => {
  it('U-062 fetches what is new, marks it as read, and finds nothing the second time', async () => {
    await using server = await filled(6);
    await using directory = await scratch();
    const file = join(directory.path, 'fetchmailrc');
    const account = `poll ${server.host} protocol imap port ${server.port} auth password username "ann" password '${users.ann}' sslproto ""`;
    await writeFile(file, `${account} mda "cat >> ${directory.path}/got" keep\n`, { mode: 0o600 });
    const fetch = (): Promise<Ran> =>
      run('fetchmail', ['-f', file, '--nosyslog', '--pidfile', join(directory.path, 'pid'), '--invisible'], { home: directory.path });
    expect(await fetch()).toMatchObject({ code: 0 });
    const got = await readFile(join(directory.path, 'got'), 'utf8');
    expect([...got.matchAll(/^Subject: Number (.*)\.\r?$/gm)].map(([, n]) => n)).toEqual(['1', '3', '5']);
    expect(server.mailbox('ann', 'INBOX').messages.every(({ flags }) => flags.has('\\Seen'))).toBe(true);
    expect(await fetch()).toMatchObject({ code: 1 });
    expect(await readFile(join(directory.path, 'got'), 'utf8')).toBe(got);
  });
});

describe.skipIf(!hasProgram('neomutt', 'neomutt', 'fakeImap with neomutt') || !hasProgram('script', 'bsdutils', 'fakeImap with neomutt'))(
  'neomutt',
  () => {
    it('U-062 reads, flags, saves elsewhere and deletes', async () => {
      await using server = await filled(5);
      await using directory = await scratch();
      const options = ['imap_user=ann', `imap_pass='${users.ann}'`, 'ssl_starttls=no', 'ssl_force_tls=no', 'header_cache=""', 'wait_key=no'];
      const answers = [
        'confirmappend=no',
        'delete=yes',
        'quit=yes',
        'move=no',
        'timeout=1',
        'mail_check=0',
        `folder=imap://ann@${server.host}:${server.port}/`,
      ];
      await writeFile(join(directory.path, 'muttrc'), [...options, ...answers].map((each) => `set ${each}\n`).join(''));
      const keys = ['<tag-pattern>~s 2<enter><tag-prefix><save-message><kill-line>=Archive<enter>', '<sync-mailbox>', '<exit>'].join('');
      const command = `neomutt -n -F muttrc -f imap://ann@${server.host}:${server.port}/INBOX -e 'push "${keys}"'`;
      const ran = await run('script', ['-qec', command, '/dev/null'], { home: directory.path });
      expect([ran.code, subjects(server, 'INBOX'), subjects(server, 'Archive')]).toEqual([0, ['1', '3', '4', '5'], ['2']]);
    });
  },
);

const imaplibProgram = `
import imaplib, sys, time
port, password = int(sys.argv[1]), sys.argv[2]
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
try:
    imaplib.IMAP4('127.0.0.1', port).login('ann', 'guess')
    raise SystemExit('let in')
except imaplib.IMAP4.error as error:
    assert b'AUTHENTICATIONFAILED' in error.args[0], error
m = imaplib.IMAP4('127.0.0.1', port)
m._quote = lambda text: '"' + text.replace('\\\\', '\\\\\\\\').replace('"', '\\\\"') + '"'
ok(m.login('ann', password))
ok(m.enable('CONDSTORE'))
assert b'(("" "/")) NIL NIL' in ok(m.namespace())
assert len(ok(m.list())) == 6 and len(ok(m.lsub())) == 6
ok(m.create('Work')); ok(m.rename('Work', 'Play')); ok(m.subscribe('Play')); ok(m.unsubscribe('Play')); ok(m.delete('Play'))
assert ok(m.status('INBOX', '(MESSAGES UNSEEN)')) == [b'"INBOX" (MESSAGES 5 UNSEEN 3)']
assert ok(m.append('Sent', '\\\\Seen', imaplib.Time2Internaldate(time.time()), b'Subject: Number sent.\\r\\n\\r\\nx\\r\\n'))
assert ok(m.select('INBOX')) == [b'5']
assert ok(m.search(None, 'UNSEEN')) == [b'1 3 5']
assert ok(m.uid('SEARCH', None, 'SUBJECT', '"Number 2"')) == [b'2']
text = ok(m.fetch('2', '(RFC822)'))[0][1]
assert text.startswith(b'From: Ann') and text.endswith(b'Body 2\\r\\n'), text
assert b'ENVELOPE ("Tue, 7 Jan 2020 10:00:00 +0100" "Number 1."' in ok(m.fetch('1', '(ENVELOPE BODYSTRUCTURE)'))[0]
ok(m.copy('2:3', 'Archive'))
ok(m.store('2', '+FLAGS', '\\\\Deleted'))
assert ok(m.expunge()) == [b'2']
ok(m.noop()); ok(m.check()); ok(m.close()); ok(m.select('Archive', readonly=True)); ok(m.unselect())
assert m.logout()[0] == 'BYE'
print('done')
`;

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MailspoolError } from '../../../src/errors.ts';
import type { SpoolerAccess } from '../../../src/host/cli/access.ts';
import { runCommandLine } from '../../../src/host/cli/command-line.ts';
import type { Terminal } from '../../../src/host/cli/output.ts';
import type { Spooler } from '../../../src/spooler/contract.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { fakeSpooler, recipientRow, storedMessage, type FakeSpooler } from './fake-spooler.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailspool-cli-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Captured extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Around {
  /** Runs in another process, or (`store`) only the store is there. */
  readonly spooler?: FakeSpooler;
  readonly where?: 'running' | 'store';
  readonly open?: () => Promise<Spooler>;
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
}

async function mailspool(args: readonly string[], around: Around = {}): Promise<Ran> {
  const { spooler = fakeSpooler(), where = 'running', env = {}, isTTY = false } = around;
  const stdout = new Captured(isTTY);
  const stderr = new Captured(isTTY);
  const terminal: Terminal = {
    stdin: Readable.from([Buffer.from(around.stdin ?? '')]),
    stdout,
    stderr,
    env,
    workingDirectory: folder,
    clock: systemClock,
  };
  const access: SpoolerAccess = {
    running: () => Promise.resolve(where === 'running' && around.open === undefined ? { ...spooler, pid: 4711 } : undefined),
    open: around.open ?? (() => Promise.resolve(spooler as unknown as Spooler)),
  };
  const code = await runCommandLine(args, terminal, access);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const onTerminal = async (args: readonly string[], around: Around = {}) => await mailspool(args, { ...around, isTTY: true, env: { NO_COLOR: '1' } });

describe('submit', () => {
  it('an .eml file goes as it is; the answer names the message', async () => {
    await writeFile(join(folder, 'a.eml'), 'Subject: x\r\n\r\nhello\r\n');
    const spooler = fakeSpooler();
    const ran = await mailspool(['submit', 'a.eml'], { spooler });
    expect(ran).toEqual({ code: 0, stdout: 'submitted  id-1  1 recipient\n', stderr: '' });
    expect(spooler.taken[0]?.bytes['raw']?.toString()).toBe('Subject: x\r\n\r\nhello\r\n');
  });

  it('standard input is streamed; --from and --to are the envelope', async () => {
    const spooler = fakeSpooler();
    await mailspool(['submit', '-', '--from', 'ann@test', '--to', 'bob@test', '--to', 'carol@test'], { spooler, stdin: 'Subject: y\n\n' });
    expect(spooler.taken[0]?.bytes['raw']?.toString()).toBe('Subject: y\n\n');
    expect(spooler.taken[0]?.message.envelope).toEqual({ from: 'ann@test', to: ['bob@test', 'carol@test'] });
  });

  it('flags compose a message; attachments are read here and go as bytes', async () => {
    await writeFile(join(folder, 'pic.bin'), Buffer.alloc(3_000_000, 7));
    const spooler = fakeSpooler();
    const args = [
      '--from',
      'ann@test',
      '--to',
      'bob@test',
      '--cc',
      'c@test',
      '--bcc',
      'd@test',
      '--subject',
      'S',
      '--text',
      'T',
      '--html',
      '<p>H',
      '--attach',
      'pic.bin',
    ];
    await mailspool(
      ['submit', ...args, '--priority', 'high', '--account', 'work', '--idempotency-key', 'k', '--after', '1h30min', '--at-most-once'],
      { spooler },
    );
    const [taken] = spooler.taken;
    expect(taken?.message).toMatchObject({
      from: 'ann@test',
      to: ['bob@test'],
      cc: ['c@test'],
      bcc: ['d@test'],
      subject: 'S',
      text: 'T',
      html: '<p>H',
      attachments: [{ filename: 'pic.bin' }],
    });
    expect(taken?.message.attachments?.[0]).not.toHaveProperty('path');
    expect(taken?.bytes['attachments[0]']?.length).toBe(3_000_000);
    expect(taken?.options).toEqual({
      sendAt: { afterMs: 5_400_000 },
      priority: 4,
      idempotencyKey: 'k',
      account: 'work',
      guarantee: 'atMostOnce',
      onUnknown: 'hold',
    });
  });

  it('M-036 --after takes a number of minutes, hours, days or weeks as such, and any other duration', async () => {
    const spooler = fakeSpooler();
    for (const after of ['10min', '2 weeks', '999d', '1 hour', '1000h', '90s'])
      await mailspool(['submit', '--to', 'bob@test', '--text', 'x', '--after', after], { spooler });
    expect(spooler.taken.map(({ options }) => options?.sendAt)).toEqual([
      { number: 10, unit: 'minute' },
      { number: 2, unit: 'week' },
      { number: 999, unit: 'day' },
      { number: 1, unit: 'hour' },
      { afterMs: 3_600_000_000 },
      { afterMs: 90_000 },
    ]);
  });

  it('without a running spooler the message is stored, and it says who will send it', async () => {
    const ran = await mailspool(['submit', '--to', 'bob@test', '--text', 'x'], { where: 'store' });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('the next `mailspool run` sends it');
  });

  it('--wait ends with 0 if everybody got it, else with 5', async () => {
    const at = 1;
    const diagnostic = { code: 'EENVELOPE', text: 'refused', response: '550 5.1.1 unknown' };
    const good = recipientRow('bob@test', { status: { state: 'relayed', at } });
    const bad = recipientRow('nobody@test', { id: 2, status: { state: 'failed', at, diagnostic } });
    const both = fakeSpooler([storedMessage('id-1', { recipients: [good, bad] })]);
    const ran = await mailspool(['submit', '--to', 'bob@test', '--wait'], { spooler: both });
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(/failed +nobody@test +550 5\.1\.1 unknown/);
    expect(
      (await mailspool(['submit', '--to', 'bob@test', '--wait'], { spooler: fakeSpooler([storedMessage('id-1', { recipients: [good] })]) })).code,
    ).toBe(0);
  });

  it('--wait without a spooler that sends and without a provider is refused before anything is stored', async () => {
    const spooler = fakeSpooler();
    const ran = await mailspool(['submit', '--to', 'bob@test', '--wait'], { spooler, where: 'store' });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('--wait needs a spooler that sends');
    expect(spooler.taken).toEqual([]);
  });
});

describe('the queue', () => {
  const messages = () => [
    storedMessage('a', {
      properties: { subject: '\u001b]0;owned\u0007\u001b[2J' },
      recipients: [recipientRow('"\u202e"@test')],
      returnPath: { type: 'SMTP', address: 'x\r@test' },
    }),
    storedMessage('b', {
      recipients: [
        recipientRow('bob@test', {
          status: { state: 'failed', at: 1, diagnostic: { code: 'EENVELOPE', text: 'no', response: '550 \u001b[31mno\r250 yes' } },
        }),
      ],
    }),
  ];

  it('is a table for people, with the states in words', async () => {
    const ran = await onTerminal(['list'], {
      spooler: fakeSpooler([
        storedMessage('a', { recipients: [recipientRow('bob@test'), recipientRow('c@test', { id: 2, status: { state: 'relayed', at: 1 } })] }),
      ]),
    });
    expect(ran.stdout.split('\n')[0]).toMatch(/^ID +TIME +STATE +FROM +TO +SUBJECT +SIZE$/);
    expect(ran.stdout.split('\n')[1]).toMatch(/^a +\S+ \S+ +1 queued, 1 relayed +ann@test +bob@test \+1 +Subject of a +1\.2 kB$/);
  });

  it.each([['list'], ['show', 'b'], ['show', 'a'], ['explain', 'a'], ['--json', 'list'], ['--json', 'show', 'b'], ['show', '--raw', 'a']])(
    'X-046 %s %s %s writes nothing that a terminal obeys',
    async (...args) => {
      const ran = await onTerminal(args, { spooler: fakeSpooler(messages()) });
      expect(ran.code).toBe(0);
      // oxlint-disable-next-line no-control-regex
      expect(ran.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    },
  );

  it('--raw into a pipe gives the exact bytes', async () => {
    const ran = await mailspool(['show', '--raw', 'a'], { spooler: fakeSpooler(messages()) });
    expect(ran.stdout.startsWith('Subject: \u001b]0;owned\u0007\u001b[2J\r\n\r\n')).toBe(true);
  });

  it.each([
    [['list']],
    [['show', 'a']],
    [['explain', 'a']],
    [['cancel', 'a']],
    [['retry', 'a']],
    [['hold', 'a']],
    [['release', 'a']],
    [['purge', 'a', '--dry-run']],
    [['reschedule', 'a', '--after', '1h']],
    [['clone', 'a']],
    [['flush']],
    [['receive', '--session', 'imap']],
    [['suspend', 'smtp']],
    [['resume']],
    [['status']],
    [['accounts']],
    [['config']],
    [['submit', '--to', 'x@test']],
  ])('--json of %s is one JSON document', async (args) => {
    const ran = await mailspool([...args, '--json'], { spooler: fakeSpooler(messages()) });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toBeTypeOf('object');
  });

  it('an empty list is an empty list', async () => {
    expect(JSON.parse((await mailspool(['list', '--json'])).stdout)).toEqual([]);
    expect(await mailspool(['list'])).toEqual({ code: 0, stdout: '', stderr: 'No messages.\n' });
  });

  it('cancel answers truthfully: 0 if it was taken back, 5 if it was too late', async () => {
    const spooler = fakeSpooler([storedMessage('a'), storedMessage('b', { folder: 'Sent' })]);
    expect((await mailspool(['cancel', 'a'], { spooler })).code).toBe(0);
    const late = await mailspool(['cancel', 'a', 'b'], { spooler });
    expect(late.code).toBe(5);
    expect(late.stdout).toMatch(/^cancelled {2}a\ntoo late {2}b/);
  });

  it('U-060 hold, release, purge: by identifier or filter, with a dry run and a reason', async () => {
    const spooler = fakeSpooler([storedMessage('a')]);
    expect(await mailspool(['hold', 'a', '--reason', 'ask Ann first'], { spooler })).toMatchObject({ code: 0, stdout: 'held  a\n' });
    expect((await mailspool(['release', '--state', 'held'], { spooler })).stdout).toBe('released  a\n');
    expect((await mailspool(['purge', 'a', '--dry-run'], { spooler })).stdout).toBe('would purge  a\n');
    expect(spooler.calls).toEqual([
      ['hold', { ids: ['a'] }],
      ['release', { states: ['held'] }],
      ['purge', { ids: ['a'] }],
    ]);
  });

  it('reschedule: 0 if it waits for the new time, 5 if it was too late', async () => {
    const spooler = fakeSpooler([storedMessage('a'), storedMessage('b', { folder: 'Sent' })]);
    const moved = await mailspool(['reschedule', 'a', '--at', '2026-03-01T08:00:00Z'], { spooler });
    expect(moved).toMatchObject({ code: 0, stdout: expect.stringMatching(/^rescheduled {2}a {2}not before 2026-03-01/) as string });
    expect((await mailspool(['reschedule', 'b', '--after', '0s'], { spooler })).code).toBe(5);
    expect(spooler.calls).toEqual([
      ['reschedule', 'a', Date.UTC(2026, 2, 1, 8)],
      ['reschedule', 'b', { afterMs: 0 }],
    ]);
  });

  it('resolve speaks of those who are uncertain, or of the one that is named', async () => {
    const uncertain = { state: 'uncertain', since: 0, diagnostic: { code: 'EUNCERTAIN', text: 'lost' }, next: 'operator' } as const;
    const rows = [
      recipientRow('bob@test', { status: uncertain }),
      recipientRow('carol@test', { id: 2, status: uncertain }),
      recipientRow('dan@test', { id: 3 }),
    ];
    const spooler = fakeSpooler([storedMessage('a', { recipients: rows })]);
    expect((await mailspool(['resolve', 'a', 'accepted', '--recipient', 'Carol@test'], { spooler })).stdout).toBe('accepted  carol@test\n');
    expect((await mailspool(['resolve', 'a', 'notsent'], { spooler })).code).toBe(0);
    expect(spooler.calls.map(([, , recipient, verdict]) => [recipient, verdict])).toEqual([
      [2, 'accepted'],
      [1, 'notSent'],
      [2, 'notSent'],
    ]);
    const none = await mailspool(['resolve', 'a', 'accepted', '--recipient', 'dan@test'], { spooler });
    expect(none.stderr).toMatch(/no such recipient who is uncertain \(ENOTINQUEUE\)/);
  });

  it('clone says the new identifier and may go to others', async () => {
    const spooler = fakeSpooler([storedMessage('a')]);
    expect((await mailspool(['clone', 'a', '--to', 'eve@test'], { spooler })).stdout).toBe('queued  copy  a copy of a\n');
    expect(spooler.calls).toEqual([['clone', 'a', { recipients: [{ type: 'SMTP', address: 'eve@test' }] }]]);
  });

  it('flush sends and fetches, receive only fetches; suspend and resume are for one session or all', async () => {
    const spooler = fakeSpooler();
    await mailspool(['flush', '--session', 'smtp', '--session', 'imap', '--background'], { spooler });
    await mailspool(['receive', '--headers-only', '--max-size', '50000'], { spooler });
    await mailspool(['suspend', 'smtp'], { spooler });
    expect((await mailspool(['resume'], { spooler })).stdout).toBe('resumed  all sessions\n');
    expect(spooler.calls).toEqual([
      ['flush', { inbound: true, outbound: true, sessions: ['smtp', 'imap'], async: true }],
      ['flush', { inbound: true, outbound: false, headersOnly: true, maxSizeBytes: 50_000 }],
      ['suspend', 'smtp'],
      ['resume', undefined],
    ]);
  });

  it('M-110 mark says what becomes of a message of which the headers are here; none takes it back', async () => {
    const spooler = fakeSpooler([storedMessage('a', { direction: 'inbound', folder: 'Inbox', headersOnly: true, mark: 'move' })]);
    expect((await mailspool(['mark', 'a', 'download'], { spooler })).stdout).toBe('marked download  a\n');
    expect((await mailspool(['mark', 'a', 'NONE'], { spooler })).stdout).toBe('unmarked  a\n');
    expect(spooler.calls).toEqual([
      ['mark', 'a', 'download'],
      ['mark', 'a', null],
    ]);
    expect((await mailspool(['list', '--headers'], { spooler })).stdout).toMatch(/Inbox, headers, move/);
    const wrong = await mailspool(['mark', 'a', 'burn'], { spooler });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/"burn" is no mark/)]);
  });

  it('M-110 receive --marked asks the sessions to do what is marked, and says what they could not', async () => {
    const spooler = fakeSpooler([storedMessage('a', { direction: 'inbound', headersOnly: true, mark: 'download' })]);
    const left = await mailspool(['receive', '--marked', '--session', 'imap'], { spooler });
    expect([left.code, left.stdout]).toEqual([4, 'done\nstill marked  a\n']);
    expect(spooler.calls).toEqual([['validateState', 'imap', { processHeaders: true }]]);
    const none = await mailspool(['receive', '--marked'], { spooler });
    expect(none.stderr).toMatch(/no session can fetch a message by its mark \(ENOSUPPORT\)/);
    expect((await mailspool(['receive', '--marked', '--headers-only'], { spooler })).code).toBe(2);
  });

  it('M-020 M-021 accounts shows sessions in transport order with what they carry and their gate, and sets that order', async () => {
    const spooler = fakeSpooler();
    const { stdout } = await mailspool(['accounts'], { spooler });
    const [head, first, second] = stdout.split('\n');
    expect(head).toMatch(/^ORDER +SESSION +ACCOUNT +PROVIDER +CARRIES +STATE +QUEUED +TEXT$/);
    expect(first).toMatch(/^ +1 +work\/smtp +work ann@work\.test +smtp +SMTP, X400 +authRequired +3 +logged on$/);
    expect(second).toMatch(/^ +2 +rest +rest +any$/);
    await mailspool(['accounts', '--order', 'rest,work/smtp'], { spooler });
    await mailspool(['accounts', '--order', 'rest', '--order', 'work/smtp'], { spooler });
    expect(spooler.calls).toEqual([
      ['setTransportOrder', ['rest', 'work/smtp']],
      ['setTransportOrder', ['rest', 'work/smtp']],
    ]);
  });

  it.each([['flush'], ['receive'], ['suspend'], ['resume']])('%s without a running spooler says so', async (command) => {
    await mkdir(join(folder, 'spool'));
    const ran = await mailspool([command], { where: 'store' });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no spooler is running on this store \(ESTOPPED\)\n.*mailspool run/) as string,
    });
  });

  it('closes what it opened, also after an error', async () => {
    const spooler = fakeSpooler();
    await mailspool(['show', 'none'], { spooler, where: 'running' });
    expect(spooler.disposed()).toBe(true);
  });
});

describe('bad input', () => {
  it.each<[string, readonly string[], number, RegExp]>([
    ['no such message', ['show', 'none'], 3, /^error: there is no message none \(ENOTFOUND\)\n.*mailspool list.*\n$/],
    ['nor to cancel', ['cancel', 'none'], 3, /\(ENOTFOUND\)/],
    ['an unknown command', ['sumbit'], 2, /^error: unknown command 'sumbit' \(EINVALID\)\nDid you mean submit\?\n$/i],
    ['no command', [], 2, /^error: no command was given \(EINVALID\)\n/],
    ['an unknown flag', ['list', '--stats'], 2, /^error: unknown option '--stats' \(EINVALID\)\nDid you mean --state\?\n$/i],
    ['a missing argument', ['show'], 2, /^error: missing required argument 'id' \(EINVALID\)\n/],
    ['one argument too many', ['show', 'a', 'b'], 2, /^error: too many arguments .*\(EINVALID\)\n/],
    ['a wrong state', ['list', '--state', 'fialed'], 2, /'fialed' is invalid \(EINVALID\)\nDid you mean failed\?\n$/],
    ['a wrong time', ['submit', '--to', 'x@test', '--at', 'tomorrow'], 2, /'tomorrow' is invalid \(EINVALID\)\nWrite a time such as/],
    ['a wrong duration', ['submit', '--to', 'x@test', '--after', '5 apples'], 2, /'5 apples' is invalid \(EINVALID\)\nWrite a duration/],
    ['a wrong priority', ['submit', '--to', 'x@test', '--priority', '10'], 2, /-9 to 9/],
    ['a time and a delay', ['submit', '--to', 'x@test', '--after', '5s', '--at', '2026-01-01'], 2, /exclude each other/],
    ['a file and fields', ['submit', 'a.eml', '--subject', 'x'], 2, /--subject cannot be given with a finished message \(EINVALID\)/],
    ['no recipient', ['submit', '--subject', 'x'], 2, /^error: the message has no recipient \(ENORECIPIENTS\)\nGive at least one address/],
    ['a missing file', ['submit', 'none.eml'], 2, /none\.eml cannot be read: there is no such file \(EINVALID\)/],
    ['a folder as attachment', ['submit', '--to', 'x@test', '--attach', '.'], 2, /it is a directory/],
    ['retry of everything', ['retry'], 2, /retry needs identifiers or a filter \(EINVALID\)/],
    ['purge of everything', ['purge'], 2, /purge needs identifiers or a filter \(EINVALID\)/],
    ['reschedule to no time', ['reschedule', 'a'], 2, /needs a time.*\(EINVALID\)\nWrite --after 0s/],
    ['a verdict that is none', ['resolve', 'a', 'maybe'], 2, /"maybe" is no verdict \(EINVALID\)\nWrite accepted, rejected, notSent/],
    ['both directions', ['list', '--inbound', '--outbound'], 2, /cannot be used with option/],
    ['a missing configuration', ['list', '--config', 'none.json'], 2, /none\.json cannot be read: there is no such file \(ECONFIG\)/],
    ['a wrong provider', ['config', '--smtp', 'gopher://x'], 2, /providers\[0\].*\(ECONFIG\)\nWrite smtp:\/\//],
  ])('%s: code, sentence, remedy and exit code', async (_, args, code, told) => {
    const spooler = fakeSpooler();
    const ran = await mailspool(args, { spooler });
    expect(ran.stderr).toMatch(told);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(spooler.taken).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a wrong field of the configuration is named', async () => {
    await writeFile(join(folder, 'mailspool.config.json'), '{ "provider": [] }');
    const ran = await mailspool(['list']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^error: provider in .*mailspool\.config\.json: there is no such setting \(ECONFIG\)\nDid you mean providers\?\n$/);
  });

  it.each<[string, MailspoolError, number, string]>([
    ['a locked store', new MailspoolError('ESTORELOCKED', 'another process owns the store', { temporary: true }), 4, 'serveControl'],
    ['a store that others can read', new MailspoolError('ESTOREACCESS', 'others can read the store'), 2, 'chmod 700'],
    ['a newer store', new MailspoolError('ESTOREVERSION', 'the store is of version 9'), 2, 'newer'],
    ['a full disk', new MailspoolError('ESTORE', 'no space left', { temporary: true }), 4, 'free space'],
  ])('%s: code, remedy and exit code', async (_, error, code, remedy) => {
    await mkdir(join(folder, 'spool'));
    const ran = await mailspool(['list'], { open: async () => await Promise.reject(error) });
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(`error: ${error.message} (${error.code})\n`);
    expect(ran.stderr).toContain(remedy);
  });

  it('looking at a store that is not there does not make one', async () => {
    const ran = await mailspool(['list'], { where: 'store' });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/there is no store in .* \(ECONFIG\)/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('--json: the error is an object on stderr', async () => {
    const ran = await mailspool(['show', 'none', '--json']);
    expect(ran.stdout).toBe('');
    expect(JSON.parse(ran.stderr)).toEqual({
      error: {
        code: 'ENOTFOUND',
        message: 'there is no message none',
        field: 'id',
        remedy: '`mailspool list` shows the identifiers.',
        temporary: false,
      },
    });
  });

  it('X-046 foreign text in an error is printed escaped', async () => {
    const ran = await onTerminal(['show', '\u001b[2J']);
    expect(ran.stderr).not.toContain('\u001b');
  });

  it('the stack is shown with --verbose only', async () => {
    const broken = async (): Promise<Spooler> => await Promise.reject(new Error('unexpected'));
    await mkdir(join(folder, 'spool'));
    expect((await mailspool(['list'], { open: broken })).stderr).toBe('error: unexpected\nThis should not happen; --verbose shows where.\n');
    expect((await mailspool(['list', '--verbose'], { open: broken })).stderr).toMatch(/\n\s+at /);
  });
});

describe('help', () => {
  it('names every command and every exit code', async () => {
    const { code, stdout } = await mailspool(['--help']);
    expect(code).toBe(0);
    for (const word of [
      'run',
      'sandbox',
      'demo',
      'config',
      'status',
      'submit',
      'list',
      'show',
      'explain',
      'cancel',
      'retry',
      'purge',
      'flush',
      'Exit codes',
      '130',
    ])
      expect(stdout).toContain(word);
  });
});

it('--version prints the version of the package', async () => {
  expect(await mailspool(['--version'])).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
});

import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { fakeSmtp, type FakeSmtp } from 'mailspool/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { built, Place } from './mailspool.ts';

beforeAll(built, 60_000);

let place: Place;
let smtp: FakeSmtp;
beforeEach(async () => {
  place = await Place.make();
  smtp = await fakeSmtp();
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
  await smtp[Symbol.asyncDispose]();
});

interface Listed {
  readonly id: string;
  readonly folder: string;
  readonly properties: { readonly subject?: string };
  readonly recipients: readonly { readonly address: string; readonly status: { readonly state: string } }[];
}

const listed = async (...args: string[]): Promise<Listed[]> => JSON.parse((await place.run(['list', '--json', ...args])).stdout) as Listed[];
const compose = (...more: string[]): string[] => [
  'submit',
  '--from',
  'ann@test',
  '--to',
  'bob@test',
  '--subject',
  'Hello',
  '--text',
  'Hello',
  ...more,
];
const submittedId = (stdout: string): string => (JSON.parse(stdout) as { id: string }).id;

describe('from submit to the wire', () => {
  it('T-001 what was submitted while nothing ran is sent by the next run, and SIGTERM ends that with 0', async () => {
    const submitted = await place.run(compose('--json'));
    expect(submitted).toMatchObject({ code: 0, stderr: '' });
    expect(await listed()).toMatchObject([{ id: submittedId(submitted.stdout), recipients: [{ status: { state: 'queued' } }] }]);
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(/relayed +\S+ +bob@test/);
    run.child.kill('SIGTERM');
    const ended = await run.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/stopped {2}nothing is waiting\n$/);
    expect(smtp.messages().map(({ envelope }) => envelope.rcptTo.map(({ address }) => address))).toEqual([['bob@test']]);
    expect(await listed()).toMatchObject([{ folder: 'Sent', recipients: [{ status: { state: 'relayed' } }] }]);
  });

  it('an .eml file arrives with its bytes; Bcc does not', async () => {
    await writeFile(
      join(place.folder, 'a.eml'),
      'From: ann@test\r\nTo: bob@test\r\nBcc: carol@test\r\nSubject: Bytes\r\nMessage-ID: <1@test>\r\nDate: Sun, 1 Mar 2026 12:00:00 +0000\r\n\r\nHello\r\n',
    );
    const ran = await place.run(['submit', 'a.eml', '--wait', '--smtp', smtp.url]);
    expect(ran.code).toBe(0);
    const [mail] = smtp.messages();
    expect(mail?.envelope.rcptTo.map(({ address }) => address).sort()).toEqual(['bob@test', 'carol@test']);
    const text = Buffer.from(mail?.raw ?? []).toString();
    expect(text).toContain('Subject: Bytes\r\n');
    expect(text).not.toContain('carol');
  });

  it('--wait without a running spooler sends from its own process, and answers 5 if one recipient was refused', async () => {
    smtp.refuse('nobody@test', { code: 550, enhancedCode: '5.1.1', message: 'No such user' });
    const ran = await place.run(compose('--to', 'nobody@test', '--wait', '--smtp', smtp.url));
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(/nobody@test +failed .* 550 5\.1\.1 No such user/);
    expect(ran.stdout).toMatch(/bob@test +relayed/);
  });

  it('U-026 T-009 the same key and input again is the same message; other input is refused', async () => {
    const first = submittedId((await place.run(compose('--json', '--idempotency-key', 'k'))).stdout);
    expect(submittedId((await place.run(compose('--json', '--idempotency-key', 'k'))).stdout)).toBe(first);
    const other = await place.run([...compose('--idempotency-key', 'k'), '--cc', 'carol@test']);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/\(EDUPLICATE\)/);
    expect(await listed()).toHaveLength(1);
  });
});

describe('a second process', () => {
  it('reaches the running spooler through its socket: submit, list, explain, show, cancel, status', async () => {
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(/^running/m);
    const waited = await place.run(compose('--wait'));
    expect(waited.code).toBe(0);
    expect(waited.stdout).toMatch(/relayed +bob@test/);
    const later = submittedId((await place.run(compose('--json', '--after', '1h'))).stdout);
    expect((await listed('--state', 'queued,deferred,held')).map(({ id }) => id)).toEqual([later]);
    expect((await place.run(['explain', later])).stdout).toContain('bob@test');
    expect(JSON.parse((await place.run(['show', later, '--json'])).stdout)).toMatchObject({ id: later, properties: { subject: 'Hello' } });
    expect((await place.run(['show', later, '--raw'])).stdout).toContain('Subject: Hello\r\n');
    expect(await place.run(['cancel', later])).toMatchObject({ code: 0, stdout: `cancelled  ${later}\n` });
    expect(JSON.parse((await place.run(['status', '--json'])).stdout)).toMatchObject({ running: true, pid: run.child.pid });
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(0);
  });

  it('U-060 holds, releases, reschedules, copies, suspends and flushes what the running spooler has', async () => {
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(/^running/m);
    const later = submittedId((await place.run(compose('--json', '--after', '1h'))).stdout);
    expect((await place.run(['hold', later, '--reason', 'ask Ann'])).stdout).toBe(`held  ${later}\n`);
    expect((await place.run(['explain', later])).stdout).toContain('ask Ann');
    expect((await place.run(['release', '--state', 'held'])).stdout).toBe(`released  ${later}\n`);
    expect((await place.run(['suspend'])).code).toBe(0);
    expect((await place.run(['reschedule', later, '--after', '0s'])).code).toBe(0);
    const copy = submittedId((await place.run(['clone', later, '--json'])).stdout);
    expect((await place.run(['resume', 'smtp'])).stdout).toBe('resumed  smtp\n');
    expect((await place.run(['flush'])).stdout).toBe('done\n');
    expect((await listed('--state', 'relayed')).map(({ id }) => id).sort()).toEqual([later, copy].sort());
    run.child.kill('SIGINT');
    expect((await run.ended).code).toBe(0);
  });

  it('sends a large attachment through the socket', async () => {
    await writeFile(join(place.folder, 'large.bin'), Buffer.alloc(12_000_000, 'abc'));
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(/^running/m);
    expect(await place.run(compose('--wait', '--attach', 'large.bin'))).toMatchObject({ code: 0, stderr: '' });
    const mail = await smtp.messages()[0]?.parsed();
    expect(mail?.attachments[0]).toMatchObject({ filename: 'large.bin' });
    expect(Buffer.from(mail?.attachments[0]?.content as ArrayBuffer).equals(Buffer.alloc(12_000_000, 'abc'))).toBe(true);
  });

  it('T-007 a second run on the same store is refused at once with ESTORELOCKED, and the first goes on', async () => {
    const first = place.start(['run', '--smtp', smtp.url]);
    await first.shows(/^running/m);
    const second = await place.run(['run', '--smtp', smtp.url]);
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/^error: .* \(ESTORELOCKED\)\n/);
    expect((await place.run(compose('--wait'))).code).toBe(0);
  });

  it('T-007 a store whose owner answers on no socket: ESTORELOCKED says what that may be', async () => {
    const owner = place.start(['run']);
    await owner.shows(/^running/m);
    const ran = await place.run(['list'], { env: { XDG_RUNTIME_DIR: join(place.folder, 'other'), TMPDIR: join(place.folder, 'other') } });
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/\(ESTORELOCKED\)\n.*no control socket/);
  });

  it('T-007 after SIGKILL the store and the socket are free without help', async () => {
    const first = place.start(['run']);
    await first.shows(/^running/m);
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await place.run(compose())).code).toBe(0);
    const second = place.start(['run', '--smtp', smtp.url]);
    await second.shows(/relayed +\S+ +bob@test/);
  });
});

describe('the end of a run', () => {
  it('T-018 U-061 SIGTERM lets a hand-over finish; the process ends by itself with 0', async () => {
    smtp.script({ at: 'dot', do: { delay: 700 } });
    await place.run(compose());
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(/handed over/);
    run.child.kill('SIGTERM');
    const ended = await run.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/relayed/);
    expect(await listed()).toMatchObject([{ recipients: [{ status: { state: 'relayed' } }] }]);
    expect(smtp.messages()).toHaveLength(1);
  });

  it('U-061 the second signal ends it at once, with 0; the message waits for the next run', async () => {
    const stalled = smtp.script({ at: 'MAIL', do: 'stall' });
    await place.run(compose());
    const run = place.start(['run', '--smtp', smtp.url, '--drain', '10min']);
    await expect.poll(() => stalled.fired, { interval: 5, timeout: 10_000 }).toBe(1);
    run.child.kill('SIGTERM');
    await run.shows(/Stopping/);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
    expect((await listed())[0]?.recipients[0]?.status.state).toMatch(/queued|deferred/);
    const second = place.start(['run', '--smtp', smtp.url]);
    await second.shows(/running/);
  });
});

describe('output', () => {
  it('X-046 what senders and servers wrote is printed escaped', async () => {
    smtp.refuse('bob@test', { code: 550, message: 'no \u001b[2J\u009b31m\u202e' });
    const evil = 'From: ann@test\r\nTo: bob@test\r\nSubject: =?utf-8?B?G10wO293bmVkB+KArmV2aWw=?=\r\n\r\nx\u001b[2J\r\n';
    const ran = await place.run(['submit', '-', '--wait', '--smtp', smtp.url], { input: evil });
    expect(ran.code).toBe(5);
    const [message] = await listed();
    const all = [
      ran,
      await place.run(['list']),
      await place.run(['show', message?.id ?? '']),
      await place.run(['explain', message?.id ?? '']),
      await place.run(['list', '--json']),
    ];
    // oxlint-disable-next-line no-control-regex
    for (const { stdout, stderr } of all) expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect((await place.run(['list'])).stdout).toContain('\\u202eevil');
    expect(message?.properties.subject).toContain('\u202eevil');
  });

  it('--json is parseable everywhere, also the stream of run', async () => {
    await place.run(compose());
    const run = place.start(['run', '--json', '--smtp', smtp.url]);
    await run.shows(/"relayed"/);
    run.child.kill('SIGTERM');
    const lines = (await run.ended).stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(lines).toContain('running');
    expect(lines.at(-1)).toBe('stopped');
    for (const args of [['status'], ['config'], ['list'], ['retry', '--state', 'failed']]) {
      const ran = await place.run([...args, '--json']);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      JSON.parse(ran.stdout);
    }
  });

  it('U-015 config prints the retry schedule that applies without any setting', async () => {
    const { stdout, code } = await place.run(['config']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Retry after +10 s, 1 min, 5 min, 15 min, 40 min, each 1\.5 times the one before, up to 4 h/m);
    expect(stdout).toMatch(/^Give up +after 5 days/m);
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('U-004 retry lets a failed recipient go again, under the same id', async () => {
    const refusal = smtp.refuse('bob@test', { code: 550, message: 'full for ever' });
    expect((await place.run(compose('--wait', '--smtp', smtp.url))).code).toBe(5);
    refusal.remove();
    const [message] = await listed('--outbound');
    expect((await place.run(['retry', message?.id ?? ''])).code).toBe(0);
    const run = place.start(['run', '--smtp', smtp.url]);
    await run.shows(new RegExp(`relayed +${message?.id} +bob@test`));
  });
});

describe('bad input leaves everything as it was', () => {
  it.each<[string, string[], RegExp]>([
    ['X-008 header injection in a subject', ['--subject', 'x\r\nBcc: evil@test'], /\(EINVALID\)/],
    ['header injection in an address', ['--cc', 'x@test\r\nBcc: evil@test'], /\(EINVALID\)/],
    ['an invalid address', ['--cc', 'not an address@@'], /\(EINVALID\)/],
  ])('%s', async (_, more, told) => {
    const ran = await place.run([...compose(), ...more]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(told);
    expect(ran.stderr.trim().split('\n')).toHaveLength(2);
    expect(await listed()).toEqual([]);
  });

  it('a missing recipient', async () => {
    const ran = await place.run(['submit', '--from', 'ann@test', '--text', 'x']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/\(ENORECIPIENTS\)\nGive at least one address/);
    expect(await listed()).toEqual([]);
  });

  it('a store directory that others can read: ESTOREACCESS with the remedy, and untouched', async () => {
    await mkdir(place.spool);
    await chmod(place.spool, 0o755);
    const ran = await place.run(compose());
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/\(ESTOREACCESS\)\n.*(700|private)/);
    expect(await readdir(place.spool)).toEqual([]);
  });

  it('T-070 a store of a newer version: ESTOREVERSION with the remedy, and unchanged', async () => {
    await place.run(compose());
    const file = (await readdir(place.spool)).find((name) => name.endsWith('.db') && name !== 'owner.db') ?? '';
    const database = new Database(join(place.spool, file));
    database.pragma('user_version = 99');
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
    const before = await readFile(join(place.spool, file));
    for (const args of [compose(), ['list'], ['run']]) {
      const ran = await place.run(args);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(/\(ESTOREVERSION\)\n.*newer/);
    }
    expect((await readFile(join(place.spool, file))).equals(before)).toBe(true);
  });

  it('an unreadable configuration: ECONFIG names file, field and remedy', async () => {
    await writeFile(join(place.folder, 'mailspool.config.json'), '{ "directory": "./spool", "provders": [] }');
    const ran = await place.run(compose());
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^error: provders in .*mailspool\.config\.json: there is no such setting \(ECONFIG\)\nDid you mean providers\?\n$/);
    expect(await readdir(place.folder)).toEqual(['mailspool.config.json']);
  });

  it.runIf(Number(process.versions.node.split('.')[0]) < 22)('a .ts configuration on this Node: ECONFIG with the remedy', async () => {
    await writeFile(join(place.folder, 'mailspool.config.ts'), 'export default {}');
    const ran = await place.run(['config']);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/is TypeScript, which Node .* cannot read \(ECONFIG\)\nUse Node 22\.18 or later, or rename/);
  });

  it('a reader that goes away early ends the output without noise', async () => {
    for (let count = 0; count < 3; count++) await place.run(compose());
    const list = place.start(['list', '--json']);
    list.child.stdout.destroy();
    expect(await list.ended).toMatchObject({ stderr: '' });
  });
});

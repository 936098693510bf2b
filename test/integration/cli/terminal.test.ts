// Every command in a real terminal, as a person drives it: what the screen shows, and how it ends.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fakeImap, fakeSmtp, type FakeSmtp } from 'mailspool/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/host/cli/command-line.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { hasProgram } from '../fakes/programs.ts';
import { hasTmux } from '../mail-client/terminal.ts';
import { built, Place } from './mailspool.ts';
import { driven, Prompt, started } from './prompt.ts';

beforeAll(built, 60_000);

const hasTerminal = hasTmux('the command line in a real terminal');
const letter = 'submit --from ann@test --to bob@test --subject Hello --text Hi';
const idIn = (text: string): string => /^(?:submitted|queued) {2}(\S+)/m.exec(text)?.[1] ?? '';

describe.skipIf(!hasTerminal)('in a terminal', () => {
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

  it('without a spooler: submit, list, show, explain, hold, release, reschedule, clone, cancel, purge, retry', async () => {
    await using prompt = await Prompt.open(place.folder);
    const submitted = await prompt.run(letter);
    expect(submitted).toMatchObject({ code: 0, text: expect.stringMatching(/submitted {2}\S+ {2}1 recipient\nNo spooler is running/) as string });
    const id = idIn(submitted.text);
    expect((await prompt.run('list')).text).toMatch(new RegExp(`^${id} .* queued +ann@test +bob@test +Hello`, 'm'));
    expect((await prompt.run(`show ${id}`)).text).toMatch(/^RECIPIENT +STATE +.*\nbob@test +queued/m);
    expect((await prompt.run(`explain ${id}`)).text).toMatch(/^bob@test {2}\S/m);
    expect((await prompt.run(`hold ${id} --reason later`)).text).toContain(`held  ${id}`);
    expect((await prompt.run('release --state held')).text).toContain(`released  ${id}`);
    expect((await prompt.run(`reschedule ${id} --after 1h`)).text).toContain(`rescheduled  ${id}`);
    const copy = idIn((await prompt.run(`clone ${id}`)).text);
    expect(await prompt.run(`cancel ${id}`)).toMatchObject({ code: 0, text: expect.stringContaining('cancelled') as string });
    expect((await prompt.run(`purge ${copy} --dry-run`)).text).toContain(`would purge  ${copy}`);
    expect((await prompt.run('purge --folder Outbox')).text).toContain(`purged  ${copy}`);
    expect(await prompt.run('retry --state failed')).toMatchObject({ code: 0, text: expect.stringContaining('No messages.') as string });
    expect(await prompt.run('show nothing')).toMatchObject({ code: 3, text: expect.stringMatching(/^error: .*\(ENOTFOUND\)$/m) as string });
  });

  it('with a spooler: run, accounts, suspend, resume, flush, receive, resolve, status; --watch draws again, Ctrl-C ends it', async () => {
    await using run = await started(place.folder, `run --smtp ${smtp.url}`);
    await run.shows(/^running {2}process \d+/m);
    await using watch = await started(place.folder, 'status --watch');
    await watch.shows(/smtp +ready/);
    await using prompt = await Prompt.open(place.folder);
    expect((await prompt.run('accounts')).text).toMatch(/^ +1 +smtp +smtp +SMTP +ready +0/m);
    expect((await prompt.run('accounts --order smtp,none')).text).toMatch(/\(EBUSY\)/);
    expect((await prompt.run('suspend smtp')).text).toContain('suspended  smtp');
    await watch.shows(/smtp +.*suspended/);
    const id = idIn((await prompt.run(letter)).text);
    await watch.shows(/smtp +.* 1 .*suspended/);
    expect((await prompt.run('resume')).text).toContain('resumed  all sessions');
    await run.shows(new RegExp(`relayed +${id} +bob@test`));
    expect(await prompt.run('flush')).toMatchObject({ code: 0, text: expect.stringMatching(/^done$/m) as string });
    expect(await prompt.run('receive --session smtp')).toMatchObject({ code: 0 });
    smtp.script({ at: 'dot', do: 'acceptThenDrop' });
    const unsure = idIn((await prompt.run(`${letter} --at-most-once`)).text);
    await run.shows(new RegExp(`${unsure} +bob@test`));
    await expect.poll(async () => (await prompt.run(`show ${unsure}`)).text, { timeout: 20_000 }).toMatch(/uncertain/);
    expect(await prompt.run(`resolve ${unsure} accepted`)).toMatchObject({ code: 0, text: expect.stringContaining('accepted  bob@test') as string });
    expect((await prompt.run('status')).text).toMatch(/^running {2}process \d+/m);
    await watch.press('C-c');
    expect(await watch.ended()).toBe(0);
    await run.press('C-c');
    expect(await run.ended()).toBe(0);
    expect((await run.screen()).replaceAll('\n', ' ')).toMatch(/\^C.*Stopping: .* stopped/);
  });

  it('M-110 headers first: mark says what becomes of a message, receive --marked does it', async () => {
    await using imap = await fakeImap({ users: { ann: 'secret' } });
    imap.deliver('ann', 'INBOX', 'Subject: Large\r\nFrom: bob@test\r\nTo: ann@test\r\n\r\nthe whole of it\r\n');
    const provider = { use: 'imap', url: `imap://ann:secret@${imap.host}:${imap.port}`, begin: 'all' };
    const configuration = { accounts: [{ name: 'work', wanted: { headersOnly: true }, providers: [provider] }] };
    await writeFile(join(place.folder, 'mailspool.config.json'), JSON.stringify(configuration), { mode: 0o600 });
    await using run = await started(place.folder, 'run');
    await run.shows(/logged on/);
    await using prompt = await Prompt.open(place.folder);
    const headers = async () => /^(\S+) .* Large /m.exec((await prompt.run('list --headers')).text)?.[1];
    await expect.poll(headers, { timeout: 20_000 }).toBeDefined();
    const id = await headers();
    expect(await prompt.run(`mark ${id} download`)).toMatchObject({ code: 0, text: expect.stringContaining(`marked download  ${id}`) as string });
    expect(await prompt.run('receive --marked')).toMatchObject({ code: 0, text: expect.stringMatching(/^done$/m) as string });
    expect((await prompt.run(`show ${id} --raw`)).text).toMatch(/^the whole of it$/m);
  });

  it('store verify, compact, export: in order, refused while a spooler owns it, and what is exported is there', async () => {
    await using prompt = await Prompt.open(place.folder);
    const id = idIn((await prompt.run(letter)).text);
    expect(await prompt.run('store verify')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^in order {2}1 messages, 1 contents/m) as string,
    });
    expect(await prompt.run('store compact')).toMatchObject({ code: 0, text: expect.stringMatching(/^compacted {2}\S+ \S+ before/m) as string });
    expect((await prompt.run('store export mail')).text).toMatch(/^exported {2}1 messages, \d+ B {2}mail$/m);
    expect(await readFile(join(place.folder, 'mail', `${id}.eml`), 'utf8')).toContain('Subject: Hello\r\n');
    expect(await prompt.run('store export mail')).toMatchObject({ code: 2, text: expect.stringMatching(/exists already \(EINVALID\)/) as string });
    expect((await prompt.run('store export - --format mbox')).text).toMatch(/could command the terminal \(EINVALID\)/);
    expect((await prompt.run('store export - --state queued | wc -l')).text).toMatch(/^ *1$/m);
    await using run = await started(place.folder, 'run');
    await run.shows(/^running/m);
    expect(await prompt.run('store verify')).toMatchObject({ code: 0 });
    expect((await prompt.run('store export running.jsonl')).code).toBe(0);
    const refused = await prompt.run('store compact');
    expect(refused).toMatchObject({
      code: 4,
      text: expect.stringMatching(/the spooler of process \d+ runs on this store \(ESTORELOCKED\)\n/) as string,
    });
    await run.press('C-c');
    expect(await run.ended()).toBe(0);
  });

  it('config, sandbox and demo; Ctrl-C ends what stays up', async () => {
    await using prompt = await Prompt.open(place.folder);
    expect((await prompt.run('config --smtp smtp://ann:secret@host')).text).toMatch(/smtp:\/\/ann:\*\*\*@host/);
    await using sandbox = await started(place.folder, 'sandbox --user ann:pass');
    await sandbox.shows(/^User +ann, password pass$/m);
    await sandbox.press('C-c');
    expect(await sandbox.ended()).toBe(0);
    await using demo = await started(place.folder, 'demo');
    await demo.shows(/as expected/);
    await demo.press('C-c');
    expect(await demo.ended()).toBe(0);
  });

  it('mailslot create, write, info, read, tail: what one terminal writes another reads, until Ctrl-C ends the slot', async () => {
    await using owner = await started(place.folder, 'mailslot create notices');
    await owner.shows('mailspool mailslot read notices');
    await using prompt = await Prompt.open(place.folder);
    expect(await prompt.run('mailslot write notices hello')).toMatchObject({ code: 0, text: expect.stringContaining('5 B stored') as string });
    expect(await prompt.run('mailslot info notices')).toMatchObject({ code: 0, text: expect.stringMatching(/\b1\b/) as string });
    expect(await prompt.run('mailslot read notices')).toMatchObject({ code: 0, text: expect.stringContaining('this computer  hello') as string });
    await using tail = await started(place.folder, 'mailslot tail notices');
    await prompt.run('mailslot write notices again');
    await tail.shows(/this computer {2}again/);
    await owner.press('C-c');
    expect(await owner.ended()).toBe(0);
    await tail.shows('is gone');
    expect(await prompt.run('mailslot write notices late')).toMatchObject({ code: 3, text: expect.stringContaining('(ENOTFOUND)') as string });
  });

  it('create provider says what to do next, and what it made is there', async () => {
    await using prompt = await Prompt.open(place.folder);
    const made = await prompt.run('create provider pager');
    expect(made).toMatchObject({ code: 0, text: expect.stringMatching(/created {2}pager\/src\/index\.ts\n[^]*npm install\n/) as string });
    expect(await readdir(join(place.folder, 'pager'))).toContain('package.json');
    expect(await prompt.run('create provider pager')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/exists already \(EINVALID\)/) as string,
    });
    expect((await prompt.run('create provider --help')).text).toContain('Usage: mailspool create provider [options] <name>');
  });

  it('completion in bash: Tab completes commands, subcommands, options and their values, and files', async () => {
    await using prompt = await Prompt.open(place.folder);
    expect((await prompt.run('completion bash | head -1')).text).toContain('# Completion for mailspool');
    expect((await prompt.run('completion tcsh')).text).toMatch(/\(EINVALID\)\nWrite bash, zsh, fish/);
    const { terminal } = prompt;
    await terminal.type('eval "$(mailspool completion bash)"; echo re""ady');
    await terminal.shows(/^ready$/m);
    await terminal.keys('mailspool sto', 'Tab');
    await terminal.shows(/^\$ mailspool store *$/m);
    await terminal.keys('exp', 'Tab', '--form', 'Tab', 'mb', 'Tab');
    await terminal.shows(/^\$ mailspool store export --format mbox *$/m);
    await terminal.keys('./bi', 'Tab');
    await terminal.shows(/--format mbox \.\/bin\/$/m);
  });

  it.skipIf(!hasProgram('zsh', 'zsh', 'completion in zsh'))('completion in zsh: the same', async () => {
    await using prompt = await Prompt.open(place.folder, 'zsh');
    const { terminal } = prompt;
    await terminal.type('autoload -U compinit && compinit -u -D; eval "$(mailspool completion zsh)"; echo re""ady');
    await terminal.shows(/^ready$/m);
    await terminal.keys('mailspool sto', 'Tab');
    await terminal.shows(/mailspool store *$/m);
    await terminal.keys(' ver', 'Tab');
    await terminal.shows(/mailspool store +verify *$/m);
  });

  it.skipIf(!hasProgram('fish', 'fish', 'completion in fish'))('completion in fish: the same', async () => {
    await using prompt = await Prompt.open(place.folder, 'fish');
    const { terminal } = prompt;
    await terminal.type('mailspool completion fish | source; echo re""ady');
    await terminal.shows(/^ready$/m);
    await terminal.keys('mailspool sto', 'Tab');
    await terminal.shows(/mailspool store *$/m);
    await terminal.keys('ver', 'Tab');
    await terminal.shows(/mailspool store verify *$/m);
  });

  it('so every command was seen in a terminal', () => {
    const terminal = {
      stdin: Readable.from([]),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env: {},
      workingDirectory: '/',
      clock: systemClock,
    };
    const { commands } = commandLine(terminal, () => undefined);
    const all = commands.flatMap((each) =>
      each.commands.length === 0 ? [each.name()] : each.commands.map((inner) => `${each.name()} ${inner.name()}`),
    );
    expect(all.filter((name) => !driven.has(name))).toEqual([]);
  });
});

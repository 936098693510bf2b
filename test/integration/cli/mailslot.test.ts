// Slots and writers at the prompt, each a process of its own; and in two terminals, as a person has them.
import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasTmux, Terminal } from '../mail-client/terminal.ts';
import { built, executable, Place } from './mailspool.ts';

beforeAll(built, 60_000);

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
});

const mailslot = async (...args: string[]) => await place.run(['mailslot', ...args]);

async function created(...args: string[]) {
  const started = place.start(['mailslot', 'create', ...args]);
  await started.shows(args.includes('--json') ? /"created"/ : /until this command ends/);
  return started;
}

test('S-011 S-016 S-030 what is written waits in the order of arrival, is read once by another command, and vanishes with the slot', async () => {
  const owner = await created('Notices');
  expect(await mailslot('write', 'notices', 'one')).toMatchObject({ code: 0, stdout: '3 B stored in \\\\.\\mailslot\\notices\n' });
  expect(await place.run(['mailslot', 'write', 'NOTICES', '--lines'], { input: 'two\nthree\n' })).toMatchObject({ code: 0 });
  expect((await mailslot('info', 'notices', '--json')).stdout).toContain('"messageCount": 3');
  for (const text of ['one', 'two', 'three']) expect(await mailslot('read', 'notices')).toMatchObject({ code: 0, stdout: text });
  await mailslot('write', 'notices', 'unread');
  owner.child.kill('SIGINT');
  expect((await owner.ended).code).toBe(0);
  expect(await mailslot('write', 'notices', 'late')).toMatchObject({ code: 3, stderr: expect.stringContaining('(ENOTFOUND)') });
  await created('notices');
  expect((await mailslot('info', 'notices', '--json')).stdout).toContain('"messageCount": 0');
});

test('S-011 a slot whose owner was killed is created again at once', async () => {
  const owner = await created('notices');
  await mailslot('write', 'notices', 'lost');
  owner.child.kill('SIGKILL');
  await owner.ended;
  await created('notices');
  expect(await mailslot('read', 'notices', '--timeout', '0s')).toMatchObject({ code: 4, stdout: '' });
});

test('S-012 without a handle that was passed on nobody reads or inspects a slot, and everybody writes', async () => {
  await created('quiet', '--private');
  expect(await mailslot('write', 'quiet', 'hello')).toMatchObject({ code: 0 });
  for (const command of ['read', 'tail', 'info'])
    expect(await mailslot(command, 'quiet')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOACCESS)') });
  expect(await mailslot('read', '//BETA/mailslot/quiet')).toMatchObject({ code: 2, stderr: expect.stringContaining('only its owner reads') });
});

test('S-005 S-021 a name that is taken is refused, and so is a message that is too large', async () => {
  await created('tiny', '--max-size', '4');
  expect(await mailslot('create', 'TINY')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EEXIST)') });
  expect(await mailslot('write', 'tiny', 'five!')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EMAXSIZE)') });
  expect(await mailslot('create', '//BETA/mailslot/x')).toMatchObject({ code: 2, stderr: expect.stringContaining('(EINVALID)') });
});

test('S-032 S-033 a read that finds nothing ends after its timeout, or after the slot’s own', async () => {
  await created('empty', '--timeout', '100ms');
  for (const more of [[], ['--timeout', '50ms']])
    expect(await mailslot('read', 'empty', ...more)).toMatchObject({ code: 4, stderr: 'No message came.\n' });
  expect(await mailslot('read', 'empty', '--json')).toMatchObject({ code: 4, stdout: 'null\n' });
});

test('whatever bytes a message has come out of a pipe as they went in, and do nothing to a terminal', async () => {
  await created('raw');
  const bytes = Buffer.alloc(1_000_000, Buffer.from([0, 255, 27, 91, 50, 74, 10]));
  expect(await place.run(['mailslot', 'write', 'raw'], { input: bytes })).toMatchObject({ code: 0 });
  const { stdout } = await mailslot('read', 'raw', '--json');
  const message = JSON.parse(stdout) as { readonly data: string; readonly text?: string };
  expect(Buffer.from(message.data, 'base64').equals(bytes)).toBe(true);
  expect(message.text).toBeUndefined();
});

test('tail prints messages as they come, as one object per line with --json, and ends with the slot', async () => {
  const owner = await created('news');
  const tail = place.start(['mailslot', 'tail', 'news', '--json']);
  await mailslot('write', 'news', 'one');
  await tail.shows(/"text":"one"/);
  await mailslot('write', 'news', 'two');
  await tail.shows(/"text":"two"/);
  owner.child.kill('SIGTERM');
  const { code, stdout } = await tail.ended;
  expect(code).toBe(0);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type),
  ).toEqual(['message', 'message']);
});

test.each(['native', 'ms-mail'])('S-007 S-027 two computers talk by datagrams (%s), configured by file and by flags', async (format) => {
  const port = await freePort();
  const network = { addresses: ['127.0.0.3'], port, format };
  const providers = [{ use: 'mailslot', name: 'BETA', primaryDomain: 'OFFICE', directory: join(place.folder, 'beta'), network }];
  await writeFile(join(place.folder, 'beta.json'), JSON.stringify({ providers }));
  const beta = await created('-c', 'beta.json', 'notices', '--follow');
  const options = [
    '--host',
    'ALPHA',
    '--network',
    '127.0.0.2',
    '--port',
    String(port),
    '--format',
    format,
    '--peer',
    'BETA=127.0.0.3',
    '--slots',
    'alpha',
  ];
  const written = await mailslot('write', '//beta/mailslot/notices', 'Tea is ready', ...options);
  expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining('nobody says whether it arrives') });
  await beta.shows(/ALPHA 127\.0\.0\.2 {2}Tea is ready/);
  const large = await mailslot('write', '//BETA/mailslot/notices', 'x'.repeat(500), ...options);
  expect(large).toMatchObject({ code: 2, stderr: expect.stringContaining('(EBADNETPATH)') });
});

test('a spooler that owns an inbox, a message at the prompt, and its delivery', async () => {
  await writeFile(join(place.folder, 'mailspool.config.json'), JSON.stringify({ providers: [{ use: 'mailslot', inboxes: ['inbox'] }] }));
  const run = place.start(['run']);
  await run.shows(/logged on/);
  const submitted = await place.run([
    'submit',
    '--from',
    'ann@office.example',
    '--to',
    '[MAILSLOT:\\\\.\\mailslot\\inbox]',
    '--subject',
    'Tea',
    '--text',
    'It is ready',
    '--wait',
  ]);
  expect(submitted).toMatchObject({ code: 0, stdout: expect.stringContaining('delivered') });
  await run.shows(/new mail/);
  expect((await place.run(['list', '--inbound'])).stdout).toContain('Tea');
});

describe.skipIf(!hasTmux('two terminals that talk by a mailslot'))('in two terminals', () => {
  test('what one writes the other shows; Ctrl-C ends both, and the slot with its owner', async () => {
    const command = (...args: string[]) => ['env', `XDG_RUNTIME_DIR=${place.folder}`, process.execPath, executable, 'mailslot', ...args];
    await using owner = await Terminal.start(command('create', 'notices'), place.folder);
    await owner.shows('mailspool mailslot read notices');
    await using reader = await Terminal.start(command('tail', 'notices'), place.folder);
    await using writer = await Terminal.start(command('write', 'notices', 'Tea is \u001b[31mready'), place.folder);
    expect(await writer.ended()).toBe(0);
    await reader.shows(/this computer {2}Tea is \\x1b\[31mready/);
    await owner.press('C-c');
    expect(await owner.ended()).toBe(0);
    await reader.shows('is gone');
    expect(await reader.ended()).toBe(0);
  });
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(done));
  return port;
}

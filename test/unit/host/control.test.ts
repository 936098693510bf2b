import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntryId, SessionKey } from '../../../src/message/recipient.ts';
import { connectControl, serveControl, type ControlOptions, type RemoteSpooler } from '../../../src/host/control/control.ts';
import { longestSocketPath, socketPaths } from '../../../src/host/control/socket-path.ts';
import { virtualTime } from 'mailspool/testing';
import { fakeSpooler, storedMessage, type FakeSpooler } from './fake-spooler.ts';

let folder: string;
let options: ControlOptions;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ms-'));
  await mkdir(join(folder, 'spool'));
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  options = { directory: join(folder, 'spool'), environment: { XDG_RUNTIME_DIR: join(folder, 'run') } };
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const keep = <T extends AsyncDisposable>(value: T): T => {
  open.push(value);
  return value;
};

async function served(spooler: FakeSpooler = fakeSpooler()): Promise<{ spooler: FakeSpooler; remote: RemoteSpooler }> {
  keep(await serveControl(spooler, options));
  const remote = await connectControl(options);
  if (remote === undefined) throw new Error('nobody answers');
  return { spooler, remote: keep(remote) };
}

const id = (text: string): EntryId => text as EntryId;

it('M-021 accounts and the transport order go through it; an order that is no list of names is refused', async () => {
  const { spooler, remote } = await served();
  expect(await remote.listAccounts()).toEqual(await spooler.listAccounts());
  await remote.setTransportOrder(['b', 'a'] as SessionKey[]);
  expect(spooler.calls).toEqual([['setTransportOrder', ['b', 'a']]]);
  await expect(remote.setTransportOrder([7] as unknown as SessionKey[])).rejects.toMatchObject({ code: 'EINVALID', field: 'order.0' });
});

it('M-110 marks and what is asked of headers go through it; what is no mark or no flag is refused', async () => {
  const { spooler, remote } = await served();
  const { signal } = new AbortController();
  const object = remote.statusObject('imap' as SessionKey);
  await remote.mark(id('a'), 'move');
  await remote.mark(id('a'), null);
  await object.validateState({ processHeaders: true }, signal);
  expect(spooler.calls).toEqual([
    ['mark', 'a', 'move'],
    ['mark', 'a', null],
    ['validateState', 'imap', { processHeaders: true }],
  ]);
  await expect(remote.mark(id('a'), 'burn' as never)).rejects.toMatchObject({ code: 'EINVALID', field: 'mark' });
  await expect(object.validateState({ everything: true } as never, signal)).rejects.toMatchObject({ code: 'EINVALID' });
});

describe('the socket of a store', () => {
  it('lies in the runtime directory, 0600 in a folder 0700, and goes with the server', async () => {
    const server = await serveControl(fakeSpooler(), options);
    expect(dirname(server.path)).toBe(join(folder, 'run', 'mailspool'));
    expect((await stat(server.path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(server.path))).mode & 0o777).toBe(0o700);
    await server[Symbol.asyncDispose]();
    expect(await readdir(dirname(server.path))).toEqual([]);
    expect(await connectControl(options)).toBeUndefined();
  });

  it('is found through any name of the same directory', async () => {
    await symlink(join(folder, 'spool'), join(folder, 'other'));
    expect(socketPaths(join(folder, 'other'), {})).toEqual(socketPaths(join(folder, 'spool'), {}));
  });

  it('never has a path that the kernel would cut', () => {
    const environment = { XDG_RUNTIME_DIR: `/${'x'.repeat(100)}` };
    const paths = socketPaths(join(folder, 'spool'), environment);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect(Buffer.byteLength(path)).toBeLessThanOrEqual(longestSocketPath);
  });

  it('left by a dead process it is replaced', async () => {
    const [path = ''] = socketPaths(options.directory, options.environment);
    await mkdir(dirname(path), { mode: 0o700 });
    await writeFile(path, '');
    const { remote } = await served();
    expect(remote.pid).toBe(process.pid);
  });

  it('where another answers, the second is refused with ESTORELOCKED', async () => {
    await served();
    await expect(serveControl(fakeSpooler(), options)).rejects.toMatchObject({ code: 'ESTORELOCKED' });
  });

  it('in a folder that others may enter it is refused with ESTOREACCESS', async () => {
    await mkdir(join(folder, 'run', 'mailspool'));
    await chmod(join(folder, 'run', 'mailspool'), 0o755);
    await expect(serveControl(fakeSpooler(), options)).rejects.toMatchObject({ code: 'ESTOREACCESS' });
  });
});

describe('calls through the socket', () => {
  it('answer as the spooler does', async () => {
    const message = storedMessage('a', { folder: 'Sent' });
    const { remote, spooler } = await served(fakeSpooler([message]));
    expect(await remote.get(id('a'))).toEqual(message);
    expect(await remote.get(id('b'))).toBeUndefined();
    expect(await remote.cancel(id('a'))).toEqual({ result: 'tooLate', reason: 'notQueued' });
    expect(await remote.explain(id('a'))).toMatchObject([{ sentence: 'It waits.' }]);
    expect(await remote.explain({ folder: 'Sent' })).toMatchObject([{ id: 'a', sentence: 'It waits.' }]);
    expect(await remote.explain({ folder: 'Outbox' })).toEqual([]);
    await expect(remote.explain({ folders: ['Sent'] } as never)).rejects.toMatchObject({ code: 'EINVALID' });
    expect(await remote.retry({ states: ['failed'] })).toEqual({ changed: ['a'], unchanged: [] });
    expect(await remote.status()).toEqual([]);
    expect(await remote.purge(id('a'), { dryRun: true })).toEqual({ changed: ['a'], unchanged: [] });
    expect(await remote.reschedule(id('a'), new Date(5))).toMatchObject({ result: 'tooLate' });
    expect(await remote.clone(id('a'), { subject: 'Again' })).toMatchObject({ id: 'copy' });
    await remote.resolve(id('a'), 0, 'accepted');
    await remote.flush({ inbound: true, sessions: ['imap' as SessionKey] });
    await remote.suspend();
    await remote.resume('imap' as SessionKey);
    expect(spooler.calls.map(([call, ...given]) => [call, ...given])).toMatchObject([
      ['purge', 'a'],
      ['reschedule', 'a', 5],
      ['clone', 'a', { subject: 'Again' }],
      ['resolve', 'a', 0, 'accepted'],
      ['flush', { inbound: true, sessions: ['imap'] }],
      ['suspend', undefined],
      ['resume', 'imap'],
    ]);
  });

  it('X-016 a copy cannot read files or URLs of the other process, and what is not known is refused by name', async () => {
    const { remote } = await served();
    await expect(remote.clone(id('a'), { attachments: [{ path: '/etc/passwd' }] })).rejects.toMatchObject({ code: 'EINVALID' });
    await expect(remote.resolve(id('a'), 0, 'maybe' as never)).rejects.toMatchObject({ code: 'EINVALID', field: 'verdict' });
    await expect(remote.flush({ everything: true } as never)).rejects.toMatchObject({ code: 'EINVALID' });
  });

  it('errors keep code, field, sentence and remedy', async () => {
    const { remote } = await served();
    await expect(remote.explain(id('none'))).rejects.toMatchObject({
      code: 'ENOTFOUND',
      field: 'id',
      message: 'there is no message none',
      remedy: 'Check the identifier.',
    });
    await expect(remote.submit({ subject: 'x' })).rejects.toMatchObject({ code: 'ENORECIPIENTS', field: 'to' });
  });

  it('bytes, dates and streams arrive as they were, whatever the order they are read in', async () => {
    const { spooler, remote } = await served();
    const large = Buffer.alloc(5_000_000, 'abcdefg');
    const small = Buffer.from([0, 1, 2, 255]);
    const date = new Date(1_700_000_000_123);
    await remote.submit(
      {
        to: 'bob@test',
        date,
        text: 'ü'.repeat(400_000),
        headers: { $bytes: 'not bytes' },
        attachments: [{ content: Readable.from([large.subarray(0, 3_000_000), large.subarray(3_000_000)]) }, { content: small }, { content: large }],
      },
      { sendAt: date, priority: 3 },
    );
    const [taken] = spooler.taken;
    expect(taken?.message.date).toEqual(date);
    expect(taken?.message.headers).toEqual({ $bytes: 'not bytes' });
    expect(taken?.options).toMatchObject({ sendAt: date, priority: 3 });
    expect(taken?.bytes['attachments[0]']?.equals(large)).toBe(true);
    expect(taken?.bytes['attachments[1]']).toEqual(small);
    expect(taken?.bytes['attachments[2]']?.equals(large)).toBe(true);
    expect(taken?.bytes['text']?.toString()).toBe('ü'.repeat(400_000));
  });

  it('a stream that fails on our side fails the submit', async () => {
    const { spooler, remote } = await served();
    const source = Readable.from(
      (async function* () {
        yield Buffer.alloc(10);
        throw new Error('the disk is gone');
      })(),
    );
    await expect(remote.submit({ to: 'bob@test', raw: source })).rejects.toThrow('the disk is gone');
    expect(spooler.taken).toEqual([]);
  });

  it('the bytes of a message come as a stream', async () => {
    const { remote } = await served(fakeSpooler([storedMessage('a')]));
    const bytes = Buffer.concat((await (await remote.raw(id('a'))).toArray()) as Buffer[]);
    expect(bytes.length).toBe(1_000_000 + 'Subject: Subject of a\r\n\r\n'.length);
  });

  it('a list of thousands comes whole and in order', async () => {
    const messages = Array.from({ length: 5000 }, (_, at) => storedMessage(String(at).padStart(5, '0')));
    const { remote } = await served(fakeSpooler(messages));
    const ids: string[] = [];
    for await (const message of remote.list()) ids.push(message.id);
    expect(ids).toEqual(messages.map((message) => message.id));
  });

  it('a list that is left early frees its stream', async () => {
    const { remote } = await served(fakeSpooler([storedMessage('a'), storedMessage('b')]));
    for (let round = 0; round < 1000; round++) {
      for await (const message of remote.list()) if (message.id === 'a') break;
    }
    expect(await remote.get(id('a'))).toBeDefined();
  });

  it('the change feed is live, and ends here and there when its signal aborts', async () => {
    const { spooler, remote } = await served();
    const stopping = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const change of remote.changes({ signal: stopping.signal })) {
        if ('id' in change) seen.push(change.id);
        stopping.abort();
      }
    })();
    while (seen.length === 0) {
      await remote.status();
      spooler.announce('a');
    }
    await following;
    while (!spooler.aborted.includes('changes')) await remote.status();
    expect(seen[0]).toBe('a');
  });

  it('the change feed ends also if its signal aborts while its answer arrives', async () => {
    const { remote } = await served();
    for (let round = 0; round < 50; round++) {
      const stopping = new AbortController();
      const feed = remote.changes({ signal: stopping.signal })[Symbol.asyncIterator]();
      const answered = remote.status();
      const next = feed.next();
      await answered;
      for (let turn = 0; turn < round % 5; turn++) await Promise.resolve();
      stopping.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    }
  });

  it('a wait ends with its signal, and with the connection', async () => {
    const { spooler, remote } = await served();
    const stopping = new AbortController();
    const waiting = remote.settled(id('a'), { signal: stopping.signal });
    stopping.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    while (spooler.aborted.length < 1) await remote.status();
    const second = remote.settled(id('a'));
    const refused = expect(second).rejects.toMatchObject({ code: 'ECONNECTION', temporary: true });
    await remote[Symbol.asyncDispose]();
    await refused;
  });
});

describe('what may come over the socket', () => {
  it.each<[string, object]>([
    ['attachments[0].path', { attachments: [{ path: '/etc/passwd' }] }],
    ['attachments[0].href', { attachments: [{ href: 'http://127.0.0.1/' }] }],
    ['attachments[0].path', { attachments: [{ path: 'data:text/plain,x' }] }],
    ['attachments[0].content.path', { attachments: [{ content: { path: '/etc/passwd' } }] }],
    ['raw.path', { raw: { path: '/etc/passwd' } }],
    ['html.path', { html: { path: '/etc/passwd' } }],
    ['text.href', { text: { href: 'file:///etc/passwd' } }],
    ['icalEvent.path', { icalEvent: { path: '/etc/passwd' } }],
    ['alternatives[0].raw.path', { alternatives: [{ raw: { path: '/etc/passwd' } }] }],
    ['dkim', { dkim: { cacheDir: '/tmp' } }],
    ['attachDataUrls', { attachDataUrls: true }],
    ['disableFileAccess', { disableFileAccess: false }],
  ])('X-016 %s is refused, and nothing is read', async (field, message) => {
    const { spooler, remote } = await served();
    await expect(remote.submit({ to: 'bob@test', ...message })).rejects.toMatchObject({ code: 'EINVALID', field });
    expect(spooler.taken).toEqual([]);
  });

  it('X-016 file and URL access is off for what came over the socket', async () => {
    const { spooler, remote } = await served();
    await remote.submit({ to: 'bob@test' });
    expect(spooler.taken[0]?.message).toMatchObject({ disableFileAccess: true, disableUrlAccess: true });
  });

  const raw = async (text: string): Promise<string> =>
    await new Promise((resolve, reject) => {
      const socket = connect(socketPaths(options.directory, options.environment)[0] ?? '');
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
        if (answer.includes('\n')) socket.end();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(answer) : reject(error)));
      socket.write(text);
    });

  it('JSON-RPC 2.0 by hand works, and a wrong call gets an error', async () => {
    await served(fakeSpooler([storedMessage('a')]));
    expect(JSON.parse(await raw('{"jsonrpc":"2.0","id":1,"method":"cancel","params":["a"]}\n'))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { result: 'cancelled' },
    });
    expect(JSON.parse(await raw('{"jsonrpc":"2.0","id":"x","method":"stop","params":[]}\n'))).toMatchObject({
      id: 'x',
      error: { data: { code: 'ENOSUPPORT' } },
    });
    expect(JSON.parse(await raw('{"jsonrpc":"2.0","id":1,"method":"constructor","params":[]}\n'))).toMatchObject({
      error: { data: { code: 'ENOSUPPORT' } },
    });
    expect(JSON.parse(await raw('{"jsonrpc":"2.0","id":1,"method":"list","params":[{"statse":["failed"]}]}\n'))).toMatchObject({
      error: { data: { code: 'EINVALID' } },
    });
    expect(JSON.parse(await raw('{"jsonrpc":"2.0","id":1,"method":"get","params":[{"$object":[["__proto__",1]]}]}\n'))).toMatchObject({
      error: { data: { code: 'EINVALID', field: 'id' } },
    });
  });

  it('X-031 what is no JSON, or a line without end, closes the connection and nothing else', async () => {
    const { remote } = await served(fakeSpooler([storedMessage('a')]));
    expect(await raw('hello\n')).toBe('');
    expect(await raw('x'.repeat(17 * 1024 * 1024))).toBe('');
    expect(await remote.get(id('a'))).toBeDefined();
  });

  it('a program that answers something else is no spooler', async () => {
    const [path = ''] = socketPaths(options.directory, options.environment);
    await mkdir(dirname(path), { mode: 0o700 });
    const server = createServer((socket) => socket.resume().end('220 smtp\r\n'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await expect(connectControl(options)).rejects.toMatchObject({ code: 'ECONNECTION' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('a spooler that hangs is reported, not waited for', async () => {
    const [path = ''] = socketPaths(options.directory, options.environment);
    await mkdir(dirname(path), { mode: 0o700 });
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const clock = virtualTime();
    const connecting = connectControl({ ...options, clock });
    const refused = expect(connecting).rejects.toMatchObject({ code: 'ETIMEDOUT', temporary: true });
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance('1m');
    await refused;
    await new Promise((resolve) => server.close(resolve));
  });
});

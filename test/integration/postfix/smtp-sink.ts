// Postfix's smtp-sink for one test file: a real server's SMTP, on a port of its own, with every message in a file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/time/clock.ts';

const binaries = ['/usr/sbin/smtp-sink', '/usr/bin/smtp-sink'];

export interface SunkMessage {
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  /** As the sink keeps it: without dots doubled, every line ended by LF. */
  readonly content: Buffer;
}

export interface SmtpSink extends AsyncDisposable {
  readonly port: number;
  /** A file for each message. */
  readonly directory: string;
  messages(): Promise<readonly SunkMessage[]>;
}

/** Whether it can be started here. Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasSmtpSink(whatIsNotShown: string): boolean {
  if (binaries.some((binary) => existsSync(binary))) return true;
  if (process.env['CI'] === 'true') throw new Error('postfix (smtp-sink) is not installed, and CI=true requires it');
  process.stderr.write(`skipped, smtp-sink (package postfix) is not installed: ${whatIsNotShown}\n`);
  return false;
}

/** `options`: the sink's own, such as `-L` for LMTP or `-r RCPT` to refuse for now. */
export async function startSmtpSink(options: readonly string[] = []): Promise<SmtpSink> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-sink-'));
  await chmod(directory, 0o777);
  const port = await freePort();
  const asUser = userInfo().uid === 0 ? ['-u', 'nobody'] : [];
  const binary = binaries.find((one) => existsSync(one)) ?? 'smtp-sink';
  const sink = spawn(binary, [...asUser, ...options, '-d', join(directory, 'm.'), `127.0.0.1:${port}`, '100'], { stdio: 'ignore' });
  const ended = once(sink, 'exit');
  await listening(port);
  return {
    port,
    directory,
    messages: async () => Promise.all((await readdir(directory)).map(async (name) => parse(await readFile(join(directory, name))))),
    [Symbol.asyncDispose]: async () => {
      sink.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

/** The sink writes the envelope as headers of its own, and its Received, before the message, and an empty line after it. */
function parse(file: Buffer): SunkMessage {
  const text = file.toString('latin1');
  const [head = ''] = /^(?:X-[^\n]*\n)+Received:[^\n]*\n(?:[ \t][^\n]*\n)*/.exec(text) ?? [];
  const all = (name: string) => [...head.matchAll(new RegExp(`^${name}: ?(.*)$`, 'gm'))].map(([, value]) => value ?? '');
  return { mailFrom: all('X-Mail-Args')[0] ?? '', rcptTo: all('X-Rcpt-Args'), content: Buffer.from(text.slice(head.length, -1), 'latin1') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = createConnection(port, '127.0.0.1');
    const reached = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
    socket.destroy();
    if (reached) return;
    await systemClock.sleep(25);
  }
  throw new Error(`smtp-sink does not listen on port ${port}`);
}

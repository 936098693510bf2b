// Postfix's smtp-sink: a server that takes everything, throws it away and counts. Its running count (`-c`, written at
// each final dot, before the reply) goes to a file and not to us, so that reading it costs the contenders nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unfit } from './place.ts';

export interface SmtpSink extends AsyncDisposable {
  readonly port: number;
  /** Messages that it has taken so far. */
  taken(): Promise<number>;
}

const backlog = '1000';

/** @throws Unfit without smtp-sink */
export async function startSmtpSink(directory: string): Promise<SmtpSink> {
  const binary = ['/usr/sbin/smtp-sink', '/usr/bin/smtp-sink', '/usr/libexec/postfix/smtp-sink'].find((path) => existsSync(path));
  if (!binary) throw new Unfit('smtp-sink is not installed; it comes with postfix (apt-get install postfix)');
  const port = await freePort();
  const counts = join(directory, 'sink-counts');
  const file = await open(counts, 'w');
  const asUser = userInfo().uid === 0 ? ['-u', 'nobody'] : [];
  const sink = spawn(binary, [...asUser, '-c', `127.0.0.1:${port}`, backlog], { stdio: ['ignore', file.fd, 'inherit'] });
  const ended = once(sink, 'exit');
  const kill = () => sink.kill();
  process.once('exit', kill);
  await file.close();
  await listening(sink, port);
  return {
    port,
    taken: async () => lastCount(await readFile(counts, 'latin1')),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', kill);
      sink.kill();
      await ended;
    },
  };
}

/** `sess=20 quit=0 mesg=4000`, each after a carriage return. */
const lastCount = (text: string): number => Number(/mesg=(\d+)\s*$/.exec(text.slice(-200))?.[1] ?? 0);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(sink: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 200 && sink.exitCode === null; tries++) {
    const socket = createConnection(port, '127.0.0.1');
    const reached = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (reached) return;
    await sleep(25);
  }
  throw new Error(`smtp-sink does not listen on port ${port}`);
}

// A computer of a test, seen from the test: host-program.js in its place, and what it can be asked to do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { MailslotAddress, MailslotHost, MailslotHostOptions, MailslotMessage } from 'mailspool/providers/mailslot';
import type { Place } from './subnet.ts';

const root = resolve(import.meta.dirname, '../../..');
const program = resolve(import.meta.dirname, 'host-program.js');

export interface HostProcess extends AsyncDisposable {
  create(name: string, options?: object): Promise<void>;
  write(to: string | MailslotAddress, data: Uint8Array | string, times?: number): Promise<{ readonly bytes: number; readonly outcome: string }>;
  /** What waits in it, oldest first. */
  readAll(name: string): Promise<readonly (MailslotMessage & { readonly text: string })[]>;
  hub(): Promise<MailslotHost['hub']>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
}

/** `directory`: shared by the processes of one computer; default a fresh one. */
export async function hostProcess(place: Place, options: MailslotHostOptions = {}): Promise<HostProcess> {
  const own = options.directory === undefined ? await mkdtemp(join(tmpdir(), 'mailslots-')) : undefined;
  const settings = { name: place.name, directory: own, ...options };
  const line: readonly string[] = [...place.under, process.execPath, program, root, JSON.stringify(settings)];
  const [command = '', ...args] = line;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const pending = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.id === undefined) done();
      else pending.get(answer.id)?.(answer);
    });
  });
  await Promise.race([ready, gone.then(() => Promise.reject(new Error(`the process of ${place.name} ended at once`)))]);

  const ask = async (act: string, parameters: object = {}): Promise<unknown> => {
    asked += 1;
    const id = asked;
    const answered = new Promise<Answer>((done) => pending.set(id, done));
    child.stdin.write(`${JSON.stringify({ id, act, ...parameters })}\n`);
    const { result, error } = await Promise.race([answered, gone.then((): Answer => ({ error: { message: `${place.name} is gone` } }))]);
    pending.delete(id);
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  return {
    create: async (name, slot = {}) => void (await ask('create', { name, ...slot })),
    write: async (to, data, times = 1) =>
      (await ask('write', { to, data: Buffer.from(data).toString('base64'), times })) as { bytes: number; outcome: string },
    readAll: async (name) => {
      const found: (MailslotMessage & { text: string })[] = [];
      for (;;) {
        const message = (await ask('read', { name })) as (Omit<MailslotMessage, 'data'> & { data: string }) | null;
        if (!message) return found;
        const data = Buffer.from(message.data, 'base64');
        found.push({ ...message, data, text: data.toString() });
      }
    },
    hub: async () => (await ask('hub')) as MailslotHost['hub'],
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill();
      if (own !== undefined) await rm(own, { recursive: true, force: true });
    },
  };
}

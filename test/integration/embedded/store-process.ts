// Another process that has an embedded store open: it runs the compiled code, as a user's program does.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../../..');
const program = resolve(import.meta.dirname, 'store-program.js');

/** What the program says of a message that was acknowledged, or of an error. */
export interface Told {
  readonly opened?: true;
  readonly id?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string; readonly temporary: boolean };
}

export interface StoreProcess {
  readonly child: ChildProcess;
  /** Each line, as it comes; ends with the process. */
  readonly told: AsyncIterable<Told>;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

export interface StoreProcessOptions {
  readonly directory: string;
  /** How many messages it submits, how many at once; then it closes the store and ends by itself. */
  readonly submits: number;
  readonly atOnce?: number;
  /** Runs it under another program, such as strace. */
  readonly under?: readonly string[];
  /** As which user. */
  readonly uid?: number;
}

export function startStoreProcess({ directory, submits, atOnce = 1, under = [], uid }: StoreProcessOptions): StoreProcess {
  const line = [...under, process.execPath, program, root, directory, String(submits), String(atOnce)];
  const [command = '', ...parameters] = line;
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], ...(uid !== undefined && { uid, gid: uid }) });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return { child, told: told(lines), ended };
}

async function* told(lines: AsyncIterable<string>): AsyncGenerator<Told> {
  for await (const line of lines) {
    // A killed process may leave half a line.
    if (line.endsWith('}')) yield JSON.parse(line) as Told;
  }
}

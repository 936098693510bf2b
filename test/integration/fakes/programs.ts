// Other people's clients, run against the fakes.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

/** Where the program is, if it is installed. */
const pathOf = (program: string): string | undefined => directories.map((directory) => join(directory, program)).find((path) => existsSync(path));

/** Whether it can be run here. Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasProgram(program: string, debianPackage: string, whatIsNotShown: string): boolean {
  if (pathOf(program) !== undefined) return true;
  if (process.env['CI'] === 'true') throw new Error(`${program} (package ${debianPackage}) is not installed, and CI=true requires it`);
  process.stderr.write(`skipped, ${program} (package ${debianPackage}) is not installed: ${whatIsNotShown}\n`);
  return false;
}

export interface Ran {
  readonly code: number | null;
  /** What it wrote, both streams in the order of their coming. */
  readonly output: string;
}

/** Runs it to its end, at most ten seconds, with its own home. */
export async function run(program: string, args: readonly string[], options: { readonly input?: string; readonly home?: string } = {}): Promise<Ran> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'mailspool-program-')));
  const child = spawn(pathOf(program) ?? program, args, { cwd: home, env: { ...process.env, HOME: home, LC_ALL: 'C' }, timeout: 10_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  try {
    return await new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve({ code, output })));
  } finally {
    if (options.home === undefined) await rm(home, { recursive: true, force: true });
  }
}

/** A directory with files for a program, removed at the end. */
export async function scratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'mailspool-program-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

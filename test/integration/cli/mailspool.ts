// Runs the built command line as child processes, in a folder of its own for each test.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const executable = join(root, 'dist/src/host/cli/main.js');

/** Builds, unless the last build is newer than every source. */
export async function built(): Promise<void> {
  const sources = Math.max(...(await Promise.all(['src', 'providers', 'tsconfig.build.json'].map(async (name) => await newest(join(root, name))))));
  if ((await newest(executable)) > sources) return;
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if ((await newest(executable)) < sources) throw new Error(`the build failed:\n${tsc.stdout}${tsc.stderr}`);
}

async function newest(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const inside = await readdir(path, { withFileTypes: true });
  return Math.max(0, ...(await Promise.all(inside.map(async (each) => await newest(join(path, each.name))))));
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly output: () => string;
  /** Resolves with the whole output once it matches; rejects if the process ends first. */
  shows(pattern: RegExp): Promise<string>;
  readonly ended: Promise<Ran>;
}

/** A folder with its own runtime directory; whatever runs in it is killed in the end. */
export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'ms-cli-')));
  }

  get spool(): string {
    return join(this.folder, 'spool');
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, script: string = executable): Started {
    const { PATH, HOME = '/' } = process.env;
    const child = spawn(process.execPath, [script, ...args], { cwd: this.folder, env: { PATH, HOME, XDG_RUNTIME_DIR: this.folder, ...env } });
    this.#children.add(child);
    let stdout = '';
    let stderr = '';
    const listeners = new Set<() => void>();
    const ended = new Promise<Ran>((resolve) => {
      child.on('close', (code) => {
        this.#children.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    const heard = (add: () => void) => {
      add();
      for (const listener of [...listeners]) listener();
    };
    child.stdout.on('data', (chunk: Buffer) => heard(() => (stdout += chunk.toString())));
    child.stderr.on('data', (chunk: Buffer) => heard(() => (stderr += chunk.toString())));
    const shows = async (pattern: RegExp): Promise<string> =>
      await new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(stdout + stderr)) return;
          listeners.delete(look);
          resolve(stdout + stderr);
        };
        listeners.add(look);
        look();
        void ended.then((ran) => reject(new Error(`ended with ${ran.code} before showing ${pattern}:\n${ran.stdout}${ran.stderr}`)));
      });
    return { child, output: () => stdout + stderr, shows, ended };
  }

  async run(
    args: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string | Uint8Array } = {},
  ): Promise<Ran> {
    const { child, ended } = this.start(args, options.env);
    child.stdin.end(options.input ?? '');
    return await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = [...this.#children].map(async (child) => await new Promise((resolve) => child.once('close', resolve)));
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(gone);
    await rm(this.folder, { recursive: true, force: true });
  }
}

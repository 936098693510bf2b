// The processes of a crash run, as the one that starts them sees them: one line in, one line out.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import type { FromSink, Taken, ToSink } from './sink.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const typescript = ['--import', 'tsx'];

export class Sink implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #taken: (taken: Taken) => void;
  #killed: ((pid: number) => void) | undefined;

  private constructor(process: ChildProcess, port: number, taken: (taken: Taken) => void) {
    this.#process = process;
    this.port = port;
    this.#taken = taken;
    process.on('message', (line: FromSink) => this.#hear(line));
  }

  static async start(taken: (taken: Taken) => void): Promise<Sink> {
    const process = fork(script('./sink.ts'), { execArgv: typescript });
    const [line] = (await once(process, 'message')) as [FromSink];
    if (!('port' in line)) throw new Error('the sink began with something else than its port');
    return new Sink(process, line.port, taken);
  }

  /** Kills the process after the next message is taken, before the reply. */
  killAtNext(pid: number, killed: () => void): void {
    this.#killed = killed;
    this.#process.send({ killAtNext: pid } satisfies ToSink);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  #hear(line: FromSink): void {
    if ('taken' in line) this.#taken(line.taken);
    if ('killed' in line) this.#killed?.(line.killed);
  }
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Longer than this none takes; it is a run that has hung. */
const longestMs = 180_000;

/**
 * Runs a program again and again, each time with a task that it reads from its standard input; it answers with lines of
 * JSON on descriptor 3. While one runs the next has loaded its modules, and waits to be told.
 */
export class Processes<Task, Line> implements Disposable {
  readonly #program: string;
  #next: ChildProcess;

  constructor(program: URL) {
    this.#program = fileURLToPath(program);
    this.#next = this.#prepared();
  }

  /** Every line that it wrote has been heard when this resolves. */
  async run(task: Task, hear: (line: Line, pid: number) => void): Promise<End> {
    const child = this.#next;
    this.#next = this.#prepared();
    const hung = setTimeout(() => child.kill('SIGABRT'), longestMs);
    const lines = createInterface({ input: child.stdio[3] as Readable });
    lines.on('line', (line) => hear(JSON.parse(line) as Line, child.pid ?? 0));
    // It may be gone already; then its end says so.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(JSON.stringify(task));
    const [[code, signal]] = (await Promise.all([once(child, 'exit'), once(lines, 'close')])) as [[number | null, NodeJS.Signals | null], unknown];
    clearTimeout(hung);
    return { code, signal };
  }

  [Symbol.dispose](): void {
    this.#next.kill('SIGKILL');
  }

  #prepared(): ChildProcess {
    return spawn(process.execPath, [...typescript, this.#program], { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
  }
}

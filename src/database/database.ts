// A database in a directory of its own, seen from the program's thread: calls go to the worker in packets, the next one
// when the last is answered, so that under load many share a commit. It keeps the process alive only while a call waits
// for its answer (U-061).
import type { Worker } from 'node:worker_threads';
import { MailspoolError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { nextTurn } from '../time/turn.ts';
import { compiledModule } from './compiled-module.ts';
import type { AnswerHead, CallHead, WorkerData } from './protocol.ts';
import { bye } from './protocol.ts';
import { startWorker } from './start-worker.ts';
import { type ErrorRecord, fromRecord } from './store-error.ts';
import { type Item, type Packet, pack, transferable, unpack } from './wire.ts';

export interface DatabaseOptions {
  /** Created with mode 0700. One process owns it at a time (T-007). */
  readonly directory: string;
  /** The module that exports `program`: `new URL('./my-program.js', import.meta.url)`. */
  readonly program: URL;
  /** The name of the database file; default `data.db`. */
  readonly file?: string;
  /** Plain JSON for the program. */
  readonly options?: unknown;
  readonly clock: Clock;
  /** What commits have to tell; before the answers of that commit. */
  readonly onNews?: (news: unknown) => void;
}

export interface DatabaseAnswer {
  readonly value: unknown;
  readonly bytes: readonly Uint8Array[];
}

export interface Database extends AsyncDisposable {
  /** What the program's procedures greeted with. */
  readonly greeting: unknown;
  /**
   * Runs a procedure. `input` is plain JSON, `bytes` are copied before this returns. A write resolves once it is on disk.
   * @throws ESTORE, or what the procedure threw
   */
  call(name: string, input: unknown, bytes?: readonly Uint8Array[]): Promise<DatabaseAnswer>;
  /** Waits for all calls, closes the file and frees the directory. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws ESTORELOCKED, ESTOREVERSION, ESTOREACCESS, ESTORE */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = new WorkerDatabase(options);
  await database.opened();
  return database;
}

interface Waiting {
  resolve(answer: DatabaseAnswer): void;
  reject(error: MailspoolError): void;
}

class WorkerDatabase implements Database {
  readonly #options: DatabaseOptions;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opening: Promise<DatabaseAnswer>;
  #greeting: unknown;
  #lastId = 0;
  #next: Item<CallHead>[] = [];
  #isRunning = false;
  #closed: MailspoolError | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#opening = this.#answerTo(0);
    this.#worker = workerFor(options);
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new MailspoolError('ESTORE', `the database in ${options.directory} is closed`));
        resolve();
      });
    });
    this.#worker.on('error', (error) => this.#fail(crashed(options.directory, error)));
    this.#worker.on('message', (packet: Packet) => this.#receive(packet));
  }

  async opened(): Promise<void> {
    this.#greeting = (await this.#opening).value;
  }

  get greeting(): unknown {
    return this.#greeting;
  }

  call(name: string, input: unknown, bytes: readonly Uint8Array[] = []): Promise<DatabaseAnswer> {
    if (this.#closed) return Promise.reject(this.#closed);
    this.#lastId += 1;
    if (this.#next.length === 0 && !this.#isRunning) void this.#sendNextTurn();
    this.#next.push({ head: [this.#lastId, name, this.#options.clock.now()], json: JSON.stringify(input ?? null), bytes: bytes.map(own) });
    return this.#answerTo(this.#lastId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      this.#closed = new MailspoolError('ESTORE', `the database in ${this.#options.directory} is closed`);
      this.#worker.ref();
      this.#send();
      this.#worker.postMessage(bye);
    }
    await this.#ended;
  }

  #answerTo(id: number): Promise<DatabaseAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#waiting.size === 1 && id > 0) this.#worker.ref();
    });
  }

  async #sendNextTurn(): Promise<void> {
    await nextTurn();
    if (!this.#isRunning) this.#send();
  }

  #send(): void {
    if (this.#next.length === 0) return;
    const packet = pack(this.#next);
    this.#next = [];
    this.#isRunning = true;
    this.#worker.postMessage(packet, transferable(packet));
  }

  #receive(packet: Packet): void {
    for (const item of unpack<AnswerHead>(packet)) this.#settle(item);
    this.#isRunning = false;
    if (this.#next.length > 0) void this.#sendNextTurn();
    if (this.#waiting.size === 0 && !this.#closed) this.#worker.unref();
  }

  #settle({ head: [id, kind], json, bytes }: Item<AnswerHead>): void {
    const content: unknown = JSON.parse(json);
    if (kind === 'news') return this.#options.onNews?.(content);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (kind === 'value') waiting?.resolve({ value: content, bytes });
    else waiting?.reject(fromRecord(content as ErrorRecord));
  }

  /** All that wait, and all that come. */
  #fail(error: MailspoolError): void {
    this.#closed ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

function workerFor({ program, directory, file = 'data.db', options }: DatabaseOptions): Worker {
  const workerData: WorkerData = { program: compiledModule(program).href, directory, file, options };
  return startWorker(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url), workerData);
}

/** The caller may write on in its buffer. (A Buffer's own `slice` copies nothing.) */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

const crashed = (directory: string, cause: unknown): MailspoolError =>
  new MailspoolError('ESTORE', `the worker of the database in ${directory} ended: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
    temporary: true,
    remedy: 'Open the database again; what was acknowledged is on disk.',
  });

// Shared commits: what came in while the last commit was syncing runs in one transaction, with one sync. A call that
// throws is taken out and the others run again; when the disk is full each has a transaction of its own, so that small
// changes still pass (T-005); after a failed sync nothing is acknowledged and the file is read anew (T-004).
import type { Instant } from '../time/clock.ts';
import type { Connection } from './driver.ts';
import type { Procedures, Reply } from './program.ts';
import { isDiskFull, isInputOutputError, storeError, toRecord, type ErrorRecord } from './store-error.ts';

export interface Request {
  readonly id: number;
  readonly name: string;
  /** JSON: a call that runs again gets a fresh input. */
  readonly input: string;
  readonly bytes: readonly Uint8Array[];
  readonly now: Instant;
}

export interface Answer {
  readonly id: number;
  readonly reply: Reply | { readonly error: ErrorRecord };
}

export interface RoundResult {
  readonly answers: readonly Answer[];
  readonly news: unknown;
}

/** Beyond this many failed calls the rest of a round runs one by one, so that redoing stays bounded. */
const redoneAtMost = 4;

export interface RoundsOptions {
  readonly connection: Connection;
  readonly procedures: Procedures;
  /** Closes the file and opens it again. @throws if that is not possible */
  readonly reopen: (broken: Connection) => Connection;
  /** For sentences. */
  readonly directory: string;
}

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #procedures: Procedures;
  #connection: Connection;
  #isBroken = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#procedures = options.procedures;
    this.#connection = options.connection;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Writes first, then what only reads. */
  run(requests: readonly Request[]): RoundResult {
    const { writes, last } = this.#procedures;
    const isWrite = ({ name }: Request) => name in writes;
    const isLast = ({ name }: Request) => last?.has(name) === true;
    const writing = requests.filter(isWrite);
    const written = this.#write([...writing.filter((request) => !isLast(request)), ...writing.filter(isLast)]);
    const read = requests.filter((request) => !isWrite(request)).map((request) => this.#read(request));
    return { answers: [...written, ...read], news: this.#procedures.news?.() };
  }

  #read(request: Request): Answer {
    try {
      this.#repair();
      const procedure = this.#procedures.reads[request.name];
      if (!procedure) throw new TypeError(`there is no procedure ${request.name}`);
      return { id: request.id, reply: call(procedure, request) };
    } catch (error) {
      return this.#refusal(request, error);
    }
  }

  #write(requests: readonly Request[]): Answer[] {
    const refused: Answer[] = [];
    let left = requests;
    while (left.length > 0) {
      const { answers, failed } = this.#transaction(left);
      if (answers) return [...refused, ...answers];
      if (failed.request === undefined || left.length === 1) return [...refused, ...this.#afterFailure(left, failed.error)];
      refused.push(this.#refusal(failed.request, failed.error));
      left = left.filter((request) => request !== failed.request);
      if (refused.length >= redoneAtMost) return [...refused, ...this.#oneByOne(left)];
    }
    return refused;
  }

  /** The failure is not one call's own. */
  #afterFailure(requests: readonly Request[], error: unknown): Answer[] {
    if (requests.length > 1 && isDiskFull(error)) return this.#oneByOne(requests);
    return requests.map((request) => this.#refusal(request, error));
  }

  #oneByOne(requests: readonly Request[]): Answer[] {
    return requests.flatMap((request) => {
      const { answers, failed } = this.#transaction([request]);
      return answers ?? [this.#refusal(request, failed.error)];
    });
  }

  #transaction(requests: readonly Request[]): Outcome {
    let running: Request | undefined;
    try {
      this.#repair();
      this.#connection.exec('BEGIN IMMEDIATE');
      const answers: Answer[] = [];
      for (running of requests) answers.push({ id: running.id, reply: call(this.#procedures.writes[running.name], running) });
      running = undefined;
      this.#procedures.beforeCommit?.();
      this.#connection.exec('COMMIT');
      this.#procedures.committed?.();
      return { answers };
    } catch (error) {
      this.#rollBack(error);
      const isOwn = running !== undefined && !isDiskFull(error) && !isInputOutputError(error);
      return { failed: { request: isOwn ? running : undefined, error } };
    }
  }

  #rollBack(error: unknown): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself.
    }
    this.#procedures.rolledBack?.();
    if (isInputOutputError(error)) this.#isBroken = true;
  }

  /** After a failed sync only the file itself says what is there. */
  #repair(): void {
    if (!this.#isBroken) return;
    this.#connection = this.#options.reopen(this.#connection);
    this.#isBroken = false;
    this.#procedures.reopened?.(this.#connection);
  }

  #refusal(request: Request, error: unknown): Answer {
    return { id: request.id, reply: { error: toRecord(storeError(error, `${request.name} in ${this.#options.directory}`)) } };
  }
}

type Outcome =
  | { readonly answers: Answer[]; readonly failed?: undefined }
  | { readonly answers?: undefined; readonly failed: { readonly request: Request | undefined; readonly error: unknown } };

const call = (procedure: Procedures['writes'][string] | undefined, { input, now, bytes }: Request): Reply => {
  if (!procedure) throw new TypeError('there is no such procedure');
  return procedure(JSON.parse(input) as never, { now, bytes });
};

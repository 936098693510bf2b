// The data that several opened memory stores share, and the disk that they pretend to have: calls gather, are written as
// one transaction each with a way back, synced together, and answered then. Tests hold the sync, let writes and syncs
// fail, and crash: what was not synced is lost.
import { MailspoolError } from '../../errors.ts';
import { Bell } from '../../time/bell.ts';
import type { Instant } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { newStoreTag } from '../entry-id.ts';
import type { Queue } from '../message-store.ts';
import type { Turns } from '../operations/claim.ts';
import { type News, noNews, type Operation } from '../operations/operation.ts';
import { queueOf } from '../schedule.ts';
import { Journal } from './journal.ts';
import { MemoryTables } from './memory-tables.ts';

/** One row that is about to be written. */
export interface DiskWrite {
  readonly table: string;
  /** Counted from 1 since `failWrites` was called. */
  readonly number: number;
}

/** Whoever has the data open. */
export interface Opened {
  now(): Instant;
  queueChanged(queues: readonly Queue[]): void;
}

interface PendingCall {
  readonly by: Opened;
  /** Runs the transaction; what it returns answers the call. */
  write(): () => void;
  reject(error: unknown): void;
}

export class Disk {
  readonly bell: Bell = new Bell();
  readonly turns: Turns = new Map();
  readonly #opened = new Set<Opened>();
  readonly #journal = new Journal();
  #tables: MemoryTables | undefined;
  #pending: PendingCall[] = [];
  #isScheduled = false;
  #holds = 0;
  #beforeWrite: (table: string) => void = () => undefined;
  #beforeSync: () => void = () => undefined;
  #holders = 0;

  /** The first to open it creates it. */
  open(by: Opened, random: Random): void {
    this.#tables ??= new MemoryTables(newStoreTag(random), this.#journal, (table) => this.#beforeWrite(table));
    this.#opened.add(by);
  }

  close(by: Opened): void {
    this.#opened.delete(by);
  }

  newHolder(): string {
    this.#holders += 1;
    return `handle-${this.#holders}`;
  }

  get tables(): MemoryTables {
    if (!this.#tables) throw new MailspoolError('ESTORE', 'the store is not open');
    return this.#tables;
  }

  /** Runs when the disk gets to it; resolves when that is synced. */
  commit<Result>(by: Opened, rule: (operation: Operation) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const write = () => {
        const { result, news } = this.#transact(by, rule);
        this.#journal.commit();
        return () => {
          this.#tell(news);
          resolve(result);
        };
      };
      this.#pending.push({ by, write, reject });
      this.#schedule();
    });
  }

  /** For what needs no disk: leases, and reading. */
  immediately<Result>(by: Opened, rule: (operation: Operation) => Result): Result {
    const { result, news } = this.#transact(by, rule);
    this.#journal.forget();
    this.#tell(news);
    return result;
  }

  /** What was not synced is gone; of the calls that wait, the first `written` reach the disk and are not answered. */
  crash(by: Opened, written: number): void {
    const calls = this.#pending.filter((call) => call.by === by);
    this.#pending = this.#pending.filter((call) => call.by !== by);
    this.#journal.lose();
    for (const call of calls.slice(0, written)) writtenOrNot(call);
    this.#journal.sync();
    for (const call of calls) call.reject(new MailspoolError('ESTORE', 'the store crashed before this was on disk', { temporary: true }));
  }

  /** Until the returned function is called nothing is written or acknowledged. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      this.#schedule();
    };
  }

  failWrites(fails: (write: DiskWrite) => boolean, error: Error): () => void {
    let number = 0;
    const beforeWrite = (table: string) => {
      number += 1;
      if (fails({ table, number })) throw new DiskError(error);
    };
    this.#beforeWrite = beforeWrite;
    return () => {
      if (this.#beforeWrite === beforeWrite) this.#beforeWrite = () => undefined;
    };
  }

  failSyncs(fails: (number: number) => boolean, error: Error): () => void {
    let number = 0;
    const beforeSync = () => {
      number += 1;
      if (fails(number)) throw storeError(error);
    };
    this.#beforeSync = beforeSync;
    return () => {
      if (this.#beforeSync === beforeSync) this.#beforeSync = () => undefined;
    };
  }

  #schedule(): void {
    if (this.#isScheduled || this.#holds > 0 || this.#pending.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#holds === 0) this.#drain();
    });
  }

  #drain(): void {
    const calls = this.#pending;
    this.#pending = [];
    const answers = calls.map(answerOf);
    try {
      this.#sync();
    } catch (error) {
      for (const call of calls) call.reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  /** The point after which a crash takes nothing back; a sync that fails leaves nothing of what it was about (T-004). */
  #sync(): void {
    try {
      this.#beforeSync();
    } catch (error) {
      this.#journal.lose();
      throw error;
    }
    this.#journal.sync();
  }

  #transact<Result>(by: Opened, rule: (operation: Operation) => Result): { readonly result: Result; readonly news: News } {
    const news = noNews();
    try {
      return { result: rule({ tables: this.tables, now: by.now(), news }), news };
    } catch (error) {
      this.#journal.undo();
      throw error instanceof DiskError ? storeError(error.cause) : error;
    }
  }

  #tell({ queues, feed }: News): void {
    if (feed) this.bell.ring();
    const changed = [...queues].map(queueOf).filter((queue) => queue !== undefined);
    if (changed.length > 0) for (const by of this.#opened) by.queueChanged(changed);
  }
}

/** Writes a call; what answers it once that is synced. */
function answerOf(call: PendingCall): () => void {
  try {
    return call.write();
  } catch (error) {
    return () => call.reject(error);
  }
}

function writtenOrNot(call: PendingCall): void {
  try {
    call.write();
  } catch {
    // A transaction that fails writes nothing, and nobody is left to hear of it.
  }
}

const storeError = (cause: unknown): MailspoolError => new MailspoolError('ESTORE', 'the store could not write', { cause, temporary: true });

/** What `failWrites` lets happen. */
class DiskError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

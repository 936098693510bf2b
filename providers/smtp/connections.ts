// The session's few connections: opened when somebody waits, reused at once, closed when nobody needs them. A queue
// of waiting hand-overs stands apart from the openings under way, so that whichever connection is free first serves
// the longest wait. Nothing is retried here (U-017).
import type { Clock } from 'mailspool/provider';
import type { Connection } from './connection.ts';

export interface ConnectionsOptions {
  readonly max: number;
  readonly maxMessagesPerConnection: number;
  readonly idleTimeoutMs: number;
  /** The shortest time in which a connection can become due; nobody looks more often. */
  readonly lookEveryMs: number;
  readonly clock: Clock;
  /** A connection and its place in the account's budget. */
  readonly open: (signal: AbortSignal) => Promise<Connection>;
}

interface Waiter {
  readonly serve: (connection: Connection) => void;
  readonly fail: (error: Error) => void;
}

/** A server that is told QUIT has so long to answer. */
const quitMs = 2000;
/** A server that refused a further connection is left alone for so long. */
const fullMs = 60_000;

const loggedOff = (): Error => new Error('the session is logged off');

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Connection>();
  /** The last one used is the first one taken, so that those not needed become idle. */
  readonly #idle: Connection[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #openings = new Set<AbortController>();
  #looking: AbortController | undefined;
  /** Until then the connections that there are have to do. */
  #fullUntil = 0;
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#all.size;
  }

  /** @throws what `open` throws; the reason of `signal` */
  async acquire(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#closed) throw loggedOff();
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.alive) return connection;
    }
    return this.#wait(signal);
  }

  /** Gives a connection back. One that broke or has served its time is not used again (T-023). */
  release(connection: Connection): void {
    if (!connection.alive) return;
    if (this.#closed || connection.used >= this.#options.maxMessagesPerConnection) return this.#quit(connection);
    const waiter = this.#waiters.shift();
    if (waiter) return waiter.serve(connection);
    connection.dueAt = this.#options.clock.now() + this.#options.idleTimeoutMs;
    this.#idle.push(connection);
  }

  /** What was idle next to a dead connection is probably dead as well. */
  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.stop(new Error('not used any more'));
  }

  /** Ends everything; what is under way breaks off. Resolves when no socket is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const reason = loggedOff();
    for (const opening of this.#openings) opening.abort(reason);
    for (const { fail } of this.#waiters.splice(0)) fail(reason);
    const gone = [...this.#all].map((connection) => new Promise<void>((resolve) => connection.onEnd(resolve)));
    for (const connection of this.#all) {
      if (this.#idle.includes(connection)) connection.quit();
      else connection.stop(reason);
    }
    await this.#cutOff(Promise.all(gone));
  }

  #wait(signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        signal.removeEventListener('abort', abort);
        act();
      };
      const waiter: Waiter = { serve: (connection) => settle(() => resolve(connection)), fail: (error) => settle(() => reject(error)) };
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        this.#abandonOpenings();
        waiter.fail(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      this.#grow();
    });
  }

  #grow(): void {
    if (this.#all.size > 0 && this.#options.clock.now() < this.#fullUntil) return;
    while (!this.#closed && this.#openings.size < this.#waiters.length && this.#all.size + this.#openings.size < this.#options.max) {
      const opening = new AbortController();
      this.#openings.add(opening);
      this.#options.open(opening.signal).then(
        (connection) => this.#opened(opening, connection),
        (error: Error) => this.#notOpened(opening, error),
      );
    }
  }

  #opened(opening: AbortController, connection: Connection): void {
    this.#openings.delete(opening);
    this.#all.add(connection);
    connection.onEnd(() => this.#gone(connection));
    this.#look();
    this.release(connection);
  }

  /** Where others are open, the server may just take no more: whoever waits gets one of those. */
  #notOpened(opening: AbortController, error: Error): void {
    this.#openings.delete(opening);
    if (opening.signal.aborted) return this.#grow();
    if (this.#all.size === 0) for (const { fail } of this.#waiters.splice(0)) fail(error);
    else this.#fullUntil = this.#options.clock.now() + fullMs;
  }

  #gone(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#all.size === 0) this.#looking?.abort();
    this.#grow();
  }

  #abandonOpenings(): void {
    for (const opening of [...this.#openings].slice(this.#waiters.length)) opening.abort(new Error('nobody waits for the connection'));
  }

  #quit(connection: Connection): void {
    connection.dueAt = this.#options.clock.now() + quitMs;
    connection.quit();
  }

  /** Looks after deadlines and idleness while there is a connection: one timer for all of them. */
  #look(): void {
    if (this.#looking && !this.#looking.signal.aborted) return;
    const looking = new AbortController();
    this.#looking = looking;
    void this.#lookAfterAll(looking.signal);
  }

  async #lookAfterAll(signal: AbortSignal): Promise<void> {
    const { clock, lookEveryMs } = this.#options;
    while (!signal.aborted) {
      const now = clock.now();
      const earliest = Math.min(...[...this.#all].map(({ dueAt }) => dueAt));
      try {
        await clock.sleep(Math.max(1, Math.min(earliest - now, lookEveryMs)), signal);
      } catch {
        return;
      }
      for (const connection of this.#all) if (connection.dueAt <= clock.now()) this.#due(connection);
    }
  }

  #due(connection: Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at < 0) return connection.overdue();
    this.#idle.splice(at, 1);
    this.#quit(connection);
  }

  async #cutOff(gone: Promise<unknown>): Promise<void> {
    const patience = new AbortController();
    const late = this.#options.clock.sleep(quitMs, patience.signal).then(
      () => [...this.#all].forEach((connection) => connection.stop(new Error('the server did not answer QUIT'))),
      () => undefined,
    );
    await gone;
    patience.abort();
    await late;
  }
}

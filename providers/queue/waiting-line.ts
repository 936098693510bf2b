// Those who wait for messages of one queue: a new message wakes all who peek, and of those who receive one after the
// other, in the order in which they came.
import type { Clock } from 'mailspool/provider';
import type { StoredMessage } from './engine.ts';
import { QueueError } from './queue-error.ts';

interface Reader {
  /** Peeks, or takes one; `undefined`: there is none for it. */
  readonly attempt: () => Promise<StoredMessage | undefined>;
  /** Whoever takes keeps others from what is there. */
  readonly takes: boolean;
  /** While it is being tried it does not end: what was taken for it would be lost. */
  isTried: boolean;
  ended?: { readonly error: unknown };
  resolve(message: StoredMessage): void;
  reject(error: unknown): void;
}

export interface Attempt {
  readonly attempt: () => Promise<StoredMessage | undefined>;
  readonly takes: boolean;
  /** `undefined`: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signals: readonly AbortSignal[];
}

export class WaitingLine {
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  #isServing = false;
  #hasNews = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ETIMEDOUT, or a signal's reason */
  async wait({ attempt, takes, timeoutMs, signals }: Attempt): Promise<StoredMessage> {
    for (const signal of signals) signal.throwIfAborted();
    // Nobody who comes later is served before those who wait.
    const first = takes && [...this.#readers].some((reader) => reader.takes) ? undefined : await attempt();
    if (first) return first;
    if (timeoutMs === 0) throw timedOut();
    const over = new AbortController();
    try {
      return await new Promise<StoredMessage>((resolve, reject) => {
        const reader: Reader = { attempt, takes, isTried: false, resolve, reject };
        this.#readers.add(reader);
        over.signal.addEventListener('abort', () => this.#readers.delete(reader), { once: true });
        for (const signal of signals)
          if (signal.aborted) end(reader, signal.reason);
          else signal.addEventListener('abort', () => end(reader, signal.reason), { once: true, signal: over.signal });
        if (timeoutMs !== undefined) this.#clock.sleep(timeoutMs, over.signal).then(() => end(reader, timedOut()), ignore);
        // What came between the first look and this line.
        this.arrived();
      });
    } finally {
      over.abort();
    }
  }

  arrived(): void {
    this.#hasNews = true;
    if (!this.#isServing) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    while (this.#hasNews) {
      this.#hasNews = false;
      await Promise.all([...this.#readers].filter(({ takes }) => !takes).map(async (reader) => await this.#try(reader)));
      for (const reader of this.#readers) if (reader.takes && !(await this.#try(reader))) break;
    }
    this.#isServing = false;
  }

  /** Whether the next one may have a turn: this one got a message, or waits no longer. */
  async #try(reader: Reader): Promise<boolean> {
    if (reader.ended) return true;
    reader.isTried = true;
    try {
      const message = await reader.attempt();
      if (message) reader.resolve(message);
      else if (reader.ended) reader.reject((reader.ended as { readonly error: unknown }).error);
      else return false;
    } catch (error) {
      reader.reject(error);
    } finally {
      reader.isTried = false;
    }
    this.#readers.delete(reader);
    return true;
  }
}

function end(reader: Reader, error: unknown): void {
  reader.ended ??= { error };
  if (!reader.isTried) reader.reject(error);
}

const timedOut = (): QueueError => new QueueError('ETIMEDOUT', 'no message came in time');

const ignore = (): undefined => undefined;

// The messages that wait in a slot, in order of arrival, and those who wait for one.
import type { Clock } from 'mailspool/provider';
import { MailslotBufferTooSmallError } from './errors.ts';
import type { MailslotMessage } from './message.ts';

export interface QueueBounds {
  /** Datagrams beyond that are dropped and counted; local writers wait. */
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

interface Reader {
  readonly maxBytes: number;
  resolve(message: MailslotMessage | undefined): void;
  reject(error: unknown): void;
}

export class MessageQueue {
  readonly #bounds: QueueBounds;
  #messages: (MailslotMessage | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  readonly #readers = new Set<Reader>();
  #writers: (() => void)[] = [];
  #closed: Error | undefined;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#messages.length - this.#head;
  }

  /** In bytes. */
  get nextSize(): number | undefined {
    return this.#messages[this.#head]?.data.length;
  }

  /** One message always fits, however large. */
  hasRoomFor(bytes: number): boolean {
    if (this.count === 0) return true;
    return this.count < this.#bounds.maxQueuedMessages && this.#bytes + bytes <= this.#bounds.maxQueuedBytes;
  }

  put(message: MailslotMessage): void {
    if (this.#closed) throw this.#closed;
    this.#messages.push(message);
    this.#bytes += message.data.length;
    for (const reader of this.#readers) {
      if (this.count === 0) return;
      this.#serve(reader);
    }
  }

  /** Resolves when a message is taken, or the queue closes. */
  room(): Promise<void> {
    return this.#closed ? Promise.resolve() : new Promise((resolve) => this.#writers.push(resolve));
  }

  /**
   * The next message; `undefined` if there is none within `timeoutMs`.
   * @throws EINSUFFICIENTBUFFER, what the queue was closed with, or a signal's reason
   */
  async take(clock: Clock, timeoutMs: number, maxBytes: number, signals: readonly AbortSignal[]): Promise<MailslotMessage | undefined> {
    for (const signal of signals) signal.throwIfAborted();
    if (this.#closed) throw this.#closed;
    if (this.count > 0) return this.#next(maxBytes);
    if (timeoutMs <= 0) return undefined;
    const over = new AbortController();
    try {
      return await new Promise<MailslotMessage | undefined>((resolve, reject) => {
        const reader: Reader = { maxBytes, resolve, reject };
        this.#readers.add(reader);
        over.signal.addEventListener('abort', () => this.#readers.delete(reader), { once: true });
        for (const signal of signals) signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: over.signal });
        if (timeoutMs === Number.POSITIVE_INFINITY) return;
        clock.sleep(timeoutMs, over.signal).then(
          () => resolve(undefined),
          () => undefined,
        );
      });
    } finally {
      over.abort();
    }
  }

  close(error: Error): void {
    this.#closed ??= error;
    this.#messages = [];
    this.#head = 0;
    this.#bytes = 0;
    for (const { reject } of this.#readers) reject(error);
    this.#readers.clear();
    this.#wakeWriters();
  }

  #serve(reader: Reader): void {
    this.#readers.delete(reader);
    try {
      reader.resolve(this.#next(reader.maxBytes));
    } catch (error) {
      reader.reject(error);
    }
  }

  #next(maxBytes: number): MailslotMessage | undefined {
    const message = this.#messages[this.#head];
    if (message && message.data.length > maxBytes) throw new MailslotBufferTooSmallError(message.data.length, maxBytes);
    this.#messages[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= message?.data.length ?? 0;
    if (this.#head > 1_024 && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    this.#wakeWriters();
    return message;
  }

  #wakeWriters(): void {
    for (const wake of this.#writers.splice(0)) wake();
  }
}

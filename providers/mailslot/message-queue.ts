// The messages that wait in a slot, in order of arrival, and those who wait for one.
import type { Clock } from 'mailspool/provider';
import { MailslotBufferTooSmallError } from './errors.ts';
import type { MailslotMessage } from './message.ts';

export interface QueueBounds {
  /** Datagrams beyond that are dropped and counted; local writers wait. */
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

export interface Wait {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Who waits; see {@link MessageQueue.release}. */
  readonly owner: object;
}

interface Reader extends Pick<Wait, 'maxBytes' | 'owner'> {
  resolve(message: MailslotMessage | undefined): void;
  reject(error: unknown): void;
}

export class MessageQueue {
  readonly #bounds: QueueBounds;
  #messages: (MailslotMessage | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** In order of their calls. */
  #readers: Reader[] = [];
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
    const [reader] = this.#readers;
    // Who waits gets it at once: nothing else is there, or nobody would wait.
    if (reader && message.data.length <= reader.maxBytes) return reader.resolve(message);
    this.#messages.push(message);
    this.#bytes += message.data.length;
    while (this.#readers[0] && this.count > 0) this.#serve(this.#readers[0]);
  }

  /** Resolves when a message is taken, or the queue closes. */
  room(): Promise<void> {
    return this.#closed ? Promise.resolve() : new Promise((resolve) => this.#writers.push(resolve));
  }

  /**
   * The next message; `undefined` if there is none within `timeoutMs`.
   * @throws EINSUFFICIENTBUFFER, what the queue was closed or the owner released with, or the signal's reason
   */
  async take(wait: Wait): Promise<MailslotMessage | undefined> {
    wait.signal?.throwIfAborted();
    if (this.#closed) throw this.#closed;
    if (this.count > 0) return this.#next(wait.maxBytes);
    return wait.timeoutMs > 0 ? await this.#waits(wait) : undefined;
  }

  /** Nobody waits for that owner any more. */
  release(owner: object, error: Error): void {
    for (const reader of this.#readers.filter((one) => one.owner === owner)) reader.reject(error);
  }

  close(error: Error): void {
    this.#closed ??= error;
    this.#messages = [];
    this.#head = 0;
    this.#bytes = 0;
    for (const { reject } of [...this.#readers]) reject(error);
    this.#wakeWriters();
  }

  #waits({ clock, timeoutMs, maxBytes, signal, owner }: Wait): Promise<MailslotMessage | undefined> {
    return new Promise((resolve, reject) => {
      const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : new AbortController();
      const end = (): void => {
        this.#leaves(reader);
        signal?.removeEventListener('abort', gaveUp);
        timer?.abort();
      };
      const reader: Reader = {
        maxBytes,
        owner,
        resolve: (message) => {
          end();
          resolve(message);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const gaveUp = (): void => reader.reject(signal?.reason);
      this.#readers.push(reader);
      signal?.addEventListener('abort', gaveUp);
      if (timer)
        clock.sleep(timeoutMs, timer.signal).then(
          () => reader.resolve(undefined),
          () => undefined,
        );
    });
  }

  #leaves(reader: Reader): void {
    if (this.#readers[0] === reader) this.#readers.shift();
    else this.#readers = this.#readers.filter((one) => one !== reader);
  }

  #serve(reader: Reader): void {
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
    if (this.#writers.length > 0) for (const wake of this.#writers.splice(0)) wake();
  }
}

// The owner's handle: only who created the slot, or was given a duplicate, reads, inspects and changes it (S-012).
import type { MessagePort } from 'node:worker_threads';
import { type Clock, MailspoolError } from 'mailspool/provider';
import { MailslotClosedError } from './errors.ts';
import type { MailslotMessage } from './message.ts';
import type { MailslotAddress } from './name.ts';
import { serveHandle } from './passed-on.ts';
import type { ReadTimeout, Slot } from './slot.ts';

export interface ReadOptions {
  /** A larger message stays where it is (S-031). Default: no limit. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** `GetMailslotInfo`. Sizes in bytes. */
export interface MailslotInfo {
  /** 0: any size. */
  readonly maxMessageSize: number;
  readonly nextMessageSize?: number;
  readonly messageCount: number;
  readonly readTimeout: ReadTimeout;
  /** Datagrams that found no room (S-038). */
  readonly dropped: number;
}

/** An owner's handle of a mailslot (Win32 page *About Mailslots*). The slot vanishes with its last handle. */
export interface Mailslot extends AsyncIterable<MailslotMessage>, AsyncDisposable {
  readonly address: MailslotAddress;
  readonly createdAt: Date;
  /**
   * The next message, whole and removed; `undefined` if there is none within the slot's read timeout.
   * @throws EINSUFFICIENTBUFFER, EINVALIDOBJECT once it is closed, or the signal's reason
   */
  read(options?: ReadOptions): Promise<MailslotMessage | undefined>;
  /** @throws EINVALIDOBJECT */
  info(): MailslotInfo;
  /** The slot has one timeout for all its handles; reads that wait already keep theirs (S-035). @throws EINVALIDOBJECT, EINVALID */
  setReadTimeout(timeout: ReadTimeout): void;
  /** Another handle on the same slot. @throws EINVALIDOBJECT */
  duplicate(): Mailslot;
  /**
   * Hands this handle on to another thread, which takes it with `receiveMailslot`; here it is closed afterwards. The slot stays in
   * this thread. @throws EINVALIDOBJECT
   */
  transfer(port: MessagePort): Promise<void>;
  close(): Promise<void>;
}

/** @throws EINVALID */
export function checkedTimeout(timeout: ReadTimeout): ReadTimeout {
  if (timeout !== 'forever' && !(Number.isFinite(timeout) && timeout >= 0))
    throw new MailspoolError('EINVALID', `a read timeout is a number of milliseconds, 0 or more, or 'forever', not ${timeout}`, {
      field: 'readTimeout',
    });
  return timeout;
}

export class OwnerHandle implements Mailslot {
  readonly #slot: Slot;
  readonly #clock: Clock;
  readonly #whenGone: (slot: Slot) => Promise<void>;
  readonly #closing = new AbortController();
  #gone: Promise<void> = Promise.resolve();

  /** `whenGone` gives the name back. */
  constructor(slot: Slot, clock: Clock, whenGone: (slot: Slot) => Promise<void>) {
    this.#slot = slot;
    this.#clock = clock;
    this.#whenGone = whenGone;
    slot.hold();
  }

  get address(): MailslotAddress {
    return this.#slot.address;
  }

  get createdAt(): Date {
    return new Date(this.#slot.createdAt);
  }

  async read({ maxBytes = Number.POSITIVE_INFINITY, signal }: ReadOptions = {}): Promise<MailslotMessage | undefined> {
    const { readTimeout } = this.#slot;
    return await this.#take(readTimeout === 'forever' ? Number.POSITIVE_INFINITY : readTimeout, maxBytes, signal);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MailslotMessage> {
    while (!this.#closing.signal.aborted) {
      let message: MailslotMessage | undefined;
      try {
        message = await this.#take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        throw error;
      }
      if (message) yield message;
    }
  }

  info(): MailslotInfo {
    this.#check();
    const { queue, readTimeout, dropped, settings } = this.#slot;
    const { nextSize } = queue;
    return {
      maxMessageSize: settings.maxMessageSize,
      ...(nextSize !== undefined && { nextMessageSize: nextSize }),
      messageCount: queue.count,
      readTimeout,
      dropped,
    };
  }

  setReadTimeout(timeout: ReadTimeout): void {
    this.#check();
    this.#slot.readTimeout = checkedTimeout(timeout);
  }

  duplicate(): Mailslot {
    this.#check();
    return new OwnerHandle(this.#slot, this.#clock, this.#whenGone);
  }

  async transfer(port: MessagePort): Promise<void> {
    serveHandle(this.duplicate(), port);
    await this.close();
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      const error = new MailslotClosedError(this.address);
      this.#closing.abort(error);
      this.#slot.queue.release(this, error);
      this.#slot.letGo();
      if (this.#slot.closed.aborted) this.#gone = this.#whenGone(this.#slot);
    }
    await this.#gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws at once where the handle is closed */
  #take(timeoutMs: number, maxBytes: number, signal?: AbortSignal): Promise<MailslotMessage | undefined> {
    this.#check();
    return this.#slot.queue.take({ clock: this.#clock, timeoutMs, maxBytes, signal, owner: this });
  }

  #check(): void {
    this.#closing.signal.throwIfAborted();
  }
}

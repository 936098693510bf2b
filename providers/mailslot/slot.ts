// A slot: its queue, its one read timeout, and those who hold and write to it. It lives as long as its last owner handle.
import { abortable, type Clock, type Instant } from 'mailspool/provider';
import { MailslotClosedError, MailslotMessageTooLargeError } from './errors.ts';
import type { MailslotMessage } from './message.ts';
import { MessageQueue, type QueueBounds } from './message-queue.ts';
import { type MailslotAddress, slotKey } from './name.ts';

export type ReadTimeout = number | 'forever';

/** Who on this computer may write. */
export type MailslotAccess = 'owner' | 'group' | 'everyone';

export interface SlotSettings extends QueueBounds {
  readonly maxMessageSize: number;
  readonly readTimeout: ReadTimeout;
  readonly access: MailslotAccess;
}

export class Slot {
  readonly address: MailslotAddress;
  readonly key: string;
  readonly settings: SlotSettings;
  readonly createdAt: Instant;
  readonly queue: MessageQueue;
  /** Datagrams that came and found no room (S-038). */
  dropped = 0;
  readTimeout: ReadTimeout;
  /** Gives the name back to this computer's other processes. */
  release: () => Promise<void> = () => Promise.resolve();
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #owners = 0;

  constructor(address: MailslotAddress, settings: SlotSettings, clock: Clock) {
    this.address = address;
    this.key = slotKey(address.path);
    this.settings = settings;
    this.readTimeout = settings.readTimeout;
    this.createdAt = clock.now();
    this.queue = new MessageQueue(settings);
    this.#clock = clock;
  }

  /** Aborts when the slot is gone. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  hold(): void {
    this.#owners += 1;
  }

  /** Without owners the slot, its name and its unread messages vanish (S-008). */
  letGo(): void {
    this.#owners -= 1;
    if (this.#owners === 0) this.end();
  }

  end(): void {
    const error = new MailslotClosedError(this.address);
    this.#closing.abort(error);
    this.queue.close(error);
  }

  /** A local write: stored when it resolves, waits while the queue is full. @throws EMAXSIZE, EINVALIDOBJECT, the signal's reason */
  async store(data: Uint8Array, signal?: AbortSignal): Promise<void> {
    while (!this.storeNow(data)) await (signal ? abortable(this.queue.room(), signal) : this.queue.room());
  }

  /** Whether there was room. @throws EMAXSIZE, EINVALIDOBJECT */
  storeNow(data: Uint8Array): boolean {
    this.closed.throwIfAborted();
    this.checkSize(data.length);
    if (!this.queue.hasRoomFor(data.length)) return false;
    this.queue.put({ data, receivedAt: this.#clock.now(), via: 'local' });
    return true;
  }

  /** A datagram: without room it is dropped and counted. */
  offer(data: Uint8Array, datagram: NonNullable<MailslotMessage['datagram']>): boolean {
    const { maxMessageSize } = this.settings;
    const fits = (maxMessageSize === 0 || data.length <= maxMessageSize) && this.queue.hasRoomFor(data.length);
    if (fits && !this.closed.aborted) this.queue.put({ data, receivedAt: this.#clock.now(), via: 'datagram', datagram });
    else this.dropped += 1;
    return fits;
  }

  checkSize(bytes: number): void {
    const { maxMessageSize } = this.settings;
    if (maxMessageSize > 0 && bytes > maxMessageSize) throw new MailslotMessageTooLargeError('EMAXSIZE', this.address, bytes, maxMessageSize);
  }
}

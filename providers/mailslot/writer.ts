// The writer's handle, and how a message gets from it into a slot of this computer.
import type { Socket } from 'node:net';
import { abortable, MailspoolError } from 'mailspool/provider';
import { MailslotClosedError, MailslotMessageTooLargeError } from './errors.ts';
import { encodeLocal, kind, LocalFrames, reply } from './local/local-frame.ts';
import type { MailslotAddress } from './name.ts';
import type { Slot } from './slot.ts';

export interface MailslotWritten {
  /** The message's length. */
  readonly bytes: number;
  /** `stored`: it waits in the slot. `relayed`: it was handed to the network, which answers for nothing (S-027). */
  readonly outcome: 'stored' | 'relayed';
}

/** A writer's handle of a mailslot. */
export interface MailslotWriter extends AsyncDisposable {
  readonly address: MailslotAddress;
  /** Larger messages are refused; 0: any size. */
  readonly maxMessageSize: number;
  /**
   * One message, whole or not at all. A full local slot lets the writer wait, which `signal` ends.
   * @throws EBADNETPATH, EMAXSIZE, EINVALIDOBJECT once the slot is gone, ENETWORK, or the signal's reason
   */
  write(data: Uint8Array | string, options?: { readonly signal?: AbortSignal }): Promise<MailslotWritten>;
  close(): Promise<void>;
}

const bytesOf = (data: Uint8Array | string): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);

/** To a slot of this very process. */
export function directWriter(slot: Slot): MailslotWriter {
  const closing = new AbortController();
  const close = async () => closing.abort(new MailslotClosedError(slot.address));
  return {
    address: slot.address,
    maxMessageSize: slot.settings.maxMessageSize,
    write: async (data, { signal } = {}) => {
      closing.signal.throwIfAborted();
      signal?.throwIfAborted();
      // Whoever writes may use its buffer again.
      const bytes = Uint8Array.from(bytesOf(data));
      await slot.store(bytes, signal);
      return { bytes: bytes.length, outcome: 'stored' };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Pending {
  readonly bytes: number;
  resolve(written: MailslotWritten): void;
  reject(error: unknown): void;
}

/** To a slot of another process of this computer. */
export class SocketWriter implements MailslotWriter {
  readonly address: MailslotAddress;
  maxMessageSize = 0;
  readonly #socket: Socket;
  readonly #pending: Pending[] = [];
  #error: Error | undefined;

  /** @throws EINVALIDOBJECT if the slot goes while it greets */
  static async open(address: MailslotAddress, socket: Socket): Promise<SocketWriter> {
    const writer = new SocketWriter(address, socket);
    await writer.#greeted();
    return writer;
  }

  private constructor(address: MailslotAddress, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    socket.unref();
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail());
  }

  async write(data: Uint8Array | string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<MailslotWritten> {
    signal?.throwIfAborted();
    if (this.#error) throw this.#error;
    const bytes = bytesOf(data);
    if (this.maxMessageSize > 0 && bytes.length > this.maxMessageSize)
      throw new MailslotMessageTooLargeError('EMAXSIZE', this.address, bytes.length, this.maxMessageSize);
    const written = this.#pends(bytes.length);
    this.#send(bytes);
    // What is under way cannot be taken back: the slot has it, or will.
    return await (signal ? abortable(written, signal) : written);
  }

  close(): Promise<void> {
    this.#fail();
    this.#socket.destroy();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #pends(bytes: number): Promise<MailslotWritten> {
    this.#socket.ref();
    return new Promise((resolve, reject) => this.#pending.push({ bytes, resolve, reject }));
  }

  #send(bytes: Uint8Array): void {
    const socket = this.#socket;
    const [head = Buffer.alloc(0)] = encodeLocal(kind.write, bytes);
    // One packet for small ones, no copy for large ones; either way the caller may use its buffer again.
    if (bytes.length < 16_384) socket.write(Buffer.concat([head, bytes]));
    else {
      socket.write(head);
      socket.write(Uint8Array.from(bytes));
    }
  }

  async #greeted(): Promise<void> {
    const frames = new LocalFrames(64);
    const greet = (chunk: Buffer): void => {
      for (const { kind: frameKind, body } of frames.push(chunk)) {
        this.#socket.off('data', greet);
        if (frameKind !== kind.greeting || body.length !== 8)
          return this.#fail(new MailspoolError('EPROTOCOL', 'what answers at the mailslot’s socket is no mailslot'));
        this.maxMessageSize = Number(body.readBigUInt64BE());
        this.#socket.on('data', (replies) => this.#replied(replies));
        this.#settle((pending) => pending.resolve({ bytes: 0, outcome: 'stored' }));
      }
    };
    this.#socket.on('data', greet);
    await this.#pends(0);
  }

  #replied(replies: Buffer): void {
    for (const code of replies)
      this.#settle((pending) => {
        if (code === reply.stored) pending.resolve({ bytes: pending.bytes, outcome: 'stored' });
        else pending.reject(new MailslotMessageTooLargeError('EMAXSIZE', this.address, pending.bytes, this.maxMessageSize));
      });
  }

  #settle(how: (pending: Pending) => void): void {
    const pending = this.#pending.shift();
    if (pending) how(pending);
    if (this.#pending.length === 0) this.#socket.unref();
  }

  #fail(cause?: unknown): void {
    this.#error ??= new MailslotClosedError(this.address, cause);
    for (const { reject } of this.#pending.splice(0)) reject(this.#error);
  }
}

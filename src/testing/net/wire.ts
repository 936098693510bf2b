// One connection of a fake server: bounded reading by line, by count and by chunk, writing with back-pressure, TLS in
// the middle. For the sessions of the fakes, which read it as a story: ask, wait, answer. It never throws because the
// other side is gone: reading gives undefined, writing does nothing.
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Clock } from '../../time/clock.ts';
import { Bending, type Bend } from './bending.ts';

/** Bytes read ahead before the socket is paused. */
const readAheadBytes = 256 * 1024;
const empty: Buffer = Buffer.alloc(0);
const lineFeed = 10;
const carriageReturn = 13;

export interface Line {
  readonly bytes: Buffer;
  /** False if it ended in a bare LF. */
  readonly crlf: boolean;
  /** True if it was longer than allowed; `bytes` is its beginning, the rest was thrown away. */
  readonly tooLong: boolean;
}

export class Wire {
  /** Aborts when the connection is gone. */
  readonly gone: AbortSignal;
  /** The client's IP address. */
  readonly address: string;
  readonly #gone = new AbortController();
  #socket: Socket;
  #buffer: Buffer = empty;
  #ended = false;
  #wake: (() => void) | undefined;
  #bending: Bending | undefined;

  constructor(socket: Socket) {
    this.address = socket.remoteAddress ?? '';
    this.gone = this.#gone.signal;
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#attach(socket);
  }

  /** Resolves when the connection is gone. */
  async whenGone(): Promise<void> {
    if (!this.gone.aborted) await new Promise((resolve) => this.gone.addEventListener('abort', resolve, { once: true }));
  }

  get secure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** The next line without its end; undefined when the other side is gone. */
  async line(maxBytes: number): Promise<Line | undefined> {
    for (let tooLong = false, head = empty; ;) {
      const end = this.#buffer.indexOf(lineFeed);
      if (end >= 0) {
        const crlf = end > 0 && this.#buffer[end - 1] === carriageReturn;
        const bytes = this.#take(end + 1).subarray(0, crlf ? end - 1 : end);
        return { bytes: tooLong ? head : bytes.subarray(0, maxBytes), crlf, tooLong: tooLong || bytes.length > maxBytes };
      }
      if (this.#buffer.length > maxBytes) {
        if (!tooLong) head = Buffer.from(this.#buffer.subarray(0, maxBytes));
        tooLong = true;
        this.#take(this.#buffer.length - 1);
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** Whatever has arrived, at least one byte; undefined when the other side is gone. */
  async chunk(): Promise<Buffer | undefined> {
    while (this.#buffer.length === 0) if (!(await this.#more())) return undefined;
    return this.#take(this.#buffer.length);
  }

  /** Exactly `count` bytes; undefined when the other side is gone before that. */
  async exactly(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0;) {
      const chunk = await this.chunk();
      if (!chunk) return undefined;
      parts.push(chunk.subarray(0, missing));
      if (chunk.length > missing) this.unread(chunk.subarray(missing));
      missing -= Math.min(missing, chunk.length);
    }
    return Buffer.concat(parts, count);
  }

  /** Reads so many bytes and throws them away; undefined when the other side is gone before that. */
  async skip(count: number): Promise<'skipped' | undefined> {
    for (let left = count; left > 0;) {
      const chunk = await this.chunk();
      if (!chunk) return undefined;
      if (chunk.length > left) this.unread(chunk.subarray(left));
      left -= chunk.length;
    }
    return 'skipped';
  }

  /** Puts back what was read too much. */
  unread(rest: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? rest : Buffer.concat([rest, this.#buffer]);
  }

  /** What is written from now on goes out as `bend` says; without one, as usual again. */
  bend(bend: Bend | undefined, clock: Clock): void {
    const out = { send: (bytes: Uint8Array) => this.#sent(bytes), drop: () => this.drop(), hangUp: () => this.hangUp(), gone: this.gone };
    this.#bending = bend && Object.keys(bend).length > 0 ? new Bending(out, clock, bend) : undefined;
  }

  /** Resolves when the socket wants more. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#bending) return this.#bending.write(typeof data === 'string' ? Buffer.from(data) : data);
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || socket.write(data)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  /** Throws away what arrived and was not read: before TLS, what was said in the clear must not count (RFC 3207 section 6). */
  discard(): void {
    this.#buffer = empty;
  }

  /** Goes on in TLS. False if the handshake failed. */
  startTls(secureContext: SecureContext): Promise<boolean> {
    const plain = this.#socket;
    if (plain.destroyed) return Promise.resolve(false);
    plain.removeAllListeners('data').removeAllListeners('end').pause();
    // The client may have begun already.
    if (this.#buffer.length > 0) plain.unshift(this.#buffer);
    this.#buffer = empty;
    const socket = new TLSSocket(plain, { isServer: true, secureContext });
    this.#socket = socket;
    return new Promise((resolve) => {
      socket.once('secure', () => resolve(true));
      for (const event of ['error', 'close']) socket.once(event, () => resolve(false));
      plain.once('close', () => socket.destroy());
      this.#attach(socket);
    });
  }

  /** Sends what is written, then closes. */
  end(): void {
    this.#socket.end();
    this.#socket.once('finish', () => this.#socket.destroy());
  }

  /** Sends what is written and closes; what the client still says is not heard. A reset could overtake what was said. */
  async hangUp(): Promise<void> {
    await this.#sent(empty);
    this.#socket.end();
    this.#socket.removeAllListeners('data').resume();
    this.#deaf();
  }

  /** Cuts the line in mid-air: the other side sees a reset. */
  drop(): void {
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    this.#deaf();
  }

  /** Resolves when the bytes and all before them have left for the kernel, or cannot any more. */
  #sent(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      if (socket.destroyed || socket.writableEnded) resolve();
      else socket.write(bytes, () => resolve());
    });
  }

  #attach(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
      if (this.#buffer.length >= readAheadBytes) socket.pause();
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => this.#end());
    socket.on('close', () => {
      this.#end();
      this.#gone.abort(new Error('connection closed'));
    });
  }

  /** What was read ahead is not heard either. */
  #deaf(): void {
    this.#buffer = empty;
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #take(count: number): Buffer {
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    if (this.#buffer.length < readAheadBytes && this.#socket.isPaused()) this.#socket.resume();
    return taken;
  }

  /** False when nothing more will come. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    return true;
  }
}

// The message on its way into DATA. nodemailer's stream after it doubles dots and turns a bare CR or LF into CRLF; this
// one knows when the final dot may go, and asks first.
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';

export interface BodySource {
  /** Small content as a whole, large content as a stream; opened when the server wants it. */
  readonly content: Uint8Array | (() => Readable);
  /** Called right before the final dot; a rejection keeps the dot back. */
  readonly handingOver: () => Promise<void>;
  /** Called whenever the message moves on. */
  readonly moved: (to: 'body' | 'final') => void;
  /** Called instead of the final dot. */
  readonly failed: (error: unknown) => void;
}

/**
 * A Readable only in name: `pipe` writes into the data stream itself, so that a message of a few KiB is one write and
 * the final dot waits for `handingOver`. Ends nothing if anything fails.
 */
export class MessageBody extends Readable {
  readonly #source: BodySource;
  #data: Writable | undefined;
  #reading: Readable | undefined;
  #stop: AbortController | undefined;
  #ended = false;

  constructor(source: BodySource) {
    super();
    this.#source = source;
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    this.#data = destination as unknown as Writable;
    this.#pump(this.#data).catch((error: unknown) => this.#source.failed(error));
    return destination;
  }

  /** Whether DATA was accepted and the message is under way. */
  get started(): boolean {
    return this.#data !== undefined;
  }

  /**
   * Whether the final dot may have left: all was written, and nothing waits in the data stream in front of the socket
   * (T-022). In doubt it has left.
   */
  get dotLeft(): boolean {
    const data = this.#data as (Writable & Partial<Readable>) | undefined;
    return this.#ended && data !== undefined && data.writableLength === 0 && (data.readableLength ?? 0) === 0;
  }

  async #pump(data: Writable): Promise<void> {
    const { content, handingOver, moved } = this.#source;
    moved('body');
    if (content instanceof Uint8Array) {
      await handingOver();
      this.#end(data, content);
      return;
    }
    this.#stop = new AbortController();
    this.#reading = content();
    for await (const chunk of this.#reading) {
      if (!data.write(chunk)) await once(data, 'drain', { signal: this.#stop.signal });
      moved('body');
    }
    await handingOver();
    this.#end(data);
  }

  #end(data: Writable, content?: Uint8Array): void {
    if (this.destroyed) return;
    this.#source.moved('final');
    this.#ended = true;
    if (content === undefined) data.end();
    else data.end(content);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop?.abort();
    this.#reading?.destroy();
    callback(error);
  }
}

// The bytes of a stored message as processors and providers see them. The reader is watched: whether everything was
// read decides what a plain failure means (T-019).
import { Readable } from 'node:stream';
import { isMailspoolError, MailspoolError } from '../errors.ts';
import type { Content } from '../message/message.ts';
import type { ContentRef, MessageStore } from '../store/message-store.ts';

export class StoredContent implements Content {
  readonly sizeBytes: number;
  /** All bytes were taken: from here on they may have been sent. */
  readToEnd = false;
  /** The store could not give the bytes as they were written: damaged, or gone. */
  lost: MailspoolError | undefined;
  readonly #store: MessageStore;
  readonly #ref: ContentRef;
  readonly #inline: Uint8Array | undefined;
  readonly #onBytes: ((count: number) => void) | undefined;
  readonly #open = new Set<Readable>();
  #revoked = false;

  constructor(store: MessageStore, ref: ContentRef, inline?: Uint8Array, onBytes?: (count: number) => void) {
    this.#store = store;
    this.#ref = ref;
    this.#inline = inline;
    this.#onBytes = onBytes;
    this.sizeBytes = ref.sizeBytes;
  }

  stream(): Readable {
    this.#check();
    const stream = Readable.from(this.#watched(this.#inline ? [this.#inline] : this.#store.readContent(this.#ref)), { objectMode: false });
    this.#open.add(stream);
    stream.once('close', () => this.#open.delete(stream));
    return stream;
  }

  async bytes(maxBytes: number = defaultMaxBytes): Promise<Uint8Array> {
    this.#check();
    if (this.sizeBytes > maxBytes) throw new MailspoolError('ETOOLARGE', `the content has ${this.sizeBytes} bytes, more than ${maxBytes}`);
    if (this.#inline) {
      this.readToEnd = true;
      this.#onBytes?.(this.#inline.byteLength);
      return this.#inline;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#watched(this.#store.readContent(this.#ref))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Ends every stream and refuses new ones. */
  revoke(): void {
    this.#revoked = true;
    for (const stream of this.#open) stream.destroy(new MailspoolError('EINVALIDOBJECT', 'the call that this content was for has ended'));
  }

  async *#watched(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        this.#check();
        this.#onBytes?.(chunk.byteLength);
        yield chunk;
      }
    } catch (error) {
      if (isMailspoolError(error) && lostCodes.has(error.code)) this.lost = error;
      throw error;
    }
    this.readToEnd = true;
  }

  #check(): void {
    if (this.#revoked) throw new MailspoolError('EINVALIDOBJECT', 'the call that this content was for has ended');
  }
}

const lostCodes: ReadonlySet<string> = new Set(['ECORRUPT', 'ENOTFOUND']);

/** `bytes()` refuses more than this unless told: larger content is streamed. */
export const defaultMaxBytes = 64 * 1024 * 1024;

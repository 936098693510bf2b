// Streams that one side of a connection keeps and the other reads: pulled piece by piece, so that neither side buffers
// more than one answer, and in whatever order the reader likes.
import { Readable } from 'node:stream';
import { MailspoolError } from '../../errors.ts';
import { nextTurn } from '../../time/turn.ts';

/** At most so many are kept open for the other side. */
const mostStreams = 256;
/** Items that are there already travel together, up to so many and so long. */
const itemsPerAnswer = 100;
const charactersPerAnswer = 1_000_000;

interface Kept {
  readonly iterator: AsyncIterator<unknown>;
  readonly end: () => void;
  pending?: Promise<IteratorResult<unknown>>;
}

export interface Piece {
  readonly values: readonly unknown[];
  readonly done: boolean;
}

export class OfferedStreams {
  readonly #kept = new Map<number, Kept>();
  #last = 0;

  /** `end` runs once the stream is read to its end, closed, or lost with the connection. */
  offer(source: AsyncIterable<unknown>, end: () => void): number {
    if (this.#kept.size >= mostStreams)
      throw new MailspoolError('EBUSY', `more than ${mostStreams} streams are open on one connection`, { temporary: true });
    const number = ++this.#last;
    this.#kept.set(number, { iterator: source[Symbol.asyncIterator](), end });
    return number;
  }

  async read(number: number): Promise<Piece> {
    const kept = this.#kept.get(number);
    if (kept === undefined) throw new MailspoolError('EINVALIDOBJECT', 'the stream is closed');
    try {
      const piece = await gathered(kept);
      if (piece.done) this.#forget(number, kept);
      return piece;
    } catch (error) {
      this.#forget(number, kept);
      throw error;
    }
  }

  close(number: number): void {
    const kept = this.#kept.get(number);
    if (kept === undefined) return;
    this.#forget(number, kept);
    kept.pending?.catch(() => undefined);
    kept.iterator.return?.().catch(() => undefined);
  }

  closeAll(): void {
    for (const number of [...this.#kept.keys()]) this.close(number);
  }

  #forget(number: number, kept: Kept): void {
    this.#kept.delete(number);
    kept.end();
  }
}

/** Waits for the first item, then takes what needs no waiting. Bytes come one piece at a time. */
async function gathered(kept: Kept): Promise<Piece> {
  const values: unknown[] = [];
  for (let length = 0; values.length < itemsPerAnswer && length < charactersPerAnswer; length += lengthOf(values.at(-1))) {
    kept.pending ??= kept.iterator.next();
    const result = values.length === 0 ? await kept.pending : await Promise.race([kept.pending, nextTurn()]);
    if (result === undefined) break;
    delete kept.pending;
    if (result.done) return { values, done: true };
    values.push(result.value);
    if (result.value instanceof Uint8Array) break;
  }
  return { values, done: false };
}

const lengthOf = (value: unknown): number => JSON.stringify(value)?.length ?? 0;

/** What the other side offers, read through `read`; given back with `close`, also while a read is still pending. */
export function pulled(read: () => Promise<Piece>, close: () => void): AsyncIterableIterator<unknown> {
  let values: unknown[] = [];
  let done = false;
  const ending = new AbortController();
  const ended = new Promise<undefined>((resolve) => ending.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  const iterator: AsyncIterableIterator<unknown> = {
    async next() {
      while (values.length === 0 && !done) {
        const reading = read();
        const piece = await Promise.race([reading, ended]);
        if (piece === undefined) reading.catch(() => undefined);
        values = [...(piece?.values ?? [])];
        done ||= piece === undefined || piece.done;
      }
      return values.length > 0 && !ending.signal.aborted ? { done: false, value: values.shift() } : { done: true, value: undefined };
    },
    async return() {
      if (!done) close();
      done = true;
      ending.abort();
      return await Promise.resolve({ done: true as const, value: undefined });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** The same as a byte stream; destroying it gives the source back. */
export function pulledBytes(read: () => Promise<Piece>, close: () => void): Readable {
  return Readable.from(pulled(read, close), { objectMode: false });
}

// Values that JSON does not have: bytes, dates and streams travel as an object with one tag. Streams stay with their
// owner, and the other side reads them by number.
import { Readable } from 'node:stream';

/** Larger bytes and texts travel as a stream, so that lines stay short. */
export const inlineBytes = 256 * 1024;

export interface Encoding {
  /** Keeps a stream of ours for the other side to read; returns its number. */
  offer(source: AsyncIterable<unknown>): number;
}

export interface Decoding {
  /** The other side's stream as a local one. */
  openBytes(stream: number): Readable;
  openItems(stream: number): AsyncIterable<unknown>;
}

const tags = ['$bytes', '$date', '$stream', '$items', '$object'] as const;

export function encode(value: unknown, encoding: Encoding): unknown {
  if (typeof value === 'string')
    return value.length * 3 <= inlineBytes || Buffer.byteLength(value) <= inlineBytes ? value : streamed(Buffer.from(value), encoding);
  if (value instanceof Uint8Array) return value.length <= inlineBytes ? { $bytes: Buffer.from(value).toString('base64') } : streamed(value, encoding);
  if (value instanceof Readable) return { $stream: encoding.offer(pieces(value)) };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map((item) => encode(item, encoding));
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (Symbol.asyncIterator in value) return { $items: encoding.offer(value as AsyncIterable<unknown>) };
  const entries = Object.entries(value).map(([key, inner]) => [key, encode(inner, encoding)] as const);
  return isTag(entries.map(([key]) => key)) ? { $object: entries } : Object.fromEntries(entries);
}

const streamed = (bytes: Uint8Array, encoding: Encoding): unknown => ({ $stream: encoding.offer(pieces([bytes])) });

/** Bytes in pieces that fit a line. */
async function* pieces(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
    for (let from = 0; from < bytes.length; from += inlineBytes) yield bytes.subarray(from, from + inlineBytes);
  }
}

export function decode(value: unknown, decoding: Decoding): unknown {
  if (Array.isArray(value)) return value.map((item) => decode(item, decoding));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (!isTag(entries.map(([key]) => key))) return record(entries, decoding);
  const [key, inner] = entries[0] as [(typeof tags)[number], unknown];
  switch (key) {
    case '$bytes':
      return Buffer.from(String(inner), 'base64');
    case '$date':
      return new Date(Number(inner));
    case '$stream':
      return decoding.openBytes(Number(inner));
    case '$items':
      return decoding.openItems(Number(inner));
    case '$object':
      return record(Array.isArray(inner) ? inner.filter(isEntry) : [], decoding);
  }
}

const record = (entries: readonly (readonly [string, unknown])[], decoding: Decoding): unknown =>
  Object.fromEntries(entries.filter(([key]) => key !== '__proto__').map(([key, inner]) => [key, decode(inner, decoding)]));

const isEntry = (value: unknown): value is [string, unknown] => Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';

const isTag = (keys: readonly string[]): boolean => keys.length === 1 && (tags as readonly string[]).includes(keys[0] ?? '');

// The digest that says whether two submits with one idempotency key are the same: over the given fields and options and
// the bytes of attachments, before composing (T-009). Streams are hashed while they are read.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';

export interface DigestedInput {
  /** The message to compose instead: its streams are watched. */
  readonly message: SubmitMessage;
  /** SHA-256, hexadecimal. Call it when the streams were read. */
  digest(): Promise<string>;
}

export function digestedInput(message: SubmitMessage, options: SubmitOptions): DigestedInput {
  const streams: Hash[] = [];
  const watched = watchStreams(message, streams) as SubmitMessage;
  const { signal: _signal, idempotencyKey: _key, ...given } = options;
  return {
    message: watched,
    digest: async () => {
      const files = await Promise.all(pathsOf(message).map(fileDigest));
      const text = canonical({ message, given, files, streams: streams.map((hash) => hash.digest('hex')) });
      return createHash('sha256').update(text).digest('hex');
    },
  };
}

function watchStreams(value: unknown, hashes: Hash[]): unknown {
  if (value instanceof Readable) return hashing(value, hashes);
  if (Array.isArray(value)) return value.map((item) => watchStreams(item, hashes));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, watchStreams(item, hashes)]));
}

function hashing(source: Readable, hashes: Hash[]): Readable {
  const hash = createHash('sha256');
  hashes.push(hash);
  const watch = new Transform({
    transform: (chunk: Buffer | string, encoding, done) => {
      if (typeof chunk === 'string') hash.update(chunk, encoding);
      else hash.update(chunk);
      done(null, chunk);
    },
  });
  // Whoever reads it hears of the error; if nobody gets that far, the process must not end by it.
  watch.on('error', () => undefined);
  source.once('error', (error) => watch.destroy(error));
  return source.pipe(watch);
}

/** `path` of attachments, alternatives and raw: the bytes count, not the name alone. */
function pathsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(pathsOf);
  if (!isPlain(value)) return [];
  const own = typeof value['path'] === 'string' && !/^(?:https?|data):/i.test(value['path']) ? [value['path']] : [];
  return [...own, ...Object.values(value).flatMap(pathsOf)];
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `"sha256:${createHash('sha256').update(value).digest('hex')}"`;
  if (value instanceof Readable) return '"stream"';
  if (value instanceof Date) return `"date:${value.toISOString()}"`;
  if (value instanceof URL) return JSON.stringify(value.href);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isPlain(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function');
    return `{${entries
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Readable) &&
  !(value instanceof Date) &&
  !(value instanceof URL);

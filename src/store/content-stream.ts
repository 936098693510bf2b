// Content on its way in and out: counted, digested, and checked when it is read (T-002).
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { MailspoolError } from '../errors.ts';
import type { ContentRef } from './message-store.ts';

/** Hands every chunk to `write`; answers with length and SHA-256 of them all. Rejects with the signal's reason. */
export async function digested(
  source: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<Omit<ContentRef, 'ref'>> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  signal?.throwIfAborted();
  for await (const chunk of source) {
    signal?.throwIfAborted();
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
    await write(chunk);
  }
  signal?.throwIfAborted();
  return { sizeBytes, digest: hash.digest('hex') };
}

/** Fails with ECORRUPT at the end if there was more, less or something else than `ref` says. */
export const verifiedStream = (ref: ContentRef, source: AsyncIterable<Uint8Array>): Readable =>
  Readable.from(verified(ref, source), { objectMode: false });

async function* verified(ref: ContentRef, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
    yield chunk;
  }
  if (sizeBytes === ref.sizeBytes && hash.digest('hex') === ref.digest) return;
  throw new MailspoolError(
    'ECORRUPT',
    `content ${ref.ref}: what is stored has ${sizeBytes} bytes and is not the ${ref.sizeBytes} bytes that were written`,
  );
}

/** @throws ENOTFOUND, for a stream that fails with it */
export const contentNotFound = (ref: ContentRef): MailspoolError =>
  new MailspoolError('ENOTFOUND', `content ${ref.ref} is not in the store (any more)`);

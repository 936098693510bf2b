// nodemailer's `dkim` field: the composed message signed (RFC 6376). The signature covers the canonical form, which is
// what is stored and sent on every attempt.
import { Readable } from 'node:stream';
import DKIM, { type DKIMOptions } from 'nodemailer/lib/dkim';
import { MailspoolError } from '../errors.ts';
import type { Bytes } from './message.ts';

/** A message that cannot be signed is refused; unsigned it would not be what was asked for. */
export async function signed(source: Bytes, options: DKIMOptions): Promise<Bytes> {
  const output = signedChunks(source, options);
  if (!(source instanceof Uint8Array)) return output;
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* signedChunks(source: Bytes, options: DKIMOptions): AsyncGenerator<Uint8Array> {
  const input = source instanceof Uint8Array ? Buffer.from(source) : Readable.from(source, { objectMode: false });
  let first = true;
  try {
    for await (const chunk of new DKIM(options).sign(input) as AsyncIterable<Buffer>) {
      if (first && !chunk.toString('latin1', 0, 15).startsWith('DKIM-Signature')) throw new Error('the key cannot be used');
      first = false;
      yield chunk;
    }
  } catch (cause) {
    throw new MailspoolError('EINVALID', `dkim: the message cannot be signed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      field: 'dkim',
    });
  }
}

// The bytes of a content as one.
import type { Bytes } from '../message.ts';

export async function collected(source: Bytes): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// A multipart message of parts that are ready, for mail that mailspool itself writes.
import { Readable } from 'node:stream';
import MimeNode from 'nodemailer/lib/mime-node';
import type { Bytes } from './message.ts';
import { serialise } from './serialise.ts';

export interface MessagePart {
  readonly contentType: string;
  readonly content: string | Bytes;
}

/** @param headers in their order; values are encoded and folded here */
export function multipart(contentType: string, headers: Readonly<Record<string, string>>, parts: readonly MessagePart[], boundary: string): Bytes {
  const root = new MimeNode(contentType, { baseBoundary: boundary });
  root.setHeader({ ...headers });
  for (const part of parts) {
    const node = root.createChild(part.contentType);
    const content = part.content;
    if (part.contentType.startsWith('message/') && !isAscii(content)) node.setHeader('Content-Transfer-Encoding', '8bit');
    node.setContent(
      typeof content === 'string' ? content : content instanceof Uint8Array ? Buffer.from(content) : Readable.from(content, { objectMode: false }),
    );
  }
  return serialise(root);
}

/** A stream cannot be looked at; it counts as 8-bit, which is always true enough. */
const isAscii = (content: string | Bytes): boolean =>
  typeof content === 'string' ? !/[^\0-\x7f]/.test(content) : content instanceof Uint8Array && content.every((byte) => byte < 128);

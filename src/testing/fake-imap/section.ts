// BODY[…]: a piece of a message by part number and kind (RFC 9051 section 6.4.5.1). Pure; the bytes are those stored.
import { headerFields } from '../mime/header-fields.ts';
import { messageParts, type MessagePart } from '../mime/message-part.ts';
import type { Section } from './fetch-items.ts';

/** Undefined if the message has no such part. */
export function sectionOf(raw: Uint8Array, { path, what, names }: Section): Uint8Array | undefined {
  const root = messageParts(raw);
  if (path.length === 0 && what === 'ALL') return raw;
  const part = path.length === 0 ? root : partAt(root, path);
  if (!part) return undefined;
  if (what === 'ALL') return part.body;
  if (what === 'MIME') return part.header;
  // HEADER and TEXT are those of a message: the whole one, or one inside.
  const message = path.length === 0 ? part : part.message;
  if (!message) return undefined;
  if (what === 'HEADER') return message.header;
  if (what === 'TEXT') return message.body;
  const chosen = headerFields(message.header).filter(({ name }) => names.includes(name.toUpperCase()) === (what === 'FIELDS'));
  return Buffer.concat([...chosen.map(({ bytes }) => bytes), Buffer.from('\r\n')]);
}

/** Of a message that is no multipart, part 1 is its body. */
function partAt(root: MessagePart, path: readonly number[]): MessagePart | undefined {
  let part: MessagePart | undefined;
  for (const number of path) {
    const within: MessagePart = part === undefined ? root : (part.message ?? part);
    const isMessage = part === undefined || part.message !== undefined;
    if (within.parts.length > 0) part = within.parts[number - 1];
    else part = isMessage && number === 1 ? within : undefined;
    if (!part) return undefined;
  }
  return part;
}

// What a person would read in a message: header fields and text parts with their encodings undone (RFC 2045, RFC 2047).
// For IMAP's SEARCH.
import { TextDecoder } from 'node:util';
import { decodeWords } from 'postal-mime';
import { fieldValue, valueOf } from './header-fields.ts';
import type { MessagePart } from './message-part.ts';

/** The text of all parts, without their headers; of a message inside, with its header. */
export function bodyText(part: MessagePart): string {
  if (part.parts.length > 0) return part.parts.map(bodyText).join('\n');
  if (part.message) return wholeText(part.message);
  return part.type === 'TEXT' ? decoded(part) : '';
}

/** The same with all headers: as they stand, and decoded where that makes a difference. */
export function wholeText(part: MessagePart): string {
  const header = part.fields.flatMap((field) => {
    const value = valueOf(field);
    const words = decodeWords(value);
    return [`${field.name}: ${value}`, ...(words === value ? [] : [words])];
  });
  const inner = part.parts.length > 0 ? part.parts.map(wholeText) : [bodyText(part)];
  return [...header, ...inner].join('\n');
}

function decoded(part: MessagePart): string {
  const encoding = fieldValue(part.fields, 'content-transfer-encoding')?.toLowerCase();
  const bytes = encoding === 'base64' ? Buffer.from(part.body.toString('latin1'), 'base64') : part.body;
  const charset = part.contentType.parameters.find(([name]) => name === 'CHARSET')?.[1] ?? 'utf-8';
  return decoderOf(charset).decode(encoding === 'quoted-printable' ? quotedPrintable(bytes) : bytes);
}

function quotedPrintable(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
  return Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** A charset that nobody knows is taken for UTF-8. */
function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

// Header blocks as they are on the wire: cut into fields, and their values read. Made for mail from strangers: linear
// time, no exception, whatever the bytes are.
import { decodeWords } from 'postal-mime';

/** One field: its name in lower case, and its raw bytes with name, folding and line end. */
export interface HeaderField {
  readonly name: string;
  readonly raw: Uint8Array;
}

const LF = 10;
const CR = 13;
const isBlank = (byte: number | undefined): boolean => byte === 32 || byte === 9;

/** Where the body begins: after the first empty line; undefined if there is none. `from`: where to go on searching. */
export function bodyStart(bytes: Uint8Array, from = 0): number | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (from === 0 && buffer[0] === LF) return 1;
  if (from === 0 && buffer[0] === CR && buffer[1] === LF) return 2;
  for (let at = buffer.indexOf(LF, from); at !== -1; at = buffer.indexOf(LF, at + 1)) {
    if (buffer[at + 1] === LF) return at + 2;
    if (buffer[at + 1] === CR && buffer[at + 2] === LF) return at + 3;
  }
  return undefined;
}

/** The header block that a message begins with, with the empty line; all of it if there is none. */
export const headerBlock = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bodyStart(bytes) ?? bytes.length);

/** The fields of a header block; what is no field keeps its place with an empty name. */
export function headerFields(block: Uint8Array): HeaderField[] {
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const fields: HeaderField[] = [];
  for (let start = 0; start < buffer.length;) {
    let end = lineEnd(buffer, start);
    while (end < buffer.length && isBlank(buffer[end])) end = lineEnd(buffer, end);
    const raw = buffer.subarray(start, end);
    if (raw[0] !== LF && !(raw[0] === CR && raw[1] === LF)) fields.push({ name: nameOf(raw), raw });
    start = end;
  }
  return fields;
}

function lineEnd(buffer: Buffer, from: number): number {
  const end = buffer.indexOf(LF, from);
  return end === -1 ? buffer.length : end + 1;
}

const maxNameLength = 200;

function nameOf(raw: Buffer): string {
  const colon = raw.subarray(0, maxNameLength).indexOf(58);
  const name = colon === -1 ? '' : raw.toString('latin1', 0, colon).trimEnd().toLowerCase();
  return /^[!-9;-~]+$/.test(name) ? name : '';
}

/** The unfolded value, not decoded. UTF-8 where it is that, else Latin-1. */
export function fieldValue(field: HeaderField, maxLength = 65_536): string {
  const colon = field.raw.indexOf(58);
  const bytes = Buffer.from(field.raw.subarray(colon + 1, colon + 1 + maxLength));
  const text = bytes.toString('utf8');
  return (text.includes('\ufffd') ? bytes.toString('latin1') : text).replace(/\r?\n|\r/g, '').trim();
}

/** The unfolded value of the first field of that name. */
export function headerValue(fields: readonly HeaderField[], name: string, maxLength?: number): string | undefined {
  const field = fields.find((candidate) => candidate.name === name);
  return field && fieldValue(field, maxLength);
}

/** Text for people: encoded words (RFC 2047) decoded, control characters gone. */
export const readable = (text: string): string =>
  decodeWords(text)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();

/** A structured value and its parameters, such as Content-Type (RFC 2045 5.1); names in lower case. */
export function parameters(value: string): { readonly value: string; readonly parameters: ReadonlyMap<string, string> } {
  const found = new Map<string, string>();
  const text = value.slice(0, 8192);
  const first = text.indexOf(';');
  const pattern = /;[ \t]*([^\s=;"]{1,80})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;
  for (const match of text.slice(Math.max(first, 0)).matchAll(pattern)) {
    const name = match[1]?.toLowerCase() ?? '';
    if (!found.has(name)) found.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  return { value: (first === -1 ? text : text.slice(0, first)).trim().toLowerCase(), parameters: found };
}

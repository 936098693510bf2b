// Where in a message its parts are, by their offsets: so that one can be replaced and every other byte stays. For mail
// from strangers: linear time, bounded depth, no exception.
import { bodyStart, headerFields, headerValue, parameters, type HeaderField } from '../headers.ts';

export interface MimePart {
  /** Of its headers. For a part of a multipart, `delimiter` is where the line before it begins. */
  readonly start: number;
  readonly delimiter: number;
  readonly bodyStart: number;
  /** Without the line break that belongs to the next delimiter. */
  readonly end: number;
  readonly fields: readonly HeaderField[];
  /** Lower case; `text/plain` where nothing is said. */
  readonly contentType: string;
}

const deepest = 8;
const mostParts = 10_000;
const longestField = 8192;
/** What is signed or encrypted is not to be changed, and has no parts to look at. */
const closed: ReadonlySet<string> = new Set(['multipart/signed', 'multipart/encrypted']);

/** The parts that hold no others, in their order. */
export function leaves(message: Uint8Array): MimePart[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const found: MimePart[] = [];
  collect(bytes, { delimiter: 0, start: 0, end: bytes.length }, 1, found);
  return found;
}

type Range = Pick<MimePart, 'delimiter' | 'start' | 'end'>;

function collect(bytes: Buffer, range: Range, depth: number, found: MimePart[]): void {
  if (found.length >= mostParts) return;
  const own = bytes.subarray(range.start, range.end);
  const head = bodyStart(own) ?? own.length;
  const fields = headerFields(own.subarray(0, head));
  const { value, parameters: given } = parameters(headerValue(fields, 'content-type', longestField) ?? 'text/plain');
  const boundary = given.get('boundary') ?? '';
  const part: MimePart = { ...range, bodyStart: range.start + head, fields, contentType: value };
  if (!value.startsWith('multipart/') || boundary === '' || closed.has(value) || depth >= deepest) return void found.push(part);
  for (const child of children(bytes, part, boundary)) collect(bytes, child, depth + 1, found);
}

/** RFC 2046 5.1.1: delimiters stand at the beginning of a line, which belongs to them. */
function* children(bytes: Buffer, { bodyStart: from, end }: MimePart, boundary: string): Generator<Range> {
  const delimiter = `--${boundary}`;
  let open: { delimiter: number; start: number } | undefined;
  for (let at = bytes.indexOf(delimiter, from); at !== -1 && at < end; at = bytes.indexOf(delimiter, at + delimiter.length)) {
    const after = at + delimiter.length;
    const isLineStart = at === from || bytes[at - 1] === 10;
    const isLast = bytes[after] === 45 && bytes[after + 1] === 45;
    if (!isLineStart || !(isLast || isBlank(bytes[after]))) continue;
    if (open) yield { ...open, end: Math.max(open.start, beforeLineBreak(bytes, at)) };
    if (isLast) return;
    const lineEnd = bytes.indexOf(10, after);
    open = { delimiter: at, start: lineEnd === -1 || lineEnd >= end ? end : lineEnd + 1 };
  }
  if (open) yield { ...open, end };
}

const isBlank = (byte: number | undefined): boolean => byte === undefined || byte === 10 || byte === 13 || byte === 32 || byte === 9;

const beforeLineBreak = (bytes: Buffer, at: number): number => (bytes[at - 2] === 13 ? at - 2 : at - 1);

/** The content of a part, its transfer encoding undone. */
export function contentOf(message: Uint8Array, { fields, bodyStart: from, end }: MimePart): Uint8Array {
  const body = Buffer.from(message.buffer, message.byteOffset, message.byteLength).subarray(from, end);
  const encoding = (headerValue(fields, 'content-transfer-encoding', 200) ?? '').toLowerCase();
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64');
  return encoding === 'quoted-printable' ? unquoted(body) : body;
}

function unquoted(body: Buffer): Uint8Array {
  const text = body.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
  return Buffer.from(
    text.replace(/=([\dA-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

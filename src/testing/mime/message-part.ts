// A message as a tree of MIME parts, each a piece of the stored bytes (RFC 2046). For IMAP's sections and
// BODYSTRUCTURE, which count parts and bytes as they lie there.
import { fieldValue, headerEnd, headerFields, parameterised, type HeaderField, type Parameterised } from './header-fields.ts';

export interface MessagePart {
  /** With the empty line. */
  readonly header: Buffer;
  readonly body: Buffer;
  readonly fields: readonly HeaderField[];
  /** In capitals: `TEXT`, `PLAIN`. */
  readonly type: string;
  readonly subtype: string;
  readonly contentType: Parameterised;
  /** Of a multipart. */
  readonly parts: readonly MessagePart[];
  /** Of message/rfc822: the message inside. */
  readonly message: MessagePart | undefined;
}

/** Deeper nesting is taken as plain bytes. */
const deepest = 32;
/** More parts are taken as the epilogue. */
const mostParts = 1_000;

const known = new WeakMap<Uint8Array, MessagePart>();

/** The tree of a message, made once. */
export function messageParts(raw: Uint8Array): MessagePart {
  const made = known.get(raw) ?? part(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), 'text/plain', 0);
  known.set(raw, made);
  return made;
}

function part(raw: Buffer, defaultType: string, depth: number): MessagePart {
  const split = headerEnd(raw, 0, raw.length);
  const [header, body] = [raw.subarray(0, split), raw.subarray(split)];
  const fields = headerFields(header);
  const declared = parameterised(fieldValue(fields, 'content-type') ?? defaultType);
  const contentType = /^[^/\s]+\/[^/\s]+$/.test(declared.value) ? declared : parameterised(defaultType);
  const [type = '', subtype = ''] = contentType.value.toUpperCase().split('/');
  const parts = type === 'MULTIPART' && depth < deepest ? partsOf(body, contentType, subtype, depth) : [];
  const message = type === 'MESSAGE' && subtype === 'RFC822' && depth < deepest ? part(body, 'text/plain', depth + 1) : undefined;
  // A multipart without parts has no form of its own in BODYSTRUCTURE.
  if (type === 'MULTIPART' && parts.length === 0)
    return { header, body, fields, type: 'TEXT', subtype: 'PLAIN', contentType: parameterised('text/plain'), parts, message };
  return { header, body, fields, type, subtype, contentType, parts, message };
}

function partsOf(body: Buffer, contentType: Parameterised, subtype: string, depth: number): MessagePart[] {
  const boundary = contentType.parameters.find(([name]) => name === 'BOUNDARY')?.[1];
  if (boundary === undefined || boundary === '') return [];
  const defaultType = subtype === 'DIGEST' ? 'message/rfc822' : 'text/plain';
  return pieces(body, Buffer.from(`--${boundary}`)).map((piece) => part(piece, defaultType, depth + 1));
}

/** What lies between the delimiter lines; the line end before a delimiter belongs to it (RFC 2046 section 5.1.1). */
function pieces(body: Buffer, delimiter: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let from: number | undefined;
  for (let at = body.indexOf(delimiter); at >= 0 && found.length < mostParts; at = body.indexOf(delimiter, at + delimiter.length)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    const after = at + delimiter.length;
    const lineEnd = body.indexOf(10, after) < 0 ? body.length : body.indexOf(10, after) + 1;
    const rest = body.toString('latin1', after, Math.min(lineEnd, after + 80));
    if (!/^(--)?[ \t]*(\r?\n)?$/.test(rest) && !rest.startsWith('--')) continue;
    if (from !== undefined) found.push(body.subarray(from, Math.max(from, at - (body[at - 2] === 13 ? 2 : 1))));
    if (rest.startsWith('--')) return found;
    from = lineEnd;
  }
  if (from !== undefined && found.length < mostParts) found.push(body.subarray(from));
  return found;
}

// Cuts the text of an address field: typed addresses are taken out, because nodemailer's parser would make groups of
// them, and whatever could be read in two ways is refused before that parser guesses. One pass, linear.
import { MailspoolError } from '../errors.ts';

/** A typed address with its display name, or a run of plain text that holds `addresses` addresses. */
export type AddressListPart = { readonly typed: string; readonly name: string } | { readonly text: string; readonly addresses: number };

/** @throws EINVALID naming the field */
export function splitAddressList(text: string, field: string): AddressListPart[] {
  const parts: AddressListPart[] = [];
  let run = { start: 0, addresses: 0 };
  let inGroup = false;
  for (let at = 0; at < text.length;) {
    const piece = readPiece(text, at, field);
    if (piece.typed !== undefined) {
      if (inGroup) throw invalid(field, 'a typed address cannot stand in a group');
      if (run.start < at) parts.push({ text: text.slice(run.start, at), addresses: run.addresses });
      parts.push({ typed: piece.typed, name: piece.name });
      run = { start: piece.end, addresses: 0 };
    } else {
      run.addresses += piece.addresses;
    }
    if (piece.separator === ':') inGroup = true;
    if (piece.separator === ';') inGroup = false;
    at = piece.end;
  }
  if (run.start < text.length) parts.push({ text: text.slice(run.start), addresses: run.addresses });
  return parts;
}

interface Piece {
  readonly end: number;
  readonly separator: string;
  readonly typed?: string;
  readonly name: string;
  readonly addresses: number;
}

/** Reads up to the next separator that is not inside quotes, a comment, brackets or angle brackets. */
function readPiece(text: string, start: number, field: string): Piece {
  let skeleton = ''; // the piece with quoted strings, comments and literals made harmless
  let typed: string | undefined;
  let angle = false;
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (!angle && (character === ',' || character === ';' || character === ':')) break;
    if (character === '"') {
      at = endOfQuoted(text, at, field);
      skeleton += 'q';
    } else if (character === '(') {
      at = endOfNested(text, at, '(', ')', field);
      skeleton += ' ';
    } else if (character === '[') {
      const end = endOfNested(text, at, '[', ']', field);
      const before = skeleton.trimEnd();
      if ((before === '' || before.endsWith('<')) && typedStart.test(text.slice(at, at + 40))) typed = text.slice(at, end + 1);
      skeleton += 'l';
      at = end;
    } else {
      if (character === '<') angle = true;
      if (character === '>') angle = false;
      skeleton += character;
    }
  }
  const end = Math.min(at + 1, text.length);
  const separator = text.charAt(at);
  if (typed !== undefined) return { end, separator, typed, name: nameBefore(text, start, skeleton, field), addresses: 1 };
  return { end, separator, name: '', addresses: countAddresses(skeleton, field) };
}

const typedStart = /^\[[A-Za-z0-9_]{1,32}:/;
const bareTyped = /^\s*l\s*$/;
const namedTyped = /^[^<>@]*<l>\s*$/;

function nameBefore(text: string, start: number, skeleton: string, field: string): string {
  if (bareTyped.test(skeleton)) return '';
  if (!namedTyped.test(skeleton)) throw invalid(field, `${JSON.stringify(text.slice(start, start + 300))} is not an address`);
  const name = text.slice(start, text.indexOf('<', start + quotedLength(text, start))).trim();
  return name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1).replace(/\\(.)/g, '$1') : name;
}

/** Skips a quoted name, which may hold an angle bracket. */
function quotedLength(text: string, start: number): number {
  const quote = /^\s*"(?:[^"\\]|\\.)*"/.exec(text.slice(start));
  return quote?.[0].length ?? 0;
}

const angleAddress = /^[^<>]*<\s*[^<>@]+@[^<>@]+>\s*$/;
const bareAddress = /^\s*[^\s<>@]+@[^\s<>@]+\s*$/;

/** 1 or 0, or a refusal if it is not clear which text is the address. */
function countAddresses(skeleton: string, field: string): number {
  if (!skeleton.includes('@') && !skeleton.includes('<') && !skeleton.includes('>')) return 0;
  if (angleAddress.test(skeleton) || bareAddress.test(skeleton)) return 1;
  throw invalid(field, `it is not clear which address ${JSON.stringify(skeleton.trim().slice(0, 300))} means`);
}

function endOfQuoted(text: string, start: number, field: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === '"') return at;
  }
  throw invalid(field, 'a quote is not closed');
}

function endOfNested(text: string, start: number, open: string, close: string, field: string): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\' && open === '(') at++;
    else if (character === open) depth++;
    else if (character === close && --depth === 0) return at;
  }
  throw invalid(field, `a ${open} is not closed`);
}

const invalid = (field: string, why: string): MailspoolError => new MailspoolError('EINVALID', `${field}: ${why}`, { field });

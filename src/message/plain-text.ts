// The commonest message, one plain text under plain headers, written directly: the same bytes as nodemailer's tree
// gives, in a tenth of the time. Whatever is less plain than this goes through the tree; a test compares the two.
import { foldLines, quoteString } from 'nodemailer/lib/mime-funcs';
import type { SubmitMessage } from './submit-message.ts';

/** nodemailer's form of a checked address. */
export type HeaderAddress = { name: string; address: string } | { name: string; group: HeaderAddress[] };

/** What stands in the header, checked and settled. */
export interface HeaderValues {
  readonly from: HeaderAddress[];
  readonly sender: HeaderAddress[];
  readonly to: HeaderAddress[];
  readonly cc: HeaderAddress[];
  readonly replyTo: HeaderAddress[];
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[] | undefined;
  readonly subject: string | undefined;
  readonly messageId: string;
  readonly date: string;
}

/** The message in canonical form; undefined if something in it needs nodemailer. */
export function plainMessage(message: SubmitMessage, header: HeaderValues): Uint8Array | undefined {
  if (furtherFields.some((name) => message[name] !== undefined && message[name] !== null)) return undefined;
  const body = plainBody(message.text);
  const head = body === undefined ? undefined : plainHead(header);
  return head === undefined || body === undefined ? undefined : asciiBytes(`${head}\r\n`, body);
}

function asciiBytes(head: string, body: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 'latin1');
  bytes.write(body, head.length, 'latin1');
  return bytes;
}

/** Each of these makes more than a text of a message, or changes how it is written. */
const furtherFields = [
  'html',
  'watchHtml',
  'amp',
  'icalEvent',
  'attachments',
  'alternatives',
  'headers',
  'list',
  'xMailer',
  'priority',
  'otp',
  'encoding',
  'textEncoding',
  'boundaryPrefix',
  'baseBoundary',
  'normalizeHeaderKey',
] as const satisfies readonly (keyof SubmitMessage)[];

/** Above this nodemailer does not look for long lines. */
const maxLength = 128 * 1024;
const maxLineLength = 76;

function plainBody(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > maxLength || /[^\t\n\r\x20-\x7e]/.test(text)) return undefined;
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  if (hasLongLine(lines)) return undefined;
  return lines.replaceAll('\n', '\r\n') + (lines.endsWith('\n') ? '' : '\r\n');
}

function hasLongLine(text: string): boolean {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    if ((end === -1 ? text.length : end) - start > maxLineLength) return true;
    if (end === -1) return false;
    start = end + 1;
  }
  return false;
}

function plainHead(header: HeaderValues): string | undefined {
  const fields = [
    ['From', addressList(header.from)],
    ['Sender', addressList(header.sender)],
    ['To', addressList(header.to)],
    ['Cc', addressList(header.cc)],
    ['Reply-To', addressList(header.replyTo)],
    ['In-Reply-To', header.inReplyTo === undefined ? '' : plainIdentifiers([header.inReplyTo])],
    ['References', plainIdentifiers(header.references ?? [])],
    ['Subject', plainText(header.subject ?? '')],
    ['Message-ID', plainIdentifiers([header.messageId])],
    ['Date', plainText(header.date)],
  ] as const;
  let head = '';
  for (const [name, value] of fields) {
    if (value === undefined) return undefined;
    if (value !== '') head += `${foldLines(`${name}: ${value}`, maxLineLength)}\r\n`;
  }
  return `${head}Content-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n`;
}

function addressList(entries: readonly HeaderAddress[]): string | undefined {
  const written = entries.map(plainAddress);
  return written.includes(undefined) ? undefined : written.join(', ');
}

/** Of an address that was checked; here only whether nodemailer would leave it as it is. */
const unchanged = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9.-]+$/;

function plainAddress(entry: HeaderAddress): string | undefined {
  if ('group' in entry || !unchanged.test(entry.address) || entry.address.includes('xn--')) return undefined;
  if (entry.name === '') return entry.address;
  if (!/^[\x20-\x7e]*$/.test(entry.name)) return undefined;
  return `${/^[\w ]*$/.test(entry.name) ? entry.name : quoteString(entry.name)} <${entry.address}>`;
}

/** A blank value and one that looks like an encoded word have rules of their own. */
const plainText = (value: string): string | undefined =>
  value === '' || (/^[\x21\x23-\x7e][\x20\x21\x23-\x7e]*$/.test(value) && !value.includes('=?')) ? value : undefined;

const plainIdentifiers = (identifiers: readonly string[]): string | undefined =>
  identifiers.every((identifier) => /^<[!-;=?-~]+>$/.test(identifier)) ? identifiers.join(' ') : undefined;

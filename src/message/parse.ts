// Ready messages (`raw`, `.eml`): the header block is read and put right, the body passes through in canonical form.
// Only the headers are held in memory.
import { createReadStream } from 'node:fs';
import { MailspoolError } from '../errors.ts';
import type { Bytes } from './message.ts';
import type { SubmitMessage } from './submit-message.ts';
import { parseAddressField, type AddressEntry } from './address-field.ts';
import { parseAddress } from './address-type.ts';
import { canonicalChunks, canonicalForm } from './canonical-form.ts';
import { propertiesOf, type ComposeContext, type Composed } from './composed.ts';
import { isStream } from './content.ts';
import { recipientsOf, returnPathOf, type AddressFields } from './envelope.ts';
import { bodyStart, fieldValue, headerFields, headerValue, readable, type HeaderField } from './headers.ts';
import { classOf, importanceOf, senderOf } from './inbound-properties.ts';
import { formatDate, newMessageId } from './message-id.ts';
import { asksForReceipt, receiptAddressee, receiptField } from './receipt-request.ts';

/** A header block larger than this is refused. */
const maxHeaderBytes = 1024 * 1024;

/**
 * The sender is Return-Path, Sender or From; recipients are To, Cc and Bcc. The newest Resent block goes before both
 * (RFC 5322 3.6.6), `envelope` before all. Bcc, Resent-Bcc and Return-Path are not sent; Message-ID and Date are
 * added where they lack.
 * @throws EINVALID, ENORECIPIENTS
 */
export async function composeRaw(message: SubmitMessage, context: ComposeContext): Promise<Composed> {
  const { block, body } = await openRaw(message.raw, context.fileAccess === true && message.disableFileAccess !== true);
  const fields = headerFields(block);
  const envelope = message.envelope ?? undefined;
  const addresses = addressFields(fields, message);
  const recipients = recipientsOf(addresses, message.recipients, envelope);
  const fallback = context.defaultFrom === undefined ? undefined : parseAddress(context.defaultFrom, 'defaultFrom');
  const from = isNullReturnPath(fields, message) ? null : returnPathOf(addresses, recipients, envelope, fallback);
  const sender = senderOf(fields) ?? from ?? undefined;
  const messageId = identifierOf(fields) ?? newMessageId(sender, context, context.random.bytes(10));
  const subject = headerValue(fields, 'subject');
  const asked = asksForReceipt(fields) ? undefined : receiptAddressee(context, sender);
  const found = { messageId, messageClass: classOf(fields), sender, importance: importanceOf(fields) };
  return {
    source: join(sentHeaders(fields, { messageId, receiptTo: asked }, context), body),
    envelope: { from, to: recipients.filter(({ submitted }) => !submitted) },
    recipients,
    properties: propertiesOf(message, subject === undefined ? found : { ...found, subject: readable(subject) }, context.now),
    messageId,
    ...((asked !== undefined || asksForReceipt(fields)) && { requested: { report: { read: true } } }),
  };
}

/** `Return-Path: <>`, unless the program or a Resent block says otherwise. */
function isNullReturnPath(fields: readonly HeaderField[], message: SubmitMessage): boolean {
  if (message.from || message.envelope?.from !== undefined || newestResent(fields)) return false;
  return /^<?\s*>?$/.test(headerValue(fields, 'return-path') ?? 'none');
}

/** The program's own fields, where it gives any beside `raw`, speak for the envelope; the headers stay as they are. */
function addressFields(fields: readonly HeaderField[], message: SubmitMessage): AddressFields {
  const resent = newestResent(fields);
  const read = (name: string, from = fields): AddressEntry[] =>
    from.filter((field) => field.name === name).flatMap((field) => parseAddressField(fieldValue(field, maxHeaderBytes), field.name));
  const recipients = (kind: 'to' | 'cc' | 'bcc'): AddressEntry[] => {
    if (message.envelope) return [...parseAddressField(message[kind], kind), ...tolerated(() => read(kind))];
    if (message.to || message.cc || message.bcc) return parseAddressField(message[kind], kind);
    return resent ? read(`resent-${kind}`, resent) : read(kind);
  };
  const senders = (): AddressEntry[] => {
    if (message.envelope?.from !== undefined) return [];
    if (message.from) return parseAddressField(message.from, 'from');
    const found = resent && firstOf(read('resent-sender', resent), read('resent-from', resent));
    return found?.length
      ? found
      : firstOf(
          tolerated(() => read('return-path')),
          read('sender'),
          read('from'),
        );
  };
  return { from: senders(), sender: [], replyTo: [], to: recipients('to'), cc: recipients('cc'), bcc: recipients('bcc') };
}

const firstOf = (...lists: AddressEntry[][]): AddressEntry[] => lists.find((list) => list.length > 0) ?? [];

/** For headers that decide nothing: where the envelope is given, they may hold anything. */
function tolerated(read: () => AddressEntry[]): AddressEntry[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Resent fields stand in blocks, the newest on top; a block ends where one of its names comes again or other fields follow. */
function newestResent(fields: readonly HeaderField[]): readonly HeaderField[] | undefined {
  const first = fields.findIndex(({ name }) => /^resent-(?:to|cc|bcc)$/.test(name));
  if (first === -1) return undefined;
  let start = first;
  while (start > 0 && fields[start - 1]?.name.startsWith('resent-')) start--;
  const block: HeaderField[] = [];
  for (const field of fields.slice(start)) {
    if (!field.name.startsWith('resent-') || block.some(({ name }) => name === field.name)) break;
    block.push(field);
  }
  return block;
}

const identifierOf = (fields: readonly HeaderField[]): string | undefined =>
  /<[^<>\s\p{Cc}]{1,900}>/u.exec(headerValue(fields, 'message-id', 998) ?? '')?.[0];

const notSent: ReadonlySet<string> = new Set(['bcc', 'resent-bcc', 'return-path']);

function sentHeaders(
  fields: readonly HeaderField[],
  { messageId, receiptTo }: { readonly messageId: string; readonly receiptTo: string | undefined },
  context: ComposeContext,
): Uint8Array {
  const has = (name: string) => fields.some((field) => field.name === name && fieldValue(field) !== '');
  const added = [
    has('date') ? '' : `Date: ${formatDate(context.now)}\r\n`,
    has('message-id') ? '' : `Message-ID: ${messageId}\r\n`,
    receiptTo === undefined ? '' : `${receiptField}: ${receiptTo}\r\n`,
    '\r\n',
  ].join('');
  const kept = fields.filter(
    ({ name }) =>
      !notSent.has(name) &&
      !(name === 'message-id' && !has('message-id')) &&
      !(name === 'date' && !has('date')) &&
      !(name === receiptField.toLowerCase() && !has(name)),
  );
  return Buffer.concat([...kept.map(({ raw }) => raw), Buffer.from(added)]);
}

function join(headers: Uint8Array, body: Bytes): Bytes {
  return body instanceof Uint8Array ? Buffer.concat([headers, body]) : prepend(headers, body);
}

async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

interface Opened {
  readonly block: Uint8Array;
  readonly body: Bytes;
}

async function openRaw(raw: unknown, fileAccess: boolean): Promise<Opened> {
  if (typeof raw === 'string') return openBytes(Buffer.from(raw));
  if (raw instanceof Uint8Array) return openBytes(raw);
  if (isStream(raw)) return openStream(raw as AsyncIterable<Uint8Array>);
  if (typeof raw !== 'object' || raw === null) throw new MailspoolError('EINVALID', 'raw is no content', { field: 'raw' });
  if ('content' in raw) return openRaw(raw.content, fileAccess);
  if ('path' in raw && typeof raw.path === 'string') {
    if (fileAccess) return openStream(createReadStream(raw.path));
    throw new MailspoolError('EINVALID', 'raw.path: files are not read for this message', { field: 'raw.path', remedy: 'Give the content itself.' });
  }
  throw new MailspoolError('EINVALID', 'raw is neither text, bytes, a stream nor a file', { field: 'raw' });
}

function openBytes(bytes: Uint8Array): Opened {
  const canonical = canonicalForm(bytes);
  const start = bodyStart(canonical) ?? canonical.length;
  if (start > maxHeaderBytes) throw tooLarge();
  return { block: canonical.subarray(0, start), body: canonical.subarray(start) };
}

/** Collects chunks until the header block is complete. */
async function openStream(stream: AsyncIterable<Uint8Array>): Promise<Opened> {
  const chunks = canonicalRaw(stream);
  const held: Uint8Array[] = [];
  let length = 0;
  for (let tail: Uint8Array = new Uint8Array(); ;) {
    const next = await chunks.next();
    if (next.done) return openBytes(Buffer.concat(held));
    held.push(next.value);
    const end = bodyStart(Buffer.concat([tail, next.value]), length === tail.length ? 0 : 1);
    const start = end === undefined ? undefined : length - tail.length + end;
    length += next.value.length;
    if ((start ?? length) > maxHeaderBytes) {
      await chunks.return(undefined);
      throw tooLarge();
    }
    if (start !== undefined) return split(Buffer.concat(held), start, chunks);
    tail = Buffer.concat([tail, next.value]).subarray(-3);
  }
}

const split = (held: Uint8Array, start: number, rest: AsyncIterable<Uint8Array>): Opened => ({
  block: held.subarray(0, start),
  body: prepend(held.subarray(start), rest),
});

async function* canonicalRaw(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* canonicalChunks(stream);
  } catch (cause) {
    throw new MailspoolError('EINVALID', `raw could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, field: 'raw' });
  }
}

const tooLarge = (): MailspoolError => new MailspoolError('EINVALID', `raw: the headers are longer than ${maxHeaderBytes} octets`, { field: 'raw' });

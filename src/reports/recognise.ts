// Reports of other systems, of delivery (RFC 3464) and of reading (RFC 8098), read back into rows. Only Final-Recipient
// names whom a row is about: Original-Recipient is the alias somebody wrote to, and suppressing that hits the wrong one
// (U-055). Bounded and tolerant.
import { bodyStart, fieldValue, headerFields, headerValue, parameters, type HeaderField } from '../message/headers.ts';
import type { Diagnostic } from '../message/outcome.ts';

export interface RecognisedRow {
  /** Final-Recipient, without its type. */
  readonly recipient: string;
  readonly originalRecipient?: string;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463. */
  readonly status: string;
  readonly diagnostic: Diagnostic;
}

export interface RecognisedReport {
  /** Original-Envelope-Id: the ENVID that the message was sent with. */
  readonly envelopeId?: string;
  /** Message-ID of the returned message. */
  readonly messageId?: string;
  readonly rows: readonly RecognisedRow[];
  /** What a reader did with it; `rows` is empty then. */
  readonly disposition?: RecognisedDisposition;
}

export interface RecognisedDisposition {
  /** `other`: it was handled in another way, which says nothing about reading. */
  readonly type: 'displayed' | 'deleted' | 'other';
  /** Final-Recipient, without its type. */
  readonly recipient: string;
  readonly originalRecipient?: string;
}

const maxBytes = 1024 * 1024;
const maxRows = 1000;
const maxParts = 20;

/** undefined: this is no report. */
export function recognise(message: Uint8Array): RecognisedReport | undefined {
  const text = Buffer.from(message.subarray(0, maxBytes));
  const { fields, body } = open(text);
  const type = parameters(headerValue(fields, 'content-type') ?? '');
  const boundary = type.parameters.get('boundary');
  if (type.value !== 'multipart/report' || !boundary) return undefined;
  const parts = partsOf(body, boundary)
    .map(open)
    .map((part) => ({ ...part, type: parameters(headerValue(part.fields, 'content-type') ?? '').value }));
  const notification = parts.find((part) => /^message\/(?:global-)?disposition-notification$/.test(part.type));
  if (notification) return dispositionReport(decoded(notification), returnedMessageId(parts));
  const status = parts.find((part) => /^message\/(?:global-)?delivery-status$/.test(part.type));
  if (!status) return undefined;
  const [first, ...groups] = groupsOf(decoded(status));
  const envelopeId = first && headerValue(first, 'original-envelope-id', 500);
  const messageId = returnedMessageId(parts);
  return {
    ...(envelopeId ? { envelopeId } : {}),
    ...(messageId ? { messageId } : {}),
    rows: groups.slice(0, maxRows).flatMap(rowOf),
  };
}

/** RFC 8098 3: one block of fields. */
function dispositionReport(bytes: Buffer, returned: string | undefined): RecognisedReport | undefined {
  const fields = groupsOf(bytes)[0] ?? [];
  const recipient = typedValue(headerValue(fields, 'final-recipient', 1000));
  const said = /;\s*([A-Za-z-]+)/.exec(headerValue(fields, 'disposition', 1000) ?? '')?.[1]?.toLowerCase();
  if (!recipient || said === undefined) return undefined;
  const originalRecipient = typedValue(headerValue(fields, 'original-recipient', 1000));
  const messageId = identifierIn(headerValue(fields, 'original-message-id', 2000)) ?? returned;
  const type = said === 'displayed' || said === 'deleted' ? said : 'other';
  return { ...(messageId && { messageId }), rows: [], disposition: { type, recipient, ...(originalRecipient && { originalRecipient }) } };
}

interface Part {
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
}

function open(bytes: Buffer): Part {
  const start = bodyStart(bytes) ?? bytes.length;
  return { fields: headerFields(bytes.subarray(0, start)), body: bytes.subarray(start) };
}

/** The parts of the outermost level. */
function partsOf(body: Buffer, boundary: string): Buffer[] {
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Buffer[] = [];
  let start = -1;
  for (let at = body.indexOf(delimiter); at !== -1 && parts.length < maxParts; at = body.indexOf(delimiter, at + delimiter.length)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    if (start !== -1) parts.push(body.subarray(start, at));
    const end = body.indexOf(10, at);
    if (end === -1) return parts;
    start = end + 1;
  }
  if (start !== -1 && start < body.length) parts.push(body.subarray(start));
  return parts;
}

function decoded({ fields, body }: Part): Buffer {
  const encoding = headerValue(fields, 'content-transfer-encoding', 100)?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64');
  if (encoding !== 'quoted-printable') return body;
  const text = body
    .toString('latin1')
    .replace(/=[ \t]*\r?\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

/** Blocks of fields between empty lines; the first is about the message, each other one about a recipient. */
function groupsOf(bytes: Buffer): (readonly HeaderField[])[] {
  const groups: (readonly HeaderField[])[] = [];
  for (let rest = bytes; rest.length > 0 && groups.length <= maxRows;) {
    const end = bodyStart(rest) ?? rest.length;
    const fields = headerFields(rest.subarray(0, end));
    if (fields.length > 0) groups.push(fields);
    rest = rest.subarray(end);
  }
  return groups;
}

const actions: ReadonlySet<string> = new Set(['failed', 'delayed', 'delivered', 'relayed', 'expanded']);

function rowOf(fields: readonly HeaderField[]): RecognisedRow[] {
  const recipient = typedValue(headerValue(fields, 'final-recipient', 1000));
  const action = headerValue(fields, 'action', 100)?.toLowerCase().split(/[\s(]/)[0] ?? '';
  if (!recipient || !actions.has(action)) return [];
  const originalRecipient = typedValue(headerValue(fields, 'original-recipient', 1000));
  const status =
    /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(headerValue(fields, 'status', 200) ?? '')?.[0] ??
    (action === 'failed' ? '5.0.0' : action === 'delayed' ? '4.0.0' : '2.0.0');
  const row = { recipient, action: action as RecognisedRow['action'], status, diagnostic: diagnosticOf(fields, status) };
  return [originalRecipient ? { ...row, originalRecipient } : row];
}

/** `rfc822; bob@example.com` → `bob@example.com`; RFC 6533's `\x{…}` read back. */
function typedValue(value: string | undefined): string | undefined {
  const text = value
    ?.slice(value.indexOf(';') + 1)
    .trim()
    .replace(/^<(.*)>$/, '$1');
  return (
    text?.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) =>
      Number.parseInt(hex, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(hex, 16)) : whole,
    ) || undefined
  );
}

function diagnosticOf(fields: readonly HeaderField[], status: string): Diagnostic {
  const field = fields.find(({ name }) => name === 'diagnostic-code');
  const said = field ? fieldValue(field, 4000) : '';
  const response = said.replace(/^[A-Za-z0-9-]+\s*;\s*/, '').replace(/\s+/g, ' ');
  const responseCode = /^smtp\s*;/i.test(said) ? /^([245]\d\d)\b/.exec(response)?.[1] : undefined;
  return {
    code: 'EENVELOPE',
    text: response || `the report says ${status}`,
    enhancedCode: status,
    ...(responseCode === undefined ? {} : { responseCode: Number(responseCode), response }),
  };
}

function returnedMessageId(parts: readonly (Part & { readonly type: string })[]): string | undefined {
  const part = parts.find(({ type }) => /^(?:message\/(?:rfc822|global|rfc822-headers|global-headers)|text\/rfc822-headers)$/.test(type));
  if (!part) return undefined;
  const returned = open(decoded(part)).fields;
  return identifierIn(headerValue(returned, 'message-id', 2000));
}

const identifierIn = (text: string | undefined): string | undefined => /<[^<>\s]{1,900}>/.exec(text ?? '')?.[0];

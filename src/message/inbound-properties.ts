// What the headers of received mail say, for list and lookup. Made for mail from strangers: whatever the bytes are,
// there is an answer, in time linear in their length, and of bounded size (X-011, X-012, U-052).
import type { MessageProperties } from './message.ts';
import type { Address, Recipient, ReportRequest } from './recipient.ts';
import { searchKey } from './address-type.ts';
import { addressesIn } from './header-addresses.ts';
import { bodyStart, headerFields, headerValue, parameters, readable, type HeaderField } from './headers.ts';
import { defaultMessageClass } from './message.ts';
import { receiptAddresses } from './receipt-request.ts';

export interface InboundProperties {
  readonly properties: MessageProperties;
  /** Shown recipients; complete addresses only (M-084). */
  readonly recipients: readonly Recipient[];
  /** null: a report, or mail that says so. */
  readonly returnPath: Address | null;
  /** The sender asks to be told that it was read (RFC 8098). */
  readonly report?: ReportRequest;
}

const maxHeaderBytes = 1024 * 1024;
const maxRecipients = 10_000;
const maxSubjectLength = 4096;

/** Reads the header block at the beginning of a message; never throws. */
export function inboundProperties(message: Uint8Array): InboundProperties {
  const bytes = message.subarray(0, maxHeaderBytes);
  const fields = headerFields(bytes.subarray(0, bodyStart(bytes) ?? bytes.length));
  const sender = senderOf(fields);
  const messageClass = classOf(fields);
  const [reportTo] = receiptAddresses(fields);
  return {
    properties: definedOnly({
      messageClass,
      messageId: /<[^<>\s\p{Cc}]{1,900}>/u.exec(headerValue(fields, 'message-id', 2000) ?? '')?.[0],
      subject: subjectOf(fields),
      importance: importanceOf(fields),
      sender,
      clientSubmitTime: instantOf(headerValue(fields, 'date', 200)),
      reportTo,
    }),
    recipients: recipientsIn(fields),
    returnPath: returnPathIn(fields, messageClass, sender),
    ...(reportTo && { report: { read: true } }),
  };
}

/** Who wrote it: From, else Sender. */
export const senderOf = (fields: readonly HeaderField[]): Address | undefined => addressesIn(fields, 'from')[0] ?? addressesIn(fields, 'sender')[0];

/** The message class that the content type stands for; reports as in MAPI (M-067). */
export function classOf(fields: readonly HeaderField[]): string {
  const { value, parameters: given } = parameters(headerValue(fields, 'content-type', 8192) ?? '');
  const reportType = given.get('report-type')?.toLowerCase();
  if (value !== 'multipart/report') return defaultMessageClass;
  if (reportType === 'disposition-notification') return `REPORT.${defaultMessageClass}.IPNRN`;
  if (reportType !== 'delivery-status') return defaultMessageClass;
  return `REPORT.${defaultMessageClass}.${reportedBy(subjectOf(fields) ?? '')}`;
}

/** Headers alone do not say what a report reports; its subject does, where a mail system wrote it. Else it is bad news. */
function reportedBy(subject: string): string {
  if (/\bdelayed\b|\bdelay\)|\bdelivery delay\b/i.test(subject)) return 'Delayed.DR';
  const bad = /\b(?:not|un\w*|fail\w*)\b/i.test(subject);
  return !bad && /\b(?:delivered|success\w*|relayed|delivery (?:report|receipt))\b/i.test(subject) ? 'DR' : 'NDR';
}

export function importanceOf(fields: readonly HeaderField[]): MessageProperties['importance'] {
  const named = headerValue(fields, 'importance', 100)?.toLowerCase();
  if (named === 'high' || named === 'low' || named === 'normal') return named;
  const number = /^[1-5]/.exec(headerValue(fields, 'x-priority', 100) ?? '')?.[0];
  if (number === undefined) return undefined;
  return number < '3' ? 'high' : number > '3' ? 'low' : 'normal';
}

const subjectOf = (fields: readonly HeaderField[]): string | undefined => {
  const subject = headerValue(fields, 'subject', 16_384);
  return subject === undefined ? undefined : readable(subject).slice(0, maxSubjectLength);
};

function instantOf(date: string | undefined): number | undefined {
  const at = Date.parse((date ?? '').replace(/\([^()]*\)/g, ' '));
  return Number.isNaN(at) ? undefined : at;
}

function recipientsIn(fields: readonly HeaderField[]): Recipient[] {
  const rows = new Map<string, Omit<Recipient, 'id'>>();
  for (const kind of ['to', 'cc', 'bcc'] as const) {
    for (const address of addressesIn(fields, kind))
      if (rows.size < maxRecipients && !rows.has(searchKey(address))) rows.set(searchKey(address), { kind, ...address });
  }
  return Array.from(rows.values(), (row, index) => ({ id: index + 1, ...row }));
}

function returnPathIn(fields: readonly HeaderField[], messageClass: string, sender: Address | undefined): Address | null {
  const given = headerValue(fields, 'return-path', 1000);
  if (given === undefined) return messageClass.startsWith('REPORT.') ? null : (sender ?? null);
  return /^\s*<?\s*>?\s*$/.test(given) ? null : (addressesIn(fields, 'return-path')[0] ?? null);
}

const definedOnly = (properties: { [name in keyof MessageProperties]: MessageProperties[name] | undefined }): MessageProperties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));

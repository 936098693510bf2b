// Read and non-read reports: a message disposition notification (RFC 8098) from whoever received a message to whoever
// asked (MAPI's IPNRN and IPNNRN). It does not attach the message.
import { formatAddress } from '../message/address-type.ts';
import type { Composed } from '../message/composed.ts';
import { headerBlock } from '../message/headers.ts';
import { encapsulate } from '../message/imcea.ts';
import { formatDate, newMessageId } from '../message/message-id.ts';
import { defaultMessageClass } from '../message/message.ts';
import { multipart, type MessagePart } from '../message/multipart.ts';
import type { Address, Recipient } from '../message/recipient.ts';
import type { Instant } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { fieldBlock, originalRecipient, typedAddress } from './machine-fields.ts';
import { namedProperties, repeatedHeaders, repeatedProperties, subjectAbout, submitTimeOf, type Original } from './original.ts';
import type { ReceiptConsent } from './receipt-policy.ts';

/** `notRead`: it was deleted without having been read. */
export type ReadReportKind = 'read' | 'notRead';

export interface ReadReportFacts {
  readonly kind: ReadReportKind;
  /** Whether a person agreed for this message, or the program answers by itself. */
  readonly consent: ReceiptConsent;
  /** `head`: its beginning, with the headers; they are returned. */
  readonly original: Original & { readonly head: Uint8Array; readonly originalRecipient?: string };
  /** Who has read it, or has not. */
  readonly reader: Address;
  readonly to: readonly Address[];
  /** This host's name. */
  readonly hostname: string;
  readonly now: Instant;
  readonly random: Random;
}

/** The report; its envelope has the null return path, so nothing answers it (RFC 8098 3, T-048). */
export function readReport(facts: ReadReportFacts): Composed {
  const { reader, random, now, hostname, original } = facts;
  const entropy = random.bytes(18);
  const messageId = newMessageId(reader, { now, hostname }, entropy.subarray(0, 10));
  const text = textOf(facts);
  const parts: MessagePart[] = [
    { contentType: 'text/plain; charset=utf-8', content: text },
    { contentType: 'message/disposition-notification', content: disposition(facts) },
    { contentType: 'text/rfc822-headers', content: headerBlock(original.head) },
  ];
  const recipients = facts.to.map((address, index): Recipient => ({ id: index + 1, kind: 'to', ...address }));
  const boundary = Buffer.from(entropy.subarray(10)).toString('hex');
  return {
    source: multipart('multipart/report; report-type=disposition-notification', headersOf(facts, messageId), parts, boundary),
    envelope: { from: null, to: recipients },
    recipients,
    properties: {
      messageClass: `REPORT.${original.properties.messageClass ?? defaultMessageClass}.${classes[facts.kind]}`,
      messageId,
      subject: subjectOf(facts),
      clientSubmitTime: now,
      sender: reader,
      ...repeatedProperties(original),
      named: { reportKind: facts.kind, reportTime: now, reportText: text, ...namedProperties(original) },
    },
    messageId,
  };
}

const classes = { read: 'IPNRN', notRead: 'IPNNRN' } as const;
const subjectOf = ({ kind, original }: ReadReportFacts): string => subjectAbout(kind === 'read' ? 'Read' : 'Not read', original);

const headersOf = (facts: ReadReportFacts, messageId: string): Record<string, string> => ({
  From: `<${encapsulate(facts.reader, facts.hostname)}>`,
  To: facts.to.map((address) => `<${encapsulate(address, facts.hostname)}>`).join(', '),
  Subject: subjectOf(facts),
  'Message-ID': messageId,
  Date: formatDate(facts.now),
  'Auto-Submitted': 'auto-replied',
  ...repeatedHeaders(facts.original),
});

/** RFC 8098 3.2. A person opened or deleted it in either case; who agreed to tell is what differs. */
const disposition = ({ original, reader, hostname, consent, kind }: ReadReportFacts): string =>
  fieldBlock({
    'Reporting-UA': `${hostname}; mailspool`,
    'Original-Recipient': original.originalRecipient && originalRecipient(original.originalRecipient),
    'Final-Recipient': typedAddress(reader),
    'Original-Message-ID': original.properties.messageId,
    Disposition: `manual-action/MDN-sent-${consent === 'person' ? 'manually' : 'automatically'}; ${kind === 'read' ? 'displayed' : 'deleted'}`,
  });

function textOf({ kind, original, reader, now }: ReadReportFacts): string {
  const { subject } = original.properties;
  const sent = submitTimeOf(original);
  const message = `Your message ${subject ? `"${subject.slice(0, 300)}"` : 'without a subject'}${sent === undefined ? '' : ` of ${formatDate(sent)}`}`;
  const lines = [
    `${message} to ${formatAddress(reader)}`,
    `${kind === 'read' ? 'was displayed' : 'was deleted without being read'} on ${formatDate(now)}.`,
    ...(kind === 'read' ? ['', 'This is no guarantee that it has been read or understood.'] : []),
  ];
  return `${lines.map((line) => line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')).join('\r\n')}\r\n`;
}

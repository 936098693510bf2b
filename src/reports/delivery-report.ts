// Delivery reports: facts about a message in, a message out (RFC 3461, RFC 3462, RFC 3464; MAPI's report messages). The
// engine writes it in the commit that settles the recipients, so each failure is reported once (T-043).
import type { Composed } from '../message/composed.ts';
import { headerBlock } from '../message/headers.ts';
import { formatDate, newMessageId } from '../message/message-id.ts';
import { defaultMessageClass, type Bytes, type MessageProperties } from '../message/message.ts';
import { multipart, type MessagePart } from '../message/multipart.ts';
import type { Diagnostic } from '../message/outcome.ts';
import type { Address, Recipient } from '../message/recipient.ts';
import { encapsulate } from '../message/imcea.ts';
import type { Instant } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { deliveryStatus } from './delivery-status.ts';
import { namedProperties, repeatedHeaders, repeatedProperties, subjectAbout, type Original } from './original.ts';
import { reportText } from './report-text.ts';

export type ReportKind = 'delivery' | 'nonDelivery' | 'delay';

/** What became of one recipient. */
export interface ReportedRecipient {
  readonly recipient: Recipient;
  /** `relayed`: handed to a system that answers for it from there on and sends no reports itself. */
  readonly status: 'failed' | 'delayed' | 'delivered' | 'relayed';
  readonly diagnostic?: Diagnostic;
  /** Of the last attempt, or of the delivery. */
  readonly at?: Instant;
  /** Until when attempts go on. */
  readonly willRetryUntil?: Instant;
}

export interface ReportFacts {
  readonly kind: ReportKind;
  readonly original: Original & { readonly envelopeId?: string };
  readonly rows: readonly ReportedRecipient[];
  /** The original as it was at submit: a non-delivery report has it or its headers, a delay its headers, a delivery report nothing (M-066). */
  readonly returned?: { readonly part: 'headers'; readonly bytes: Uint8Array } | { readonly part: 'full'; readonly bytes: Bytes };
  /** This host's name. */
  readonly reportingMta: string;
  readonly to: Address;
  readonly now: Instant;
  readonly random: Random;
}

/** The report; its envelope has the null return path, so nothing answers it (T-044). */
export function deliveryReport(facts: ReportFacts): Composed {
  const entropy = facts.random.bytes(18);
  const messageId = newMessageId(undefined, { now: facts.now, hostname: facts.reportingMta }, entropy.subarray(0, 10));
  const text = reportText(facts);
  const parts: MessagePart[] = [
    { contentType: 'text/plain; charset=utf-8', content: text },
    { contentType: 'message/delivery-status', content: deliveryStatus(facts) },
    ...returnedPart(facts),
  ];
  const recipient: Recipient = { id: 1, kind: 'to', ...facts.to };
  const boundary = Buffer.from(entropy.subarray(10)).toString('hex');
  return {
    source: multipart('multipart/report; report-type=delivery-status', headersOf(facts, messageId), parts, boundary),
    envelope: { from: null, to: [recipient] },
    recipients: [recipient],
    properties: propertiesOf(facts, messageId, text),
    messageId,
  };
}

const headersOf = (facts: ReportFacts, messageId: string): Record<string, string> => ({
  From: `Mail Delivery System <mailer-daemon@${facts.reportingMta}>`,
  To: `<${encapsulate(facts.to, facts.reportingMta)}>`,
  Subject: subjectAbout(subjects[facts.kind], facts.original),
  'Message-ID': messageId,
  Date: formatDate(facts.now),
  'Auto-Submitted': 'auto-replied',
  ...repeatedHeaders(facts.original),
});

const subjects = { delivery: 'Delivered', nonDelivery: 'Undeliverable', delay: 'Delayed' } as const;

/** Not for a delivery report (M-066). A delay warning is followed by another report, so headers are enough. */
function returnedPart({ kind, returned }: ReportFacts): MessagePart[] {
  if (!returned || kind === 'delivery') return [];
  if (returned.part === 'full' && kind === 'nonDelivery') return [{ contentType: 'message/rfc822', content: returned.bytes }];
  if (!(returned.bytes instanceof Uint8Array)) return [];
  return [{ contentType: 'text/rfc822-headers', content: headerBlock(returned.bytes) }];
}

const classes = { delivery: 'DR', nonDelivery: 'NDR', delay: 'Delayed.DR' } as const;

/** `REPORT.<class>.DR` or `.NDR` (M-067), and what MAPI requires of a report (M-068); the tag is repeated (M-069). */
function propertiesOf(facts: ReportFacts, messageId: string, text: string): MessageProperties {
  const { kind, original, rows, now } = facts;
  const { messageClass = defaultMessageClass } = original.properties;
  const failed = rows.find(({ status }) => status === 'failed');
  const delivered = rows.findLast(({ status }) => status === 'delivered');
  return {
    messageClass: `REPORT.${messageClass}.${classes[kind]}`,
    messageId,
    subject: subjectAbout(subjects[kind], original),
    clientSubmitTime: now,
    sender: { type: 'SMTP', address: `mailer-daemon@${facts.reportingMta}`, name: 'Mail Delivery System' },
    ...repeatedProperties(original),
    named: {
      reportKind: kind,
      reportTime: now,
      reportText: text,
      ...namedProperties(original),
      ...(kind === 'nonDelivery' && failed?.diagnostic ? { diagnosticCode: failed.diagnostic.enhancedCode ?? failed.diagnostic.code } : {}),
      ...(kind === 'delivery' && delivered?.at !== undefined ? { originalDeliveryTime: delivered.at } : {}),
    },
  };
}

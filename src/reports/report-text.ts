// The part for people: what happened, to whom, why, and whether they have to do something.
import { formatAddress } from '../message/address-type.ts';
import { formatDate } from '../message/message-id.ts';
import { assertNever } from '../errors.ts';
import { publicSentence, statusCode } from './public-diagnostic.ts';
import type { ReportedRecipient, ReportFacts } from './delivery-report.ts';

export function reportText(facts: ReportFacts): string {
  const lines = [
    `This is the mail system at ${facts.reportingMta}.`,
    '',
    ...opening(facts),
    '',
    ...facts.rows.flatMap((row) => [...recipientLines(row), '']),
    ...closing(facts),
  ];
  return `${lines.join('\r\n').trimEnd()}\r\n`;
}

function opening({ kind, original, rows }: ReportFacts): string[] {
  const subject = original.properties.subject ? `"${original.properties.subject.slice(0, 300)}"` : 'without a subject';
  const submitted = original.submitTime ?? original.properties.clientSubmitTime;
  const whom = rows.length === 1 ? 'one recipient' : `${rows.length} recipients`;
  const message = `Your message ${subject}${submitted === undefined ? '' : ` of ${formatDate(submitted)}`}`;
  switch (kind) {
    case 'delivery':
      return [`${message} reached ${whom}:`];
    case 'nonDelivery':
      return [`${message} could not be delivered to ${whom}:`];
    case 'delay':
      return [`${message} has not been delivered to ${whom} yet:`];
    default:
      return assertNever(kind);
  }
}

function recipientLines(row: ReportedRecipient): string[] {
  const { recipient, diagnostic, at, willRetryUntil } = row;
  const address = formatAddress(recipient);
  const lines = [recipient.name ? `${recipient.name} <${address}>` : address];
  if (row.status === 'delivered') lines.push(`  delivered${at === undefined ? '' : ` ${formatDate(at)}`}`);
  if (row.status === 'relayed') lines.push('  handed to a system that does not report deliveries');
  if (diagnostic && (row.status === 'failed' || row.status === 'delayed'))
    lines.push(`  ${publicSentence(diagnostic)}`, `  Status: ${statusCode(row)}`);
  if (row.status === 'delayed' && willRetryUntil !== undefined) lines.push(`  Attempts go on until ${formatDate(willRetryUntil)}.`);
  return lines.map((line) => line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
}

const advice = {
  delivery: [],
  nonDelivery: ['No further attempt is made. Correct what the reply names, or reach the recipient in another way.'],
  delay: ['You need not send it again. If it fails in the end you will be told.'],
} as const satisfies Record<ReportFacts['kind'], readonly string[]>;

const closing = ({ kind }: ReportFacts): readonly string[] => advice[kind];

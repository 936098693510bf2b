// The part for machines: message/delivery-status (RFC 3464), in ASCII, one block of fields for each recipient (U-056).
import { formatDate } from '../message/message-id.ts';
import { fieldBlock, originalRecipient, typedAddress } from './machine-fields.ts';
import { submitTimeOf } from './original.ts';
import { publicReply, statusCode } from './public-diagnostic.ts';
import type { ReportedRecipient, ReportFacts } from './delivery-report.ts';

export function deliveryStatus(facts: ReportFacts): string {
  const { envelopeId } = facts.original;
  const arrival = submitTimeOf(facts.original);
  const message = fieldBlock({
    'Original-Envelope-Id': envelopeId,
    'Reporting-MTA': `dns; ${facts.reportingMta}`,
    'Arrival-Date': arrival === undefined ? undefined : formatDate(arrival),
  });
  return [message, ...facts.rows.map(recipientBlock)].join('\r\n');
}

function recipientBlock(row: ReportedRecipient): string {
  const { recipient, diagnostic, at, willRetryUntil, status } = row;
  return fieldBlock({
    'Original-Recipient': recipient.originalRecipient === undefined ? undefined : originalRecipient(recipient.originalRecipient),
    'Final-Recipient': typedAddress(recipient),
    Action: status,
    Status: statusCode(row),
    'Diagnostic-Code': diagnostic && publicReply(diagnostic),
    'Last-Attempt-Date': at === undefined ? undefined : formatDate(at),
    'Will-Retry-Until': status !== 'delayed' || willRetryUntil === undefined ? undefined : formatDate(willRetryUntil),
  });
}

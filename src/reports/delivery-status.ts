// The part for machines: message/delivery-status (RFC 3464), in ASCII, one block of fields for each recipient (U-056).
import { defaultAddressType } from '../message/address-type.ts';
import { formatDate } from '../message/message-id.ts';
import type { Recipient } from '../message/recipient.ts';
import { publicReply, statusCode } from './public-diagnostic.ts';
import type { ReportedRecipient, ReportFacts } from './delivery-report.ts';

export function deliveryStatus(facts: ReportFacts): string {
  const { envelopeId, submitTime, properties } = facts.original;
  const arrival = submitTime ?? properties.clientSubmitTime;
  const message = block({
    'Original-Envelope-Id': envelopeId,
    'Reporting-MTA': `dns; ${facts.reportingMta}`,
    'Arrival-Date': arrival === undefined ? undefined : formatDate(arrival),
  });
  return [message, ...facts.rows.map(recipientBlock)].join('\r\n');
}

function recipientBlock(row: ReportedRecipient): string {
  const { recipient, diagnostic, at, willRetryUntil, status } = row;
  return block({
    'Original-Recipient': recipient.originalRecipient === undefined ? undefined : originalRecipient(recipient.originalRecipient),
    'Final-Recipient': finalRecipient(recipient),
    Action: status,
    Status: statusCode(row),
    'Diagnostic-Code': diagnostic && publicReply(diagnostic),
    'Last-Attempt-Date': at === undefined ? undefined : formatDate(at),
    'Will-Retry-Until': status !== 'delayed' || willRetryUntil === undefined ? undefined : formatDate(willRetryUntil),
  });
}

/** Other types are named as they are called here; MAPI's are not registered with anyone. */
function finalRecipient({ type, address }: Recipient): string {
  if (type !== defaultAddressType) return `x-${type.toLowerCase()}; ${xtext(address)}`;
  return isAscii(address) ? `rfc822; ${address}` : `utf-8; ${xtext(address)}`;
}

/** RFC 3461 4.2: `type;address`; without a type it is an internet address. */
const originalRecipient = (text: string): string => (/^[A-Za-z0-9-]+;/.test(text) ? xtext(text) : `rfc822; ${xtext(text)}`);

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** RFC 6533 3: characters outside ASCII as `\x{…}`; control characters in the same way, so that no field can begin. */
const xtext = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`);

const block = (fields: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : `${fold(`${name}: ${oneLine(value)}`)}\r\n`))
    .join('');

const oneLine = (value: string): string => xtext(value.replace(/\s+/g, ' ').trim());

/** Folded where there is a space; a word longer than a line may be is cut. */
const fold = (line: string): string =>
  line
    .replace(/([^ ]{900})(?=[^ ])/g, '$1 ')
    .replace(/(.{1,76})(?: |$)/g, '$1\r\n ')
    .trimEnd();

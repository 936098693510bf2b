// A report that another system has sent, as the news that it is: what became of the recipients of a message of ours
// (M-070, T-050). The report itself is the notice, so none is written about what it says.
import { searchKey } from '../message/address-type.ts';
import type { RecipientRow } from '../message/recipient.ts';
import type { MessageLookup, StatusRecipient } from '../provider/spooler-support.ts';
import type { RecognisedDisposition, RecognisedReport, RecognisedRow } from '../reports/recognise.ts';
import type { StoredMessage } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';

/** By what the message may be found that a report is about: the ENVID that we sent, else our Message-ID. */
export const lookupsOf = ({ envelopeId, messageId }: RecognisedReport): MessageLookup[] => [
  ...(envelopeId === undefined ? [] : [{ envelopeId }]),
  ...(messageId === undefined ? [] : [{ messageId }]),
];

/** What it says of the message's recipients. @param at when it was sent */
export function wordsOf({ rows, disposition }: RecognisedReport, message: StoredMessage, at: Instant): StatusRecipient[] {
  return [...rows.flatMap((row) => wordOf(row, message, at)), ...(disposition ? readingOf(disposition, message, at) : [])];
}

function wordOf(row: RecognisedRow, message: StoredMessage, at: Instant): StatusRecipient[] {
  const recipient = named(row, message);
  if (recipient === undefined || row.action === 'expanded') return [];
  if (row.action === 'failed' || row.action === 'delayed') return [{ recipient, status: row.action, diagnostic: row.diagnostic }];
  return [{ recipient, status: row.action, at }];
}

function readingOf(disposition: RecognisedDisposition, message: StoredMessage, at: Instant): StatusRecipient[] {
  const recipient = named(disposition, message);
  if (recipient === undefined || disposition.type === 'other') return [];
  return [{ recipient, status: disposition.type === 'displayed' ? 'read' : 'notRead', at }];
}

/** Whom we sent to is the original recipient, where it is said; a message with one recipient leaves no doubt. */
function named({ originalRecipient, recipient }: Pick<RecognisedRow, 'originalRecipient' | 'recipient'>, message: StoredMessage): number | undefined {
  const rows = message.recipients.filter(({ submitted }) => !submitted);
  const find = (address: string | undefined): RecipientRow | undefined =>
    address === undefined
      ? undefined
      : rows.find((row) => searchKey(row) === searchKey({ type: 'SMTP', address }) || row.originalRecipient === address);
  return (find(originalRecipient) ?? find(recipient) ?? (rows.length === 1 ? rows[0] : undefined))?.id;
}

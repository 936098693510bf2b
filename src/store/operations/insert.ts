// A new message becomes a record: shared by submit, by the reports of a settlement and by received mail.
import { MailspoolError } from '../../errors.ts';
import type { EntryId, Recipient, RecipientRow } from '../../message/recipient.ts';
import type { NewMessage, NewReceived, StoredMessage } from '../message-store.ts';
import type { Sequence } from '../tables.ts';
import { takeContent } from './content.ts';
import { announce, idOf, type Operation, write } from './operation.ts';

/** Stamps id and submit time; every recipient starts unhandled and unlocked (M-026). */
export function insertMessage(operation: Operation, message: NewMessage): EntryId {
  const { idempotencyKey: _key, inputDigest: _digest, receivedBy, content: given, ...rest } = message;
  const sequence = operation.tables.next('sequence');
  const id = idOf(operation, sequence);
  const content = takeContent(operation, given);
  const common = { ...rest, id, content, sizeBytes: content.sizeBytes, submitTime: message.submitTime ?? operation.now };
  const record: StoredMessage =
    receivedBy === undefined
      ? {
          ...common,
          direction: 'outbound',
          submitState: unlocked(message),
          recipients: uniqueRows(message.recipients.map((row) => ({ ...row, attempts: 0 }))),
        }
      : {
          ...common,
          direction: 'inbound',
          session: receivedBy,
          reference: `report:${id}`,
          announce: true,
          recipients: arrived(operation, message.recipients),
        };
  insertRecord(operation, sequence, record);
  if (record.direction === 'outbound') announce(operation, { type: 'submitted', id, folder: record.folder });
  if (record.direction === 'outbound' && record.finishedAt !== undefined) announce(operation, { type: 'finished', id, folder: record.folder });
  return id;
}

const unlocked = (message: NewMessage) => ({ locked: false, preprocess: message.submitState?.preprocess ?? false });

export function insertReceived(operation: Operation, message: NewReceived): { readonly id: EntryId; readonly sequence: Sequence } {
  const { aliases: _aliases, section: _section, content: given, ...rest } = message;
  const sequence = operation.tables.next('sequence');
  const content = takeContent(operation, given);
  const id = idOf(operation, sequence);
  const recipients = arrived(operation, message.recipients);
  insertRecord(operation, sequence, { ...plain, ...rest, id, content, sizeBytes: message.sizeBytes ?? content.sizeBytes, recipients });
  return { id, sequence };
}

/** What received mail has in common. */
const plain = {
  direction: 'inbound',
  priority: 0,
  report: {},
  afterSend: {},
  guarantee: 'atLeastOnce',
  onUnknown: 'resend',
  read: false,
} as const satisfies Partial<StoredMessage>;

export const arrived = (operation: Operation, recipients: readonly Recipient[]): RecipientRow[] =>
  uniqueRows(recipients.map((row) => ({ ...row, attempts: 0, status: { state: 'delivered', at: operation.now } as const })));

/** @throws EINVALID */
export function uniqueRows(rows: readonly RecipientRow[]): RecipientRow[] {
  if (new Set(rows.map((row) => row.id)).size === rows.length) return [...rows];
  throw new MailspoolError('EINVALID', 'two recipients of a message have the same id', { field: 'recipients' });
}

function insertRecord(operation: Operation, sequence: Sequence, record: StoredMessage): void {
  write(operation, sequence, undefined, record);
  for (const [kind, value] of otherNames(record)) operation.tables.addKey(kind, value, sequence);
}

/** By what a message can be looked up, beside its id and the names that other systems gave it. */
export function otherNames(record: StoredMessage): (readonly ['messageId' | 'envelopeId', string])[] {
  const names: (readonly ['messageId' | 'envelopeId', string])[] = [];
  if (record.properties.messageId !== undefined) names.push(['messageId', record.properties.messageId]);
  if (record.envelopeId !== undefined) names.push(['envelopeId', record.envelopeId]);
  return names;
}

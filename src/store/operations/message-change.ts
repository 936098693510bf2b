// What a settlement does to the message beside its recipients: properties, times, content, the list itself (M-049).
import type { Recipient, RecipientRow } from '../../message/recipient.ts';
import type { NewMessage, Settlement, StoredMessage } from '../message-store.ts';
import { isAllFinal } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import { takeContent } from './content.ts';
import { otherNames, uniqueRows } from './insert.ts';
import type { Operation } from './operation.ts';

/** Rows whose id stays keep what became of them; new ones are queued. */
export function replacedRows(rows: readonly RecipientRow[], list: readonly Recipient[] | undefined): readonly RecipientRow[] {
  if (!list) return rows;
  const known = new Map(rows.map((row) => [row.id, row]));
  return uniqueRows(list.map((recipient) => ({ status: { state: 'queued' }, attempts: 0, ...known.get(recipient.id), ...recipient })));
}

/** A field that is given as undefined is cleared. A message that waits again is not filed any more (U-004). */
export function changedMessage(
  operation: Operation,
  before: StoredMessage,
  message: Settlement['message'],
  rows: readonly RecipientRow[],
): StoredMessage {
  const { content, recipients: _list, submitState, ...fields } = message ?? {};
  const changed: StoredMessage = {
    ...before,
    ...fields,
    ...(submitState && { submitState: { ...submitState, locked: false } }),
    ...(content && replacedContent(operation, before, content)),
    recipients: rows,
  };
  if (changed.direction === 'inbound' || changed.finishedAt === undefined || isAllFinal(rows)) return changed;
  const { finishedAt: _filed, ...waiting } = changed;
  return waiting;
}

/** The bytes as submitted are kept beside those as prepared (M-066, U-005). */
function replacedContent(operation: Operation, before: StoredMessage, given: NewMessage['content']): Partial<StoredMessage> {
  const content = takeContent(operation, given);
  const isFirst = before.direction === 'outbound' && before.submitted === undefined;
  if (!isFirst && !before.contentGone) operation.tables.useContent(before.content.ref, -1);
  return { content, sizeBytes: content.sizeBytes, ...(isFirst && { submitted: before.content }) };
}

/** Keeps lookups in step with the record. */
export function rename({ tables }: Operation, sequence: Sequence, before: StoredMessage, after: StoredMessage): void {
  for (const [kind, value] of otherNames(before)) if (!has(after, kind, value)) tables.removeKey(kind, value, sequence);
  for (const [kind, value] of otherNames(after)) if (!has(before, kind, value)) tables.addKey(kind, value, sequence);
  if (before.recipients === after.recipients) return;
  const old = remoteIdsOf(before);
  const fresh = remoteIdsOf(after);
  for (const id of old) if (!fresh.has(id)) tables.removeKey('remoteId', id, sequence);
  for (const id of fresh) if (!old.has(id)) tables.addKey('remoteId', id, sequence);
}

const has = (record: StoredMessage, kind: 'messageId' | 'envelopeId', value: string): boolean =>
  otherNames(record).some(([otherKind, other]) => otherKind === kind && other === value);

export const remoteIdsOf = (record: StoredMessage): ReadonlySet<string> => new Set(record.recipients.flatMap((row) => row.remoteIds ?? []));

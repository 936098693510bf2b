// Settling: the only way to change a message. Each settlement is judged by its own guard; what it changes, what it
// submits and what it says to the change feed are one write (T-043).
import { MailspoolError } from '../../errors.ts';
import type { EntryId, RecipientRow } from '../../message/recipient.ts';
import type { NewMessage, Settled, Settlement, StoredMessage } from '../message-store.ts';
import type { Sequence } from '../tables.ts';
import { type Filed, filed } from './filing.ts';
import { type Guard, guardOf, isMet } from './guard.ts';
import { changedMessage, rename, replacedRows } from './message-change.ts';
import { announce, find, type Operation, write } from './operation.ts';
import { shown } from './overlay.ts';
import { type ChangedRows, changeRows } from './recipient-change.ts';
import { removeMessage } from './remove.ts';
import { settleLeases } from './settled-leases.ts';
import { submit } from './submit.ts';

export const settle = (operation: Operation, settlements: readonly Settlement[]): Settled[] =>
  settlements.map((settlement) => settleOne(operation, settlement));

function settleOne(operation: Operation, settlement: Settlement): Settled {
  const { id, guard: given, then } = settlement;
  // Only who holds the message may file it (M-045).
  if ('from' in given && typeof then === 'object') throw new MailspoolError('ENOSUPPORT', 'only the holder of a lease can file a message');
  const found = find(operation, id);
  if (!found) return { id, result: 'notFound', changed: [], unchanged: [] };
  const { sequence, record } = found;
  const guard = guardOf(operation, settlement, sequence);
  if (guard && settlement.cancelRequested) requestCancel(operation, sequence);
  if (!guard || !isMet(guard, settlement, record)) return stale(operation, sequence, record);
  return writeSettlement(operation, settlement, { sequence, record, guard });
}

const stale = (operation: Operation, sequence: Sequence, record: StoredMessage): Settled => ({
  id: record.id,
  result: 'stale',
  changed: [],
  unchanged: shown(record, operation.tables.leases(sequence), operation.now).recipients,
});

/** Whoever works on it learns at `renew` (M-073). */
function requestCancel({ tables }: Operation, sequence: Sequence): void {
  for (const lease of tables.leases(sequence)) if (lease.until > 0) tables.putLease({ ...lease, cancelRequested: true });
}

export interface Subject {
  readonly sequence: Sequence;
  readonly record: StoredMessage;
  readonly guard: Guard;
}

function writeSettlement(operation: Operation, settlement: Settlement, subject: Subject): Settled {
  const { record, guard } = subject;
  const { message, then, recipients } = settlement;
  const changes = changeRows(guard, rowsToChange(subject, settlement), recipients ?? []);
  const hasChanged = recipients === undefined || changes.changed.length > 0;
  // A compare-and-set that changed nothing has lost: the rest of it is not written either.
  if (!hasChanged && guard.from) return { id: record.id, result: 'written', changed: [], unchanged: changes.unchanged, finished: isFiled(record) };
  const isSame = !message && changes.rows.every((row, place) => row === record.recipients[place]);
  const changed = isSame ? record : changedMessage(operation, record, message, changes.rows);
  const outcome = filed(changed, then, operation.now);
  writeOutcome(operation, subject, changed, outcome);
  settleLeases(operation, subject, { changes, outcome, keep: then === 'keep' });
  tell(operation, settlement, changes, outcome);
  return {
    id: record.id,
    result: 'written',
    changed: changes.changed,
    unchanged: changes.unchanged,
    ...(hasChanged && settlement.submit && { submitted: submitAlong(operation, settlement.submit) }),
    finished: outcome.record === 'removed' || isFiled(outcome.record),
  };
}

const isFiled = (record: StoredMessage): boolean => record.finishedAt !== undefined;

/** When a claim ends without an outcome, a hand-over that was written down was not made. */
function rowsToChange({ record, guard: { lease } }: Subject, { message, recipients, then }: Settlement): readonly RecipientRow[] {
  const rows = replacedRows(record.recipients, message?.recipients);
  const named = new Set((recipients ?? []).flatMap((change) => (change.status ? [change.recipient] : [])));
  if (!lease || then === 'keep' || named.has('all')) return rows;
  return rows.map((row) =>
    isHandedOver(row) && lease.covers.includes(row.id) && !named.has(row.id) ? { ...row, status: { state: 'queued' } } : row,
  );
}

const isHandedOver = (row: RecipientRow): boolean => row.status.state === 'claimed';

function writeOutcome(operation: Operation, { sequence, record }: Subject, changed: StoredMessage, outcome: Filed): void {
  if (outcome.record === 'removed') return removeMessage(operation, sequence, record, changed);
  if (outcome.record === record) return;
  write(operation, sequence, record, outcome.record);
  rename(operation, sequence, record, outcome.record);
}

/** One row for each settlement: the strongest thing it did. */
function tell(operation: Operation, { message, recipients }: Settlement, changes: ChangedRows, outcome: Filed): void {
  // `removeMessage` has said so.
  if (outcome.record === 'removed') return;
  const { id, folder } = outcome.record;
  if (outcome.news) return announce(operation, { ...outcome.news, id, folder });
  const isRead = recipients?.some((change) => (change.readAt ?? change.notReadAt) !== undefined) && changes.changed.length > 0;
  if (changes.restated.size > 0 || isRead || (message && isVisible(message))) announce(operation, { type: 'changed', id, folder });
}

const visibleFields = ['folder', 'properties', 'read', 'mark', 'dueAt', 'sendAt', 'priority', 'recipients'] as const;
const isVisible = (message: NonNullable<Settlement['message']>): boolean => visibleFields.some((field) => field in message);

/** @throws EDUPLICATE; the whole call is then undone */
function submitAlong(operation: Operation, messages: readonly NewMessage[]): EntryId[] {
  return submit(operation, messages).map(({ id, result }) => {
    if (result === 'conflict') throw new MailspoolError('EDUPLICATE', `the idempotency key belongs to message ${id}`);
    return id;
  });
}

// Who may change what: a settlement is judged by the lease it holds, or by the states it expects (M-072, T-014).
import type { RecipientRow, StateName } from '../../message/recipient.ts';
import { isFinal } from '../../message/transitions.ts';
import type { Settlement, StoredMessage } from '../message-store.ts';
import { isSentTo } from '../schedule.ts';
import type { LeaseRow, Sequence } from '../tables.ts';
import { currentLease } from './leases.ts';
import type { Operation } from './operation.ts';
import { coverage } from './overlay.ts';

export interface Guard {
  /** Held by whoever settles. */
  readonly lease?: LeaseRow;
  readonly from?: ReadonlySet<StateName>;
  /** Who has which recipient now. */
  readonly covered: ReadonlyMap<number, LeaseRow>;
}

/** Undefined: the lease is no longer current. */
export function guardOf(operation: Operation, { guard }: Settlement, sequence: Sequence): Guard | undefined {
  const covered = coverage(operation.tables.leases(sequence), operation.now);
  if ('from' in guard) return { from: new Set(guard.from), covered };
  const lease = currentLease(operation, guard);
  return lease && { lease, covered: withOwn(covered, lease) };
}

/** A lease that ran out still covers what nobody else has taken. */
function withOwn(covered: ReadonlyMap<number, LeaseRow>, lease: LeaseRow): ReadonlyMap<number, LeaseRow> {
  const all = new Map(covered);
  for (const recipient of lease.covers) if (!all.has(recipient)) all.set(recipient, lease);
  return all;
}

/** As it is shown: `claimed` while a lease covers it. */
export const stateOf = ({ covered }: Guard, row: RecipientRow): StateName =>
  isFinal(row.status.state) || !covered.has(row.id) ? row.status.state : 'claimed';

/** Whether the settlement as a whole may go on; its recipients are judged one by one. */
export function isMet(guard: Guard, settlement: Settlement, record: StoredMessage): boolean {
  const { from } = guard;
  if (!from) return true;
  const rows = record.recipients.filter(isSentTo);
  const expected = (row: RecipientRow) => from.has(stateOf(guard, row));
  if (settlement.then === 'remove') return rows.every(expected);
  return settlement.recipients !== undefined || rows.length === 0 || rows.some(expected);
}

/** Expiry reaches recipients whoever has them (U-003); otherwise what is under another lease is not ours to change. */
export const isOthers = ({ lease, covered }: Guard, row: RecipientRow): boolean => {
  const holder = covered.get(row.id);
  return lease !== undefined && holder !== undefined && holder.fence !== lease.fence && lease.queue !== '@timers';
};

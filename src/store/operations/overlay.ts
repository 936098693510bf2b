// What a message looks like while somebody works on it: `claimed` is not stored, it follows from the live leases.
import type { RecipientRow, RecipientState } from '../../message/recipient.ts';
import { isFinal } from '../../message/transitions.ts';
import type { Instant } from '../../time/clock.ts';
import type { StoredMessage } from '../message-store.ts';
import type { LeaseRow } from '../tables.ts';

/** A lease ends when its time is over; one whose holder died has none left (U-007, U-008). */
export const isLive = (lease: LeaseRow, now: Instant): boolean => lease.until > now;

/** Who covers which recipient. */
export function coverage(leases: readonly LeaseRow[], now: Instant): ReadonlyMap<number, LeaseRow> {
  const covered = new Map<number, LeaseRow>();
  for (const lease of leases) if (isLive(lease, now)) for (const recipient of lease.covers) covered.set(recipient, lease);
  return covered;
}

export function shown(record: StoredMessage, leases: readonly LeaseRow[], now: Instant): StoredMessage {
  if (!leases.some((lease) => isLive(lease, now))) return record;
  const covered = coverage(leases, now);
  const recipients = record.recipients.map((row) => shownRow(row, covered.get(row.id)));
  return { ...record, recipients, ...(record.submitState && { submitState: { ...record.submitState, locked: true } }) };
}

export const shownRow = (row: RecipientRow, lease: LeaseRow | undefined): RecipientRow =>
  lease && !isFinal(row.status.state) ? { ...row, status: claimedBy(lease, row.status) } : row;

function claimedBy({ owner, until }: LeaseRow, stored: RecipientState): RecipientState {
  const handedOver = stored.state === 'claimed' && stored.handingOver;
  return { state: 'claimed', owner, until, ...(handedOver && { handingOver: true }) };
}

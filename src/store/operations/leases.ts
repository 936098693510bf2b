// Leases after they were given: renewing, and what becomes of them when their holder goes.
import type { Instant } from '../../time/clock.ts';
import { sequenceOf } from '../entry-id.ts';
import type { Lease } from '../message-store.ts';
import { queueKey } from '../schedule.ts';
import type { LeaseRow } from '../tables.ts';
import { type Operation, wakeDue } from './operation.ts';
import { coverage, isLive } from './overlay.ts';

/**
 * The row of a lease while nobody else has the message. A lease that ran out and was not taken is still good: what its
 * owner did is better known than forgotten (U-019 is about those that were taken).
 */
export function currentLease(operation: Operation, lease: Lease): LeaseRow | undefined {
  const sequence = sequenceOf(operation.tables.tag, lease.id);
  const row = sequence === undefined ? undefined : operation.tables.lease(sequence, queueKey(lease.queue));
  return row?.fence === lease.fence && row.until > 0 ? row : undefined;
}

export function renew(operation: Operation, leases: readonly Lease[], until: Instant): { lease: Lease; news: 'lost' | 'cancelRequested' }[] {
  const news: { lease: Lease; news: 'lost' | 'cancelRequested' }[] = [];
  for (const lease of leases) {
    const current = currentLease(operation, lease);
    const row = current && isOvertaken(operation, current) ? undefined : current;
    if (row) operation.tables.putLease({ ...row, until });
    if (!row) news.push({ lease, news: 'lost' });
    else if (row.cancelRequested) news.push({ lease, news: 'cancelRequested' });
  }
  return news;
}

/** It ran out, and what it covered was claimed by another way: by its route, or as a whole message. */
function isOvertaken({ tables, now }: Operation, row: LeaseRow): boolean {
  if (isLive(row, now)) return false;
  const covered = coverage(tables.leases(row.sequence), now);
  return row.covers.some((recipient) => covered.has(recipient));
}

/** The holder is gone: what it had can be claimed at once, and the next claim says that it was lost (U-008). */
export function loseLeases(operation: Operation, holder: string): void {
  for (const lease of operation.tables.leasesOf(holder)) {
    operation.tables.putLease({ ...lease, until: 0 });
    const record = operation.tables.message(lease.sequence);
    if (record) wakeDue(operation, record);
  }
}

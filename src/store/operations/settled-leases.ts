// What a settlement does to the leases of its message: its own ends or stays, and no lease covers a recipient whose
// state was settled.
import type { LeaseRow } from '../tables.ts';
import type { Filed } from './filing.ts';
import { type Operation, wakeDue } from './operation.ts';
import { isLive } from './overlay.ts';
import type { ChangedRows } from './recipient-change.ts';
import type { Subject } from './settle.ts';

interface Settling {
  readonly changes: ChangedRows;
  readonly outcome: Filed;
  /** The settler's own lease goes on. */
  readonly keep: boolean;
}

export function settleLeases(operation: Operation, subject: Subject, settling: Settling): void {
  const { outcome, changes } = settling;
  // Removed: its leases went with it.
  if (outcome.record === 'removed') return;
  let hasEnded = false;
  for (const lease of operation.tables.leases(subject.sequence)) {
    if (ends(operation, subject, lease, settling)) {
      operation.tables.removeLease(lease.sequence, lease.queue);
      hasEnded = true;
    } else if (lease.covers.some((recipient) => changes.restated.has(recipient))) {
      operation.tables.putLease({ ...lease, covers: lease.covers.filter((recipient) => !changes.restated.has(recipient)) });
    }
  }
  if (hasEnded) wakeDue(operation, outcome.record);
}

function ends(operation: Operation, { guard }: Subject, lease: LeaseRow, { changes, outcome, keep }: Settling): boolean {
  if (lease.fence === guard.lease?.fence) return !keep;
  // Whoever prepares the message would route what was just cancelled or held.
  if (lease.queue === '@intake' && guard.from && changes.isStopped) return true;
  const isFiled = outcome.record !== 'removed' && outcome.record.finishedAt !== undefined;
  return isFiled && !isLive(lease, operation.now);
}

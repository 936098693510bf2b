// Whether a message can be claimed from a queue now, what of it, and what happened to earlier claims of it.
import type { Instant } from '../../time/clock.ts';
import { isFinal } from '../../message/transitions.ts';
import type { Queue, StoredMessage } from '../message-store.ts';
import { dueAtOf, isSentTo, type QueueKey, queueOf, routeKey, scheduleOf } from '../schedule.ts';
import type { LeaseRow, Sequence } from '../tables.ts';
import type { Operation } from './operation.ts';
import { coverage, isLive } from './overlay.ts';

export interface Taking {
  readonly sequence: Sequence;
  readonly record: StoredMessage;
  readonly as: Queue;
  readonly covers: readonly number[];
  /** How often a claim on this was lost with its owner (T-017). */
  readonly recovered: number;
  /** Lost leases that this one stands for from now on. */
  readonly forget: readonly LeaseRow[];
}

/** `until`: when to look again; never, where only a change of the message can make a difference. */
export interface Blocked {
  readonly until: Instant;
}

const never: Blocked = { until: Number.POSITIVE_INFINITY };

export function takeable(operation: Operation, queue: QueueKey, sequence: Sequence): Taking | Blocked {
  const { tables, now } = operation;
  const leases = tables.leases(sequence);
  const live = leases.filter((lease) => isLive(lease, now));
  const blocking = live.find((lease) => excludes(lease.queue, queue));
  if (blocking) return { until: blocking.until };
  const record = tables.message(sequence);
  const as = queueOf(queue);
  if (!record || as === undefined) return never;
  const covers = coversOf(record, queue, leases, now);
  if (covers === 'nothing') return { until: earliestEnd(live) };
  return { sequence, record, as, covers, ...history(record, queue, covers, leases, now) };
}

/**
 * One lease for each queue. A message as a whole and its preparation exclude each other, since the one claims
 * recipients whose route the other decides; filing waits until nobody works on the message (M-043).
 */
function excludes(held: QueueKey, wanted: QueueKey): boolean {
  if (held === wanted || wanted === '@finishing') return true;
  return (held === '@intake' && wanted.startsWith('#')) || (wanted === '@intake' && held.startsWith('#'));
}

/** Fixed queues claim the message and leave its recipients as they are. */
function coversOf(record: StoredMessage, queue: QueueKey, leases: readonly LeaseRow[], now: Instant): readonly number[] | 'nothing' {
  if (queue.startsWith('@')) return [];
  const isWhole = queue.startsWith('#');
  if (isWhole && record.direction === 'inbound') return [];
  const covered = coverage(leases, now);
  const free = record.recipients.filter((row) => isSentTo(row) && !isFinal(row.status.state) && !covered.has(row.id));
  const mine = isWhole
    ? free
    : free.filter((row) => row.route && routeKey(row.route) === queue && (dueAtOf(row, record.dueAt) ?? Number.POSITIVE_INFINITY) <= now);
  return mine.length === 0 ? 'nothing' : mine.map((row) => row.id);
}

const earliestEnd = (live: readonly LeaseRow[]): Instant => Math.min(Number.POSITIVE_INFINITY, ...live.map((lease) => lease.until));

/** Earlier claims of this entry, or of one of these recipients elsewhere, that were lost. */
function history(record: StoredMessage, queue: QueueKey, covers: readonly number[], leases: readonly LeaseRow[], now: Instant) {
  if (leases.length === 0) return { recovered: 0, forget: [] };
  const lost = leases.filter((lease) => !isLive(lease, now));
  const mine = lost.filter((lease) => lease.queue === queue || lease.covers.some((recipient) => covers.includes(recipient)));
  const scheduled = new Set(scheduleOf(record).map((entry) => entry.queue));
  const forget = mine.filter((lease) => lease.queue !== queue && !scheduled.has(lease.queue));
  return { recovered: Math.max(0, ...mine.map((lease) => lease.recovered + 1)), forget };
}

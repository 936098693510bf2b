// Which queues a message waits in, and from when: a pure function of its record. A store keeps these entries in step
// with the record by writing the difference; nothing else ever writes a schedule (U-002, U-006).
import { assertNever } from '../errors.ts';
import type { RecipientRow, Route } from '../message/recipient.ts';
import { isFinal } from '../message/transitions.ts';
import type { Instant } from '../time/clock.ts';
import type { Queue, StoredMessage } from './message-store.ts';

/** A queue as a string. Routes are a session, or a session and a destination behind a unit separator. */
export type QueueKey = string;

/** One message in one queue; at most one entry for each. */
export interface ScheduleEntry {
  readonly queue: QueueKey;
  /** 0: at once. */
  readonly dueAt: Instant;
  /** The message's. */
  readonly priority: number;
}

/** Kept by the stores themselves: finished messages whose content, and then whose record, has a retention. */
export const contentRetention = '@content';
export const recordRetention = '@record';

const unitSeparator = '\u001f';

export function queueKey(queue: Queue): QueueKey {
  if (typeof queue === 'string') return `@${queue}`;
  return 'message' in queue ? `#${queue.message}` : routeKey(queue);
}

export const routeKey = (route: Route): QueueKey =>
  route.destination === undefined ? route.session : route.session + unitSeparator + route.destination;

/** The queue of a key; undefined for the stores' own. */
export function queueOf(key: QueueKey): Queue | undefined {
  if (key === contentRetention || key === recordRetention) return undefined;
  if (key.startsWith('@')) return key.slice(1) as Queue;
  if (key.startsWith('#')) return { message: key.slice(1) } as Queue;
  const [session, destination] = key.split(unitSeparator);
  return { session, ...(destination !== undefined && { destination }) } as Route;
}

/** Rows marked `submitted` are shown and not sent to: they wait for nothing (M-033). */
export const isSentTo = (row: RecipientRow): boolean => row.submitted !== true;

/** Whether nothing more is to be sent: also true without any recipient (M-053). */
export const isAllFinal = (rows: readonly RecipientRow[]): boolean => rows.every((row) => !isSentTo(row) || isFinal(row.status.state));

/** What the record alone says; leases do not matter here. */
export function scheduleOf(record: StoredMessage): ScheduleEntry[] {
  const { priority, finishedAt } = record;
  if (record.direction === 'inbound') return finishedAt === undefined ? [{ queue: '@received', dueAt: 0, priority }] : [];
  if (!isAllFinal(record.recipients)) return waiting(record);
  if (finishedAt === undefined) return [{ queue: '@finishing', dueAt: 0, priority }];
  return [{ queue: record.contentGone ? recordRetention : contentRetention, dueAt: finishedAt, priority }];
}

function waiting(record: StoredMessage): ScheduleEntry[] {
  const earliest = new Map<QueueKey, Instant>();
  const add = (queue: QueueKey, dueAt: Instant | undefined) => {
    if (dueAt === undefined) return;
    earliest.set(queue, Math.min(dueAt, earliest.get(queue) ?? Number.POSITIVE_INFINITY));
  };
  for (const row of record.recipients) {
    if (!isSentTo(row)) continue;
    add(row.route ? routeKey(row.route) : '@intake', dueAtOf(row, record.dueAt));
    add('@timers', timerOf(row));
  }
  add('@timers', record.properties.expiresAt);
  for (const at of record.warnAt ?? []) add('@timers', at);
  return Array.from(earliest, ([queue, dueAt]) => ({ queue, dueAt, priority: record.priority }));
}

/** When the recipient may be taken from its queue; undefined: it waits for something else. */
export function dueAtOf(row: RecipientRow, messageDueAt: Instant | undefined): Instant | undefined {
  const { status } = row;
  switch (status.state) {
    case 'queued':
      return messageDueAt ?? 0;
    case 'deferred':
      return status.until;
    // Stored only when a hand-over was written down. Once its lease is lost somebody must settle it.
    case 'claimed':
      return 0;
    case 'held':
    case 'uncertain':
    case 'relayed':
    case 'delivered':
    case 'failed':
    case 'cancelled':
    case 'expired':
      return undefined;
    default:
      return assertNever(status);
  }
}

/** When a hold ends by itself or an uncertain recipient is to be verified. */
function timerOf({ status }: RecipientRow): Instant | undefined {
  if (status.state === 'held') return status.until;
  return status.state === 'uncertain' && status.next !== 'operator' ? status.next.verifyAt : undefined;
}

/** What to write when a record replaces another (undefined: there was, or is, none). */
export interface ScheduleChange {
  readonly removed: readonly ScheduleEntry[];
  readonly added: readonly ScheduleEntry[];
}

export function scheduleChange(before: StoredMessage | undefined, after: StoredMessage | undefined): ScheduleChange {
  const old = before ? scheduleOf(before) : [];
  const fresh = after ? scheduleOf(after) : [];
  const same = (a: ScheduleEntry) => (b: ScheduleEntry) => a.queue === b.queue && a.dueAt === b.dueAt && a.priority === b.priority;
  return { removed: old.filter((entry) => !fresh.some(same(entry))), added: fresh.filter((entry) => !old.some(same(entry))) };
}

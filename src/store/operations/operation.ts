// What every rule of a store is handed: the tables inside a transaction, the time, and a place to note whom to wake
// after the commit.
import type { EntryId } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import { entryIdOf, sequenceOf } from '../entry-id.ts';
import type { StoredMessage } from '../message-store.ts';
import { contentRetention, type QueueKey, recordRetention, scheduleChange, type ScheduleEntry, scheduleOf } from '../schedule.ts';
import type { ChangeRow, MessageTables, Sequence } from '../tables.ts';

export interface Operation {
  readonly tables: MessageTables;
  readonly now: Instant;
  readonly news: News;
}

/** Collected while a transaction runs, told when it is on disk. */
export interface News {
  /** Have something new, or something due earlier (M-029). */
  readonly queues: Set<QueueKey>;
  /** The change feed has grown. */
  feed: boolean;
}

export const noNews = (): News => ({ queues: new Set(), feed: false });

export const idOf = (operation: Operation, sequence: Sequence): EntryId => entryIdOf(operation.tables.tag, sequence);

/** Undefined as well for an id of another store. */
export function find(operation: Operation, id: EntryId): { readonly sequence: Sequence; readonly record: StoredMessage } | undefined {
  const sequence = sequenceOf(operation.tables.tag, id);
  const record = sequence === undefined ? undefined : operation.tables.message(sequence);
  return record && sequence !== undefined ? { sequence, record } : undefined;
}

/** Writes a record with its schedule: the only way a message is written. */
export function write(operation: Operation, sequence: Sequence, before: StoredMessage | undefined, after: StoredMessage): void {
  const change = scheduleChange(before, after);
  operation.tables.putMessage(sequence, after, change);
  for (const entry of change.added) if (isSooner(entry, change.removed)) wake(operation, entry);
}

const isSooner = (entry: ScheduleEntry, removed: readonly ScheduleEntry[]): boolean =>
  !removed.some((old) => old.queue === entry.queue && old.dueAt <= entry.dueAt);

/** A lease ended: what it kept from others is theirs again. */
export function wakeDue(operation: Operation, record: StoredMessage): void {
  for (const entry of scheduleOf(record)) if (entry.dueAt <= operation.now) wake(operation, entry);
}

function wake(operation: Operation, entry: ScheduleEntry): void {
  if (entry.queue !== contentRetention && entry.queue !== recordRetention) operation.news.queues.add(entry.queue);
}

export function announce(operation: Operation, change: Omit<ChangeRow, 'place' | 'at'>): void {
  operation.tables.appendChange({ ...change, at: operation.now });
  operation.news.feed = true;
}

// All queues of the schedule, each with what is due and what is not.
import type { Instant } from '../../time/clock.ts';
import { contentRetention, type QueueKey, recordRetention, type ScheduleChange, type ScheduleEntry } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import type { Journal } from './journal.ts';
import { QueueTable } from './queue-table.ts';

export class ScheduleTable {
  readonly #queues = new Map<QueueKey, QueueTable>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  change(sequence: Sequence, { removed, added }: ScheduleChange): void {
    this.#apply(sequence, removed, added);
    this.#journal.note(() => this.#apply(sequence, added, removed));
  }

  entries(sequence: Sequence): ScheduleEntry[] {
    return Array.from(this.#queues, ([queue, table]) => {
      const entry = table.entry(sequence);
      return entry ? [{ queue, dueAt: entry.dueAt, priority: entry.priority }] : [];
    }).flat();
  }

  due(queue: QueueKey, now: Instant, ordering: 'submitTime' | 'priority'): Iterable<Sequence> {
    return this.#queues.get(queue)?.due(now, ordering) ?? [];
  }

  nextDue(queue: QueueKey, now: Instant): Instant | undefined {
    return this.#queues.get(queue)?.nextDue(now);
  }

  sizes(): (readonly [QueueKey, number])[] {
    const sizes = Array.from(this.#queues, ([queue, table]) => [queue, table.size] as const);
    return sizes.filter(([queue]) => queue !== contentRetention && queue !== recordRetention);
  }

  #apply(sequence: Sequence, removed: readonly ScheduleEntry[], added: readonly ScheduleEntry[]): void {
    for (const { queue } of removed) this.#remove(queue, sequence);
    for (const { queue, dueAt, priority } of added) this.#table(queue).put({ sequence, dueAt, priority });
  }

  #table(queue: QueueKey): QueueTable {
    const table = this.#queues.get(queue) ?? new QueueTable();
    this.#queues.set(queue, table);
    return table;
  }

  #remove(queue: QueueKey, sequence: Sequence): void {
    const table = this.#queues.get(queue);
    table?.remove(sequence);
    if (table?.size === 0) this.#queues.delete(queue);
  }
}

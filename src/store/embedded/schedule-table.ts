// The schedule: which message waits in which queue, and from when. Taking the next message of a queue reads one row.
import type { Instant } from '../../time/clock.ts';
import { contentRetention, type QueueKey, recordRetention, type ScheduleChange, type ScheduleEntry } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import type { Shared } from './statements.ts';

/** How many rows are read ahead while a queue is gone through: few at first, since most claims are small. */
const pageSizes = { first: 32, largest: 512 } as const;
/** Names of queues kept in memory. */
const cachedQueues = 50_000;

const isRetention = (queue: QueueKey): boolean => queue === contentRetention || queue === recordRetention;

export class ScheduleTable {
  readonly #shared: Shared;
  #ids = new Map<QueueKey, number>();
  #sizes: Map<QueueKey, number> | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  change(sequence: Sequence, { removed, added }: ScheduleChange): void {
    for (const entry of removed) this.#remove(sequence, entry);
    for (const entry of added) this.#add(sequence, entry);
  }

  /** For a record that can no longer say where it waits. Reads the whole schedule. */
  removeAll(sequence: Sequence): void {
    this.#shared.statements.write('DELETE FROM schedule WHERE sequence = ?', sequence);
    this.#sizes = undefined;
  }

  of(sequence: Sequence): ScheduleEntry[] {
    const rows = this.#shared.statements.all('SELECT key, due, priority FROM schedule JOIN queue ON queue.id = queue WHERE sequence = ?', sequence);
    return rows.map((row) => ({ queue: String(row['key']), dueAt: Number(row['due']), priority: Number(row['priority']) }));
  }

  *due(queue: QueueKey, now: Instant, ordering: 'submitTime' | 'priority'): Generator<Sequence> {
    const id = this.#idOf(queue);
    if (id === undefined) return;
    if (isRetention(queue)) return yield* this.#oldest(id, now);
    this.#ripen(id, now);
    if (ordering === 'submitTime') return yield* this.#ready(id, '');
    yield* this.#prioritised(id, 'priority > 0');
    yield* this.#ready(id, 'AND priority = 0');
    yield* this.#prioritised(id, 'priority < 0');
  }

  nextDue(queue: QueueKey, now: Instant): Instant | undefined {
    const id = this.#idOf(queue);
    const row =
      id === undefined ? undefined : this.#shared.statements.first('SELECT min(ready) AS due FROM schedule WHERE queue = ? AND ready > ?', id, now);
    const due = row?.['due'];
    return typeof due === 'number' ? due : undefined;
  }

  /** Counted once, then kept up. */
  sizes(): readonly (readonly [QueueKey, number])[] {
    this.#sizes ??= this.#counted();
    return [...this.#sizes].filter(([queue, size]) => size > 0 && !isRetention(queue));
  }

  #counted(): Map<QueueKey, number> {
    const rows = this.#shared.statements.all('SELECT key, (SELECT count(*) FROM schedule WHERE queue = queue.id) AS size FROM queue');
    return new Map(rows.map((row) => [String(row['key']), Number(row['size'])]));
  }

  #count(queue: QueueKey, by: number): void {
    const sizes = this.#sizes;
    if (!sizes) return;
    sizes.set(queue, (sizes.get(queue) ?? 0) + by);
    this.#shared.transaction.onRollback(() => {
      this.#sizes = undefined;
    });
  }

  /** What became due since it was written stands at its due time, or among what is ready: never in both. */
  #remove(sequence: Sequence, { queue, dueAt }: ScheduleEntry): void {
    const id = this.#idOf(queue);
    if (id === undefined) return;
    const sql = 'DELETE FROM schedule WHERE queue = ? AND ready = ? AND sequence = ?';
    const removed =
      this.#shared.statements.write(sql, id, dueAt, sequence) || (dueAt === 0 ? 0 : this.#shared.statements.write(sql, id, 0, sequence));
    if (removed > 0) this.#count(queue, -1);
  }

  #add(sequence: Sequence, { queue, dueAt, priority }: ScheduleEntry): void {
    const id = this.#idOf(queue) ?? this.#newId(queue);
    this.#shared.statements.write(
      'INSERT INTO schedule (queue, ready, sequence, due, priority) VALUES (?, ?, ?, ?, ?)',
      id,
      dueAt,
      sequence,
      dueAt,
      priority,
    );
    this.#count(queue, 1);
  }

  /** What has become due joins what is ready, so that order of submitting holds among them (M-028). */
  #ripen(id: number, now: Instant): void {
    const ripe = this.#shared.statements.first('SELECT 1 FROM schedule WHERE queue = ? AND ready > 0 AND ready <= ? LIMIT 1', id, now);
    if (ripe) this.#shared.statements.write('UPDATE schedule SET ready = 0 WHERE queue = ? AND ready > 0 AND ready <= ?', id, now);
  }

  *#ready(id: number, condition: '' | 'AND priority = 0'): Generator<Sequence> {
    const sql = `SELECT sequence FROM schedule WHERE queue = ? AND ready = 0 AND sequence > ? ${condition} ORDER BY sequence LIMIT ?`;
    let last = 0;
    for (let size: number = pageSizes.first; ; size = Math.min(size * 2, pageSizes.largest)) {
      const rows = this.#shared.statements.all(sql, id, last, size);
      for (const row of rows) {
        last = Number(row['sequence']);
        yield last;
      }
      if (rows.length < size) return;
    }
  }

  *#prioritised(id: number, condition: 'priority > 0' | 'priority < 0'): Generator<Sequence> {
    const sql = `SELECT sequence, priority FROM schedule WHERE queue = ? AND ready = 0 AND priority <> 0 AND ${condition}
      AND (priority < ? OR (priority = ? AND sequence > ?)) ORDER BY priority DESC, sequence LIMIT ?`;
    let [priority, last] = [Number.MAX_SAFE_INTEGER, 0];
    for (let size: number = pageSizes.first; ; size = Math.min(size * 2, pageSizes.largest)) {
      const rows = this.#shared.statements.all(sql, id, priority, priority, last, size);
      for (const row of rows) {
        [priority, last] = [Number(row['priority']), Number(row['sequence'])];
        yield last;
      }
      if (rows.length < size) return;
    }
  }

  /** Retention asks for what is oldest; order of submitting does not matter to it. */
  *#oldest(id: number, now: Instant): Generator<Sequence> {
    const sql = 'SELECT sequence FROM schedule WHERE queue = ? AND ready <= ? ORDER BY ready, sequence LIMIT 1000';
    for (const row of this.#shared.statements.all(sql, id, now)) yield Number(row['sequence']);
  }

  #idOf(queue: QueueKey): number | undefined {
    const known = this.#ids.get(queue);
    if (known !== undefined) return known;
    const row = this.#shared.statements.first('SELECT id FROM queue WHERE key = ?', queue);
    return row && this.#remember(queue, Number(row['id']));
  }

  #newId(queue: QueueKey): number {
    this.#shared.statements.write('INSERT INTO queue (key) VALUES (?)', queue);
    this.#shared.transaction.onRollback(() => this.#ids.delete(queue));
    return this.#idOf(queue) ?? 0;
  }

  #remember(queue: QueueKey, id: number): number {
    if (this.#ids.size >= cachedQueues) this.#ids = new Map();
    this.#ids.set(queue, id);
    return id;
  }
}

// One queue of the schedule: what is not due yet by time, what is due by submit order and by priority. An entry moves
// over when its time has come, so that finding the first due one costs the same however many wait.
import type { Instant } from '../../time/clock.ts';
import type { Sequence } from '../tables.ts';
import { SortedSet } from './sorted.ts';

export interface QueuedEntry {
  readonly sequence: Sequence;
  readonly dueAt: Instant;
  readonly priority: number;
}

export class QueueTable {
  readonly #waiting = new SortedSet<QueuedEntry>((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
  readonly #oldest = new SortedSet<QueuedEntry>((a, b) => a.sequence - b.sequence);
  readonly #highest = new SortedSet<QueuedEntry>((a, b) => b.priority - a.priority || a.sequence - b.sequence);
  readonly #entries = new Map<Sequence, QueuedEntry>();
  #now: Instant = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#entries.size;
  }

  entry(sequence: Sequence): QueuedEntry | undefined {
    return this.#entries.get(sequence);
  }

  /** Replaces an entry of the same message. */
  put(entry: QueuedEntry): void {
    this.remove(entry.sequence);
    this.#entries.set(entry.sequence, entry);
    if (entry.dueAt <= this.#now) this.#addDue(entry);
    else this.#waiting.add(entry);
  }

  remove(sequence: Sequence): void {
    const entry = this.#entries.get(sequence);
    if (!entry) return;
    this.#entries.delete(sequence);
    if (entry.dueAt <= this.#now) this.#deleteDue(entry);
    else this.#waiting.delete(entry);
  }

  *due(now: Instant, ordering: 'submitTime' | 'priority'): Iterable<Sequence> {
    this.#moveTo(now);
    for (const entry of ordering === 'priority' ? this.#highest : this.#oldest) yield entry.sequence;
  }

  nextDue(now: Instant): Instant | undefined {
    this.#moveTo(now);
    return this.#waiting.first()?.dueAt;
  }

  #moveTo(now: Instant): void {
    if (now < this.#now) this.#moveBackTo(now);
    this.#now = now;
    for (let entry = this.#waiting.first(); entry && entry.dueAt <= now; entry = this.#waiting.first()) {
      this.#waiting.delete(entry);
      this.#addDue(entry);
    }
  }

  /** Clocks are set back at times. */
  #moveBackTo(now: Instant): void {
    const early = Array.from(this.#oldest).filter((entry) => entry.dueAt > now);
    for (const entry of early) {
      this.#deleteDue(entry);
      this.#waiting.add(entry);
    }
  }

  #addDue(entry: QueuedEntry): void {
    this.#oldest.add(entry);
    this.#highest.add(entry);
  }

  #deleteDue(entry: QueuedEntry): void {
    this.#oldest.delete(entry);
    this.#highest.delete(entry);
  }
}

// Who has what. Leases are not undone by a failing disk: they were never to be written there.
import type { QueueKey } from '../schedule.ts';
import type { LeaseRow, Sequence } from '../tables.ts';
import type { Journal } from './journal.ts';

const none: readonly LeaseRow[] = [];

export class LeaseTable {
  readonly #messages = new Map<Sequence, readonly LeaseRow[]>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  of(sequence: Sequence): readonly LeaseRow[] {
    return this.#messages.get(sequence) ?? none;
  }

  heldBy(holder: string): LeaseRow[] {
    return [...this.#messages.values()].flat().filter((lease) => lease.holder === holder && lease.until > 0);
  }

  put(lease: LeaseRow): void {
    this.#set(lease.sequence, [...this.of(lease.sequence).filter((other) => other.queue !== lease.queue), lease]);
  }

  remove(sequence: Sequence, queue: QueueKey): void {
    this.#set(
      sequence,
      this.of(sequence).filter((lease) => lease.queue !== queue),
    );
  }

  #set(sequence: Sequence, leases: readonly LeaseRow[]): void {
    const before = this.of(sequence);
    this.#write(sequence, leases);
    this.#journal.note(() => this.#write(sequence, before));
  }

  #write(sequence: Sequence, leases: readonly LeaseRow[]): void {
    if (leases.length === 0) this.#messages.delete(sequence);
    else this.#messages.set(sequence, leases);
  }
}

// The change feed: appended at one end, trimmed at the other.
import type { Instant } from '../../time/clock.ts';
import type { ChangeRow } from '../tables.ts';
import type { Journal } from './journal.ts';

export class FeedTable {
  #rows: ChangeRow[] = [];
  #last = 0;
  #trimmed = 0;
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  append(change: Omit<ChangeRow, 'place'>): void {
    this.#last += 1;
    this.#rows.push({ ...change, place: this.#last });
    this.#journal.note(() => {
      this.#rows.pop();
      this.#last -= 1;
    });
  }

  after(place: number, limit: number): readonly ChangeRow[] {
    const from = Math.max(0, place - this.#trimmed);
    return this.#rows.slice(from, from + limit);
  }

  bounds(): { readonly last: number; readonly trimmed: number } {
    return { last: this.#last, trimmed: this.#trimmed };
  }

  trim(at: Instant, limit: number): number {
    let count = 0;
    while (count < limit && (this.#rows[count]?.at ?? at) < at) count += 1;
    const before = { rows: this.#rows, trimmed: this.#trimmed };
    this.#rows = this.#rows.slice(count);
    this.#trimmed += count;
    this.#journal.note(() => {
      this.#rows = before.rows;
      this.#trimmed = before.trimmed;
    });
    return count;
  }
}

// Content in memory, with its count of uses.
import type { Instant } from '../../time/clock.ts';
import type { ContentRow } from '../tables.ts';
import { type Journal, JournalledMap } from './journal.ts';

interface Held {
  readonly row: ContentRow;
  readonly bytes: Uint8Array;
}

export class ContentTable {
  readonly #contents: JournalledMap<string, Held>;

  constructor(journal: Journal) {
    this.#contents = new JournalledMap(journal);
  }

  row(ref: string): ContentRow | undefined {
    return this.#contents.get(ref)?.row;
  }

  bytes(ref: string): Uint8Array | undefined {
    return this.#contents.get(ref)?.bytes;
  }

  put(row: ContentRow, bytes: Uint8Array = new Uint8Array()): void {
    this.#contents.set(row.ref, { row, bytes });
  }

  use(ref: string, change: 1 | -1): void {
    const held = this.#contents.get(ref);
    if (!held) return;
    const uses = held.row.uses + change;
    if (uses > 0) this.#contents.set(ref, { ...held, row: { ...held.row, uses } });
    else this.#contents.delete(ref);
  }

  trim(at: Instant, limit: number): number {
    return this.#contents.trim(limit, ({ row }) => row.uses === 0 && row.at < at);
  }
}

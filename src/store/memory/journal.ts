// What has been done, as steps back: a transaction that fails leaves nothing behind, and neither does one that a crash
// overtakes before its sync.

export class Journal {
  /** Of the transaction that runs. */
  readonly #steps: (() => void)[] = [];
  /** Of transactions that ran and are not synced. */
  readonly #unsynced: (() => void)[] = [];

  note(undo: () => void): void {
    this.#steps.push(undo);
  }

  /** The transaction stands, until `lose` or `sync`. */
  commit(): void {
    for (const undo of this.#steps) this.#unsynced.push(undo);
    this.#steps.length = 0;
  }

  /** The transaction stands and was not to be written: leases, reading. */
  forget(): void {
    this.#steps.length = 0;
  }

  undo(): void {
    takeBack(this.#steps);
  }

  /** For good. */
  sync(): void {
    this.#unsynced.length = 0;
  }

  /** Takes back what is not synced. */
  lose(): void {
    takeBack(this.#unsynced);
  }
}

function takeBack(steps: (() => void)[]): void {
  for (let undo = steps.pop(); undo; undo = steps.pop()) undo();
}

/** A map whose changes are noted; values are replaced, never changed. */
export class JournalledMap<Key, Value> {
  readonly #map = new Map<Key, Value>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  values(): Iterable<Value> {
    return this.#map.values();
  }

  set(key: Key, value: Value): void {
    const before = this.#map.get(key);
    this.#map.set(key, value);
    this.#journal.note(() => {
      if (before === undefined) this.#map.delete(key);
      else this.#map.set(key, before);
    });
  }

  delete(key: Key): void {
    const before = this.#map.get(key);
    if (before === undefined) return;
    this.#map.delete(key);
    this.#journal.note(() => this.#map.set(key, before));
  }

  /** Deletes up to `limit` of those that match; returns how many. */
  trim(limit: number, matches: (value: Value) => boolean): number {
    let count = 0;
    for (const [key, value] of this.#map) {
      if (count >= limit) break;
      if (!matches(value)) continue;
      this.delete(key);
      count += 1;
    }
    return count;
  }
}

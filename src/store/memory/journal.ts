// What has been done in a transaction, as steps back: whatever fails leaves nothing behind.

export class Journal {
  readonly #steps: (() => void)[] = [];

  note(undo: () => void): void {
    this.#steps.push(undo);
  }

  /** For good. */
  commit(): void {
    this.#steps.length = 0;
  }

  undo(): void {
    for (let undo = this.#steps.pop(); undo; undo = this.#steps.pop()) undo();
  }
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

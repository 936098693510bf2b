// A sorted set that stays quick with many thousands: chunks of a few hundred, found by bisection.

/** Negative: `a` comes first. 0: the same item. */
export type Order<Item> = (a: Item, b: Item) => number;

const chunkSize = 512;

export class SortedSet<Item> {
  readonly #order: Order<Item>;
  /** None is empty. */
  readonly #chunks: Item[][] = [];

  constructor(order: Order<Item>) {
    this.#order = order;
  }

  add(item: Item): void {
    const chunk = this.#chunks[Math.min(this.#chunkOf(item), this.#chunks.length - 1)];
    if (!chunk) {
      this.#chunks.push([item]);
      return;
    }
    const place = this.#placeIn(chunk, item);
    const there = chunk[place];
    if (there !== undefined && this.#order(there, item) === 0) return;
    chunk.splice(place, 0, item);
    if (chunk.length > chunkSize) this.#chunks.splice(this.#chunks.indexOf(chunk) + 1, 0, chunk.splice(chunkSize / 2));
  }

  delete(item: Item): void {
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const place = this.#placeIn(chunk, item);
    const there = chunk[place];
    if (there === undefined || this.#order(there, item) !== 0) return;
    chunk.splice(place, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  first(): Item | undefined {
    return this.#chunks[0]?.[0];
  }

  /** Ascending, from the first that is not before `item`; do not change the set meanwhile. */
  *from(item: Item): Iterable<Item> {
    let at = this.#chunkOf(item);
    let place = this.#placeIn(this.#chunks[at] ?? [], item);
    for (let chunk = this.#chunks[at]; chunk; chunk = this.#chunks[++at], place = 0) yield* place === 0 ? chunk : chunk.slice(place);
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** The first chunk whose last item is not before `item`. */
  #chunkOf(item: Item): number {
    return bisect(this.#chunks, (chunk) => this.#order(chunk.at(-1) as Item, item) >= 0);
  }

  #placeIn(chunk: readonly Item[], item: Item): number {
    return bisect(chunk, (other) => this.#order(other, item) >= 0);
  }
}

/** The first place from which `holds` is true. */
function bisect<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  return low;
}

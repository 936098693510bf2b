// Fair turns: whoever wants one queues once, and so many run at the same time. A turn that overstays its time gives its
// place away, so that slow ones cost the others nothing (M-080, M-094).
import type { Clock } from '../time/clock.ts';
import { over } from '../time/over.ts';

export class Turns<Key> {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #turnMs: number;
  readonly #queue: Key[] = [];
  readonly #running = new Set<Key>();
  #places = 0;

  constructor(clock: Clock, options: { readonly atOnce: number; readonly turnMs: number }) {
    this.#clock = clock;
    this.#atOnce = options.atOnce;
    this.#turnMs = options.turnMs;
  }

  /** Asks for a turn; asking again before it came changes nothing. */
  want(key: Key): void {
    if (!this.#queue.includes(key)) this.#queue.push(key);
  }

  /** Whether it has a turn or will get one. */
  has(key: Key): boolean {
    return this.#running.has(key) || this.#queue.includes(key);
  }

  /** Takes from the queue whoever may run now; one turn per key at a time. */
  *due(): Generator<Key> {
    for (let index = 0; index < this.#queue.length && this.#places < this.#atOnce;) {
      const key = this.#queue[index] as Key;
      if (this.#running.has(key)) index += 1;
      else {
        this.#queue.splice(index, 1);
        yield key;
      }
    }
  }

  /** Runs one turn. `freed` is called when its place is free, at its end or when its time is up. */
  async run(key: Key, turn: () => Promise<void>, freed: () => void): Promise<void> {
    const timer = new AbortController();
    let placed = true;
    this.#places += 1;
    this.#running.add(key);
    const free = () => {
      if (!placed) return;
      placed = false;
      this.#places -= 1;
      freed();
    };
    this.#clock.sleep(this.#turnMs, timer.signal).then(free, () => undefined);
    try {
      await turn();
    } finally {
      timer.abort(over);
      this.#running.delete(key);
      free();
      freed();
    }
  }
}

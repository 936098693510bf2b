// Those who sleep on a virtual clock, by the time they are due: a binary heap, since a simulated day wakes thousands.

interface Sleeper {
  readonly at: number;
  readonly order: number;
  /** Undefined once the sleeper woke or was aborted. */
  end: ((how: 'due' | 'aborted') => void) | undefined;
}

export class Sleepers {
  /** Counts every change; who sees it unchanged knows that nothing happened here. */
  stirred = 0;
  size = 0;
  readonly #heap: Sleeper[] = [];
  readonly #bySignal = new WeakMap<AbortSignal, Set<Sleeper>>();
  #order = 0;

  /** Resolves when `wake` reaches `at`; rejects with the reason of `signal` if that aborts first. */
  add(at: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sleeping = signal ? this.#sleepingOn(signal) : undefined;
      const sleeper: Sleeper = { at, order: this.#order++, end: undefined };
      sleeper.end = (how) => {
        sleeper.end = undefined;
        sleeping?.delete(sleeper);
        this.size--;
        this.stirred++;
        if (how === 'due') resolve();
        else reject(signal?.reason as Error);
      };
      sleeping?.add(sleeper);
      this.#compact();
      this.#push(sleeper);
    });
  }

  /** When the next is due; Infinity if nobody ever is. */
  get nextAt(): number {
    this.#dropAborted();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Wakes all that are due at `now`, the earliest first, those of one instant in the order in which they lay down. */
  wake(now: number): void {
    while (this.nextAt <= now) this.#pop()?.end?.('due');
  }

  /** One listener for each signal, however many sleep on it: Node warns of more than ten. */
  #sleepingOn(signal: AbortSignal): Set<Sleeper> {
    const known = this.#bySignal.get(signal);
    if (known) return known;
    const sleeping = new Set<Sleeper>();
    this.#bySignal.set(signal, sleeping);
    signal.addEventListener('abort', () => [...sleeping].forEach((sleeper) => sleeper.end?.('aborted')), { once: true });
    return sleeping;
  }

  #push(sleeper: Sleeper): void {
    this.size++;
    this.stirred++;
    let index = this.#heap.push(sleeper) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #pop(): Sleeper | undefined {
    this.#swap(0, this.#heap.length - 1);
    const sleeper = this.#heap.pop();
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = this.#before(right, left) ? right : left;
      if (!this.#before(child, index)) return sleeper;
      this.#swap(index, child);
      index = child;
    }
  }

  /** The aborted leave the heap when their time comes; long before that if they outnumber the others. */
  #compact(): void {
    if (this.#heap.length < 2 * this.size + 64) return;
    const awaited = this.#heap.filter((sleeper) => sleeper.end).sort((a, b) => a.at - b.at || a.order - b.order);
    this.#heap.splice(0, this.#heap.length, ...awaited);
  }

  #dropAborted(): void {
    while (this.#heap[0] && !this.#heap[0].end) this.#pop();
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (!one || !other) return one !== undefined;
    return one.at < other.at || (one.at === other.at && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (!one || !other) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}

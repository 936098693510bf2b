// The identifiers of what came lately: repeats of one write are one message (S-029), and a replay is none (S-040).
import type { Instant } from 'mailspool/provider';

/** How many identifiers are remembered, and how long. */
export interface SeenBounds {
  readonly maxIds: number;
  readonly ms: number;
}

interface Entry {
  readonly id: string;
  readonly sentAt: Instant;
  readonly until: Instant;
}

export class Seen {
  readonly #bounds: SeenBounds;
  readonly #ids = new Set<string>();
  /** In order of arrival, from `#head` on: the first of a Set that forgets is slow to find. */
  #entries: Entry[] = [];
  #head = 0;
  #floor = Number.NEGATIVE_INFINITY;

  constructor(bounds: SeenBounds) {
    this.#bounds = bounds;
  }

  /** What was sent up to then may have been forgotten: whoever must not take a replay takes nothing of that age. */
  get floor(): Instant {
    return this.#floor;
  }

  /** What was sent up to then was perhaps seen by somebody else. */
  raiseFloor(to: Instant): void {
    this.#floor = Math.max(this.#floor, to);
  }

  /** Whether it is new; it is known from now on. */
  add(id: string, sentAt: Instant, now: Instant): boolean {
    while ((this.#entries[this.#head]?.until ?? Number.POSITIVE_INFINITY) <= now) this.#forgetOldest();
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    this.#entries.push({ id, sentAt, until: now + this.#bounds.ms });
    if (this.#ids.size > this.#bounds.maxIds) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const { id, sentAt } = this.#entries[this.#head] as Entry;
    this.raiseFloor(sentAt);
    this.#ids.delete(id);
    this.#head += 1;
    if (this.#head < 1_024 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

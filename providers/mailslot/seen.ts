// The identifiers of what came lately: repeats of one write are one message (S-029), and a replay is none (S-040).
import type { Instant } from 'mailspool/provider';

/** How many identifiers are remembered, and how long. */
export interface SeenBounds {
  readonly maxIds: number;
  readonly ms: number;
}

export class Seen {
  readonly #bounds: SeenBounds;
  readonly #ids = new Map<string, { readonly until: Instant; readonly sentAt: Instant }>();
  #floor = Number.NEGATIVE_INFINITY;

  constructor(bounds: SeenBounds) {
    this.#bounds = bounds;
  }

  /**
   * What was sent up to then may have been forgotten for lack of room: whoever must not take a replay takes nothing of
   * that age.
   */
  get floor(): Instant {
    return this.#floor;
  }

  /** Whether it is new; it is known from now on. */
  add(id: string, sentAt: Instant, now: Instant): boolean {
    for (const [old, { until }] of this.#ids) {
      if (until > now) break;
      this.#ids.delete(old);
    }
    if (this.#ids.has(id)) return false;
    this.#ids.set(id, { until: now + this.#bounds.ms, sentAt });
    if (this.#ids.size > this.#bounds.maxIds) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#ids;
    if (!oldest) return;
    this.#ids.delete(oldest[0]);
    this.#floor = Math.max(this.#floor, oldest[1].sentAt);
  }
}

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
    for (const [old, { until }] of this.#ids) {
      if (until > now) break;
      this.#forget(old);
    }
    if (this.#ids.has(id)) return false;
    this.#ids.set(id, { until: now + this.#bounds.ms, sentAt });
    if (this.#ids.size > this.#bounds.maxIds) this.#forget(this.#ids.keys().next().value as string);
    return true;
  }

  #forget(id: string): void {
    this.raiseFloor(this.#ids.get(id)?.sentAt ?? this.#floor);
    this.#ids.delete(id);
  }
}

// What is wrong with the world outside at the moment, and how often each wrong really came to pass.
import type { Instant } from '../../../src/time/clock.ts';

interface Active {
  readonly what: string;
  left: number;
  readonly until: Instant;
}

export class Faults {
  readonly fired: Record<string, number> = {};
  readonly #now: () => Instant;
  readonly #active = new Map<string, Active[]>();
  /** Until when somebody has an excuse for being late. */
  readonly #disturbed = new Map<string, Instant>();

  constructor(now: () => Instant) {
    this.#now = now;
  }

  /** `times` or `until`, whichever is over first. */
  plan(where: string, what: string, times: number, until: Instant): void {
    this.#active.set(where, [...(this.#active.get(where) ?? []), { what, left: times, until }]);
    this.disturb(where, until);
  }

  /** Whether one of these happens here now; it is used up by that. */
  happens<What extends string>(where: string, among: readonly What[]): What | undefined {
    const now = this.#now();
    const active = this.#active.get(where)?.find(({ what, left, until }) => left > 0 && until > now && (among as readonly string[]).includes(what));
    if (!active) return undefined;
    active.left -= 1;
    this.fire(active.what);
    this.disturb(where, now);
    return active.what as What;
  }

  fire(what: string): void {
    this.fired[what] = (this.fired[what] ?? 0) + 1;
  }

  disturb(where: string, until: Instant): void {
    this.#disturbed.set(where, Math.max(until, this.#disturbed.get(where) ?? 0));
  }

  /** Since when nothing was wrong at any of these places. */
  clearSince(places: readonly string[]): Instant {
    return Math.max(0, ...places.map((where) => this.#disturbed.get(where) ?? 0));
  }

  /** Peace. */
  end(): void {
    const now = this.#now();
    this.#active.clear();
    for (const [where, until] of this.#disturbed) this.#disturbed.set(where, Math.min(until, now));
  }
}

// Exponential backoff with jitter.
import { fraction, type Random } from './random.ts';

export interface Backoff {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** Share of the delay that is random, 0 to 1. */
  readonly jitter: number;
}

/** The delay in ms before attempt number `attempt` (the first repetition is 1). */
export function backoffMs(backoff: Backoff, attempt: number, random: Random): number {
  const full = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** Math.max(0, attempt - 1));
  return Math.round(full * (1 - backoff.jitter * fraction(random)));
}

// The default retry policy: a few quick attempts, then patience; five days in all (RFC 5321, 4.5.4.1; T-026).
import { backoffMs, type Backoff } from '../time/backoff.ts';
import type { Random } from '../time/random.ts';
import type { RetryPolicy } from './contract.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export interface RetryOptions {
  /** Delays after the first attempts, in ms; then `later` applies. */
  readonly earlyMs: readonly number[];
  readonly later: Backoff;
  readonly maxAttempts: number;
  readonly lifetimeMs: number;
  readonly warnAfterMs: readonly number[];
}

export const defaultRetry: RetryOptions = {
  earlyMs: [10 * second, minute, 5 * minute, 15 * minute],
  later: { firstMs: 40 * minute, factor: 1.5, maxMs: 4 * hour, jitter: 0.2 },
  maxAttempts: Number.POSITIVE_INFINITY,
  lifetimeMs: 5 * day,
  warnAfterMs: [4 * hour],
};

/** A policy from a schedule. With jitter no delay is shorter than 30 minutes once the early attempts are over. */
export function retryPolicy(random: Random, options: Partial<RetryOptions> = {}): RetryPolicy {
  const { earlyMs, later, maxAttempts, lifetimeMs, warnAfterMs } = { ...defaultRetry, ...options };
  return {
    lifetimeMs,
    warnAfterMs,
    next: ({ attempt }) => {
      if (attempt >= maxAttempts) return 'giveUp';
      const early = earlyMs[attempt - 1];
      if (early !== undefined) return { afterMs: backoffMs({ firstMs: early, factor: 1, maxMs: early, jitter: 0.1 }, 1, random) };
      return { afterMs: backoffMs(later, attempt - earlyMs.length, random) };
    },
  };
}

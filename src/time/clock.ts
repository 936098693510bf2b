// The only place that reads the machine's clock or sets a timer. Everything else is handed a Clock, so that a
// simulated day takes a second.
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds since 1970, UTC. */
export type Instant = number;

/** Time as the spooler sees it. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms`; rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Tells a virtual clock of work under way, so that it does not move on before the work has ended. The system's
   * clock has no such method.
   */
  work?<T>(running: Promise<T>): Promise<T>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** No timer runs longer than this without looking at the wall clock again: laptops sleep and clocks jump. */
export const longestTimerMs = 30_000;

/** Waits until the clock shows `at` (never, if undefined) or the signal aborts, in which case it rejects with the reason. */
export async function sleepUntil(clock: Clock, at: Instant | undefined, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = (at ?? Number.POSITIVE_INFINITY) - clock.now();
    if (left <= 0) return;
    await clock.sleep(Math.min(left, longestTimerMs), signal);
  }
}

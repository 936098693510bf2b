// A wake-up that many may set and one loop waits for; repeated wake-ups merge. It carries no data: the loop reads the
// store at its own pace.
import { type Clock, type Instant, longestTimerMs } from '../time/clock.ts';

export class Wake {
  readonly #clock: Clock;
  #set = true;
  #waiting: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Arrow, so that it can be handed out. */
  readonly wake = (): void => {
    this.#set = true;
    this.#waiting?.();
  };

  /**
   * Resolves when woken, at `until`, or after the longest timer at the latest, so that a clock that jumped is noticed;
   * rejects with the signal's reason.
   */
  async wait(signal: AbortSignal, until: Instant = Number.POSITIVE_INFINITY): Promise<void> {
    signal.throwIfAborted();
    if (this.#set) {
      this.#set = false;
      return;
    }
    const left = Math.min(Math.max(0, until - this.#clock.now()), longestTimerMs);
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
    try {
      await Promise.race([woken, this.#clock.sleep(left, AbortSignal.any([signal, timer.signal]))]);
    } catch (error) {
      if (!timer.signal.aborted || signal.aborted) throw error;
    } finally {
      this.#waiting = undefined;
      this.#set = false;
      timer.abort();
    }
  }
}

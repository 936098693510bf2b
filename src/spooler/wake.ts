// A wake-up that many may set and one loop waits for; repeated wake-ups merge. It carries no data: the loop reads the
// store at its own pace. One timer serves many waits, since under load a loop is woken long before its timer rings.
import { type Clock, type Instant, longestTimerMs } from '../time/clock.ts';

interface Timer {
  readonly at: Instant;
  stop(): void;
}

export class Wake {
  readonly #clock: Clock;
  #set = true;
  #waiting: (() => void) | undefined;
  #timer: Timer | undefined;

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
   * now and then for nothing. Rejects with the signal's reason. Always called with the same signal.
   */
  async wait(signal: AbortSignal, until: Instant = Number.POSITIVE_INFINITY): Promise<void> {
    signal.throwIfAborted();
    if (!this.#set) {
      this.#ringAt(until, signal);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      this.#waiting = undefined;
      signal.throwIfAborted();
    }
    this.#set = false;
  }

  /** A timer that rings earlier than it need stays: the loop looks, and waits again. */
  #ringAt(until: Instant, signal: AbortSignal): void {
    const now = this.#clock.now();
    const at = Math.min(until, now + longestTimerMs);
    if (this.#timer && this.#timer.at <= at && at > now) return;
    this.#timer?.stop();
    this.#timer = this.#startTimer(at, Math.max(0, at - now), signal);
  }

  #startTimer(at: Instant, ms: number, signal: AbortSignal): Timer {
    const stopping = new AbortController();
    const timer = { at, stop: () => stopping.abort(stopped) };
    const rung = () => {
      signal.removeEventListener('abort', timer.stop);
      if (this.#timer !== timer) return;
      this.#timer = undefined;
      this.wake();
    };
    signal.addEventListener('abort', timer.stop, { once: true });
    this.#clock.sleep(ms, stopping.signal).then(rung, rung);
    return timer;
  }
}

const stopped = new Error('the timer was stopped');

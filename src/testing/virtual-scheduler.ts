// An RxJS scheduler on a virtual clock, so that timer, interval, delay, debounce and retry follow it. It speaks RxJS's
// interface without loading RxJS, which a test that does not use it need not have.
import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import type { Clock } from '../time/clock.ts';

/** A scheduler whose time is that of `clock`: hand it to any RxJS operator that takes one. */
export const schedulerOn = (clock: Clock): SchedulerLike => ({
  now: () => clock.now(),
  schedule: <State>(work: Work<State>, delayMs?: number, state?: State): Subscription => new VirtualAction(clock, work).schedule(state, delayMs),
});

type Work<State> = (this: SchedulerAction<State>, state?: State) => void;

/** Like RxJS's own action: scheduled again it replaces what it waited for, and unsubscribed it never runs. */
class VirtualAction<State> {
  closed = false;
  readonly #clock: Clock;
  readonly #work: Work<State>;
  readonly #teardowns = new Set<{ unsubscribe(): void } | (() => void)>();
  #waiting = new AbortController();

  constructor(clock: Clock, work: Work<State>) {
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: State, delayMs: number = 0): Subscription {
    this.#waiting.abort(replaced);
    const waiting = new AbortController();
    this.#waiting = waiting;
    if (!this.closed) {
      this.#clock.sleep(Math.max(0, delayMs), waiting.signal).then(
        () => {
          // Due, and unsubscribed or replaced in the same instant.
          if (!waiting.signal.aborted) this.#work.call(this.#asAction(), state);
        },
        () => undefined,
      );
    }
    return this.#asAction();
  }

  unsubscribe(): void {
    if (this.closed) return;
    this.closed = true;
    this.#waiting.abort(replaced);
    for (const teardown of this.#teardowns) {
      if (typeof teardown === 'function') teardown();
      else teardown.unsubscribe();
    }
    this.#teardowns.clear();
  }

  add(teardown: { unsubscribe(): void } | (() => void) | void): void {
    if (!teardown || teardown === this) return;
    if (!this.closed) this.#teardowns.add(teardown);
    else if (typeof teardown === 'function') teardown();
    else teardown.unsubscribe();
  }

  remove(teardown: { unsubscribe(): void } | (() => void)): void {
    this.#teardowns.delete(teardown);
  }

  /** RxJS declares private members, which nobody asks for. */
  #asAction(): SchedulerAction<State> {
    return this as unknown as SchedulerAction<State>;
  }
}

const replaced = new Error('scheduled again, or unsubscribed');

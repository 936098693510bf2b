// Two small ways to wait: for one's turn, and for a bell that others ring.
import { abortable } from 'mailspool/provider';

const nothing = (): undefined => undefined;

/** One at a time, in order of asking. Whoever gave up before the turn came is left out. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get busy(): boolean {
    return this.#waiting > 0;
  }

  take<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const turn = this.#last.then(async () => {
      try {
        signal.throwIfAborted();
        return await task();
      } finally {
        this.#waiting--;
      }
    });
    this.#last = turn.catch(nothing);
    return abortable(turn, signal);
  }

  /** Resolves when nobody has or awaits a turn. */
  async free(signal: AbortSignal): Promise<void> {
    while (this.busy) await abortable(this.#last, signal);
  }
}

/** Rings that come while nobody listens are kept as one. */
export class Bell {
  #rung = false;
  #wake: () => void = nothing;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Forgets a ring. */
  still(): void {
    this.#rung = false;
  }

  /** Resolves at the next ring, or at once if it was rung since; rejects with the reason of `signal`. */
  async heard(signal: AbortSignal): Promise<void> {
    if (!this.#rung) await abortable(new Promise<void>((resolve) => (this.#wake = resolve)), signal);
    this.#rung = false;
  }
}

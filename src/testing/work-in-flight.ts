// The work that a virtual clock waits for, and where each piece of it began, for the error that says what is stuck.
import { systemClock } from '../time/clock.ts';

/** How many pieces of stuck work an error shows. */
const shown = 5;
/** And how much of where each began; the first two lines are this file's own. */
const shownFrames = 6;

export class WorkInFlight {
  /** Counts every change; who sees it unchanged knows that nothing happened here. */
  stirred = 0;
  readonly #running = new Set<Error>();
  /** Set while somebody waits for a change. */
  #changed: AbortController | undefined;

  get size(): number {
    return this.#running.size;
  }

  async add<T>(running: Promise<T>): Promise<T> {
    const begun = whereItBegan();
    this.#running.add(begun);
    this.stir();
    try {
      return await running;
    } finally {
      this.#running.delete(begun);
      this.stir();
    }
  }

  /** Resolves when work begins or ends, at the latest after `ms` of real time. */
  async change(ms: number): Promise<void> {
    const changed = new AbortController();
    this.#changed = changed;
    await systemClock.sleep(ms, changed.signal).catch(() => undefined);
  }

  describe(): string {
    const stacks = [...this.#running].slice(0, shown).map((begun) => (begun.stack ?? '').split('\n').slice(3).join('\n'));
    return stacks.join('\n    --\n');
  }

  /** Wakes whoever waits for a change. */
  stir(): void {
    this.stirred++;
    this.#changed?.abort(news);
    this.#changed = undefined;
  }
}

/** A stack of as many lines as are shown: every call of a store comes through here. */
function whereItBegan(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = shownFrames;
  try {
    return new Error('begun');
  } finally {
    Error.stackTraceLimit = limit;
  }
}

const news = new Error('work began or ended');

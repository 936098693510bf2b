// A clock that stands still until a test moves it. For whoever tests waiting: a day passes in milliseconds, and
// nothing that was due or under way is left behind.
import type { SchedulerLike } from 'rxjs';
import { MailspoolError } from '../errors.ts';
import { systemClock, type Clock, type Instant } from '../time/clock.ts';
import { nextTurn } from '../time/turn.ts';
import { durationMs, type Duration } from './duration.ts';
import { Sleepers } from './sleepers.ts';
import { schedulerOn } from './virtual-scheduler.ts';
import { WorkInFlight } from './work-in-flight.ts';

export interface VirtualTimeOptions {
  /** What the clock shows first: ms since 1970, or a date. Default 2030-01-01T00:00:00Z. */
  readonly startAt?: Instant | string | Date;
  /** How long `advance` and `settle` wait for work, in ms of real time, before they say what is stuck. Default 10 s. */
  readonly patienceMs?: number;
}

/** A {@link Clock} that a test drives. */
export interface VirtualTime extends Clock {
  /**
   * Counts `running` as work in flight: the clock does not move before it has ended. Work that itself waits for this
   * clock would wait for ever; let it wait on {@link VirtualTime.remote}.
   */
  work<T>(running: Promise<T>): Promise<T>;
  /** Moves on by `by`. Everything due on the way runs in order, each with the work that it starts. @throws ETIMEDOUT if work does not end */
  advance(by: Duration): Promise<void>;
  /** Moves on to `at`, as `advance` does. The past is no error; nothing moves then. */
  advanceTo(at: Instant | string | Date): Promise<void>;
  /** Waits until nothing is under way, without moving. Whoever is already due runs. @throws ETIMEDOUT if work does not end */
  settle(): Promise<void>;
  /**
   * Moves the clock alone, as when a laptop wakes up: nobody runs in between, and sleepers that are due by then fire
   * at the next `settle` or `advance`. Backwards, only the wall clock moves; sleepers keep their distance.
   */
  jump(by: Duration): void;
  /** How many sleep. */
  readonly pending: number;
  /** How many pieces of work are in flight. */
  readonly inFlight: number;
  /**
   * The same time for the other side: slow servers, providers that hang. While somebody sleeps on it, one piece of
   * work in flight counts as waiting for the clock, so that time can move on under it.
   */
  readonly remote: Clock;
  /** The same time for RxJS: `timer(60_000, time.scheduler)`, `delay`, `debounceTime`, `retry({ delay: () => timer(…) })`. */
  readonly scheduler: SchedulerLike;
}

export function virtualTime(options: VirtualTimeOptions = {}): VirtualTime {
  return new DrivenClock(instant(options.startAt ?? '2030-01-01T00:00:00Z'), options.patienceMs ?? 10_000);
}

/** So many turns in a row without anything stirring count as quiet: streams and emitters take a turn or two to pass news on. */
const quietTurns = 2;
/** After so many turns stop spinning and wait for the end of the work. */
const spinTurns = 200;

class DrivenClock implements VirtualTime {
  readonly remote: Clock;
  readonly scheduler: SchedulerLike;
  readonly #sleepers = new Sleepers();
  readonly #work = new WorkInFlight();
  readonly #patienceMs: number;
  /** What timers are measured by; never runs backwards. */
  #elapsed = 0;
  /** Wall clock minus elapsed. */
  #offset: number;
  #waitingRemotely = 0;
  #driven = false;

  constructor(startAt: Instant, patienceMs: number) {
    this.#offset = startAt;
    this.#patienceMs = patienceMs;
    this.scheduler = schedulerOn(this);
    this.remote = { now: () => this.now(), sleep: (ms, signal) => this.#sleepRemotely(ms, signal) };
  }

  get pending(): number {
    return this.#sleepers.size;
  }

  get inFlight(): number {
    return this.#work.size;
  }

  now(): Instant {
    return this.#elapsed + this.#offset;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms > 0) return this.#sleepers.add(this.#elapsed + ms, signal);
    return signal?.aborted ? Promise.reject(signal.reason as Error) : nextTurn();
  }

  work<T>(running: Promise<T>): Promise<T> {
    return this.#work.add(running);
  }

  advance(by: Duration): Promise<void> {
    return this.#drive(() => this.#elapsed + Math.max(0, durationMs(by)));
  }

  advanceTo(at: Instant | string | Date): Promise<void> {
    return this.#drive(() => Math.max(this.#elapsed, instant(at) - this.#offset));
  }

  settle(): Promise<void> {
    return this.#drive(() => this.#elapsed);
  }

  jump(by: Duration): void {
    const ms = durationMs(by);
    if (ms < 0) this.#offset += ms;
    else this.#elapsed += ms;
  }

  async #drive(target: () => number): Promise<void> {
    if (this.#driven) throw new MailspoolError('EBUSY', 'virtual time is already being moved; await the first advance or settle');
    this.#driven = true;
    try {
      const end = target();
      if (!Number.isFinite(end)) throw new MailspoolError('EINVALID', 'virtual time cannot move on for ever', { field: 'by' });
      await this.#quiet();
      while (this.#sleepers.nextAt <= end) {
        this.#elapsed = Math.max(this.#elapsed, this.#sleepers.nextAt);
        this.#sleepers.wake(this.#elapsed);
        await this.#quiet();
      }
      this.#elapsed = Math.max(this.#elapsed, end);
    } finally {
      this.#driven = false;
    }
  }

  /** Resolves when several turns have passed in which nobody slept, woke, began or ended work, and none is in flight. */
  async #quiet(): Promise<void> {
    let deadline: number | undefined;
    let seen = -1;
    for (let turns = 0, calm = 0; calm < quietTurns; turns++) {
      await nextTurn();
      const stirred = this.#sleepers.stirred + this.#work.stirred;
      const busy = this.#work.size > this.#waitingRemotely;
      calm = stirred === seen && !busy ? calm + 1 : 0;
      seen = stirred;
      if (turns < spinTurns) continue;
      deadline ??= systemClock.now() + this.#patienceMs;
      if (systemClock.now() >= deadline) throw this.#stuck();
      if (busy) await this.#work.change(deadline - systemClock.now());
    }
  }

  #stuck(): MailspoolError {
    const what = this.#work.size > 0 ? `${this.#work.size} in flight:\n${this.#work.describe()}` : 'somebody never stops stirring';
    return new MailspoolError('ETIMEDOUT', `virtual time waited ${this.#patienceMs} ms (real) for quiet; ${what}`);
  }

  async #sleepRemotely(ms: number, signal?: AbortSignal): Promise<void> {
    this.#waitingRemotely++;
    this.#work.stir();
    try {
      await this.sleep(ms, signal);
    } finally {
      this.#waitingRemotely--;
      this.#work.stir();
    }
  }
}

function instant(at: Instant | string | Date): Instant {
  const ms = typeof at === 'number' ? at : at instanceof Date ? at.getTime() : Date.parse(at);
  if (Number.isNaN(ms)) throw new MailspoolError('EINVALID', `not a time: ${JSON.stringify(at)}`, { field: 'startAt' });
  return ms;
}

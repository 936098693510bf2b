// The one bridge to RxJS: events$ for whoever wants to watch. News, never truth: a listener that throws changes nothing
// here and hurts no other listener (U-022).
import { Observable, type Subscriber } from 'rxjs';
import type { Logger } from '../provider/spooler-support.ts';
import type { Clock } from '../time/clock.ts';
import type { SpoolerEvent } from './contract.ts';

type Distribute<T> = T extends unknown ? Omit<T, 'seq' | 'at'> : never;
export type News = Distribute<SpoolerEvent>;

/** Hands values to each observer on its own. */
export class Broadcast<T> {
  readonly observable: Observable<T>;
  readonly #observers = new Set<Subscriber<T>>();
  readonly #logger: Logger;

  constructor(logger: Logger, onSubscribe?: (subscriber: Subscriber<T>) => void) {
    this.#logger = logger;
    this.observable = new Observable<T>((subscriber) => {
      this.#observers.add(subscriber);
      onSubscribe?.(subscriber);
      return () => this.#observers.delete(subscriber);
    });
  }

  get observed(): boolean {
    return this.#observers.size > 0;
  }

  next(value: T): void {
    for (const observer of this.#observers) {
      try {
        observer.next(value);
      } catch (error) {
        this.#logger.error({ error }, 'a listener threw');
      }
    }
  }

  complete(): void {
    for (const observer of this.#observers) observer.complete();
    this.#observers.clear();
  }
}

export class Events {
  readonly #clock: Clock;
  readonly #broadcast: Broadcast<SpoolerEvent>;
  #seq = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#broadcast = new Broadcast(logger);
  }

  get events$(): Observable<SpoolerEvent> {
    return this.#broadcast.observable;
  }

  /** Whether anybody listens: whoever would have to work for an event asks first. */
  get observed(): boolean {
    return this.#broadcast.observed;
  }

  emit(news: News): void {
    this.#seq += 1;
    if (this.#broadcast.observed) this.#broadcast.next({ ...news, seq: this.#seq, at: this.#clock.now() } as SpoolerEvent);
  }

  complete(): void {
    this.#broadcast.complete();
  }
}

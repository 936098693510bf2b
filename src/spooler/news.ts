// The one bridge to RxJS: events$ for whoever wants to watch. News, never truth: a listener that throws changes nothing
// here and hurts no other listener (U-022).
import { Observable, type Observer, type Operator, type Subscriber, Subscription } from 'rxjs';
import type { Logger } from '../provider/spooler-support.ts';
import type { Clock } from '../time/clock.ts';
import type { SpoolerEvent } from './contract.ts';

type Distribute<T> = T extends unknown ? Omit<T, 'seq' | 'at'> : never;
export type News = Distribute<SpoolerEvent>;

/** Hands values to each observer on its own. */
export class Broadcast<T> {
  readonly observable: Observable<T>;
  readonly #observers = new Set<Subscriber<T>>();

  constructor(logger: Logger, onSubscribe?: (subscriber: Subscriber<T>) => void) {
    this.observable = new ForgivingObservable<T>(logger, (subscriber) => {
      this.#observers.add(subscriber);
      onSubscribe?.(subscriber);
      return () => this.#observers.delete(subscriber);
    });
  }

  get observed(): boolean {
    return this.#observers.size > 0;
  }

  next(value: T): void {
    for (const observer of this.#observers) observer.next(value);
  }

  complete(): void {
    for (const observer of this.#observers) observer.complete();
    this.#observers.clear();
  }
}

/** RxJS lets a listener that throws end the process; here, and behind operators, it is logged instead. */
class ForgivingObservable<T> extends Observable<T> {
  readonly #logger: Logger;

  constructor(logger: Logger, subscribe?: ConstructorParameters<typeof Observable<T>>[0]) {
    super(subscribe);
    this.#logger = logger;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new ForgivingObservable<R>(this.#logger);
    Object.assign(lifted, { source: this, operator });
    return lifted;
  }

  override subscribe(
    observer?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // Operators subscribe with a Subscriber; only what a program wrote is wrapped.
    if (observer instanceof Subscription) return super.subscribe(observer as unknown as Observer<T>);
    const given: Partial<Observer<T>> =
      typeof observer === 'object' && observer
        ? observer
        : { ...(observer && { next: observer }), ...(error && { error }), ...(complete && { complete }) };
    return super.subscribe({
      next: (value) => this.#forgive(() => given.next?.(value)),
      error: (reason: unknown) => this.#forgive(() => given.error?.(reason)),
      complete: () => this.#forgive(() => given.complete?.()),
    });
  }

  #forgive(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ error }, 'a listener threw');
    }
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
    if (this.#broadcast.observed) this.#broadcast.next({ ...news, seq: this.#seq, at: this.#clock.now() });
  }

  complete(): void {
    this.#broadcast.complete();
  }
}

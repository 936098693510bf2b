// What is claimed and not yet settled: leases are renewed, deadlines kept, lost leases and cancels passed on (T-015,
// U-019). One loop for all.
import { MailspoolError } from '../errors.ts';
import type { EntryId } from '../message/recipient.ts';
import type { Lease } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import { type Engine, leaseMs } from './engine.ts';
import { Wake } from './wake.ts';

export interface Flight {
  readonly lease: Lease;
  leasedUntil: Instant;
  /** When to give up; may move while bytes flow. */
  deadlineAt?: () => Instant;
  abort(reason: MailspoolError): void;
}

export class InFlight {
  readonly #engine: Engine;
  readonly #flights = new Set<Flight>();
  readonly #wake: Wake;
  #lookAt: Instant = Number.POSITIVE_INFINITY;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#wake = new Wake(engine.clock);
  }

  get size(): number {
    return this.#flights.size;
  }

  add(flight: Flight): void {
    this.#flights.add(flight);
    if (this.#flights.size === 1) this.#wake.wake();
  }

  /** Its deadline may be nearer than the next look. */
  started(flight: Flight): void {
    if ((flight.deadlineAt?.() ?? Number.POSITIVE_INFINITY) < this.#lookAt || this.#flights.size === 1) this.#wake.wake();
  }

  remove(flight: Flight): void {
    this.#flights.delete(flight);
  }

  /** Aborts what is under way for a message, except for who asks; whether there was anything. */
  abort(id: EntryId, reason: MailspoolError, asking?: Lease): boolean {
    const found = [...this.#flights].filter(({ lease }) => lease.id === id && lease.fence !== asking?.fence);
    for (const flight of found) flight.abort(reason);
    return found.length > 0;
  }

  abortAll(reason: MailspoolError): void {
    for (const flight of this.#flights) flight.abort(reason);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#engine;
    while (!signal.aborted) {
      this.#lookAt = this.#nextLook();
      await this.#wake.wait(signal, this.#lookAt);
      this.#checkDeadlines(clock.now());
      await this.renew([...this.#flights].filter(({ leasedUntil }) => leasedUntil - clock.now() < leaseMs * 0.7));
    }
  }

  /** Renews leases at once. A store that fails now is asked again at the next look. */
  async renew(flights: readonly Flight[]): Promise<void> {
    if (flights.length === 0) return;
    const until = this.#engine.clock.now() + leaseMs;
    try {
      const news = await this.#engine.store.renew(
        flights.map(({ lease }) => lease),
        until,
      );
      for (const flight of flights) flight.leasedUntil = until;
      for (const { lease, news: what } of news) this.#tell(flights, lease, what);
    } catch (error) {
      this.#engine.logger.warn({ error }, 'leases could not be renewed');
    }
  }

  #tell(flights: readonly Flight[], lease: Lease, news: 'lost' | 'cancelRequested'): void {
    const flight = flights.find((candidate) => candidate.lease.id === lease.id && candidate.lease.fence === lease.fence);
    const reason =
      news === 'lost'
        ? new MailspoolError('ELEASE', `the claim on ${lease.id} was lost`)
        : new MailspoolError('ECANCEL', `${lease.id} was cancelled`);
    flight?.abort(reason);
  }

  #nextLook(): Instant {
    const now = this.#engine.clock.now();
    const deadlines = [...this.#flights].map(({ deadlineAt }) => deadlineAt?.() ?? Number.POSITIVE_INFINITY);
    return deadlines.reduce((a, b) => Math.min(a, b), this.#flights.size > 0 ? now + leaseMs / 3 : Number.POSITIVE_INFINITY);
  }

  #checkDeadlines(now: Instant): void {
    for (const flight of this.#flights) {
      if ((flight.deadlineAt?.() ?? Number.POSITIVE_INFINITY) > now) continue;
      // Once: it is still in flight until its end is written.
      delete flight.deadlineAt;
      flight.abort(new MailspoolError('ETIMEDOUT', `the provider did not finish ${flight.lease.id} in time`, { temporary: true }));
    }
  }
}

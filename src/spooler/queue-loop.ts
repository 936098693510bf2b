// The loop over one of the store's own queues (intake, timers, finishing, received): wait to be woken, claim a bounded
// batch, work on each under a deadline, give back what failed.
import { MailspoolError } from '../errors.ts';
import type { Claim, Lease, Queue } from '../store/message-store.ts';
import { abortable } from '../time/abortable.ts';
import type { Instant } from '../time/clock.ts';
import { type Engine, leaseMs } from './engine.ts';
import type { Flight, InFlight } from './in-flight.ts';
import { diagnosticOf } from './hand-over.ts';
import { Wake } from './wake.ts';

const claimBytes = 4 * 1024 * 1024;
const inlineBytes = 64 * 1024;
/** A step that takes longer is abandoned and tried again. */
const stepMs = 10 * 60_000;
/** How long a message whose step threw is left alone. */
const failurePauseMs = 5_000;

export interface QueueLoopOptions {
  readonly queue: Extract<Queue, string>;
  /** How many are worked on at once. */
  readonly atOnce: number;
  /** Whether the loop may claim now. */
  ready?(): boolean;
  /** Does the work and settles it. */
  handle(claim: Claim, signal: AbortSignal): Promise<void>;
}

export class QueueLoop {
  readonly #engine: Engine;
  readonly #inFlight: InFlight;
  readonly #options: QueueLoopOptions;
  readonly #wake: Wake;
  readonly #running = new Set<Promise<void>>();
  #stopping = false;

  constructor(engine: Engine, inFlight: InFlight, options: QueueLoopOptions) {
    this.#engine = engine;
    this.#inFlight = inFlight;
    this.#options = options;
    this.#wake = new Wake(engine.clock);
  }

  readonly wake = (): void => this.#wake.wake();

  get active(): boolean {
    return this.#running.size > 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#engine;
    let nextDueAt: Instant | undefined;
    while (!signal.aborted) {
      await this.#wake.wait(signal, nextDueAt);
      try {
        nextDueAt = await this.#round(signal);
      } catch (error) {
        logger.error({ error, queue: this.#options.queue }, 'claiming failed');
        nextDueAt = clock.now() + failurePauseMs;
      }
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #round(signal: AbortSignal): Promise<Instant | undefined> {
    const { queue, atOnce } = this.#options;
    for (;;) {
      const room = atOnce - this.#running.size;
      if (room <= 0 || signal.aborted || this.#stopping || this.#options.ready?.() === false) return undefined;
      const until = this.#engine.clock.now() + leaseMs;
      const owner = { name: this.#engine.owner, until, inlineBytes };
      const { claims, nextDueAt } = await this.#engine.store.claim([{ queue, messages: room, bytes: claimBytes }], owner);
      for (const claim of claims) this.#start(claim, until);
      if (claims.length === 0) return nextDueAt;
    }
  }

  #start(claim: Claim, leasedUntil: Instant): void {
    const running = this.#step(claim, leasedUntil).finally(() => {
      this.#running.delete(running);
      this.#wake.wake();
    });
    this.#running.add(running);
  }

  async #step(claim: Claim, leasedUntil: Instant): Promise<void> {
    const controller = new AbortController();
    const deadline = this.#engine.clock.now() + stepMs;
    const flight: Flight = { lease: claim.lease, leasedUntil, deadlineAt: () => deadline, abort: (reason) => controller.abort(reason) };
    this.#inFlight.add(flight);
    this.#inFlight.started(flight);
    try {
      await abortable(this.#options.handle(claim, controller.signal), controller.signal);
    } catch (error) {
      if (!isLeaseLost(error)) await this.#leave(claim.lease, error);
    } finally {
      this.#inFlight.remove(flight);
    }
  }

  /** The lease is kept for a moment, so that a message that fails again and again does not keep the loop spinning. */
  async #leave(lease: Lease, error: unknown): Promise<void> {
    const { logger, events } = this.#engine;
    logger.error({ error, id: lease.id, queue: this.#options.queue }, 'a step failed; it is repeated');
    if (this.#stopping) return;
    const { text, ...cause } = diagnosticOf(error);
    events.emit({ type: 'warning', diagnostic: { ...cause, text: `${lease.id} in ${this.#options.queue}: ${text}; it is tried again` } });
    await this.#engine.store.renew([lease], this.#engine.clock.now() + failurePauseMs).catch(() => undefined);
  }
}

const isLeaseLost = (error: unknown): boolean => error instanceof MailspoolError && error.code === 'ELEASE';

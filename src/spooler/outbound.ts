// The deliver loop: wait to be woken, claim a bounded batch by route, and give each session as much as it takes at once.
import type { EntryId, RecipientRow, Route } from '../message/recipient.ts';
import type { Claim, Queue } from '../store/message-store.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import type { Instant } from '../time/clock.ts';
import { nextTurn } from '../time/turn.ts';
import type { Delivery } from './delivery.ts';
import { type Engine, leaseMs } from './engine.ts';
import { HandOver } from './hand-over.ts';
import type { InFlight } from './in-flight.ts';
import { Lane } from './lane.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { Wake } from './wake.ts';

/** Content up to this size comes along with a claim. */
const inlineBytes = 64 * 1024;

export interface OutboundParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly inFlight: InFlight;
  readonly delivery: Delivery;
}

export class Outbound {
  readonly #parts: OutboundParts;
  readonly #delivery: Delivery;
  readonly #wake: Wake;
  readonly #lanes = new Map<Session, Lane>();
  readonly #running = new Set<Promise<void>>();
  /** Rings when a round has found nothing more to claim. */
  readonly #rested = new Bell();
  #stopping = false;

  constructor(parts: OutboundParts) {
    this.#parts = parts;
    this.#delivery = parts.delivery;
    this.#wake = new Wake(parts.engine.clock);
  }

  readonly wake = (): void => this.#wake.wake();

  get active(): boolean {
    return this.#running.size > 0;
  }

  /** The store names queues that have something new. */
  queuesChanged(queues: readonly Queue[]): void {
    for (const queue of queues) if (isRoute(queue)) this.#learn(queue);
    this.#wake.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts.engine;
    let nextDueAt: Instant | undefined;
    while (!signal.aborted) {
      await this.#wake.wait(signal, nextDueAt);
      try {
        nextDueAt = await this.#round(signal);
        this.#rested.ring();
      } catch (error) {
        logger.error({ error }, 'claiming failed');
        nextDueAt = clock.now() + 1_000;
      }
    }
  }

  /** No new claims; what has not begun goes back to its queue. */
  stop(): void {
    this.#stopping = true;
    for (const lane of this.#lanes.values()) this.#giveBack(lane);
  }

  /** Resolves when nothing is in flight. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Whether the only hand-over that a session has in hand was broken off: of several nobody could tell which is meant. */
  isCancelled(session: Session): boolean {
    const [only, ...others] = this.#lane(session).inHand;
    return only !== undefined && others.length === 0 && only.isBrokenOff;
  }

  /** Sends what is due for a session, until nothing is left of it, the session is closed, or `goesOn` says no. */
  async flushed(session: Session, goesOn: () => boolean, signal: AbortSignal): Promise<void> {
    const lane = this.#lane(session);
    // A round that had begun before this call may have looked too early: two in a row must find nothing.
    for (let rests = 0; rests < 2 && goesOn() && session.sends(this.#parts.engine.clock); rests = lane.busy ? 0 : rests + 1) {
      const rested = this.#rested.next();
      if (!lane.busy) this.#wake.wake();
      await abortable(rested, signal);
    }
  }

  /** Hands a parked message over again because its provider asks for it (M-061). */
  async submitDeferred(session: Session, entryId: EntryId): Promise<void> {
    const held = ({ route, status }: RecipientRow) => route?.session === session.key && status.state === 'held' && status.by === 'provider';
    await this.#claimSome(entryId, held, async (handOver) => await this.#delivery.handOver(session, handOver, true));
  }

  /** Asks the provider what became of the recipients that are uncertain on its route. */
  async verify(session: Session, entryId: EntryId): Promise<void> {
    const uncertain = ({ route, status }: RecipientRow) =>
      route?.session === session.key && status.state === 'uncertain' && status.next !== 'operator';
    await this.#claimSome(entryId, uncertain, async (handOver) => await this.#delivery.verify(session, handOver));
  }

  /** Claims a message as a whole for the sake of some of its recipients; what else it covers stays as it was. */
  async #claimSome(entryId: EntryId, concerns: (row: RecipientRow) => boolean, run: (handOver: HandOver) => Promise<void>): Promise<void> {
    const { engine, inFlight } = this.#parts;
    const [message] = await engine.store.get([entryId]);
    const before = message?.recipients.filter(concerns) ?? [];
    if (!message || before.length === 0) return;
    const until = engine.clock.now() + leaseMs;
    const { claims } = await engine.store.claim([{ queue: { message: entryId }, messages: 1, bytes: inlineBytes }], {
      name: engine.owner,
      until,
      inlineBytes,
    });
    for (const claim of claims) {
      const handOver = new HandOver(engine, inFlight, narrowed(claim, message.recipients, before), until);
      inFlight.add(handOver);
      const running = handOver.rows.length > 0 ? run(handOver) : this.#delivery.release(handOver);
      await this.#track(running.finally(() => inFlight.remove(handOver)));
    }
  }

  async #round(signal: AbortSignal): Promise<Instant | undefined> {
    for (;;) {
      for (const lane of this.#lanes.values()) if (!lane.session.sends(this.#parts.engine.clock)) this.#giveBack(lane);
      const lanes = this.#openLanes();
      for (const lane of lanes) this.#startNext(lane);
      const demands = lanes.flatMap((lane) => lane.demands());
      const notBefore = lanes.flatMap((lane) => lane.notBefore ?? []);
      if (demands.length === 0 || signal.aborted || this.#stopping) return earliest([...notBefore, ...this.#parts.sessions.gatesEnd()]);
      const { claims, nextDueAt } = await this.#claim(demands);
      for (const lane of lanes) this.#startNext(lane);
      await nextTurn();
      if (claims.length === 0) return earliest([nextDueAt, ...notBefore, ...this.#parts.sessions.gatesEnd()]);
    }
  }

  async #claim(demands: Parameters<Engine['store']['claim']>[0]): Promise<{ claims: Claim[]; nextDueAt?: Instant }> {
    const { engine, inFlight, sessions } = this.#parts;
    const until = engine.clock.now() + leaseMs;
    const answer = await engine.store.claim(demands, { name: engine.owner, until, inlineBytes });
    for (const claim of answer.claims) {
      const { queue } = claim.lease;
      const session = isRoute(queue) ? sessions.get(queue.session) : undefined;
      if (!session) continue;
      const handOver = new HandOver(engine, inFlight, claim, until, session.transport?.limits?.recipientsPerMessage);
      inFlight.add(handOver);
      const lane = this.#lane(session);
      handOver.onAbort = () => {
        if (lane.withdraw(handOver)) void this.#track(this.#abandon(session, handOver));
      };
      lane.take(handOver);
    }
    if (this.#stopping) this.stop();
    return answer;
  }

  /** Ends a claim that was aborted while it waited for its turn. */
  async #abandon(session: Session, handOver: HandOver): Promise<void> {
    await this.#delivery.settle(session, handOver, handOver.abandoned());
    this.#parts.inFlight.remove(handOver);
    this.#wake.wake();
  }

  /** What was claimed for a session that takes nothing now waits in its queue, where it can be cancelled, expire or go another way. */
  #giveBack(lane: Lane): void {
    for (const handOver of lane.giveBack()) void this.#track(this.#delivery.release(handOver));
  }

  #startNext(lane: Lane): void {
    if (this.#stopping || !lane.session.sends(this.#parts.engine.clock)) return;
    for (let next = lane.next(); next; next = lane.next()) {
      const handOver = next;
      void this.#track(this.#handOverInLane(lane, handOver));
    }
  }

  async #handOverInLane(lane: Lane, handOver: HandOver): Promise<void> {
    let running = true;
    const ended = () => {
      if (!running) return;
      running = false;
      lane.ended(handOver);
      this.#startNext(lane);
    };
    try {
      await this.#delivery.handOver(lane.session, handOver, false, ended);
    } finally {
      ended();
      lane.settled();
      this.#parts.inFlight.remove(handOver);
      this.#wake.wake();
    }
  }

  #openLanes(): Lane[] {
    const { engine, sessions } = this.#parts;
    return sessions.ordered.filter((session) => session.sends(engine.clock)).map((session) => this.#lane(session));
  }

  #lane(session: Session): Lane {
    const known = this.#lanes.get(session);
    if (known) return known;
    const fresh = new Lane(session, this.#parts.engine.clock);
    this.#lanes.set(session, fresh);
    return fresh;
  }

  #learn(route: Route): void {
    const session = this.#parts.sessions.get(route.session);
    if (session && route.destination !== undefined) this.#lane(session).addDestination(route.destination);
  }

  #track(running: Promise<void>): Promise<void> {
    const tracked = running.catch((error: unknown) => this.#parts.engine.logger.error({ error }, 'a hand-over failed unexpectedly'));
    this.#running.add(tracked);
    void tracked.finally(() => this.#running.delete(tracked));
    return tracked;
  }
}

const isRoute = (queue: Queue): queue is Route => typeof queue === 'object' && 'session' in queue;

const earliest = (instants: readonly (Instant | undefined)[]): Instant | undefined => {
  const known = instants.filter((instant) => instant !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** The claim as if it were about these recipients alone: who was claimed before is in the hands of somebody else. */
function narrowed(claim: Claim, all: readonly RecipientRow[], some: readonly RecipientRow[]): Claim {
  const before = all.map((row) => (row.status.state === 'claimed' ? { ...row, status: { state: 'queued' as const } } : row));
  const asBefore = (row: RecipientRow) => (some.some(({ id }) => id === row.id) ? row : (before.find(({ id }) => id === row.id) ?? row));
  return { ...claim, message: { ...claim.message, recipients: claim.message.recipients.map(asBefore) } };
}

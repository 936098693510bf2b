// The deliver loop: wait to be woken, claim a bounded batch by route, hand over under a deadline, settle.
import { MailspoolError } from '../errors.ts';
import type { RecipientOutcome } from '../message/outcome.ts';
import type { EntryId, RecipientRow, RecipientState, Route, StateName } from '../message/recipient.ts';
import type { TransportSession } from '../provider/transport-session.ts';
import type { Claim, Queue, RecipientChange, Settled, Settlement } from '../store/message-store.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import type { Instant } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import { nextTurn } from '../time/turn.ts';
import { type Engine, leaseMs } from './engine.ts';
import { HandOver, type HandOverResult } from './hand-over.ts';
import type { InFlight } from './in-flight.ts';
import { Lane } from './lane.ts';
import { outcomeNews } from './outcome-news.ts';
import type { ReportWriter } from './report-writer.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { changeFor, type HandedOver } from './settling.ts';
import type { Settler } from './settler.ts';
import { Wake } from './wake.ts';

/** Content up to this size comes along with a claim. */
const inlineBytes = 64 * 1024;
const endMessageMs = 60_000;
/** A message that was in flight at this many crashes is set aside for a person. */
const crashLimit = 3;
/** How often `resendNow` is taken at its word for one message. */
const resendNowLimit = 5;

export interface OutboundParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly settler: Settler;
  readonly inFlight: InFlight;
  readonly reports: ReportWriter;
  /** Whether something must happen between the last outcome and the filing. */
  finishesApart(claim: Claim): boolean;
}

export class Outbound {
  readonly #parts: OutboundParts;
  readonly #wake: Wake;
  readonly #lanes = new Map<Session, Lane>();
  readonly #running = new Set<Promise<void>>();
  readonly #resends = new Map<EntryId, number>();
  /** Rings when a round has found nothing more to claim. */
  readonly #rested = new Bell();
  #stopping = false;

  constructor(parts: OutboundParts) {
    this.#parts = parts;
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
    await this.#claimSome(entryId, held, async (handOver) => await this.#handOver(this.#lane(session), handOver, true));
  }

  /** Asks the provider what became of the recipients that are uncertain on its route. */
  async verify(session: Session, entryId: EntryId): Promise<void> {
    const uncertain = ({ route, status }: RecipientRow) =>
      route?.session === session.key && status.state === 'uncertain' && status.next !== 'operator';
    await this.#claimSome(entryId, uncertain, async (handOver) => {
      const { transport } = session;
      const result: HandOverResult = transport?.verifyMessage
        ? await handOver.run(transport, { call: 'verifyMessage', ...this.#calls(handOver, false) })
        : { ended: 'untouched' };
      // A verification that failed is no word on the message.
      if (result.ended !== 'outcomes' || result.resolved) return await this.#settle(session, handOver, result);
      this.#restartIfHung(session, result);
      await this.#release(handOver);
    });
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
      const running = handOver.rows.length > 0 ? run(handOver) : this.#release(handOver);
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
    await this.#settle(session, handOver, handOver.abandoned());
    this.#parts.inFlight.remove(handOver);
    this.#wake.wake();
  }

  /** What was claimed for a session that takes nothing now waits in its queue, where it can be cancelled, expire or go another way. */
  #giveBack(lane: Lane): void {
    for (const handOver of lane.giveBack()) void this.#track(this.#release(handOver));
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
      await this.#handOver(lane, handOver, false, ended);
    } finally {
      ended();
      lane.settled();
      this.#parts.inFlight.remove(handOver);
      this.#wake.wake();
    }
  }

  async #handOver(lane: Lane, handOver: HandOver, deferred: boolean, ended: () => void = () => undefined): Promise<void> {
    const { events } = this.#parts.engine;
    const { session } = lane;
    const aside = setAside(handOver, this.#parts.engine.clock.now());
    if (aside) {
      ended();
      await this.#write(handOver, aside);
      return;
    }
    events.emit({ type: 'sending', id: handOver.lease.id, session: session.key });
    const { transport } = session;
    const result: HandOverResult = transport
      ? await handOver.run(transport, { call: 'submitMessage', ...this.#calls(handOver, deferred) })
      : { ended: 'untouched' };
    ended();
    try {
      await this.#settle(session, handOver, result, { deferred, ...(transport && { transport }) });
    } finally {
      handOver.revoke();
    }
  }

  #calls(handOver: HandOver, deferred: boolean): Omit<Parameters<HandOver['run']>[1], 'call'> {
    const { message } = handOver.claim;
    const { expiresAt } = message.properties;
    return {
      deferred,
      ...(expiresAt !== undefined && { expiresAt }),
      save: async (outcomes) => {
        const settled = await this.#write(handOver, this.#changes(handOver, outcomes), 'keep');
        if (settled?.result !== 'written') throw new MailspoolError('ELEASE', `the claim on ${message.id} was lost, or the store failed`);
      },
      noteHandingOver: async () => await this.#noteHandingOver(handOver),
    };
  }

  async #noteHandingOver(handOver: HandOver): Promise<void> {
    const recipients = handOver.rows.map(({ id, status }) => ({ recipient: id, status: { ...status, handingOver: true } as RecipientRow['status'] }));
    const settled = await this.#parts.settler.settle({ id: handOver.lease.id, guard: handOver.lease, recipients, then: 'keep' });
    if (settled.result !== 'written') throw new MailspoolError('ELEASE', `the claim on ${handOver.lease.id} was lost`);
  }

  async #settle(session: Session, handOver: HandOver, result: HandOverResult, call: Call = { deferred: false }): Promise<void> {
    switch (result.ended) {
      case 'leaseLost':
        return;
      case 'untouched':
        if (result.gate) this.#parts.sessions.gate(session, result.gate);
        await this.#release(handOver);
        return;
      case 'cancelled':
        await this.#write(handOver, this.#withCancel(handOver, []));
        return;
      case 'outcomes':
        session.probing = false;
        if (result.gate) this.#parts.sessions.gate(session, result.gate);
        this.#restartIfHung(session, result);
        if (handOver.lostContent && !result.resolved) return await this.#quarantine(handOver, handOver.lostContent);
        await this.#settleOutcomes(session, handOver, result, call);
        return;
    }
  }

  /** Trying again would not bring the bytes back: a person must look (T-003). */
  async #quarantine(handOver: HandOver, { code, message }: MailspoolError): Promise<void> {
    const { logger, events } = this.#parts.engine;
    const text = `${handOver.lease.id} cannot be sent: ${message}`;
    logger.error({ id: handOver.lease.id, code }, text);
    events.emit({ type: 'warning', diagnostic: { code, text } });
    const status: RecipientState = { state: 'held', by: 'policy', reason: `its content cannot be read (${code})` };
    await this.#write(
      handOver,
      this.#withCancel(
        handOver,
        handOver.covered.map(({ id }): RecipientChange => ({ recipient: id, status })),
      ),
    );
  }

  #restartIfHung(session: Session, { hung }: { readonly hung: boolean }): void {
    if (hung) this.#parts.sessions.restart(session, { error: new MailspoolError('ETIMEDOUT', `${session.key} did not come back from a hand-over`) });
  }

  async #settleOutcomes(
    session: Session,
    handOver: HandOver,
    { outcomes, resolved, reference }: Extract<HandOverResult, { ended: 'outcomes' }>,
    { deferred, transport }: Call,
  ): Promise<void> {
    const cancelledAgain =
      deferred &&
      !resolved &&
      outcomes.length > 0 &&
      outcomes.every((outcome) => outcome.outcome === 'notSent' && outcome.diagnostic.code === 'ECANCEL');
    if (cancelledAgain) return void (await this.#write(handOver, parkedAgain(handOver)));
    const resends = this.#resends.get(handOver.lease.id);
    const unsent = resolved && transport?.endMessage ? outcomes.filter(({ outcome }) => outcome === 'notSent') : [];
    const final = this.#changes(
      handOver,
      outcomes.filter((outcome) => !unsent.includes(outcome)),
    );
    if (unsent.length > 0) await this.#write(handOver, final, 'keep');
    else await this.#write(handOver, this.#withCancel(handOver, final));
    if (resolved && transport?.endMessage) {
      const answer = await this.#endMessage(session, transport, reference);
      if (unsent.length > 0) await this.#write(handOver, this.#withCancel(handOver, this.#afterEnd(handOver, unsent, answer)));
    }
    // Only `resendNow` upon `resendNow` is counted.
    if (this.#resends.get(handOver.lease.id) === resends) this.#resends.delete(handOver.lease.id);
  }

  async #endMessage(session: Session, transport: TransportSession, reference: string): Promise<EndAnswer> {
    const { clock, logger } = this.#parts.engine;
    // It logged off meanwhile: the reference means nothing to whoever logged on after it.
    if (session.transport !== transport) return 'sent';
    const end = async (signal: AbortSignal) => (await transport.endMessage?.(reference, signal)) ?? 'sent';
    try {
      return await withDeadline(clock, endMessageMs, `endMessage of ${session.key}`, never, end);
    } catch (error) {
      logger.warn({ error, session: session.key }, 'endMessage failed');
      return 'sent';
    }
  }

  /** What endMessage says of recipients that were not sent to (M-060, M-061). */
  #afterEnd(handOver: HandOver, unsent: readonly RecipientOutcome[], answer: EndAnswer): RecipientChange[] {
    const { id } = handOver.lease;
    const resends = (this.#resends.get(id) ?? 0) + 1;
    this.#resends.delete(id);
    if (answer === 'resendNow' && resends <= resendNowLimit) {
      this.#resends.set(id, resends);
      return unsent.map(({ recipient }) => ({ recipient, status: { state: 'queued' }, countAttempt: true }));
    }
    if (answer === 'hold') {
      const reason = 'the provider keeps it until it says sentDeferred';
      return unsent.map(({ recipient }) => ({ recipient, status: { state: 'held', by: 'provider', reason }, countAttempt: true }));
    }
    return this.#changes(handOver, unsent);
  }

  #changes(handOver: HandOver, outcomes: readonly RecipientOutcome[]): RecipientChange[] {
    const { clock, retry } = this.#parts.engine;
    const { message, lease } = handOver.claim;
    const { expiresAt } = message.properties;
    const facts: Omit<HandedOver, 'route'> = { message, now: clock.now(), retry, ...(expiresAt !== undefined && { expiresAt }) };
    return outcomes.flatMap((outcome) => {
      const row = handOver.rows.find(({ id }) => id === outcome.recipient);
      const route = isRoute(lease.queue) ? lease.queue : row?.route;
      return row && route ? [changeFor(outcome, row, { ...facts, route })] : [];
    });
  }

  /** Once somebody has asked to cancel, nobody is sent to again: not whom this attempt left over, nor whom a limit left out. */
  #withCancel(handOver: HandOver, changes: readonly RecipientChange[]): readonly RecipientChange[] {
    if (!handOver.cancelRequested) return changes;
    const status: RecipientState = { state: 'cancelled', at: this.#parts.engine.clock.now() };
    const stopped = changes.map((change) => (change.status && waits.has(change.status.state) ? { ...change, status } : change));
    const left = handOver.covered.filter(({ id }) => !changes.some(({ recipient }) => recipient === id));
    return [...stopped, ...left.map(({ id }): RecipientChange => ({ recipient: id, status }))];
  }

  async #write(handOver: HandOver, recipients: readonly RecipientChange[], then?: 'keep'): Promise<Settled | undefined> {
    const { settler, reports, engine } = this.#parts;
    const { claim } = handOver;
    const submit = await reports.due(claim.message, recipients, claim.inline);
    const filed = this.#parts.finishesApart(claim) ? 'release' : { finished: claim.message.afterSend };
    const settlement: Settlement = {
      id: claim.message.id,
      guard: claim.lease,
      recipients,
      then: then ?? filed,
      ...(submit.length > 0 && { submit }),
    };
    try {
      const settled = await settler.settle(settlement);
      if (engine.events.observed) for (const news of outcomeNews(claim.message, recipients, settled)) engine.events.emit(news);
      return settled;
    } catch (error) {
      engine.logger.error({ error, id: claim.message.id }, 'an outcome could not be written; the message may go out again');
      return undefined;
    }
  }

  /** Nothing was tried: the claim ends, and with it nothing else. */
  async #release(handOver: HandOver): Promise<void> {
    const { settler, inFlight, engine } = this.#parts;
    try {
      await settler.settle({ id: handOver.lease.id, guard: handOver.lease, then: 'release' });
    } catch (error) {
      engine.logger.warn({ error }, 'a claim could not be released; its lease ends by itself');
    }
    inFlight.remove(handOver);
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

/** How a message is handed over: again after a hold, or by which logged-on session. */
interface Call {
  readonly deferred: boolean;
  readonly transport?: TransportSession;
}

type EndAnswer = 'sent' | 'resendNow' | 'resendLater' | 'hold';

const waits: ReadonlySet<StateName> = new Set<StateName>(['queued', 'deferred', 'held']);
const never: AbortSignal = new AbortController().signal;
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

const parkedAgain = ({ rows }: HandOver): RecipientChange[] =>
  rows.map(({ id }) => ({ recipient: id, status: { state: 'held', by: 'provider', reason: 'the provider keeps it until it says sentDeferred' } }));

/** What must not be handed over: an at-most-once hand-over that a crash interrupted, or a message that brings crashes. */
function setAside({ claim, rows }: HandOver, now: Instant): RecipientChange[] | undefined {
  const interrupted = rows.filter(({ status }) => status.state === 'claimed' && status.handingOver);
  if (claim.recovered !== undefined && interrupted.length > 0) {
    const diagnostic = { code: 'EUNCERTAIN', text: 'the spooler ended while the message was being handed over' };
    return interrupted.map(({ id }) => ({
      recipient: id,
      status: { state: 'uncertain', since: now, diagnostic, next: 'operator' },
      countAttempt: true,
    }));
  }
  if ((claim.recovered ?? 0) < crashLimit) return undefined;
  const reason = `in flight at ${claim.recovered} crashes; release it to try again`;
  return rows.map(({ id }) => ({ recipient: id, status: { state: 'held', by: 'policy', reason } }));
}

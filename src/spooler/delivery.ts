// One delivery: from a claimed message to what is written of it. Hand over under a deadline, judge, settle.
import { MailspoolError } from '../errors.ts';
import type { RecipientOutcome } from '../message/outcome.ts';
import type { EntryId, RecipientRow, RecipientState, Route, StateName } from '../message/recipient.ts';
import type { TransportSession } from '../provider/transport-session.ts';
import type { Claim, Queue, RecipientChange, Settled, Settlement } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import { afterSendOf } from './dead-letter.ts';
import type { Engine } from './engine.ts';
import type { HandOver, HandOverResult } from './hand-over.ts';
import type { InFlight } from './in-flight.ts';
import { outcomeNews } from './outcome-news.ts';
import type { ReportWriter } from './report-writer.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { changeFor, type HandedOver } from './settling.ts';
import type { Settler } from './settler.ts';

const endMessageMs = 60_000;
/** A message that was in flight at this many crashes is set aside for a person. */
const crashLimit = 3;
/** How often `resendNow` is taken at its word for one message. */
const resendNowLimit = 5;

export interface DeliveryParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly settler: Settler;
  readonly inFlight: InFlight;
  readonly reports: ReportWriter;
  /** Whether something must happen between the last outcome and the filing. */
  finishesApart(claim: Claim): boolean;
}

/** How a message is handed over: again after a hold, or by which logged-on session. */
interface Call {
  readonly deferred: boolean;
  readonly transport?: TransportSession;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #resends = new Map<EntryId, number>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Hands over and writes what became of it. `ended` is called when the provider is done. */
  async handOver(session: Session, handOver: HandOver, deferred: boolean, ended: () => void = () => undefined): Promise<void> {
    const { events } = this.#parts.engine;
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
      await this.settle(session, handOver, result, { deferred, ...(transport && { transport }) });
    } finally {
      handOver.revoke();
    }
  }

  /** Asks the provider what became of recipients that are uncertain. A verification that failed is no word on the message. */
  async verify(session: Session, handOver: HandOver): Promise<void> {
    const { transport } = session;
    const result: HandOverResult = transport?.verifyMessage
      ? await handOver.run(transport, { call: 'verifyMessage', ...this.#calls(handOver, false) })
      : { ended: 'untouched' };
    if (result.ended !== 'outcomes' || result.resolved) return await this.settle(session, handOver, result);
    this.#restartIfHung(session, result);
    await this.release(handOver);
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

  /** Writes how a hand-over ended. */
  async settle(session: Session, handOver: HandOver, result: HandOverResult, call: Call = { deferred: false }): Promise<void> {
    switch (result.ended) {
      case 'leaseLost':
        return;
      case 'untouched':
        if (result.gate) this.#parts.sessions.gate(session, result.gate);
        await this.release(handOver);
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
    const filed = this.#parts.finishesApart(claim) ? 'release' : { finished: afterSendOf(claim.message, recipients) };
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
  async release(handOver: HandOver): Promise<void> {
    const { settler, inFlight, engine } = this.#parts;
    try {
      await settler.settle({ id: handOver.lease.id, guard: handOver.lease, then: 'release' });
    } catch (error) {
      engine.logger.warn({ error }, 'a claim could not be released; its lease ends by itself');
    }
    inFlight.remove(handOver);
  }
}

type EndAnswer = 'sent' | 'resendNow' | 'resendLater' | 'hold';

const waits: ReadonlySet<StateName> = new Set<StateName>(['queued', 'deferred', 'held']);
const never: AbortSignal = new AbortController().signal;
const isRoute = (queue: Queue): queue is Route => typeof queue === 'object' && 'session' in queue;

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

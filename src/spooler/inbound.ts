// The inbound loop: sessions that have news or are due for a poll take fair turns; a turn receives a bounded number of
// messages, each by one call of startMessage (M-078 to M-082).
import { MailspoolError } from '../errors.ts';
import { TransportError } from '../provider/transport-error.ts';
import type { Remote, TransportSession, Wanted } from '../provider/transport-session.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import type { Instant } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import { over } from '../time/over.ts';
import { nextTurn } from '../time/turn.ts';
import type { SpoolerOptions } from './contract.ts';
import type { Engine } from './engine.ts';
import { diagnosticOf } from './hand-over.ts';
import { MarkedMessages } from './marked-messages.ts';
import { ReceivedMessage } from './received-message.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Settler } from './settler.ts';
import { Turns } from './turns.ts';
import { Wake } from './wake.ts';

const turnsAtOnce = 8;
const turnMs = 2_000;
const turnMessages = 32;
const pollMs = 120_000;
/** A provider that neither comes back nor moves a byte for so long hangs. */
const stallMs = 300_000;
const defaultPollIntervalMs = 60_000;
const defaultFallbackIntervalMs = 300_000;
const failurePauseMs = 30_000;

interface InboundParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly sessions: Sessions;
  readonly receiveFolders: NonNullable<SpoolerOptions['receiveFolders']>;
}

interface Reception {
  nextPollAt: Instant;
  /** The session this was learned from; a new logon polls at once, and so does one that may receive again. */
  transport: TransportSession | undefined;
}

export class Inbound {
  readonly #parts: InboundParts;
  readonly #wake: Wake;
  readonly #turns: Turns<Session>;
  /** Sessions that said they have mail: no poll is needed to know. */
  readonly #told = new Set<Session>();
  readonly #receptions = new Map<Session, Reception>();
  readonly #running = new Set<Promise<void>>();
  readonly #calls = new Set<AbortController>();
  /** Whose marks are being processed. */
  readonly #marked = new Map<Session, MarkedMessages>();
  readonly #turnEnded = new Bell();
  #stopping = false;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#wake = new Wake(parts.engine.clock);
    this.#turns = new Turns(parts.engine.clock, { atOnce: turnsAtOnce, turnMs });
  }

  readonly wake = (): void => this.#wake.wake();

  get active(): boolean {
    return this.#running.size > 0;
  }

  /** A session has news; any number of these before its turn are one (M-080). */
  newMail(session: Session): void {
    this.#told.add(session);
    this.#turns.want(session);
    this.#wake.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wake.wait(signal, this.#nextPollAt());
      this.#wantPolls();
      for (const session of this.#turns.due()) this.#track(this.#turns.run(session, async () => await this.#turn(session), this.#freed));
    }
  }

  readonly #freed = (): void => {
    this.#wake.wake();
    this.#turnEnded.ring();
  };

  /** Fetches what a session has, until it has no more, cannot go on, or `goesOn` says no. */
  async flushed(session: Session, wanted: Wanted, goesOn: () => boolean, signal: AbortSignal): Promise<void> {
    if (!session.receives(this.#parts.engine.clock)) return;
    const before = session.flushWants;
    session.flushWants = wanted;
    try {
      this.#reception(session).nextPollAt = 0;
      await this.#hadItsTurns(session, goesOn, signal);
    } finally {
      session.flushWants = before;
    }
  }

  /** Does what the marks of a session ask for, and fetches no other mail meanwhile (M-110). @throws ENETWORK where some are left */
  async processed(session: Session, goesOn: () => boolean, signal: AbortSignal): Promise<void> {
    const { engine, settler } = this.#parts;
    const marked = new MarkedMessages({ engine, settler, session, receive: async (remote) => void (await this.#receive(session, remote)) });
    this.#marked.set(session, marked);
    try {
      if (session.receives(engine.clock)) await this.#hadItsTurns(session, goesOn, signal);
    } finally {
      this.#marked.delete(session);
    }
    if (!marked.isDone && goesOn()) throw new MailspoolError('ENETWORK', `${session.key} cannot receive now: what is marked waits`);
  }

  async #hadItsTurns(session: Session, goesOn: () => boolean, signal: AbortSignal): Promise<void> {
    this.#turns.want(session);
    this.#wake.wake();
    for (let ended = this.#turnEnded.next(); goesOn() && this.#turns.has(session); ended = this.#turnEnded.next()) await abortable(ended, signal);
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Ends the calls that are under way; what was not saved leaves no trace. */
  abort(reason: MailspoolError): void {
    for (const call of this.#calls) call.abort(reason);
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #wantPolls(): void {
    const now = this.#parts.engine.clock.now();
    const { engine, sessions } = this.#parts;
    // What it told while nothing could be received was ignored (M-079): it is asked when it can be again.
    for (const session of sessions.all) if (!session.receives(engine.clock)) this.#receptions.delete(session);
    for (const session of this.#receiving()) if (this.#reception(session).nextPollAt <= now || this.#told.has(session)) this.#turns.want(session);
  }

  #nextPollAt(): Instant | undefined {
    const instants = this.#receiving().flatMap((session) => (this.#turns.has(session) ? [] : this.#reception(session).nextPollAt));
    const known = [...instants, ...this.#parts.sessions.gatesEnd()];
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #receiving(): Session[] {
    if (this.#stopping) return [];
    const { engine, sessions } = this.#parts;
    return sessions.all.filter((session) => session.receives(engine.clock) && !session.critical && !session.isProcessingHeaders);
  }

  #reception(session: Session): Reception {
    const known = this.#receptions.get(session);
    if (known && known.transport === session.transport) return known;
    const fresh = { nextPollAt: 0, transport: session.transport };
    this.#receptions.set(session, fresh);
    return fresh;
  }

  async #turn(session: Session): Promise<void> {
    const { clock } = this.#parts.engine;
    if (this.#stopping || !session.receives(clock)) return;
    const startedAt = clock.now();
    const reception = this.#reception(session);
    if (session.isProcessingHeaders) return await this.#markedTurn(session, reception, startedAt);
    const pollDue = reception.nextPollAt <= startedAt;
    const told = this.#told.delete(session);
    try {
      if (pollDue) reception.nextPollAt = startedAt + pollIntervalMs(session);
      const wanted = told || !pollDue || session.critical || (await this.#poll(session));
      const more = wanted && (await this.#round(session, startedAt));
      // Timers and sockets get their turn, too, however fast the session is (M-094).
      await nextTurn();
      if (more) this.newMail(session);
    } catch (error) {
      this.#failed(session, reception, error);
    }
  }

  async #markedTurn(session: Session, reception: Reception, startedAt: Instant): Promise<void> {
    const { clock } = this.#parts.engine;
    const marked = this.#marked.get(session);
    if (!marked) return;
    let left = turnMessages;
    const mayGoOn = (): boolean =>
      left-- > 0 && clock.now() - startedAt < turnMs && !this.#stopping && this.#marked.get(session) === marked && session.receives(clock);
    try {
      await marked.turn(() => mayGoOn() && session.remote?.isCancelled !== true);
      await nextTurn();
      if (!marked.isDone && this.#marked.get(session) === marked && !this.#stopping) this.#turns.want(session);
    } catch (error) {
      this.#failed(session, reception, error);
    }
  }

  async #poll(session: Session): Promise<boolean> {
    const { transport } = session;
    if (!transport?.poll) return true;
    return await withDeadline(
      this.#parts.engine.clock,
      pollMs,
      `poll of ${session.key}`,
      never,
      async (signal) => (await transport.poll?.(signal)) ?? false,
    );
  }

  /** Receives until nothing more comes or the turn is over; whether more may wait. */
  async #round(session: Session, startedAt: Instant): Promise<boolean> {
    const { clock } = this.#parts.engine;
    const width = session.transport?.limits?.inbound ?? 1;
    let left = turnMessages;
    const lane = async (): Promise<boolean> => {
      while (left > 0 && clock.now() - startedAt < turnMs && !this.#stopping && session.receives(clock)) {
        left -= 1;
        if (!(await this.#receive(session).catch(endsTurn))) return false;
      }
      return true;
    };
    // The others finish the message they are at.
    const endsTurn = (error: unknown): never => {
      left = 0;
      throw error;
    };
    const lanes = await Promise.allSettled(Array.from({ length: Math.max(1, width) }, lane));
    const failed = lanes.find((ended) => ended.status === 'rejected');
    if (failed) throw failed.reason;
    return lanes.every((ended) => ended.status === 'fulfilled' && ended.value);
  }

  /** One call of startMessage: about the next message, or about one that is marked. Whether there may be more. */
  async #receive(session: Session, remote?: Remote): Promise<boolean> {
    const { engine, sessions, receiveFolders } = this.#parts;
    const { transport } = session;
    const support = sessions.supportOf(session);
    if (!transport?.startMessage || !support) return false;
    const call = new AbortController();
    this.#calls.add(call);
    let aliveAt = engine.clock.now();
    const message = new ReceivedMessage({
      store: engine.store,
      session,
      support,
      receiveFolders,
      wanted: remote ?? session.wanted,
      progress: () => {
        aliveAt = engine.clock.now();
      },
    });
    try {
      await this.#watched(session, call, () => aliveAt, transport.startMessage(message, call.signal));
      return message.goesOn;
    } finally {
      message.revoke();
      this.#calls.delete(call);
    }
  }

  /** Ends a call that hangs, and the session with it. */
  async #watched(session: Session, call: AbortController, aliveAt: () => Instant, running: Promise<void>): Promise<void> {
    const { clock } = this.#parts.engine;
    const done = new AbortController();
    const ended = new Promise<never>((_, reject) => {
      const abort = () => reject(call.signal.reason as Error);
      call.signal.addEventListener('abort', abort, { once: true, signal: done.signal });
    });
    const watch = async () => {
      while (!done.signal.aborted) {
        await clock.sleep(Math.max(0, aliveAt() + stallMs - clock.now()), done.signal);
        if (aliveAt() + stallMs > clock.now()) continue;
        const error = new MailspoolError('ETIMEDOUT', `${session.key} moved nothing for ${stallMs} ms while receiving`, { temporary: true });
        call.abort(error);
        this.#parts.sessions.restart(session, { error });
        return;
      }
    };
    watch().catch(() => undefined);
    running.catch(() => undefined);
    try {
      await Promise.race([running, ended]);
    } finally {
      done.abort(over);
    }
  }

  #failed(session: Session, reception: Reception, error: unknown): void {
    const { engine, sessions } = this.#parts;
    if (this.#stopping) return;
    engine.logger.warn({ error, session: session.key }, 'receiving failed');
    engine.events.emit({ type: 'warning', diagnostic: diagnosticOf(error) });
    reception.nextPollAt = Math.min(reception.nextPollAt, engine.clock.now() + failurePauseMs);
    if (error instanceof TransportError && error.gate) sessions.gate(session, error.gate);
  }

  #track(running: Promise<void>): void {
    const tracked = running.catch((error: unknown) => this.#parts.engine.logger.error({ error }, 'a turn failed unexpectedly'));
    this.#running.add(tracked);
    void tracked.finally(() => this.#running.delete(tracked));
  }
}

const never: AbortSignal = new AbortController().signal;

function pollIntervalMs({ transport }: Session): number {
  if (transport?.limits?.pollIntervalMs !== undefined) return transport.limits.pollIntervalMs;
  if (!transport?.poll) return Number.POSITIVE_INFINITY;
  return transport.reception === 'notify' ? defaultFallbackIntervalMs : defaultPollIntervalMs;
}

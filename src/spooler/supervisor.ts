// Keeps one session logged on: logon, what its refusal means (M-007 to M-009), logoff, and the pause before the next try.
import { setMaxListeners } from 'node:events';
import { isMailspoolError, MailspoolError } from '../errors.ts';
import type { Gate } from '../provider/status.ts';
import { contractVersion } from '../provider/transport-provider.ts';
import type { TransportSession } from '../provider/transport-session.ts';
import { backoffMs, type Backoff } from '../time/backoff.ts';
import { Bell } from '../time/bell.ts';
import { type Instant, sleepUntil } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import { over } from '../time/over.ts';
import type { Engine } from './engine.ts';
import { quietly } from './quietly.ts';
import type { Session } from './session.ts';
import type { SessionSupport } from './support.ts';

const logonMs = 60_000;
const logonBackoff: Backoff = { firstMs: 5_000, factor: 2, maxMs: 300_000, jitter: 0.2 };
const authRetryMs = 300_000;

/** Why a session ends before the spooler does. `critical`: nothing more is called on it (M-091). */
export interface Ending {
  readonly error: Error;
  readonly critical?: boolean;
}

/** What all sessions share. */
export interface Supervision {
  readonly engine: Engine;
  readonly interactive: boolean;
  isOffline(session: Session): boolean;
  /** A new handle for a session about to log on. */
  support(session: Session, signal: AbortSignal): SessionSupport;
  /** It is logged on: read what it registered. @throws what the session throws */
  loggedOn(session: Session, support: SessionSupport): Promise<void>;
  /** Opens its directions. */
  open(session: Session): Promise<void>;
  /** It is about to log off, and its directions are closed. */
  loggingOff(session: Session): Promise<void>;
  loggedOff(session: Session): void;
  gate(session: Session, gate: Gate): void;
  /** The other sessions of its account. */
  siblings(session: Session): readonly Session[];
  changed(session: Session): void;
}

export class Supervisor {
  readonly #session: Session;
  readonly #shared: Supervision;
  #end: (reason: Ending) => void = () => undefined;
  #revive: () => void = () => undefined;
  /** Its last logon failed, and was asked to do without connections. */
  #isRefusedOffline = false;
  /** Rings when a logon has succeeded or failed, and when none follows. */
  readonly #tried = new Bell();
  /** The last logon failed; otherwise it was the session that ended. */
  #isRefused = false;

  constructor(session: Session, shared: Supervision) {
    this.#session = session;
    this.#shared = shared;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const life = new AbortController();
      const lifeSignal = AbortSignal.any([signal, life.signal]);
      // Each connection of a provider may listen to it: that is no leak.
      setMaxListeners(0, lifeSignal);
      const ended = this.#ending(signal, life.signal);
      try {
        await this.#logOn(lifeSignal);
        this.#tried.ring();
        const reason = await ended;
        if (reason) this.#session.failure = reason.error;
        await this.#logOff(life, reason);
        failures = reason ? 1 : 0;
        this.#isRefused = false;
      } catch (error) {
        failures += 1;
        this.#isRefused = true;
        life.abort(over);
        await this.#failed(error);
        this.#tried.ring();
        // Once in a row: whoever says that it is configured may be wrong.
        if (failures === 1 && !signal.aborted && (await this.#configured(error, signal))) continue;
      }
      if (!signal.aborted) await this.#pause(failures, signal);
    }
    this.#isRefusedOffline = false;
    this.#tried.ring();
  }

  /** Ends the session that there is; it logs on again. */
  end(reason: Ending): void {
    this.#end(reason);
  }

  /** Ends the pause before the next try. */
  revive(): void {
    this.#revive();
  }

  /** The way is there again: who could not log on without it tries now (M-005). Resolves after that. */
  async online(): Promise<void> {
    if (!this.#isRefusedOffline || this.#session.isDropped) return;
    const tried = this.#tried.next();
    this.#revive();
    await tried;
  }

  /** Resolves with the reason when the session must end, without one when the spooler stops. */
  #ending(signal: AbortSignal, life: AbortSignal): Promise<Ending | undefined> {
    return new Promise((resolve) => {
      this.#end = resolve;
      signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: life });
    });
  }

  async #logOn(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const { interactive, isOffline, engine } = this.#shared;
    checkVersion(session);
    session.isDropped = false;
    const support = this.#shared.support(session, signal);
    const options = { inbound: false, outbound: false, offline: isOffline(session), interactive };
    this.#isRefusedOffline = options.offline;
    session.transport = await this.#logonInTime(signal, async (bounded) => await session.provider.logon(support, { ...options, signal: bounded }));
    this.#isRefusedOffline = false;
    session.failure = undefined;
    session.columns = { ...session.columns, statusText: session.columns.statusText === 'not logged on' ? '' : session.columns.statusText };
    await this.#shared.loggedOn(session, support);
    session.tried = true;
    engine.events.emit({ type: 'loggedOn', session: session.key });
    await this.#shared.open(session);
  }

  /** Whoever comes back after the deadline, or after the spooler stopped, is logged off again: nothing stays open behind its back. */
  async #logonInTime(signal: AbortSignal, logon: (signal: AbortSignal) => Promise<TransportSession>): Promise<TransportSession> {
    const { engine } = this.#shared;
    const { key } = this.#session;
    let late: Promise<TransportSession> | undefined;
    try {
      return await withDeadline(engine.clock, logonMs, `logon of ${key}`, signal, (bounded) => (late = logon(bounded)));
    } catch (error) {
      void late?.then(
        async (transport) => await quietly(engine, `late logoff of ${key}`, async () => await transport.logoff?.()),
        () => undefined,
      );
      throw error;
    }
  }

  async #logOff(life: AbortController, reason: Ending | undefined): Promise<void> {
    const session = this.#session;
    const { transport } = session;
    const { engine } = this.#shared;
    session.outboundOn = false;
    session.inboundOn = false;
    if (!reason?.critical) await quietly(engine, `what ${session.key} keeps back`, async () => await this.#shared.loggingOff(session));
    session.loggedOff();
    if (!reason?.critical) await quietly(engine, `logoff of ${session.key}`, async () => await transport?.logoff?.());
    life.abort(over);
    this.#shared.loggedOff(session);
    engine.events.emit({ type: 'loggedOff', session: session.key });
    this.#shared.changed(session);
  }

  async #failed(error: unknown): Promise<void> {
    const session = this.#session;
    const { transport } = session;
    const { engine } = this.#shared;
    const failure = error instanceof Error ? error : new Error(String(error));
    session.tried = true;
    session.isDropped = codeOf(error) === 'EFAILONEPROVIDER';
    session.loggedOff();
    session.rows.clear();
    session.failure = failure;
    session.columns = { ...session.columns, statusText: failure.message };
    engine.logger.warn({ session: session.key, error }, 'logon failed');
    const text = `logon of ${session.key} failed: ${failure.message}`;
    engine.events.emit({ type: 'warning', diagnostic: { code: codeOf(error) ?? 'EPROVIDER', text } });
    this.#shared.changed(session);
    if (transport) await quietly(engine, `logoff of ${session.key}`, async () => await transport.logoff?.());
  }

  /** An unconfigured provider: whoever owns the account may configure it, and the logon is tried again at once (M-009). */
  async #configured(error: unknown, signal: AbortSignal): Promise<boolean> {
    const { account, key } = this.#session;
    const { configure } = account.options;
    if (codeOf(error) !== 'EUNCONFIGURED' || !configure) return false;
    try {
      return await configure.call(account.options, { interactive: this.#shared.interactive, readOnly: false }, signal);
    } catch (reason) {
      this.#shared.engine.logger.warn({ error: reason, session: key }, `account ${account.name} could not be configured`);
      return false;
    }
  }

  async #pause(failures: number, signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const until = failures > 0 ? this.#nextTry(failures) : 0;
    const revived = new AbortController();
    this.#revive = () => revived.abort(over);
    await sleepUntil(this.#shared.engine.clock, until, AbortSignal.any([signal, revived.signal])).catch(() => undefined);
    this.#revive = () => undefined;
    session.openGate();
  }

  /** Closes the gates that the failure asks for. When the logon is tried again; a dropped provider waits to be revived (M-007). */
  #nextTry(failures: number): Instant {
    const { engine, gate, siblings } = this.#shared;
    const session = this.#session;
    if (session.isDropped) return Number.POSITIVE_INFINITY;
    const code = codeOf(session.failure);
    const denied = code === 'EAUTH' || code === 'EUNCONFIGURED';
    const until = engine.clock.now() + (denied ? authRetryMs : backoffMs(logonBackoff, failures, engine.random));
    const closed: Gate = { reason: denied ? 'authRequired' : 'unreachable', until };
    gate(session, closed);
    if (this.#isRefused && !this.#isRefusedOffline && !ownFailures.has(code ?? '')) for (const sibling of siblings(session)) gate(sibling, closed);
    return until;
  }
}

/** What says nothing of the other providers of the account; any other refusal disables them until the next try (M-008). */
const ownFailures: ReadonlySet<string> = new Set(['EAUTH', 'EUNCONFIGURED', 'EVERSION', 'ETIMEDOUT']);

function checkVersion({ key, provider: { contract } }: Session): void {
  if (!contract || (contract.min <= contractVersion && contractVersion <= contract.max)) return;
  throw new MailspoolError('EVERSION', `${key} speaks contract ${contract.min} to ${contract.max}, this is ${contractVersion}`);
}

function codeOf(error: unknown): string | undefined {
  if (isMailspoolError(error)) return error.code;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

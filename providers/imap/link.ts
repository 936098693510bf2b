// The way to the server: at most one connection at a time, made anew when it is lost, with backoff and a visible
// reason while it is not there. Each connection takes a place in the account's budget (U-043, U-049, U-050).
import {
  abortable,
  backoffMs,
  isMailspoolError,
  TransportError,
  type Backoff,
  type Credentials,
  type Gate,
  type Instant,
  type SpoolerSupport,
} from 'mailspool/provider';
import { ImapConnection } from './connection.ts';
import { toTransportError } from './failures.ts';
import type { Settings } from './options.ts';
import type { SessionStatus } from './session-status.ts';
import type { Bell } from './waiting.ts';

/** Wrong credentials are not tried again and again: servers lock accounts for that. */
const authBackoff: Backoff = { firstMs: 60_000, factor: 2, maxMs: 30 * 60_000, jitter: 0.2 };
const throttledBackoff: Backoff = { firstMs: 30_000, factor: 2, maxMs: 15 * 60_000, jitter: 0.2 };

/** A connection that held for so long was a good one. */
const steadyMs = 60_000;

export interface LinkSetup {
  readonly settings: Settings;
  readonly support: SpoolerSupport;
  readonly status: Pick<SessionStatus, 'online' | 'offline'>;
  readonly hints: Bell;
  /** Connects only while that one is connected, so that it never waits for a place that this one holds. */
  readonly lead?: ImapLink;
  /** Aborts at logoff. */
  readonly signal: AbortSignal;
}

export class ImapLink {
  readonly #setup: LinkSetup;
  #current: ImapConnection | undefined;
  #opening: Promise<ImapConnection> | undefined;
  #failures = 0;
  #healthy = false;
  #since: Instant = 0;
  #retryAt: Instant = 0;
  #gate: Gate | undefined;

  constructor(setup: LinkSetup) {
    this.#setup = setup;
  }

  /** Not before this is connecting tried again. */
  get retryAt(): Instant {
    return this.#retryAt;
  }

  get isOpen(): boolean {
    return this.#current !== undefined;
  }

  /** Forgets the backoff: something has changed, or somebody asks. */
  retryNow(): void {
    this.#retryAt = 0;
  }

  /**
   * The living connection, or a new one.
   * @throws TransportError with a gate; EWAIT while the backoff runs
   */
  async open(signal: AbortSignal): Promise<ImapConnection> {
    if (this.#current !== undefined) return this.#current;
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined));
    return abortable(this.#opening, signal);
  }

  /** What to tell the spooler of a failed call: a gate has an end, or the next call may come at once. */
  explained(error: unknown): unknown {
    if (!(error instanceof TransportError) || error.gate === undefined || error.gate.until !== undefined) return error;
    const waits = this.#retryAt > this.#setup.support.clock.now();
    return withGate(error, waits ? { reason: error.gate.reason, until: this.#retryAt } : undefined);
  }

  /** Work went well on the connection. */
  healthy(): void {
    this.#healthy = true;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#current?.logout();
  }

  async #connect(): Promise<ImapConnection> {
    const { support, signal } = this.#setup;
    if (this.#retryAt > support.clock.now()) throw this.#patience();
    const led = await this.#led();
    const place = await support.account.connection(signal);
    try {
      led?.throwIfAborted();
      const connection = await this.#logIn();
      this.#connected(connection, place);
      const follow = (): void => connection.close(toTransportError(led?.reason, 'connection'));
      if (led?.aborted) follow();
      else led?.addEventListener('abort', follow, { once: true });
      return connection;
    } catch (error) {
      place[Symbol.dispose]();
      signal.throwIfAborted();
      if (isMailspoolError(error) && !(error instanceof TransportError)) throw error;
      throw this.#failed(toTransportError(error, 'connect'));
    }
  }

  /** The life of the connection that this one depends on. */
  async #led(): Promise<AbortSignal | undefined> {
    const { lead, settings, support, signal } = this.#setup;
    if (lead === undefined) return undefined;
    try {
      return (await lead.open(signal)).gone;
    } catch (error) {
      this.#retryAt = Math.max(lead.retryAt, support.clock.now() + settings.retry.firstMs);
      throw error;
    }
  }

  /** Refused credentials are refreshed and tried once more, if they are the account's (T-062). */
  async #logIn(): Promise<ImapConnection> {
    const { settings, support, signal } = this.#setup;
    if (settings.auth !== undefined) return this.#openWith(settings.auth);
    const credentials = await support.account.credentials(signal);
    try {
      return await this.#openWith(credentials);
    } catch (error) {
      if (!(error instanceof TransportError) || error.code !== 'EAUTH') throw error;
      return this.#openWith(await support.account.credentials(signal, credentials));
    }
  }

  #openWith(credentials: Credentials): Promise<ImapConnection> {
    const { settings, support, hints, signal } = this.#setup;
    return ImapConnection.open({ settings, credentials, clock: support.clock, hints }, signal);
  }

  #connected(connection: ImapConnection, place: Disposable): void {
    const { status, settings } = this.#setup;
    this.#current = connection;
    this.#gate = undefined;
    this.#healthy = false;
    this.#since = this.#setup.support.clock.now();
    status.online(`connected to ${settings.host}`);
    const ended = (): void => {
      this.#current = undefined;
      place[Symbol.dispose]();
      this.#ended(toTransportError(connection.gone.reason, 'connection'));
    };
    if (connection.gone.aborted) ended();
    else connection.gone.addEventListener('abort', ended, { once: true });
  }

  /** After a connection that did well for a while the next is tried at once; otherwise the loss counts as a failure. */
  #ended(error: TransportError): void {
    const { support, signal, hints } = this.#setup;
    if (!signal.aborted) {
      support.logger.info({ code: error.code, host: this.#setup.settings.host }, `imap: connection ended: ${error.message}`);
      if (this.#healthy && support.clock.now() - this.#since >= steadyMs) this.#failures = 0;
      if (this.#failures > 0 || error.gate?.reason === 'throttled') this.#failed(error);
      else this.#failures = 1;
    }
    hints.ring();
  }

  #failed(error: TransportError): TransportError {
    const { support, settings, status } = this.#setup;
    const reason = error.gate?.reason ?? 'unreachable';
    const backoff = reason === 'authRequired' ? authBackoff : reason === 'throttled' ? throttledBackoff : settings.retry;
    const afterMs = Math.max(error.retryAfterMs ?? 0, backoffMs(backoff, ++this.#failures, support.random));
    this.#retryAt = support.clock.now() + afterMs;
    this.#gate = { reason, until: this.#retryAt };
    status.offline(this.#gate, error.message);
    support.logger.warn({ code: error.code, reason, afterMs, host: settings.host, failures: this.#failures }, `imap: ${error.message}`);
    return withGate(error, this.#gate);
  }

  #patience(): TransportError {
    const gate = this.#gate ?? { reason: 'unreachable' as const, until: this.#retryAt };
    return new TransportError('EWAIT', `IMAP: waits before connecting to ${this.#setup.settings.host} again`, {
      gate,
      retryAfterMs: Math.max(0, this.#retryAt - this.#setup.support.clock.now()),
    });
  }
}

function withGate(error: TransportError, gate: Gate | undefined): TransportError {
  const { cause, response } = error;
  return new TransportError(error.code, error.message, {
    outcome: 'notSent',
    ...(gate === undefined ? {} : { gate }),
    ...(cause === undefined ? {} : { cause }),
    ...(response === undefined ? {} : { response }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

// One logged-on SMTP account: its connections, what it knows of the server, and the hand-overs that go through them.
import {
  TransportError,
  type Credentials,
  type OutboundMessage,
  type SessionLimits,
  type SpoolerSupport,
  type SubmitResult,
  type TransportSession,
} from 'mailspool/provider';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { HandOver, type HandOverOptions } from './hand-over.ts';
import { OpeningError, openConnection } from './opening.ts';
import type { SmtpSettings } from './options.ts';
import { authGate, Reachability } from './reachability.ts';
import { diagnostic } from './replies.ts';

/** The deadlines of the steps are nearer; this one only catches what they forget. */
const submitTimeoutMs = 60 * 60_000;

export class SmtpSession implements TransportSession {
  readonly addressTypes: TransportSession['addressTypes'];
  readonly reception = 'none';
  readonly limits: SessionLimits;
  readonly #settings: SmtpSettings;
  readonly #support: SpoolerSupport;
  readonly #connections: Connections;
  readonly #reachability: Reachability;
  readonly #handOver: Omit<HandOverOptions, 'acquire'>;

  constructor(settings: SmtpSettings, support: SpoolerSupport) {
    const {
      addressTypes,
      connections,
      recipientsPerMessage,
      messagesPerSecond,
      messageSizeBytes,
      maxMessagesPerConnection,
      idleTimeoutMs,
      timeouts,
    } = settings;
    const { clock, random } = support;
    this.addressTypes = addressTypes;
    this.limits = {
      outbound: connections,
      recipientsPerMessage,
      submitTimeoutMs,
      ...(messagesPerSecond !== undefined && { messagesPerSecond }),
      ...(messageSizeBytes !== undefined && { messageSizeBytes }),
    };
    this.#settings = settings;
    this.#support = support;
    this.#reachability = new Reachability(clock, random);
    this.#connections = new Connections({
      max: connections,
      maxMessagesPerConnection,
      idleTimeoutMs,
      lookEveryMs: Math.min(idleTimeoutMs, ...Object.values(timeouts)),
      clock,
      open: (signal) => this.#open(signal),
    });
    this.#handOver = {
      release: (connection) => this.#connections.release(connection),
      dropIdle: () => this.#connections.dropIdle(),
      authGate: () => authGate(clock),
      tnef: settings.tnef ?? false,
      deliveredAt: () => (settings.lmtp ? clock.now() : undefined),
    };
  }

  /** @throws TransportError: with a gate if the server cannot be reached, ECANCEL if the signal aborts before the end */
  async submitMessage(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> {
    const acquire = () => this.#acquire(signal);
    return new HandOver(message, signal, { ...this.#handOver, acquire }).run();
  }

  /** Whether the server can be reached and takes the credentials. @throws TransportError */
  async validateState(_request: unknown, signal: AbortSignal): Promise<void> {
    this.#connections.release(await this.#acquire(signal));
  }

  async logoff(): Promise<void> {
    await this.#connections.close();
  }

  async #acquire(signal: AbortSignal): Promise<Connection> {
    try {
      return await this.#connections.acquire(signal);
    } catch (error) {
      if (error instanceof OpeningError) throw this.#unreachable(error);
      if (error instanceof TransportError) throw error;
      throw new TransportError('ECANCEL', 'the hand-over was broken off before it began', { outcome: 'notSent', phase: 'connect', cause: error });
    }
  }

  /** No message had a part in this: a gate, not an attempt. */
  #unreachable(error: OpeningError): TransportError {
    const gate = this.#reachability.failed(error);
    this.#support.updateStatus({ statusText: error.message, remoteValidateOk: false }, { merge: true });
    const {
      text: _text,
      code: _code,
      ...reply
    } = error.response === undefined ? { text: '', code: '' } : diagnostic(error.response, error.phase, error.code);
    return new TransportError(error.code, error.message, { phase: error.phase, ...reply, outcome: 'notSent', gate, cause: error });
  }

  /** A connection with its place in the account's budget, which it gives back when it ends (U-050). */
  async #open(signal: AbortSignal): Promise<Connection> {
    const place = await this.#support.account.connection(signal);
    try {
      const connection = await this.#logOn(signal);
      connection.onEnd(() => place[Symbol.dispose]());
      this.#reached();
      return connection;
    } catch (error) {
      place[Symbol.dispose]();
      throw error;
    }
  }

  /** Refused credentials are renewed once, if the account has them (T-062). */
  async #logOn(signal: AbortSignal): Promise<Connection> {
    const { clock, account } = this.#support;
    const settings = this.#settings;
    const credentials = settings.auth ?? (await this.#credentials(signal));
    try {
      return await openConnection({ settings, credentials, clock }, signal);
    } catch (error) {
      if (settings.auth || !credentials || !(error instanceof OpeningError) || !error.refusedCredentials) throw error;
      const fresh = await account.credentials(signal, credentials).catch((cause: unknown) => Promise.reject(notRenewed(error, cause)));
      return await openConnection({ settings, credentials: fresh, clock }, signal);
    }
  }

  async #credentials(signal: AbortSignal): Promise<Credentials | undefined> {
    try {
      return await this.#support.account.credentials(signal);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as { code?: unknown }).code === 'EUNCONFIGURED') return undefined;
      throw notRenewed(undefined, error);
    }
  }

  #reached(): void {
    if (!this.#reachability.reached()) return;
    this.#support.updateStatus({ statusText: `connected to ${this.#settings.host}:${this.#settings.port}`, remoteValidateOk: true }, { merge: true });
  }
}

/** A token that could not be had: refused for good, or nobody answered (U-054). */
function notRenewed(refused: OpeningError | undefined, cause: unknown): OpeningError {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const known = code === 'EAUTH' ? 'EAUTH' : 'ECONNECTION';
  return new OpeningError(known, 'auth', `no usable credentials: ${String(message)}`, known === 'EAUTH' ? refused?.response : undefined, cause);
}

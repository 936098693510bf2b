// One IMAP connection. For the rest of this provider: commands run one after the other, each under a deadline; a lost
// connection is a signal (`gone`) with its reason; and no error of imapflow is ever without a listener (U-044, U-045).
import { ImapFlow, type ImapFlowOptions, type MailboxObject } from 'imapflow';
import { abortable, TransportError, withDeadline, type Clock, type Credentials } from 'mailspool/provider';
import { isRefusal, toTransportError } from './failures.ts';
import type { Settings } from './options.ts';
import { Turns, type Bell } from './waiting.ts';

/** The longest line, and the longest literal beyond what was asked for, that a server may send. */
const longestLineBytes = 1024 * 1024;
const longestLiteralBytes = 64 * 1024 * 1024;

export interface ConnectionSetup {
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Rung when the server says that a folder's count changed: a hint, no more (U-046). */
  readonly hints: Bell;
}

export class ImapConnection {
  /** Aborts when the connection is lost or closed; the reason is a TransportError. */
  readonly gone: AbortSignal;
  readonly #gone = new AbortController();
  readonly #client: ImapFlow;
  readonly #setup: ConnectionSetup;
  readonly #turns = new Turns();
  /** What a command that answered `false` was told: imapflow only logs it. */
  #refusal: unknown;
  #issued = 0;

  /** @throws TransportError EAUTH, ETLS, EREQUIRETLS, EDNS, ETIMEDOUT, ECONNECTION, EWAIT, EPROTOCOL */
  static async open(setup: ConnectionSetup, signal: AbortSignal): Promise<ImapConnection> {
    const connection = new ImapConnection(setup);
    try {
      await connection.#connect(signal);
      return connection;
    } catch (error) {
      connection.close(toTransportError(error, 'connect'));
      signal.throwIfAborted();
      throw toTransportError(error, 'connect');
    }
  }

  private constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.gone = this.#gone.signal;
    this.#client = new ImapFlow({ ...clientOptions(setup), logger: this.#listener() });
    this.#client.on('error', (error) => this.#lost(error));
    this.#client.on('close', () => this.#lost(undefined));
    this.#client.on('exists', () => setup.hints.ring());
  }

  /** The folder that is open. */
  get mailbox(): MailboxObject | undefined {
    return this.#client.mailbox === false ? undefined : this.#client.mailbox;
  }

  /** How many commands were begun: whoever sees it unchanged knows that nobody interrupted. */
  get issued(): number {
    return this.#issued;
  }

  /** A capability, or IMAP4rev2, which has `name` folded in (RFC 9051, appendix E). */
  can(name: 'UIDPLUS' | 'MOVE' | 'IDLE'): boolean {
    return this.#client.capabilities.has(name) || this.#client.enabled.has('IMAP4REV2');
  }

  /** Whether fetched messages carry an EMAILID (RFC 8474) or Gmail's X-GM-MSGID. */
  get namesMessages(): boolean {
    return this.#client.capabilities.has('OBJECTID') || this.#client.capabilities.has('X-GM-EXT-1');
  }

  /**
   * Runs one command when its turn comes. Where imapflow answers a refusal with nothing and a line in its log, this
   * throws it like any other. A command without an answer in time closes the connection, since nothing could follow it.
   */
  async command<T>(what: string, signal: AbortSignal, run: (client: ImapFlow) => Promise<T>): Promise<T> {
    return this.#turns.take(signal, async () => {
      // The server said BYE and keeps its end open: imapflow would answer every command with nothing, at once.
      if (this.#client.byeReason !== undefined) this.#lost(undefined);
      this.gone.throwIfAborted();
      this.#refusal = undefined;
      this.#issued++;
      try {
        const answer = await this.#withDeadline(what, this.#setup.settings.deadlines.commandMs, () => run(this.#client));
        if ((answer === false || answer === undefined) && this.#refusal !== undefined) throw this.#refusal;
        return answer;
      } catch (error) {
        throw this.#judge(error, what);
      }
    });
  }

  /** IDLE until another command comes, the server ends it, or the connection is lost (RFC 2177). */
  async idle(signal: AbortSignal): Promise<void> {
    await this.#turns.free(signal);
    this.gone.throwIfAborted();
    await abortable(
      this.#client.idle().catch(() => undefined),
      signal,
    );
  }

  /** When no command is running or waiting. */
  async free(signal: AbortSignal): Promise<void> {
    await this.#turns.free(signal);
  }

  close(reason: TransportError): void {
    this.#gone.abort(reason);
    this.#client.close();
  }

  /** LOGOUT, for a short while; then the socket is closed. */
  async logout(): Promise<void> {
    if (!this.gone.aborted) {
      const bye = this.#withDeadline('LOGOUT', this.#setup.settings.deadlines.logoutMs, () => this.#client.logout());
      await bye.catch(() => undefined);
    }
    this.close(new TransportError('ECONNECTION', 'IMAP: logged off'));
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { connectMs, commandMs } = this.#setup.settings.deadlines;
    await abortable(
      this.#withDeadline('connect', connectMs + commandMs, () => this.#client.connect()),
      signal,
    );
    const { secure, requireTLS } = this.#setup.settings;
    if (requireTLS && !secure && !this.#client.tls) {
      throw new TransportError('EREQUIRETLS', 'IMAP connect: the server logged us in without TLS', { gate: { reason: 'unreachable' } });
    }
  }

  #withDeadline<T>(what: string, ms: number, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#setup;
    return withDeadline(clock, ms, `IMAP ${what}`, this.gone, () => {
      const running = run();
      return clock.work?.(running) ?? running;
    });
  }

  #judge(error: unknown, what: string): TransportError {
    const failure = toTransportError(error, what);
    if (!isRefusal(failure) || failure.gate?.reason === 'throttled') this.#lost(failure);
    return failure;
  }

  #lost(error: unknown): void {
    if (this.#gone.signal.aborted) return;
    const reason = this.#client.byeReason;
    this.close(toTransportError(error ?? Object.assign(new Error('closed'), { code: 'NoConnection', reason }), 'connection'));
  }

  /** imapflow tells some things only to its log: why a command was refused, and that it waits out a throttling. */
  #listener(): ImapFlowOptions['logger'] {
    const ignore = (): void => undefined;
    const warn = (entry: { err?: unknown; throttleDelay?: unknown }): void => {
      this.#refusal = entry.err ?? this.#refusal;
      if (typeof entry.throttleDelay === 'number') this.#lost(toTransportError(entry.err, 'command'));
    };
    return { trace: ignore, debug: ignore, info: ignore, warn, error: ignore, fatal: ignore };
  }
}

function clientOptions({ settings, credentials }: ConnectionSetup): ImapFlowOptions {
  const { connectMs, commandMs } = settings.deadlines;
  return {
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    tls: settings.tls,
    ...(settings.requireTLS && !settings.secure ? { doSTARTTLS: true } : {}),
    auth:
      'pass' in credentials ? { user: credentials.user, pass: credentials.pass } : { user: credentials.user, accessToken: credentials.accessToken },
    clientInfo: { name: 'mailspool', version: false, vendor: false, 'support-url': false },
    disableAutoIdle: true,
    disableCompression: true,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    // Silence is judged by the deadlines above; imapflow's own watch must not come first.
    socketTimeout: 2 * Math.max(commandMs, settings.pollIntervalMs, settings.idleRenewMs),
    maxLineLength: longestLineBytes,
    maxLiteralSize: longestLiteralBytes,
  };
}

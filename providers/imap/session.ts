// One logged-on IMAP account, as the spooler sees it: it receives, and sends nothing.
import {
  abortable,
  isMailspoolError,
  TransportError,
  type FlushRequest,
  type InboundMessage,
  type LogonOptions,
  type SessionLimits,
  type SpoolerSupport,
  type TransportEvent,
  type TransportSession,
  type ValidateRequest,
} from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import { ImapLink } from './link.ts';
import { isPattern, type Settings } from './options.ts';
import { openFolder } from './queries.ts';
import { Reception } from './reception.ts';
import { SessionStatus } from './session-status.ts';
import { Bell } from './waiting.ts';
import { Watch } from './watch.ts';

export class ImapSession implements TransportSession {
  readonly addressTypes: readonly string[] = [];
  readonly reception: 'notify' | 'poll';
  readonly limits: SessionLimits;
  readonly remoteAccess = true;
  readonly #settings: Settings;
  readonly #support: SpoolerSupport;
  /** Logged on to open no connection (M-005), until the first inbound event. */
  #offline: boolean;
  readonly #status: SessionStatus;
  readonly #ended = new AbortController();
  readonly #hints = new Bell();
  readonly #links: ImapLink[] = [];
  readonly #link: ImapLink;
  readonly #reception: Reception;
  /** What SELECT said of each folder last. */
  readonly #saidOf = new Map<string, string>();
  #watching: { readonly stop: AbortController; readonly done: Promise<unknown> } | undefined;
  #everywhere = false;

  /**
   * Logs in, unless offline, and notes where new mail begins. A server that cannot be reached is no failure of the
   * logon: the session waits for it behind its gate, and its siblings work.
   * @throws EAUTH, EUNCONFIGURED
   */
  static async logon(settings: Settings, support: SpoolerSupport, options: LogonOptions): Promise<ImapSession> {
    const session = new ImapSession(settings, support, options.offline);
    try {
      if (session.#offline) session.#status.offline({ reason: 'offline' }, 'offline');
      else await abortable(session.#begin(), options.signal);
      session.#enable(options.inbound && !options.offline);
      return session;
    } catch (error) {
      await session.logoff();
      throw error;
    }
  }

  private constructor(settings: Settings, support: SpoolerSupport, offline: boolean) {
    this.#settings = settings;
    this.#offline = offline;
    this.#support = support;
    this.reception = settings.reception;
    this.limits = { inbound: 1, pollIntervalMs: settings.pollIntervalMs };
    this.#status = new SessionStatus(support, `${settings.name} ${settings.host}`);
    this.#link = this.#newLink(this.#hints, this.#status);
    this.#reception = new Reception({ settings, support, link: this.#link, status: this.#status, signal: this.#ended.signal });
    if (support.signal.aborted) this.#ended.abort(support.signal.reason);
    else support.signal.addEventListener('abort', () => this.#watching?.stop.abort(support.signal.reason), { once: true });
  }

  async poll(signal: AbortSignal): Promise<boolean> {
    if (this.#offline) return false;
    try {
      return await this.#reception.look(signal, { thorough: true });
    } catch (error) {
      throw this.#link.explained(error);
    }
  }

  async startMessage(message: InboundMessage, signal: AbortSignal): Promise<void> {
    if (this.#offline) return;
    let more = false;
    try {
      more = await this.#reception.receive(message, signal);
    } catch (error) {
      throw this.#link.explained(error);
    } finally {
      this.#status.receiving(more);
    }
  }

  async transportNotify(event: TransportEvent): Promise<void> {
    if (event.type === 'inbound') this.#enable(event.on);
    if (event.type === 'inboundFlush' && event.on) this.#lookNow();
    if (event.type === 'inboundFlush' && !event.on) this.#status.flushing(false);
  }

  async flush(request: FlushRequest): Promise<void> {
    if (!request.inbound) return;
    this.#status.flushing(true);
    this.#lookNow();
  }

  async validateState(request: ValidateRequest): Promise<void> {
    if (request.configChanged === true) this.#lookNow();
  }

  async logoff(): Promise<void> {
    this.#watching?.stop.abort(loggedOff());
    this.#ended.abort(loggedOff());
    await Promise.all(this.#links.map((link) => link.close()));
    await this.#watching?.done;
  }

  get #watchesOne(): boolean {
    return this.#settings.folders.length === 1 && !this.#settings.folders.some(isPattern);
  }

  async #begin(): Promise<void> {
    try {
      await this.#reception.look(this.#ended.signal, { thorough: true });
    } catch (error) {
      const refused = isMailspoolError(error) && (error.code === 'EAUTH' || error.code === 'ENOAUTH' || error.code === 'EUNCONFIGURED');
      const waits = error instanceof TransportError && error.gate !== undefined;
      if (refused || !waits) throw error;
    }
  }

  /** M-086: the row shows it before the event's handler has settled. What is being received goes on (M-087). */
  #enable(on: boolean): void {
    if (on && this.#offline) this.#status.online('not connected');
    this.#offline &&= !on;
    this.#status.inbound(on);
    if (on && this.#watching === undefined && this.reception === 'notify') this.#watching = this.#watch();
    if (on || this.#watching === undefined) return;
    this.#watching.stop.abort(new TransportError('ECANCEL', 'IMAP: inbound is off'));
    this.#watching = undefined;
  }

  #lookNow(): void {
    for (const link of this.#links) link.retryNow();
    this.#everywhere = true;
    this.#hints.ring();
    if (this.reception === 'poll') this.#support.spoolerNotify({ type: 'newMail' });
  }

  #watch(): { stop: AbortController; done: Promise<unknown> } {
    const stop = new AbortController();
    if (this.#support.signal.aborted) stop.abort(this.#support.signal.reason);
    const others = this.#settings.folders.filter((folder, index) => index > 0 && index < this.#settings.maxConnections && !isPattern(folder));
    const watches = [this.#mainWatch(), ...others.map((folder) => this.#otherWatch(folder))];
    return { stop, done: Promise.all(watches.map((watch) => watch.run(stop.signal))) };
  }

  /** The connection that receives also watches the first folder. */
  #mainWatch(): Watch {
    const first = this.#settings.folders[0] ?? 'INBOX';
    return new Watch({
      ...this.#common(this.#link, this.#hints),
      look: async (_connection, reason) => {
        const thorough = reason === 'time' || this.#everywhere || !this.#watchesOne;
        this.#everywhere = false;
        const found = await this.#reception.look(this.#ended.signal, { thorough });
        if (found) this.#support.spoolerNotify({ type: 'newMail' });
        return found;
      },
      openForIdle: (connection, signal) =>
        this.#reception.alone(signal, async () =>
          isPattern(first) ? connection.mailbox !== undefined : this.#open(connection, first, this.#settings.after === 'leave'),
        ),
      free: (signal) => this.#reception.free(signal),
    });
  }

  /** Another folder's connection only tells the first that there may be news. */
  #otherWatch(folder: string): Watch {
    const hints = new Bell();
    const link = this.#newLink(hints, { online: () => undefined, offline: () => undefined }, this.#link);
    return new Watch({
      ...this.#common(link, hints),
      look: async (connection, reason) => {
        if (reason === 'hint') this.#everywhere = true;
        if (reason === 'hint') this.#hints.ring();
        await this.#open(connection, folder, true);
        await connection.command('NOOP', this.#ended.signal, (client) => client.noop());
        link.healthy();
        return true;
      },
      openForIdle: (connection) => this.#open(connection, folder, true),
      free: (signal) => abortable(Promise.resolve(), signal),
    });
  }

  async #open(connection: ImapConnection, folder: string, readOnly: boolean): Promise<boolean> {
    if (connection.mailbox?.path === folder) return true;
    try {
      await openFolder(connection, folder, { readOnly }, this.#ended.signal);
      this.#selected(folder, connection.mailbox);
      return true;
    } catch (error) {
      if (connection.gone.aborted) throw error;
      return false;
    }
  }

  /** Mail that came between a look and this SELECT is in what it says, and in no later news. */
  #selected(folder: string, mailbox: ImapConnection['mailbox']): void {
    const said = `${mailbox?.uidNext} ${mailbox?.exists}`;
    if (this.#saidOf.get(folder) === said) return;
    this.#saidOf.set(folder, said);
    this.#everywhere = true;
    this.#hints.ring();
  }

  #newLink(hints: Bell, status: Pick<SessionStatus, 'online' | 'offline'>, lead?: ImapLink): ImapLink {
    const parts = { settings: this.#settings, support: this.#support, status, hints, signal: this.#ended.signal };
    const link = new ImapLink(lead === undefined ? parts : { ...parts, lead });
    this.#links.push(link);
    return link;
  }

  #common(link: ImapLink, hints: Bell): { settings: Settings; support: SpoolerSupport; link: ImapLink; hints: Bell } {
    return { settings: this.#settings, support: this.#support, link, hints };
  }
}

const loggedOff = (): TransportError => new TransportError('ECANCEL', 'IMAP: logged off');

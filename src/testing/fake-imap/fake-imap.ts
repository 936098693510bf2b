// A real IMAP server for tests, on a free port of the loopback: mailboxes in memory, told to all who have them open,
// and misbehaviour on request.
import { createSecureContext, type SecureContext } from 'node:tls';
import { systemClock, type Clock } from '../../time/clock.ts';
import type { FakeUsers } from '../accounts.ts';
import type { FaultHandle } from '../faults/fault.ts';
import { FaultPlan } from '../faults/fault-plan.ts';
import { SharedMailboxes, type DeliverOptions, type FakeMailboxes } from '../mailboxes/fake-mailboxes.ts';
import type { FakeMailbox, FakeMessage } from '../mailboxes/mailbox.ts';
import { Listener } from '../net/listener.ts';
import { selfSigned, type KeyAndCertificate } from '../net/self-signed.ts';
import type { Wire } from '../net/wire.ts';
import { remoteSide } from '../remote-side.ts';
import type { ImapCapability, ImapFault, ImapHost, ImapLogEntry, ImapMisdeed } from './imap-host.ts';
import { ImapSession } from './session.ts';

export interface FakeImapOptions {
  /** Names with passwords; the first is in `url`. Default `{ user: 'pass' }`, or those of `mailboxes`. */
  readonly users?: FakeUsers;
  /** Mailboxes shared with `fakeSmtp` or another `fakeImap`. Default: its own. */
  readonly mailboxes?: FakeMailboxes;
  /** `starttls` offers it, `implicit` begins with it. Default: neither. */
  readonly tls?: 'starttls' | 'implicit';
  /** PEM. Default: one made for this process, for localhost and 127.0.0.1. */
  readonly certificate?: KeyAndCertificate;
  /** Capabilities that are not offered. */
  readonly without?: readonly ImapCapability[];
  /** The most that APPEND takes. Default 50 MiB. */
  readonly maxMessageBytes?: number;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** For delays and times of arrival. Default: the system's. */
  readonly clock?: Clock;
}

/** Looks at each command before it is carried out, and may make it go wrong. */
export type OnImapCommand = (command: ImapLogEntry) => ImapMisdeed | readonly ImapMisdeed[] | undefined;

/** A running fake. */
export interface FakeImap extends AsyncDisposable {
  /** `imap://user:pass@127.0.0.1:port`, or `imaps:`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Names with passwords, as in `auth` of imapflow. */
  readonly users: readonly { readonly user: string; readonly pass: string | undefined }[];
  /** PEM, for the client's `ca`. */
  readonly certificate: string;
  readonly mailboxes: FakeMailboxes;
  /** Puts a message into a mailbox; clients that have it open are told. @throws ENOTFOUND no such user */
  deliver(user: string, path: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage;
  /** Looks into a mailbox. @throws ENOTFOUND no such user or mailbox */
  mailbox(user: string, path: string): FakeMailbox;
  /** Gives a mailbox another UIDVALIDITY and its messages new UIDs; clients that have it open are sent away. */
  setUidValidity(user: string, path: string, uidValidity: number): void;
  /** Something goes wrong on purpose. Of several faults at one step those planned first come first. @throws EINVALID for what makes no sense */
  script(fault: ImapFault): FaultHandle;
  /** Asks `look` about each command from now on, before the faults that are planned. */
  onCommand(look: OnImapCommand): Disposable;
  /** Clients in IDLE are told nothing any more, though all looks well; with `false`, what they missed. */
  mute(muted?: boolean): void;
  /** What clients sent, the last 10,000. */
  readonly commands: readonly ImapLogEntry[];
  readonly connections: { readonly open: number; readonly peak: number; readonly total: number };
  dropConnections(): void;
  /** Cuts all connections; afterwards nothing is left. The same as disposing of it. @throws ENOTFIRED with the faults that never happened */
  close(): Promise<void>;
}

/** Starts a fake IMAP server. @throws ECONFIG if the port is taken */
export async function fakeImap(options: FakeImapOptions = {}): Promise<FakeImap> {
  const server = new Server(options);
  await server.open(options.port ?? 0);
  return server;
}

const keptCommands = 10_000;

class Server implements FakeImap, ImapHost {
  readonly host = '127.0.0.1';
  readonly clock: Clock;
  readonly mailboxes: SharedMailboxes;
  readonly implicitTls: boolean;
  readonly maxMessageBytes: number;
  readonly commands: ImapLogEntry[] = [];
  muted = false;
  readonly #options: FakeImapOptions;
  readonly #faults: FaultPlan<string, ImapMisdeed>;
  readonly #looking = new Set<OnImapCommand>();
  readonly #sessions = new Set<ImapSession>();
  #listener: Listener | undefined;
  #port = 0;
  #connected = 0;

  constructor(options: FakeImapOptions) {
    this.#options = options;
    this.clock = remoteSide(options.clock ?? systemClock);
    this.#faults = new FaultPlan(this.clock, (own) => typeof own !== 'string');
    this.mailboxes = SharedMailboxes.of(options.mailboxes, options);
    this.implicitTls = options.tls === 'implicit';
    this.maxMessageBytes = options.maxMessageBytes ?? 50 * 1024 * 1024;
  }

  async open(port: number): Promise<void> {
    this.#listener = await Listener.open(port, (wire) => this.#serve(wire));
    this.#port = this.#listener.port;
  }

  async #serve(wire: Wire): Promise<void> {
    const session = new ImapSession(wire, this, ++this.#connected);
    this.#sessions.add(session);
    await session.run().finally(() => this.#sessions.delete(session));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const [first] = this.users;
    const credentials = first ? `${encodeURIComponent(first.user)}:${encodeURIComponent(first.pass ?? '')}@` : '';
    return `${this.implicitTls ? 'imaps' : 'imap'}://${credentials}${this.host}:${this.port}`;
  }

  get users(): FakeImap['users'] {
    return this.mailboxes.users.map((user) => ({ user, pass: this.mailboxes.accounts.credentials(user)?.password }));
  }

  get certificate(): string {
    return this.#keyAndCertificate().cert;
  }

  get connections(): FakeImap['connections'] {
    return { open: this.#listener?.connections ?? 0, peak: this.#listener?.peak ?? 0, total: this.#listener?.total ?? 0 };
  }

  deliver(user: string, path: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage {
    return this.mailboxes.deliver(user, path, raw, options);
  }

  mailbox(user: string, path: string): FakeMailbox {
    return this.mailboxes.mailbox(user, path);
  }

  setUidValidity(user: string, path: string, uidValidity: number): void {
    this.mailboxes.setUidValidity(user, path, uidValidity);
  }

  script(fault: ImapFault): FaultHandle {
    return this.#faults.add(fault);
  }

  onCommand(look: OnImapCommand): Disposable {
    this.#looking.add(look);
    return { [Symbol.dispose]: () => void this.#looking.delete(look) };
  }

  mute(muted = true): void {
    this.muted = muted;
    for (const session of this.#sessions) session.nudge();
  }

  dropConnections(): void {
    this.#listener?.dropConnections();
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    this.#faults.verify();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  secureContext(): SecureContext {
    return createSecureContext(this.#keyAndCertificate());
  }

  offers(capability: ImapCapability): boolean {
    if (this.#options.without?.includes(capability)) return false;
    return capability !== 'STARTTLS' || this.#options.tls === 'starttls';
  }

  faults(occasion: Parameters<ImapHost['faults']>[0]): readonly ImapMisdeed[] {
    return this.#faults.due({ ...occasion, connections: this.connections.open });
  }

  hear(command: ImapLogEntry, address: string): readonly ImapMisdeed[] {
    this.commands.push(command);
    if (this.commands.length > keptCommands) this.commands.shift();
    for (const look of this.#looking) {
      const misdeed = look(command);
      if (misdeed !== undefined) return [misdeed].flat();
    }
    return this.faults({ at: command.name, line: command.line, address, user: command.user });
  }

  #keyAndCertificate(): KeyAndCertificate {
    return this.#options.certificate ?? selfSigned();
  }
}

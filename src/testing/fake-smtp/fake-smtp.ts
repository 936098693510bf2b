// A real SMTP server for tests, on a free port of the loopback: it takes mail, shows it, and misbehaves on request.
import { createSecureContext } from 'node:tls';
import { systemClock, type Clock } from '../../time/clock.ts';
import type { FakeUsers } from '../accounts.ts';
import type { FaultHandle } from '../faults/fault.ts';
import { FaultPlan } from '../faults/fault-plan.ts';
import { SharedMailboxes, type FakeMailboxes } from '../mailboxes/fake-mailboxes.ts';
import { Listener } from '../net/listener.ts';
import { selfSigned, type KeyAndCertificate } from '../net/self-signed.ts';
import { remoteSide } from '../remote-side.ts';
import type { SmtpExtension } from './extensions.ts';
import { checkSmtpFault, type SmtpFault, type SmtpMisdeed, type SmtpReply, type SmtpStep } from './fault.ts';
import { ReceivedMailbox, type ReceivedMail, type ReceivedQuery } from './received-mail.ts';
import type { SmtpHost, SmtpLogEntry } from './smtp-host.ts';
import { SmtpSession } from './smtp-session.ts';

export interface FakeSmtpOptions {
  /** Names with passwords; the first is in `url`. Default `{ user: 'pass' }`, or those of `mailboxes`. */
  readonly users?: FakeUsers;
  /** Where mail for its users goes; give the same to `fakeImap`. */
  readonly mailboxes?: FakeMailboxes;
  /** Refuse MAIL from whoever has not logged on. Default false. */
  readonly requireAuth?: boolean;
  /** `starttls` offers it, `implicit` begins with it. Default: neither. */
  readonly tls?: 'starttls' | 'implicit';
  /** PEM. Default: one made for this process, for localhost and 127.0.0.1. */
  readonly certificate?: KeyAndCertificate;
  /** Extensions that are not offered. */
  readonly without?: readonly SmtpExtension[];
  /** Default 50 MiB. */
  readonly maxMessageBytes?: number;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** For delays and times of arrival. Default: the system's. */
  readonly clock?: Clock;
  /** Called for each message that is taken. */
  readonly onMessage?: (mail: ReceivedMail) => void;
}

export interface SmtpRefusal extends SmtpReply {
  /** How often. Default: always. */
  readonly times?: number;
}

/** A running fake. */
export interface FakeSmtp extends AsyncDisposable {
  /** `smtp://user:pass@127.0.0.1:port`, or `smtps:`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Names with passwords, as in `auth` of nodemailer. */
  readonly users: readonly { readonly user: string; readonly pass: string | undefined }[];
  /** PEM, for the client's `ca`. */
  readonly certificate: string;
  readonly mailboxes: FakeMailboxes;
  /** What was taken, the oldest first; the last 100,000. */
  messages(): readonly ReceivedMail[];
  /** The first message that matches, of those taken before or later. @throws ETIMEDOUT with what came instead */
  received(query?: ReceivedQuery): Promise<ReceivedMail>;
  /** Forgets the messages, not the mailboxes. */
  clear(): void;
  /** Something goes wrong on purpose. Of several faults at one step those planned first come first. @throws EINVALID for what makes no sense */
  script(fault: SmtpFault): FaultHandle;
  /** Refuses RCPT for this address. */
  refuse(address: string, refusal: SmtpRefusal): FaultHandle;
  /** The lines that clients sent, the last 10,000. Passwords are in them. */
  readonly commands: readonly SmtpLogEntry[];
  readonly connections: { readonly open: number; readonly peak: number; readonly total: number };
  dropConnections(): void;
  /** Cuts all connections; afterwards nothing is left. The same as disposing of it. @throws ENOTFIRED with the faults that never happened */
  close(): Promise<void>;
}

/** Starts a fake SMTP server. @throws ECONFIG if the port is taken */
export async function fakeSmtp(options: FakeSmtpOptions = {}): Promise<FakeSmtp> {
  const server = new Server(options);
  await server.open(options.port ?? 0);
  return server;
}

const keptLines = 10_000;

class Server implements FakeSmtp, SmtpHost {
  readonly name = 'localhost';
  readonly host = '127.0.0.1';
  readonly clock: Clock;
  readonly mailboxes: SharedMailboxes;
  readonly requireAuth: boolean;
  readonly maxMessageBytes: number;
  readonly implicitTls: boolean;
  readonly commands: SmtpLogEntry[] = [];
  readonly #options: FakeSmtpOptions;
  readonly #received = new ReceivedMailbox();
  readonly #faults: FaultPlan<SmtpStep, SmtpMisdeed>;
  #listener: Listener | undefined;
  #port = 0;
  #taken = 0;
  #connected = 0;

  constructor(options: FakeSmtpOptions) {
    this.#options = options;
    this.clock = remoteSide(options.clock ?? systemClock);
    this.#faults = new FaultPlan(this.clock, () => true);
    this.mailboxes = SharedMailboxes.of(options.mailboxes, options);
    this.requireAuth = options.requireAuth ?? false;
    this.maxMessageBytes = options.maxMessageBytes ?? 50 * 1024 * 1024;
    this.implicitTls = options.tls === 'implicit';
  }

  async open(port: number): Promise<void> {
    this.#listener = await Listener.open(port, (wire) => new SmtpSession(wire, this, ++this.#connected).run());
    this.#port = this.#listener.port;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const [first] = this.users;
    const credentials = first ? `${encodeURIComponent(first.user)}:${encodeURIComponent(first.pass ?? '')}@` : '';
    return `${this.implicitTls ? 'smtps' : 'smtp'}://${credentials}${this.host}:${this.port}`;
  }

  get users(): { user: string; pass: string | undefined }[] {
    return this.accounts.names.map((user) => ({ user, pass: this.accounts.credentials(user)?.password }));
  }

  get accounts(): SharedMailboxes['accounts'] {
    return this.mailboxes.accounts;
  }

  get certificate(): string {
    return this.#keyAndCertificate().cert;
  }

  get connections(): FakeSmtp['connections'] {
    return { open: this.#listener?.connections ?? 0, peak: this.#listener?.peak ?? 0, total: this.#listener?.total ?? 0 };
  }

  messages(): readonly ReceivedMail[] {
    return this.#received.all;
  }

  received(query: ReceivedQuery = {}): Promise<ReceivedMail> {
    return this.#received.find(query);
  }

  clear(): void {
    this.#received.clear();
  }

  script(fault: SmtpFault): FaultHandle {
    checkSmtpFault(fault);
    return this.#faults.add(fault);
  }

  refuse(address: string, { times = Number.POSITIVE_INFINITY, ...reply }: SmtpRefusal): FaultHandle {
    return this.script({ at: 'RCPT', to: address, times, do: reply });
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

  secureContext(): ReturnType<typeof createSecureContext> {
    return createSecureContext(this.#keyAndCertificate());
  }

  offers(extension: SmtpExtension): boolean {
    if (this.#options.without?.includes(extension)) return false;
    return extension !== 'STARTTLS' || this.#options.tls === 'starttls';
  }

  faults(occasion: Parameters<SmtpHost['faults']>[0]): readonly SmtpMisdeed[] {
    return this.#faults.due({ ...occasion, connections: this.connections.open });
  }

  accept(mail: Parameters<SmtpHost['accept']>[0]): string {
    const received = this.#received.add({ ...mail, receivedAt: this.clock.now() });
    const owners = new Set(mail.envelope.rcptTo.map(({ address }) => this.accounts.owner(address)));
    for (const owner of owners) if (owner !== undefined) this.mailboxes.deliver(owner, 'INBOX', mail.raw);
    this.#options.onMessage?.(received);
    return String(++this.#taken);
  }

  log(entry: SmtpLogEntry): void {
    this.commands.push(entry);
    if (this.commands.length > keptLines) this.commands.shift();
  }

  #keyAndCertificate(): KeyAndCertificate {
    return this.#options.certificate ?? selfSigned();
  }
}

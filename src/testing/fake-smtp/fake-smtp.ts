// A real SMTP server for tests, on a free port of the loopback: it takes mail, shows it, and misbehaves on request.
import type { FaultHandle } from '../faults/fault.ts';
import { keep } from '../kept-lines.ts';
import { FakeServerBase, type FakeServer, type FakeServerOptions } from '../net/fake-server.ts';
import type { Wire } from '../net/wire.ts';
import { saslMechanisms, type SaslMechanism } from '../sasl.ts';
import type { SmtpExtension } from './extensions.ts';
import { checkSmtpFault, type SmtpFault, type SmtpMisdeed, type SmtpReply, type SmtpStep } from './fault.ts';
import { ReceivedMailbox, type ReceivedMail, type ReceivedQuery } from './received-mail.ts';
import type { SmtpHost, SmtpLogEntry } from './smtp-host.ts';
import { SmtpSession } from './smtp-session.ts';

export interface FakeSmtpOptions extends FakeServerOptions {
  /** How clients may log on with AUTH. Default: PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER. */
  readonly mechanisms?: readonly SaslMechanism[];
  /** Refuse MAIL from whoever has not logged on. Default false. */
  readonly requireAuth?: boolean;
  /** Extensions that are not offered. */
  readonly without?: readonly SmtpExtension[];
  /** Default 50 MiB. */
  readonly maxMessageBytes?: number;
  /** Called for each message that is taken. */
  readonly onMessage?: (mail: ReceivedMail) => void;
}

export interface SmtpRefusal extends SmtpReply {
  /** How often. Default: always. */
  readonly times?: number;
  /** True: the test does not fail if nobody is refused. */
  readonly optional?: boolean;
}

/** A running fake. Mail for its users goes into their INBOX, with a Return-Path before it. */
export interface FakeSmtp extends FakeServer {
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
}

/** Starts a fake SMTP server. @throws ECONFIG if the port is taken */
export async function fakeSmtp(options: FakeSmtpOptions = {}): Promise<FakeSmtp> {
  return await new Server(options).open();
}

class Server extends FakeServerBase<SmtpStep, SmtpMisdeed> implements FakeSmtp, SmtpHost {
  readonly name = 'localhost';
  readonly requireAuth: boolean;
  readonly maxMessageBytes: number;
  readonly commands: SmtpLogEntry[] = [];
  readonly mechanisms: readonly SaslMechanism[];
  readonly #options: FakeSmtpOptions;
  readonly #received = new ReceivedMailbox();
  #taken = 0;

  constructor(options: FakeSmtpOptions) {
    super('smtp', options);
    this.mechanisms = options.mechanisms ?? saslMechanisms;
    this.#options = options;
    this.requireAuth = options.requireAuth ?? false;
    this.maxMessageBytes = options.maxMessageBytes ?? 50 * 1024 * 1024;
  }

  protected override serve(wire: Wire, connection: number): Promise<void> {
    return new SmtpSession(wire, this, connection).run();
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

  override script(fault: SmtpFault): FaultHandle {
    checkSmtpFault(fault);
    return super.script(fault);
  }

  refuse(address: string, { times = Number.POSITIVE_INFINITY, optional = false, ...reply }: SmtpRefusal): FaultHandle {
    return this.script({ at: 'RCPT', to: address, times, optional, do: reply });
  }

  offers(extension: SmtpExtension): boolean {
    if (this.#options.without?.includes(extension)) return false;
    return extension !== 'STARTTLS' || this.offersTls;
  }

  accept(mail: Parameters<SmtpHost['accept']>[0]): string {
    const received = this.#received.add({ ...mail, receivedAt: this.clock.now() });
    const owners = new Set(mail.envelope.rcptTo.map(({ address }) => this.accounts.owner(address)));
    // Final delivery writes down where the message came from (RFC 5321 section 4.4).
    const delivered = Buffer.concat([Buffer.from(`Return-Path: <${mail.envelope.mailFrom.address}>\r\n`), mail.raw]);
    for (const owner of owners) if (owner !== undefined) this.mailboxes.deliver(owner, 'INBOX', delivered);
    this.#options.onMessage?.(received);
    return String(++this.#taken);
  }

  log(entry: SmtpLogEntry): void {
    keep(this.commands, entry);
  }
}

// A real POP3 server for tests, on a free port of the loopback: the INBOX of each user, and misbehaviour on request.
import type { FaultHandle } from '../faults/fault.ts';
import { keep } from '../kept-lines.ts';
import type { DeliverOptions } from '../mailboxes/fake-mailboxes.ts';
import type { FakeMailbox, FakeMessage } from '../mailboxes/mailbox.ts';
import { FakeServerBase, type FakeServer, type FakeServerOptions } from '../net/fake-server.ts';
import type { Wire } from '../net/wire.ts';
import { saslMechanisms, type SaslMechanism } from '../sasl.ts';
import type { Pop3Fault, Pop3Misdeed, Pop3Step } from './fault.ts';
import type { Pop3Capability, Pop3Host, Pop3LogEntry } from './pop3-host.ts';
import { Pop3Session } from './pop3-session.ts';

export interface FakePop3Options extends FakeServerOptions {
  /** How clients may log on with AUTH. Default: PLAIN, LOGIN, CRAM-MD5, XOAUTH2 and OAUTHBEARER. */
  readonly mechanisms?: readonly SaslMechanism[];
  /** Capabilities that are not offered. */
  readonly without?: readonly Pop3Capability[];
}

/** A running fake. A user's maildrop is the INBOX as it was at logon; one session at a time has it. */
export interface FakePop3 extends FakeServer {
  /** Puts a message into the INBOX of a user; a session under way does not see it. @throws ENOTFOUND no such user */
  deliver(user: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage;
  /** The INBOX of a user. @throws ENOTFOUND no such user */
  inbox(user: string): FakeMailbox;
  /** Something goes wrong on purpose. Of several faults at one step those planned first come first. @throws EINVALID for what makes no sense */
  script(fault: Pop3Fault): FaultHandle;
  /** The lines that clients sent, the last 10,000. Passwords are in them. */
  readonly commands: readonly Pop3LogEntry[];
}

/** Starts a fake POP3 server. @throws ECONFIG if the port is taken */
export async function fakePop3(options: FakePop3Options = {}): Promise<FakePop3> {
  return await new Server(options).open();
}

class Server extends FakeServerBase<Pop3Step, Pop3Misdeed> implements FakePop3, Pop3Host {
  readonly commands: Pop3LogEntry[] = [];
  readonly mechanisms: readonly SaslMechanism[];
  readonly #without: readonly Pop3Capability[];
  readonly #locked = new Set<string>();

  constructor(options: FakePop3Options) {
    super('pop3', options);
    this.mechanisms = options.mechanisms ?? saslMechanisms;
    this.#without = options.without ?? [];
  }

  protected override serve(wire: Wire, connection: number): Promise<void> {
    return new Pop3Session(wire, this, connection).run();
  }

  deliver(user: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage {
    return this.mailboxes.deliver(user, 'INBOX', raw, options);
  }

  inbox(user: string): FakeMailbox {
    return this.mailboxes.mailbox(user, 'INBOX');
  }

  offers(capability: Pop3Capability): boolean {
    return !this.#without.includes(capability) && (capability !== 'STLS' || this.offersTls);
  }

  lock(user: string): boolean {
    if (this.#locked.has(user)) return false;
    this.#locked.add(user);
    return true;
  }

  unlock(user: string): void {
    this.#locked.delete(user);
  }

  log(entry: Pop3LogEntry): void {
    keep(this.commands, entry);
  }
}

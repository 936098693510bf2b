// A real IMAP server for tests, on a free port of the loopback: mailboxes in memory, told to all who have them open,
// and misbehaviour on request.
import type { FaultHandle } from '../faults/fault.ts';
import { keep } from '../kept-lines.ts';
import type { ArrivalQuery } from '../mailboxes/arrival.ts';
import type { DeliverOptions } from '../mailboxes/fake-mailboxes.ts';
import type { FakeMailbox, FakeMessage } from '../mailboxes/mailbox.ts';
import { FakeServerBase, type FakeServer, type FakeServerOptions } from '../net/fake-server.ts';
import type { Wire } from '../net/wire.ts';
import type { ImapCapability, ImapFault, ImapHost, ImapLogEntry, ImapMisdeed, ImapStep } from './imap-host.ts';
import { ImapSession } from './session.ts';

export interface FakeImapOptions extends FakeServerOptions {
  /** Capabilities that are not offered. */
  readonly without?: readonly ImapCapability[];
  /** The most that APPEND takes. Default 50 MiB. */
  readonly maxMessageBytes?: number;
}

/** Looks at each command before it is carried out, and may make it go wrong. */
export type OnImapCommand = (command: ImapLogEntry) => ImapMisdeed | readonly ImapMisdeed[] | undefined;

/** A running fake. */
export interface FakeImap extends FakeServer {
  /** Puts a message into a mailbox; clients that have it open are told. @throws ENOTFOUND no such user */
  deliver(user: string, path: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage;
  /** Waits for a message in a mailbox, such as one that a client files. @throws ETIMEDOUT with what is there instead */
  received(query?: ArrivalQuery): Promise<FakeMessage>;
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
}

/** Starts a fake IMAP server. @throws ECONFIG if the port is taken */
export async function fakeImap(options: FakeImapOptions = {}): Promise<FakeImap> {
  return await new Server(options).open();
}

class Server extends FakeServerBase<ImapStep, ImapMisdeed> implements FakeImap, ImapHost {
  readonly maxMessageBytes: number;
  readonly commands: ImapLogEntry[] = [];
  muted = false;
  readonly #without: readonly ImapCapability[];
  readonly #looking = new Set<OnImapCommand>();
  readonly #sessions = new Set<ImapSession>();

  constructor(options: FakeImapOptions) {
    super('imap', options, (own) => typeof own !== 'string');
    this.#without = options.without ?? [];
    this.maxMessageBytes = options.maxMessageBytes ?? 50 * 1024 * 1024;
  }

  protected override async serve(wire: Wire, connection: number): Promise<void> {
    const session = new ImapSession(wire, this, connection);
    this.#sessions.add(session);
    await session.run().finally(() => this.#sessions.delete(session));
  }

  deliver(user: string, path: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage {
    return this.mailboxes.deliver(user, path, raw, options);
  }

  received(query?: ArrivalQuery): Promise<FakeMessage> {
    return this.mailboxes.received(query);
  }

  mailbox(user: string, path: string): FakeMailbox {
    return this.mailboxes.mailbox(user, path);
  }

  setUidValidity(user: string, path: string, uidValidity: number): void {
    this.mailboxes.setUidValidity(user, path, uidValidity);
  }

  onCommand(look: OnImapCommand): Disposable {
    this.#looking.add(look);
    return { [Symbol.dispose]: () => void this.#looking.delete(look) };
  }

  mute(muted = true): void {
    this.muted = muted;
    for (const session of this.#sessions) session.nudge();
  }

  offers(capability: ImapCapability): boolean {
    return !this.#without.includes(capability) && (capability !== 'STARTTLS' || this.offersTls);
  }

  hear(command: ImapLogEntry, address: string): readonly ImapMisdeed[] {
    keep(this.commands, command);
    for (const look of this.#looking) {
      const misdeed = look(command);
      if (misdeed !== undefined) return [misdeed].flat();
    }
    // What is no command of IMAP is no step of a fault either.
    return this.faults({ at: command.name as ImapStep, line: command.line, address, user: command.user });
  }
}

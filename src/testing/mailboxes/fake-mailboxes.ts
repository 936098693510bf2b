// The users and mailboxes behind the fakes. Give one to fakeSmtp and fakeImap, and what the one accepts for a user
// shows up in the other's INBOX.
import { MailspoolError } from '../../errors.ts';
import { systemClock, type Clock, type Instant } from '../../time/clock.ts';
import { Accounts, defaultUsers, type FakeCredentials, type FakeUsers } from '../accounts.ts';
import { arrival, type ArrivalQuery } from './arrival.ts';
import type { FakeMailbox, FakeMessage, Mailbox } from './mailbox.ts';
import { UserMailboxes } from './user-mailboxes.ts';

export interface FakeMailboxesOptions {
  /** User names with their passwords. A name may be an address; mail for `ann@anywhere` is also that of the user `ann`. Default `{ user: 'pass' }`. */
  readonly users?: FakeUsers;
  /** Gives the time of arrival. Default: the system's. */
  readonly clock?: Clock;
}

export interface DeliverOptions {
  /** `\Seen`, `\Flagged`, keywords. Default: none. */
  readonly flags?: readonly string[];
  /** Default: now. */
  readonly internalDate?: Instant | Date;
}

/** Users, each with INBOX, Archive, Drafts, Junk, Sent and Trash. */
export interface FakeMailboxes {
  readonly users: readonly string[];
  /** Adds a user, or changes the password or token from the next logon on. */
  setUser(name: string, credentials: string | FakeCredentials): void;
  /** From now on the bearer token of the user is refused; without a name, those of all. @throws ENOTFOUND no such user */
  expireToken(name?: string): void;
  /** Puts a message into a mailbox, which is created if need be; clients that have it open are told. @throws ENOTFOUND no such user */
  deliver(user: string, path: string, raw: string | Uint8Array, options?: DeliverOptions): FakeMessage;
  /**
   * Waits for a message in a mailbox, or gives the first that is there already.
   * @throws ETIMEDOUT with what is there instead
   * @throws ENOTFOUND no such user or mailbox
   */
  received(query?: ArrivalQuery): Promise<FakeMessage>;
  /** Looks into a mailbox. @throws ENOTFOUND no such user or mailbox */
  mailbox(user: string, path: string): FakeMailbox;
  /** Gives a mailbox another UIDVALIDITY, and its messages new UIDs from 1 on. @throws ENOTFOUND no such user or mailbox */
  setUidValidity(user: string, path: string, uidValidity: number): void;
  /** Removes messages for good, as another client would. @throws ENOTFOUND no such user or mailbox */
  expunge(user: string, path: string, uids: readonly number[]): void;
}

export function fakeMailboxes(options: FakeMailboxesOptions = {}): FakeMailboxes {
  return new SharedMailboxes(options);
}

/** The fakes' own view: {@link FakeMailboxes} and what lies behind. */
export class SharedMailboxes implements FakeMailboxes {
  readonly accounts: Accounts;
  readonly #clock: Clock;
  readonly #byUser = new Map<string, UserMailboxes>();
  #lastUidValidity: number;

  /** Those of a caller, or new ones. */
  static of(given: FakeMailboxes | undefined, options: FakeMailboxesOptions): SharedMailboxes {
    if (given === undefined) return new SharedMailboxes(options);
    if (!(given instanceof SharedMailboxes)) throw new MailspoolError('EINVALID', 'mailboxes must come from fakeMailboxes()', { field: 'mailboxes' });
    for (const [name, credentials] of Object.entries(options.users ?? {})) given.setUser(name, credentials);
    return given;
  }

  constructor(options: FakeMailboxesOptions) {
    this.accounts = new Accounts(options.users ?? defaultUsers, options.clock);
    this.#clock = options.clock ?? systemClock;
    this.#lastUidValidity = Math.floor(this.#clock.now() / 1000);
  }

  get users(): readonly string[] {
    return this.accounts.names;
  }

  setUser(name: string, credentials: string | FakeCredentials): void {
    this.accounts.set(name, credentials);
  }

  expireToken(name?: string): void {
    this.accounts.expireToken(name);
  }

  deliver(user: string, path: string, raw: string | Uint8Array, options: DeliverOptions = {}): FakeMessage {
    const mailboxes = this.ofUser(user);
    const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
    const mailbox = mailboxes.get(path) ?? mailboxes.create(path);
    return mailbox.append(bytes, options.flags ?? [], Number(options.internalDate ?? this.now()));
  }

  async received(query: ArrivalQuery = {}): Promise<FakeMessage> {
    return await arrival(this.mailbox(query.user ?? this.users[0] ?? '', query.mailbox ?? 'INBOX'), query);
  }

  mailbox(user: string, path: string): Mailbox {
    const mailbox = this.ofUser(user).get(path);
    if (!mailbox) throw new MailspoolError('ENOTFOUND', `user ${user} has no mailbox ${path}`);
    return mailbox;
  }

  setUidValidity(user: string, path: string, uidValidity: number): void {
    if (!Number.isInteger(uidValidity) || uidValidity < 1 || uidValidity >= 2 ** 32)
      throw new MailspoolError('EINVALID', `${uidValidity} is no UIDVALIDITY`, { field: 'uidValidity' });
    this.mailbox(user, path).renumber(uidValidity);
  }

  expunge(user: string, path: string, uids: readonly number[]): void {
    const mailbox = this.mailbox(user, path);
    mailbox.expunge(mailbox.messages.filter((message) => uids.includes(message.uid)));
  }

  now(): Instant {
    return this.#clock.now();
  }

  ofUser(user: string): UserMailboxes {
    const known = this.#byUser.get(user);
    if (known) return known;
    if (!this.accounts.credentials(user)) throw new MailspoolError('ENOTFOUND', `no user ${user}; there are: ${this.users.join(', ')}`);
    const made = new UserMailboxes(() => ++this.#lastUidValidity);
    this.#byUser.set(user, made);
    return made;
  }
}

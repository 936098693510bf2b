// One mailbox as IMAP knows it: messages under ascending UIDs, flags, modification sequences. For the fakes' sessions,
// which compare it with what they told their client, and for tests, which look into it.
import type { Instant } from '../../time/clock.ts';

/** A message in a fake's mailbox. */
export interface FakeMessage {
  readonly uid: number;
  /** Exactly what was delivered or appended. */
  readonly raw: Uint8Array;
  readonly internalDate: Instant;
  /** System flags as RFC 9051 writes them (`\Seen`), keywords as they came. */
  readonly flags: ReadonlySet<string>;
  /** RFC 7162. */
  readonly modseq: number;
}

/** What a test sees of a mailbox. The messages are those of now; look again for those of later. */
export interface FakeMailbox {
  /** `INBOX`, or names separated by `/`. */
  readonly path: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: readonly FakeMessage[];
}

/** As the sessions hold it: `expunged` stays readable for those who were not told yet. */
export interface HeldMessage extends FakeMessage {
  flags: ReadonlySet<string>;
  modseq: number;
  expunged: boolean;
}

export class Mailbox implements FakeMailbox {
  path: string;
  uidValidity: number;
  uidNext = 1;
  highestModseq = 1;
  /** Undefined, or `\Sent` and the like (RFC 6154). */
  readonly specialUse: string | undefined;
  /** True once it was deleted under a session that has it selected. */
  deleted = false;
  readonly #messages = new Map<number, HeldMessage>();
  readonly #listeners = new Set<() => void>();

  constructor(path: string, uidValidity: number, specialUse?: string) {
    this.path = path;
    this.uidValidity = uidValidity;
    this.specialUse = specialUse;
  }

  get messages(): readonly HeldMessage[] {
    return [...this.#messages.values()];
  }

  get size(): number {
    return this.#messages.size;
  }

  append(raw: Uint8Array, flags: Iterable<string>, internalDate: Instant): HeldMessage {
    const message = {
      uid: this.uidNext++,
      raw,
      internalDate,
      flags: new Set([...flags].map(canonicalFlag)),
      modseq: ++this.highestModseq,
      expunged: false,
    };
    this.#messages.set(message.uid, message);
    this.#announce();
    return message;
  }

  setFlags(message: HeldMessage, flags: Iterable<string>): void {
    message.flags = new Set([...flags].map(canonicalFlag));
    message.modseq = ++this.highestModseq;
    this.#announce();
  }

  expunge(messages: Iterable<HeldMessage>): void {
    this.highestModseq++;
    for (const message of messages) message.expunged = this.#messages.delete(message.uid) || message.expunged;
    this.#announce();
  }

  /** Gives the same messages new UIDs under another UIDVALIDITY, as a rebuilt server does. */
  renumber(uidValidity: number): void {
    const kept = this.messages;
    this.expunge(kept);
    this.uidValidity = uidValidity;
    this.uidNext = 1;
    for (const { raw, flags, internalDate } of kept) this.append(raw, flags, internalDate);
  }

  delete(): void {
    this.deleted = true;
    this.expunge(this.messages);
  }

  /** Calls `changed` after every change, until the returned function is called. */
  listen(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #announce(): void {
    for (const changed of [...this.#listeners]) changed();
  }
}

const systemFlags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'];

/** System flags are the same in any case of letters. */
export const canonicalFlag = (flag: string): string => systemFlags.find((known) => known.toLowerCase() === flag.toLowerCase()) ?? flag;

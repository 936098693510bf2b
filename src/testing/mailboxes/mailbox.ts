// One mailbox as IMAP knows it: messages under ascending UIDs, flags, modification sequences. For the fakes' sessions,
// which compare it with what they told their client, and for tests, which look into it.
import PostalMime from 'postal-mime';
import type { Instant } from '../../time/clock.ts';
import type { ParsedMail } from '../mime/parsed-mail.ts';

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
  /** The content parsed, once. */
  parsed(): Promise<ParsedMail>;
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
  /** What was expunged, and when; the last 10,000. */
  readonly #vanished: { readonly uid: number; readonly modseq: number }[] = [];
  /** What was expunged up to here is not among them any more. */
  #forgotten = 0;
  readonly #keywords = new Map<string, string>();
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

  /** Every keyword that a message ever had, in the letters in which it came first. */
  get keywords(): readonly string[] {
    return [...this.#keywords.values()];
  }

  append(raw: Uint8Array, flags: Iterable<string>, internalDate: Instant): HeldMessage {
    let parsed: Promise<ParsedMail> | undefined;
    const message = {
      uid: this.uidNext++,
      raw,
      internalDate,
      flags: this.#known(flags),
      modseq: ++this.highestModseq,
      expunged: false,
      parsed: () => (parsed ??= PostalMime.parse(raw)),
    };
    this.#messages.set(message.uid, message);
    this.#announce();
    return message;
  }

  setFlags(message: HeldMessage, flags: Iterable<string>): void {
    message.flags = this.#known(flags);
    message.modseq = ++this.highestModseq;
    this.#announce();
  }

  expunge(messages: Iterable<HeldMessage>): void {
    this.highestModseq++;
    for (const message of messages) {
      if (!this.#messages.delete(message.uid)) continue;
      message.expunged = true;
      this.#vanished.push({ uid: message.uid, modseq: this.highestModseq });
    }
    const forgotten = this.#vanished.splice(0, Math.max(0, this.#vanished.length - keptVanished));
    this.#forgotten = forgotten.at(-1)?.modseq ?? this.#forgotten;
    this.#announce();
  }

  /** UIDs of what was expunged after `modseq`, for clients that come back; perhaps also some from before (RFC 7162 section 3.2.5.1). */
  vanishedSince(modseq: number): number[] {
    if (modseq >= this.#forgotten) return this.#vanished.filter((each) => each.modseq > modseq).map(({ uid }) => uid);
    return Array.from({ length: this.uidNext - 1 }, (_, index) => index + 1).filter((uid) => !this.#messages.has(uid));
  }

  /** Gives the same messages new UIDs under another UIDVALIDITY, as a rebuilt server does. */
  renumber(uidValidity: number): void {
    const kept = this.messages;
    this.expunge(kept);
    this.uidValidity = uidValidity;
    this.uidNext = 1;
    this.#vanished.length = 0;
    this.#forgotten = 0;
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

  /** Keywords are the same in any case of letters (RFC 9051 section 2.3.2). */
  #known(flags: Iterable<string>): ReadonlySet<string> {
    const known = [...flags].map(canonicalFlag).map((flag) => (flag.startsWith('\\') ? flag : (this.#keywords.get(flag.toLowerCase()) ?? flag)));
    for (const flag of known) if (!flag.startsWith('\\')) this.#keywords.set(flag.toLowerCase(), flag);
    return new Set(known);
  }

  #announce(): void {
    for (const changed of [...this.#listeners]) changed();
  }
}

const keptVanished = 10_000;

export const systemFlags: readonly string[] = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'];

/** System flags are the same in any case of letters. */
export const canonicalFlag = (flag: string): string => systemFlags.find((known) => known.toLowerCase() === flag.toLowerCase()) ?? flag;

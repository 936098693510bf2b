// Mailboxes at servers, from which the spooler receives: they keep mail until it is acknowledged, offer it under a
// reference that may change (UIDVALIDITY) beside a name that does not (EMAILID), and know what was acknowledged.
import type { Box } from '../plan.ts';
import { askingHeaders, asks } from '../receipts.ts';

export interface Mail {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** How much had been saved from other mailboxes when it arrived. */
  readonly othersSaved: number;
  readonly arrivedAt: number;
}

export class Mailbox {
  readonly box: Box;
  readonly mails = new Map<number, Mail>();
  readonly acknowledged = new Set<number>();
  saved = 0;
  validity = 1;
  /** Told when mail comes. */
  news: () => void = () => undefined;
  readonly #taken = new Set<number>();
  /** Of these the spooler has the headers. */
  readonly #listed = new Set<number>();

  constructor(box: Box) {
    this.box = box;
  }

  deliver(number: number, at: number, othersSaved: number): void {
    const asking = asks(number) ? askingHeaders(number) : '';
    const bytes = new TextEncoder().encode(
      `${asking}From: pilot@sea.example\r\nTo: ann@harbour.example\r\nSubject: in ${number}\r\n\r\nMail ${number}\r\n`,
    );
    this.mails.set(number, { number, bytes, arrivedAt: at, othersSaved });
    this.news();
  }

  get pending(): boolean {
    return [...this.mails.keys()].some((number) => !this.#taken.has(number) && !this.#listed.has(number));
  }

  /** The oldest that is neither here nor there. */
  get waiting(): Mail | undefined {
    return [...this.mails.values()].find(({ number }) => !this.#listed.has(number));
  }

  /** Mail that nobody receives now, the oldest first. */
  take(): Mail | undefined {
    for (const mail of this.mails.values()) {
      if (this.#taken.has(mail.number) || this.#listed.has(mail.number)) continue;
      this.#taken.add(mail.number);
      return mail;
    }
    return undefined;
  }

  giveBack({ number }: Mail): void {
    this.#taken.delete(number);
  }

  /** Whoever was receiving is gone. */
  cut(): void {
    this.#taken.clear();
    // A new session lists anew, and finds what was saved before its end.
    this.#listed.clear();
  }

  list({ number }: Mail): void {
    this.#listed.add(number);
  }

  /** Nobody wants it. */
  remove({ number }: Mail): void {
    this.mails.delete(number);
  }

  acknowledge({ number }: Mail): void {
    this.mails.delete(number);
    this.acknowledged.add(number);
  }

  referenceOf({ number }: Mail): string {
    return `${this.validity}/${number}`;
  }
}

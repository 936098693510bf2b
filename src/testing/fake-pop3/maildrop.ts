// The maildrop of one session: INBOX as it was at logon, numbered from 1 (RFC 1939 section 4). For pop3-session.ts.
import type { HeldMessage, Mailbox } from '../mailboxes/mailbox.ts';

export interface Drop {
  readonly number: number;
  /** Unique as long as INBOX keeps its UIDVALIDITY. */
  readonly uid: string;
  /** With every line ended by CRLF, as it goes over the wire. */
  readonly content: Buffer;
}

export class Maildrop {
  readonly #mailbox: Mailbox;
  readonly #messages: readonly HeldMessage[];
  readonly #uidValidity: number;
  readonly #deleted = new Set<number>();

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    this.#messages = mailbox.messages;
    this.#uidValidity = mailbox.uidValidity;
  }

  /** What is there and not deleted. */
  get all(): readonly Drop[] {
    return this.#messages.map((_, index) => this.get(index + 1)).filter((drop) => drop !== undefined);
  }

  /** The message of that number, unless it is deleted or there is none. */
  get(number: number): Drop | undefined {
    const message = this.#messages[number - 1];
    if (!message || this.#deleted.has(number)) return undefined;
    return {
      number,
      uid: `${this.#uidValidity}.${message.uid}`,
      get content() {
        return inLines(message.raw);
      },
    };
  }

  delete(number: number): void {
    this.#deleted.add(number);
  }

  /** Nothing is deleted any more. */
  reset(): void {
    this.#deleted.clear();
  }

  /** Removes for good what was deleted (RFC 1939 section 6). */
  update(): void {
    if (this.#deleted.size === 0) return;
    this.#mailbox.expunge(this.#messages.filter((message, index) => this.#deleted.has(index + 1) && !message.expunged));
  }
}

function inLines(raw: Uint8Array): Buffer {
  const text = Buffer.from(raw)
    .toString('latin1')
    .replace(/(?<!\r)\n/g, '\r\n');
  return Buffer.from(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

/** As the many lines of an answer: a dot before every line that begins with one, and a dot at the end (RFC 1939 section 3). */
export function multiLine(content: Buffer): Buffer {
  const text = content.toString('latin1').replace(/^\./gm, '..');
  return Buffer.from(`${text}.\r\n`, 'latin1');
}

/** The header, the empty line and so many lines of the body. */
export function top(content: Buffer, lines: number): Buffer {
  const text = content.toString('latin1');
  const body = text.startsWith('\r\n') ? 2 : text.indexOf('\r\n\r\n') + 4;
  if (body < 4 && !text.startsWith('\r\n')) return content;
  let end = body;
  for (let left = lines; left > 0 && end < text.length; left--) end = text.indexOf('\r\n', end) + 2;
  return content.subarray(0, end);
}

// The messages that a fake SMTP server took, and waiting for one of them. For tests.
import PostalMime from 'postal-mime';
import { MailspoolError } from '../../errors.ts';
import { systemClock, type Instant } from '../../time/clock.ts';
import { durationMs, type Duration } from '../duration.ts';
import type { SmtpPath } from './grammar.ts';
import type { ParsedMail } from '../mime/parsed-mail.ts';

/** A message with its envelope, as the client handed it over. */
export interface ReceivedMail {
  readonly envelope: {
    readonly mailFrom: SmtpPath;
    /** Those that were accepted. */
    readonly rcptTo: readonly SmtpPath[];
  };
  /** The content as sent, dots undone. */
  readonly raw: Uint8Array;
  readonly receivedAt: Instant;
  /** Who was logged on. */
  readonly user: string | undefined;
  /** Whether it came through TLS. */
  readonly secure: boolean;
  /** What the client called itself. */
  readonly helo: string;
  /** The content parsed, once. */
  parsed(): Promise<ParsedMail>;
}

/** Strings: an address is compared regardless of case, a subject is looked for within. */
export interface ReceivedQuery {
  /** A recipient of the envelope. */
  readonly to?: string | RegExp;
  /** The sender of the envelope. */
  readonly from?: string | RegExp;
  readonly subject?: string | RegExp;
  /** How long to wait, in real time. Default 5 s. */
  readonly within?: Duration;
}

/** The oldest are forgotten beyond this. */
const keptMessages = 100_000;

export class ReceivedMailbox {
  readonly #messages: ReceivedMail[] = [];
  readonly #waiting = new Set<(mail: ReceivedMail) => void>();

  get all(): readonly ReceivedMail[] {
    return [...this.#messages];
  }

  add(mail: Omit<ReceivedMail, 'parsed'>): ReceivedMail {
    let parsed: Promise<ParsedMail> | undefined;
    const received = { ...mail, parsed: () => (parsed ??= PostalMime.parse(mail.raw)) };
    this.#messages.push(received);
    if (this.#messages.length > keptMessages) this.#messages.shift();
    for (const waiting of [...this.#waiting]) waiting(received);
    return received;
  }

  clear(): void {
    this.#messages.length = 0;
  }

  /** The first that matches, of those that are there or come. @throws ETIMEDOUT with what came instead */
  async find(query: ReceivedQuery): Promise<ReceivedMail> {
    const ms = durationMs(query.within ?? 5_000);
    const arrivals: ReceivedMail[] = [...this.#messages];
    let wake = new AbortController();
    const add = (mail: ReceivedMail): void => {
      arrivals.push(mail);
      wake.abort();
    };
    this.#waiting.add(add);
    try {
      const until = systemClock.now() + ms;
      for (;;) {
        for (let next = arrivals.shift(); next; next = arrivals.shift()) if (await matches(next, query)) return next;
        const left = until - systemClock.now();
        if (left <= 0) throw await this.#missing(query, ms);
        wake = new AbortController();
        await systemClock.sleep(left, wake.signal).catch(() => undefined);
      }
    } finally {
      this.#waiting.delete(add);
    }
  }

  async #missing({ within: _, ...wanted }: ReceivedQuery, ms: number): Promise<MailspoolError> {
    const lines = await Promise.all(this.#messages.slice(-10).map(describe));
    const query = Object.entries(wanted)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ');
    const there = lines.length === 0 ? 'nothing was received' : `${this.#messages.length} received, the last of them:\n${lines.join('\n')}`;
    return new MailspoolError('ETIMEDOUT', `no message (${query || 'any'}) within ${ms} ms; ${there}`);
  }
}

async function matches(mail: ReceivedMail, { to, from, subject }: ReceivedQuery): Promise<boolean> {
  if (to !== undefined && !mail.envelope.rcptTo.some(({ address }) => sameAddress(to, address))) return false;
  if (from !== undefined && !sameAddress(from, mail.envelope.mailFrom.address)) return false;
  if (subject === undefined) return true;
  const text = (await mail.parsed()).subject ?? '';
  return typeof subject === 'string' ? text.includes(subject) : text.search(subject) >= 0;
}

const sameAddress = (wanted: string | RegExp, address: string): boolean =>
  typeof wanted === 'string' ? wanted.toLowerCase() === address.toLowerCase() : address.search(wanted) >= 0;

async function describe(mail: ReceivedMail): Promise<string> {
  const { subject = '(no subject)' } = await mail.parsed();
  return `  <${mail.envelope.mailFrom.address}> → ${mail.envelope.rcptTo.map(({ address }) => `<${address}>`).join(' ')}: ${JSON.stringify(subject)}`;
}

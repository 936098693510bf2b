// Waiting for a message in a mailbox, however it gets there: through a fake's SMTP side, a client's APPEND, COPY or MOVE.
// For fake-mailboxes.ts.
import { MailspoolError } from '../../errors.ts';
import { systemClock } from '../../time/clock.ts';
import { durationMs, type Duration } from '../duration.ts';
import type { ParsedAddress } from '../mime/parsed-mail.ts';
import type { FakeMessage, Mailbox } from './mailbox.ts';

/** Strings: an address is compared regardless of case, a subject is looked for within. All that is given must hold. */
export interface ArrivalQuery {
  /** Whose mailbox. Default: the first user. */
  readonly user?: string;
  /** Default `INBOX`. */
  readonly mailbox?: string;
  /** An address of To, Cc or Bcc. */
  readonly to?: string | RegExp;
  /** An address of From. */
  readonly from?: string | RegExp;
  readonly subject?: string | RegExp;
  /** How long to wait, in real time. Default 5 s. */
  readonly within?: Duration;
}

/** The first that matches, of those that are there or come. @throws ETIMEDOUT with what is there instead */
export async function arrival(mailbox: Mailbox, query: ArrivalQuery): Promise<FakeMessage> {
  const ms = durationMs(query.within ?? 5_000);
  const until = systemClock.now() + ms;
  const looked = new Set<FakeMessage>();
  let wake = new AbortController();
  const forget = mailbox.listen(() => wake.abort());
  try {
    for (;;) {
      wake = new AbortController();
      for (const message of mailbox.messages.filter((each) => !looked.has(each))) {
        looked.add(message);
        if (await matches(message, query)) return message;
      }
      const left = until - systemClock.now();
      if (left <= 0) throw await missing(mailbox, query, ms);
      await systemClock.sleep(left, wake.signal).catch(() => undefined);
    }
  } finally {
    forget();
  }
}

async function matches(message: FakeMessage, { to, from, subject }: ArrivalQuery): Promise<boolean> {
  const mail = await message.parsed();
  if (to !== undefined && ![mail.to, mail.cc, mail.bcc].some((list) => has(list ?? [], to))) return false;
  if (from !== undefined && !has(mail.from ? [mail.from] : [], from)) return false;
  const text = mail.subject ?? '';
  return subject === undefined || (typeof subject === 'string' ? text.includes(subject) : text.search(subject) >= 0);
}

const has = (list: readonly ParsedAddress[], wanted: string | RegExp): boolean =>
  list.some(({ address = '', group }) => {
    const same = typeof wanted === 'string' ? wanted.toLowerCase() === address.toLowerCase() : address.search(wanted) >= 0;
    return same || has(group ?? [], wanted);
  });

async function missing({ path, messages }: Mailbox, { to, from, subject }: ArrivalQuery, ms: number): Promise<MailspoolError> {
  const wanted = Object.entries({ to, from, subject }).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${String(value)}`]));
  const subjects = await Promise.all(
    messages.slice(-10).map(async (each) => `  UID ${each.uid}: ${JSON.stringify((await each.parsed()).subject ?? '')}`),
  );
  const there = subjects.length === 0 ? 'it is empty' : `it has ${messages.length}, the last of them:\n${subjects.join('\n')}`;
  return new MailspoolError('ETIMEDOUT', `no message (${wanted.join(', ') || 'any'}) in ${path} within ${ms} ms; ${there}`);
}

// What falls due by itself: expiry, delay warnings, holds that end, verification of uncertain recipients (U-003, U-006).
import type { Diagnostic } from '../message/outcome.ts';
import type { EntryId, RecipientRow, SessionKey } from '../message/recipient.ts';
import { isFinal } from '../message/transitions.ts';
import type { Claim, RecipientChange, StoredMessage } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import type { Engine } from './engine.ts';
import type { InFlight } from './in-flight.ts';
import { MailspoolError } from '../errors.ts';
import { outcomeNews } from './outcome-news.ts';
import type { ReportWriter } from './report-writer.ts';
import type { Settler } from './settler.ts';

interface TimerParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly inFlight: InFlight;
  readonly reports: ReportWriter;
  /** Asks a provider, if it can be asked now. */
  verify(id: EntryId, session: SessionKey): Promise<void>;
}

/** A provider that could not say what became of a recipient, or not be asked, is asked again after this. */
const verifyAgainMs = 60_000;

export class Timers {
  readonly #parts: TimerParts;

  constructor(parts: TimerParts) {
    this.#parts = parts;
  }

  async act({ lease, message, inline }: Claim): Promise<void> {
    const { engine, settler, reports, inFlight } = this.#parts;
    const now = engine.clock.now();
    const expired = isExpired(message, now);
    if (expired) inFlight.abort(message.id, new MailspoolError('EEXPIRED', `${message.id} expired`), lease);
    const recipients = message.recipients.flatMap((row) => (expired ? expire(row, now) : release(row, now)));
    const uncertain = expired ? [] : message.recipients.filter((row) => isToVerify(row, now));
    const changes = [...recipients, ...uncertain.flatMap((row) => askedAgain(row, now))];
    const warned = expired ? undefined : warnings(message, now);
    const delayed = warned ? waiting(message) : [];
    const reported = await reports.due(message, recipients, inline);
    const delays = delayed.length > 0 ? await reports.delay(message, delayed, inline) : [];
    const nothingToDo = expired || (changes.length === 0 && !warned);
    const settled = await settler.settle({
      id: message.id,
      guard: lease,
      ...(changes.length > 0 && { recipients: changes }),
      // What is still being handed over is looked at again when this lease ends, not at once.
      then: nothingToDo && message.recipients.some(({ status }) => status.state === 'claimed') ? 'keep' : 'release',
      ...(warned && { message: { warnAt: warned } }),
      ...(reported.length + delays.length > 0 && { submit: [...reported, ...delays] }),
    });
    if (settled.result !== 'written') return;
    for (const news of outcomeNews(message, recipients, settled)) engine.events.emit(news);
    for (const recipient of delayed) engine.events.emit({ type: 'delayed', id: message.id, recipient });
    await this.#verify(message, uncertain);
  }

  /** Each provider that has some of them is asked once. */
  async #verify(message: StoredMessage, uncertain: readonly RecipientRow[]): Promise<void> {
    const sessions = new Set(uncertain.flatMap(({ route }) => route?.session ?? []));
    for (const session of sessions) await this.#parts.verify(message.id, session);
  }
}

const isExpired = ({ properties: { expiresAt } }: StoredMessage, now: Instant): boolean => expiresAt !== undefined && expiresAt <= now;

/** A claimed recipient is left to its hand-over, which was told and ends it as expired (U-003). */
function expire(row: RecipientRow, at: Instant): RecipientChange[] {
  if (row.submitted || isFinal(row.status.state) || row.status.state === 'claimed') return [];
  const diagnostic: Diagnostic = row.last ?? { code: 'EEXPIRED', text: 'not delivered in its lifetime', enhancedCode: '4.4.7' };
  return [{ recipient: row.id, status: { state: 'expired', at, diagnostic } }];
}

function release({ id, status }: RecipientRow, now: Instant): RecipientChange[] {
  if (status.state !== 'held' || status.until === undefined || status.until > now) return [];
  return [{ recipient: id, status: { state: 'queued' } }];
}

const isToVerify = ({ status }: RecipientRow, now: Instant): boolean =>
  status.state === 'uncertain' && status.next !== 'operator' && status.next.verifyAt <= now;

/** Written before asking: a verification that fails leaves everything as it was. */
function askedAgain({ id, status }: RecipientRow, now: Instant): RecipientChange[] {
  return status.state === 'uncertain' ? [{ recipient: id, status: { ...status, next: { verifyAt: now + verifyAgainMs } } }] : [];
}

/** The warnings that are left if one is due now. */
function warnings({ warnAt = [] }: StoredMessage, now: Instant): Instant[] | undefined {
  const left = warnAt.filter((at) => at > now);
  return left.length < warnAt.length ? left : undefined;
}

const waiting = ({ recipients, dueAt = 0 }: StoredMessage): RecipientRow[] =>
  recipients.filter(
    ({ submitted, status: { state } }) => !submitted && dueAt >= 0 && (state === 'queued' || state === 'deferred' || state === 'claimed'),
  );

// What clients and operators do to messages: cancel with a truthful answer, retry, hold, release, purge, resolve (M-072,
// U-004, U-060). Each is a compare-and-set in the store.
import { MailspoolError } from '../errors.ts';
import type { EntryId, RecipientRow, RecipientState, StateName } from '../message/recipient.ts';
import { folders } from '../message/message.ts';
import { isFinal } from '../message/transitions.ts';
import type { SendAt } from '../message/submit-message.ts';
import type { MessageFilter, RecipientChange, Settled, Settlement, StoredMessage } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import type { BulkVerb, CancelResult, PurgeVerb, RescheduleResult } from './contract.ts';
import type { Deferrals } from './deferrals.ts';
import type { Engine } from './engine.ts';
import type { InFlight } from './in-flight.ts';
import { outcomeNews } from './outcome-news.ts';
import type { ReadReceipts } from './read-receipts.ts';
import type { ReportWriter } from './report-writer.ts';
import type { Settler } from './settler.ts';
import { instantOf } from './send-time.ts';

/** How long a cancel waits for a hand-over that it interrupts to tell the truth. */
const cancelWaitMs = 5_000;
/** Another spooler hears of it when it renews its lease. */
const remoteCancelWaitMs = 15_000;
const lookAgainMs = 1_000;

interface VerbParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly inFlight: InFlight;
  readonly reports: ReportWriter;
  readonly deferrals: Deferrals;
  readonly receipts: ReadReceipts;
  /** Wakes whoever waits for a state that is not in the schedule. */
  changed(): void;
}

export class Verbs {
  readonly #parts: VerbParts;
  readonly retry: BulkVerb;
  readonly hold: BulkVerb;
  readonly release: BulkVerb;
  readonly purge: PurgeVerb;

  constructor(parts: VerbParts) {
    this.#parts = parts;
    this.retry = this.#bulk(['deferred', 'failed', 'expired', 'uncertain'], 'retried', (message) => this.#reopened(message));
    this.hold = this.#bulk(['queued', 'deferred', 'held', 'uncertain'], 'held', (_message, reason) =>
      toAll({ state: 'held', by: 'operator', reason }),
    );
    this.release = this.#bulk(['held'], 'released', () => ({ recipients: [{ recipient: 'all', status: { state: 'queued' }, route: null }] }));
    this.purge = this.#bulk(['queued', 'deferred', 'held', 'uncertain'], 'purged', () => ({
      ...toAll({ state: 'cancelled', at: this.#parts.engine.clock.now() }),
      message: { afterSend: { delete: true } },
    }));
  }

  async cancel(id: EntryId): Promise<CancelResult> {
    const { settler, inFlight, engine } = this.#parts;
    const before = await this.#existing(id);
    const status: RecipientState = { state: 'cancelled', at: engine.clock.now() };
    const settled = await settler.settle({ id, guard: { from: waitingStates }, recipients: [{ recipient: 'all', status }] });
    this.#tell(before, settled, status);
    if (settled.changed.length > 0) this.#parts.changed();
    await this.#parts.deferrals.taken(before, settled.changed);
    const busy = settled.unchanged.some(({ status: { state } }) => state === 'claimed');
    if (busy) {
      const here = inFlight.abort(id, new MailspoolError('ECANCEL', `${id} was cancelled`));
      if (!here) await settler.settle({ id, guard: { from: waitingStates }, cancelRequested: true });
      await this.#untilUnclaimed(id, here ? cancelWaitMs : remoteCancelWaitMs);
    }
    return cancelResult(before, settled.changed, await this.#existingRows(id, settled));
  }

  async reschedule(id: EntryId, sendAt: SendAt): Promise<RescheduleResult> {
    const { settler, engine } = this.#parts;
    const before = await this.#existing(id);
    const dueAt = instantOf(sendAt, engine.clock.now(), before.submitTime);
    const waiting = before.recipients.filter(({ status: { state } }) => state === 'queued' || state === 'deferred' || state === 'held');
    if (waiting.length === 0)
      return { result: 'tooLate', reason: before.recipients.some(({ status }) => status.state === 'claimed') ? 'inProgress' : 'notQueued' };
    const settled = await settler.settle({
      id,
      guard: { from: ['queued', 'deferred', 'held'] },
      recipients: waiting.map(({ id: recipient, status: { state } }) => ({
        recipient,
        ...(state === 'deferred' && { status: { state: 'queued' as const } }),
      })),
      message: { dueAt, sendAt, ...this.#lifeFrom(dueAt, before) },
    });
    this.#parts.changed();
    if (settled.result !== 'written') return { result: 'tooLate', reason: 'inProgress' };
    engine.events.emit({ type: 'queued', id });
    return { result: 'rescheduled' };
  }

  /** What lasts from the time of sending moves with it. @throws EINVALID where the sender gave an end that comes before */
  #lifeFrom(dueAt: Instant, { dueAt: was, submitTime = 0, properties, warnAt = [] }: StoredMessage): Partial<NonNullable<Settlement['message']>> {
    const { lifetimeMs } = this.#parts.engine.retry;
    const { expiresAt } = properties;
    const moved = dueAt - (was ?? submitTime);
    const isOurs = expiresAt === undefined || expiresAt === (was ?? submitTime) + lifetimeMs;
    if (!isOurs && dueAt >= expiresAt) throw new MailspoolError('EINVALID', 'sendAt lies behind expiresAt of the message', { field: 'sendAt' });
    return {
      ...(isOurs && expiresAt !== undefined && { properties: { ...properties, expiresAt: expiresAt + moved } }),
      ...(warnAt.length > 0 && { warnAt: warnAt.map((at) => at + moved) }),
    };
  }

  /** A person's word on an uncertain recipient. @throws ENOTFOUND, ENOTINQUEUE */
  async resolve(id: EntryId, recipient: number, verdict: 'accepted' | 'rejected' | 'notSent'): Promise<void> {
    const { settler, engine, reports } = this.#parts;
    const message = await this.#existing(id);
    const row = message.recipients.find((candidate) => candidate.id === recipient);
    if (row?.status.state !== 'uncertain')
      throw new MailspoolError('ENOTINQUEUE', `recipient ${recipient} of ${id} is not uncertain`, { field: 'recipient' });
    const changes: RecipientChange[] = [{ recipient, status: verdictStatus(verdict, row, engine.clock.now()) }];
    const submit = await reports.due(message, changes);
    const settled = await settler.settle({ id, guard: { from: ['uncertain'] }, recipients: changes, ...(submit.length > 0 && { submit }) });
    for (const news of outcomeNews(message, changes, settled)) engine.events.emit(news);
    this.#parts.changed();
  }

  #bulk(
    from: readonly StateName[],
    verb: 'retried' | 'held' | 'released' | 'purged',
    settlement: (message: StoredMessage, reason: string) => Partial<Settlement>,
  ): PurgeVerb {
    return async (where, { reason = `${verb} by the operator`, dryRun = false, report = 'none' } = {}) => {
      const changed: EntryId[] = [];
      const unchanged: EntryId[] = [];
      const filter: MessageFilter = typeof where === 'string' ? { ids: [where] } : where;
      for await (const message of this.#parts.engine.store.find(filter)) {
        const lost = verb === 'retried' && message.contentGone === true;
        const concerns = message.direction === 'outbound' && !lost && message.recipients.some(({ status }) => from.includes(status.state));
        const removed = verb === 'purged' && message.direction === 'inbound' && isNamed(filter);
        if (removed && !dryRun) await this.#parts.receipts.remove(message, report);
        const done = removed || (concerns && (dryRun || (await this.#apply(message, from, settlement(message, reason), verb))));
        (done ? changed : unchanged).push(message.id);
      }
      if (typeof where === 'string' && changed.length + unchanged.length === 0) throw notFound(where);
      if (changed.length > 0 && !dryRun) this.#parts.engine.logger.info({ verb, reason, ids: changed }, `${changed.length} messages ${verb}`);
      this.#parts.changed();
      return { changed, unchanged };
    };
  }

  async #apply(
    message: StoredMessage,
    from: readonly StateName[],
    settlement: Partial<Settlement>,
    verb: 'retried' | 'held' | 'released' | 'purged',
  ): Promise<boolean> {
    const { settler, engine, deferrals } = this.#parts;
    const settled = await settler.settle({ id: message.id, guard: { from }, ...settlement });
    if (settled.changed.length === 0) return false;
    await deferrals.taken(message, settled.changed);
    engine.events.emit({ type: verb === 'retried' ? 'queued' : verb, id: message.id });
    return true;
  }

  /** Another attempt with a life of its own, by whatever way there is now: whoever had expired would expire again at once. */
  #reopened(message: StoredMessage): Partial<Settlement> {
    const { clock, retry } = this.#parts.engine;
    const expiresAt = Math.max(message.properties.expiresAt ?? 0, clock.now() + retry.lifetimeMs);
    const recipients = message.recipients
      .filter(({ status: { state } }) => state === 'deferred' || state === 'failed' || state === 'expired' || state === 'uncertain')
      .map(({ id }): RecipientChange => ({ recipient: id, status: { state: 'queued' }, route: null, passed: null }));
    const waitsAgain = message.finishedAt !== undefined && { folder: folders.outbox };
    return { recipients, message: { properties: { ...message.properties, expiresAt }, ...waitsAgain } };
  }

  #tell(message: StoredMessage, settled: Settled, status: RecipientState): void {
    const changes = settled.changed.map((recipient) => ({ recipient, status }));
    const [first] = outcomeNews(message, changes, settled);
    if (first) this.#parts.engine.events.emit(first);
  }

  /** Looks after each write here, and every second, since another spooler may have it. */
  async #untilUnclaimed(id: EntryId, ms: number): Promise<void> {
    const { settler, engine } = this.#parts;
    const until = engine.clock.now() + ms;
    let told = (): void => undefined;
    const unwatch = settler.watch(id, () => told());
    try {
      while (engine.clock.now() < until && (await this.#isClaimed(id))) {
        const timer = new AbortController();
        const written = new Promise<void>((resolve) => (told = resolve));
        await Promise.race([written, engine.clock.sleep(lookAgainMs, timer.signal).catch(() => undefined)]);
        timer.abort();
      }
    } finally {
      unwatch();
    }
  }

  async #isClaimed(id: EntryId): Promise<boolean> {
    const [message] = await this.#parts.engine.store.get([id]);
    return message?.recipients.some(({ status }) => status.state === 'claimed') ?? false;
  }

  async #existing(id: EntryId): Promise<StoredMessage> {
    const [message] = await this.#parts.engine.store.get([id]);
    if (message?.direction !== 'outbound') throw notFound(id);
    return message;
  }

  async #existingRows(id: EntryId, settled: Settled): Promise<readonly RecipientRow[]> {
    const [message] = await this.#parts.engine.store.get([id]);
    return message?.recipients ?? settled.unchanged;
  }
}

const waitingStates: readonly StateName[] = ['queued', 'deferred', 'held', 'uncertain'];

/** Received mail is not waiting for anything: whoever purges it says so. */
const isNamed = ({ ids, direction }: MessageFilter): boolean => ids !== undefined || direction === 'inbound';

const toAll = (status: RecipientState): Partial<Settlement> => ({ recipients: [{ recipient: 'all', status }] });

const notFound = (id: string): MailspoolError => new MailspoolError('ENOTFOUND', `there is no submitted message ${id}`, { field: 'id' });

function cancelResult(before: StoredMessage, changed: readonly number[], rows: readonly RecipientRow[]): CancelResult {
  const open = before.recipients.filter(({ submitted, status }) => !submitted && !isFinal(status.state));
  const rowOf = (row: RecipientRow) => rows.find(({ id }) => id === row.id) ?? row;
  const isCancelled = (row: RecipientRow) => changed.includes(row.id) || rowOf(row).status.state === 'cancelled';
  const cancelled = open.filter(isCancelled).map(rowOf);
  const tooLate = before.recipients.filter((row) => !row.submitted && row.status.state !== 'cancelled' && !isCancelled(row)).map(rowOf);
  if (cancelled.length === 0)
    return { result: 'tooLate', reason: tooLate.some(({ status }) => status.state === 'claimed') ? 'inProgress' : 'notQueued' };
  return tooLate.length === 0 ? { result: 'cancelled' } : { result: 'partial', cancelled, tooLate };
}

function verdictStatus(verdict: 'accepted' | 'rejected' | 'notSent', { status, last }: RecipientRow, at: number): RecipientState {
  const diagnostic = status.state === 'uncertain' ? status.diagnostic : (last ?? { code: 'EUNCERTAIN', text: 'resolved by a person' });
  switch (verdict) {
    case 'accepted':
      return { state: 'relayed', at };
    case 'rejected':
      return { state: 'failed', at, diagnostic };
    case 'notSent':
      return { state: 'queued' };
  }
}

// The prepare step: scan the routes once, run the preprocessors that apply, route what is left, and write it all in one
// commit (M-049 to M-054).
import type { Diagnostic } from '../message/outcome.ts';
import type { RecipientRow, RecipientState } from '../message/recipient.ts';
import type { Preprocessor, PreprocessResult } from '../provider/processors.ts';
import type { Claim, NewMessage, RecipientChange, Settlement, StoredMessage } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import { diagnosticOf } from './hand-over.ts';
import { outcomeNews } from './outcome-news.ts';
import { PreprocessHandle } from './preprocess-message.ts';
import { applicablePreprocessors, type Processors } from './processors.ts';
import type { ReportWriter } from './report-writer.ts';
import type { RoutePlanner } from './route-planner.ts';
import type { Settler } from './settler.ts';

interface PreparationParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly planner: RoutePlanner;
  readonly processors: Processors;
  readonly reports: ReportWriter;
  /** Composes the further messages of a preprocessor. */
  compose(result: NonNullable<PreprocessResult['messages']>[number], signal: AbortSignal): Promise<NewMessage>;
}

interface Prepared {
  readonly message: StoredMessage;
  readonly changes: NonNullable<Settlement['message']>;
  readonly further: readonly NewMessage[];
  readonly undeliverable: ReadonlyMap<number, Diagnostic>;
  readonly hold?: PreprocessResult['hold'];
}

export class Preparation {
  readonly #parts: PreparationParts;

  constructor(parts: PreparationParts) {
    this.#parts = parts;
  }

  /** Prepares one message and settles it. */
  async prepare(claim: Claim, signal: AbortSignal): Promise<void> {
    try {
      const prepared = claim.message.submitState?.preprocess ? await this.#preprocess(claim, signal) : untouched(claim.message);
      await this.#write(claim, prepared, await this.#routes(prepared, signal));
    } catch (error) {
      signal.throwIfAborted();
      await this.#postpone(claim, error);
    }
  }

  async #preprocess(claim: Claim, signal: AbortSignal): Promise<Prepared> {
    const { engine } = this.#parts;
    const handle = new PreprocessHandle(engine.store, claim.message, claim.inline);
    const results: PreprocessResult[] = [];
    const applicable = this.#applicable(claim.message);
    try {
      for (const preprocessor of applicable) {
        const result = await preprocessor.preprocess(handle, signal);
        signal.throwIfAborted();
        if (result) results.push(result);
      }
    } finally {
      handle.revoke();
    }
    const further: NewMessage[] = [];
    for (const message of results.flatMap(({ messages }) => messages ?? [])) further.push(await this.#parts.compose(message, signal));
    const undeliverable = new Map(
      results.flatMap((result) => result.undeliverable ?? []).map(({ recipient, diagnostic }) => [recipient, diagnostic]),
    );
    const hold = results.findLast((result) => result.hold)?.hold;
    const message = { ...claim.message, recipients: handle.recipients, sizeBytes: handle.sizeBytes, properties: handle.properties };
    const changes = { ...handle.changes, preprocessedBy: applicable.map(({ name }) => name) };
    return { message, changes, further, undeliverable, ...(hold && { hold }) };
  }

  #applicable(message: StoredMessage): Preprocessor[] {
    const { processors, planner } = this.#parts;
    return applicablePreprocessors(processors.pre, message.recipients, (recipient) => planner.taker(recipient, message), planner.order);
  }

  async #routes({ message, undeliverable, hold }: Prepared, signal: AbortSignal): Promise<RecipientChange[]> {
    const open = message.recipients.filter(isUnrouted);
    if (hold) {
      const status: RecipientState = {
        state: 'held',
        by: 'preprocessor',
        reason: hold.reason,
        ...(hold.until !== undefined && { until: hold.until }),
      };
      return open.map(({ id }) => ({ recipient: id, status }));
    }
    return await Promise.all(open.map(async (row) => await this.#route(row, message, undeliverable.get(row.id), signal)));
  }

  async #route(row: RecipientRow, message: StoredMessage, refused: Diagnostic | undefined, signal: AbortSignal): Promise<RecipientChange> {
    const at = this.#parts.engine.clock.now();
    const recipient = row.id;
    if (refused) return { recipient, status: { state: 'failed', at, diagnostic: refused }, last: refused };
    const plan = await this.#parts.planner.plan(row, message, signal);
    switch (plan.plan) {
      case 'route':
        return { recipient, route: plan.route, ...(row.status.state === 'deferred' && { status: { state: 'queued' } }) };
      case 'store':
        return { recipient, status: { state: 'deferred', until: at + storeRetryMs, diagnostic: storesOwn } };
      case 'wait':
        return { recipient, status: { state: 'deferred', until: at + plan.afterMs, diagnostic: plan.diagnostic } };
      case 'noRoute':
        return { recipient, status: { state: 'failed', at, diagnostic: plan.diagnostic }, last: plan.diagnostic };
    }
  }

  async #write(claim: Claim, { message, changes, further }: Prepared, recipients: readonly RecipientChange[]): Promise<void> {
    const { settler, reports, engine } = this.#parts;
    const submit = [...further, ...(await reports.due(message, recipients, claim.inline))];
    const own = recipients.flatMap(({ recipient, status }) => (isStoresOwn(status) && recipient !== 'all' ? [recipient] : []));
    const preprocessed = claim.message.submitState?.preprocess === true;
    const settled = await settler.settle({
      id: claim.message.id,
      guard: claim.lease,
      ...(recipients.length > 0 && { recipients }),
      ...(own.length > 0 && { own }),
      message: preprocessed ? { ...changes, submitState: { locked: false, preprocess: false } } : {},
      ...(submit.length > 0 && { submit }),
    });
    if (settled.result !== 'written') return;
    if (preprocessed) engine.events.emit({ type: 'preprocessed', id: message.id });
    const told = recipients.filter(({ status }) => !isStoresOwn(status));
    for (const news of outcomeNews(message, told, settled)) engine.events.emit(news);
  }

  /** A preprocessor that fails concerns this message only: it is tried again as the retry policy says (U-014). */
  async #postpone({ lease, message }: Claim, error: unknown): Promise<void> {
    const { engine, settler, reports } = this.#parts;
    const cause = diagnosticOf(error);
    const diagnostic = { ...cause, code: 'EPREPROCESS', text: `preprocessing failed: ${cause.text}` };
    const now = engine.clock.now();
    engine.logger.error({ error, id: message.id }, 'a preprocessor failed');
    const recipients = message.recipients.filter(isUnrouted).map((row): RecipientChange => {
      const next = engine.retry.next({ attempt: row.attempts + 1, diagnostic, message, route: { session: 'preprocessing' as never } });
      const status: RecipientState =
        next === 'giveUp' ? { state: 'failed', at: now, diagnostic } : { state: 'deferred', until: now + next.afterMs, diagnostic };
      return { recipient: row.id, status, countAttempt: true, last: diagnostic };
    });
    const submit = await reports.due(message, recipients);
    const settled = await settler.settle({ id: message.id, guard: lease, recipients, ...(submit.length > 0 && { submit }) });
    for (const news of outcomeNews(message, recipients, settled)) engine.events.emit(news);
  }
}

/** How soon a coupled store is asked again for recipients of its own that it has left waiting. */
const storeRetryMs = 60_000;
const storesOwn: Diagnostic = { code: 'EWAIT', text: 'the store, which carries it, has not delivered it yet' };
const isStoresOwn = (status: RecipientState | undefined): boolean => status?.state === 'deferred' && status.diagnostic === storesOwn;

const untouched = (message: StoredMessage): Prepared => ({ message, changes: {}, further: [], undeliverable: new Map() });

const isUnrouted = ({ submitted, route, status: { state } }: RecipientRow): boolean =>
  !submitted && route === undefined && (state === 'queued' || state === 'deferred');

// The engine behind the Spooler contract: builds the parts, connects them, starts and stops them in order.
import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { MailspoolError } from '../errors.ts';
import type { Mark, Message } from '../message/message.ts';
import { stateNames } from '../message/transitions.ts';
import type { Cursor, EntryId, SessionKey } from '../message/recipient.ts';
import type { SendAt, SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { OptionDeclaration, ValidateRequest } from '../provider/transport-session.ts';
import type { Change, MessageFilter, Queue, StoredMessage } from '../store/message-store.ts';
import { accountRows } from './account-rows.ts';
import type {
  Abortable,
  AccountRow,
  BulkVerb,
  CancelResult,
  RescheduleResult,
  Explanation,
  MarkReadOptions,
  MarkReadResult,
  OpenMessage,
  PurgeVerb,
  SendResult,
  Spooler,
  StatusObject,
  StatusRow,
  StopOptions,
  StopResult,
  SubmitReceipt,
} from './contract.ts';
import type { Engine } from './engine.ts';
import { defaultDrainMs, Loops, type LoopOptions } from './loops.ts';
import { OthersChanges } from './others-changes.ts';
import { NewMailFeed } from './new-mail.ts';
import { Draft, openStored } from './open-message.ts';
import { ReadReceipts } from './read-receipts.ts';
import type { Session } from './session.ts';
import { Settler } from './settler.ts';
import { StatusFeed } from './status-feed.ts';
import { StoreLink } from './store-link.ts';
import { StatusObjects } from './status-objects.ts';
import { StatusTable } from './status-table.ts';
import { StoredMessages } from './stored-messages.ts';
import { Verbs } from './verbs.ts';
import { untilSettled } from './waiting.ts';

export class MailSpooler implements Spooler {
  readonly retry: BulkVerb;
  readonly hold: BulkVerb;
  readonly release: BulkVerb;
  readonly purge: PurgeVerb;
  readonly #engine: Engine;
  readonly #writing = new AbortController();
  readonly #life = new AbortController();
  readonly #hurry = new AbortController();
  readonly #settler: Settler;
  readonly #others: OthersChanges | undefined;
  readonly #loops: Loops;
  readonly #storeLink: StoreLink;
  readonly #verbs: Verbs;
  readonly #receipts: ReadReceipts;
  readonly #messages: StoredMessages;
  readonly #newMail: NewMailFeed;
  readonly #table: StatusTable;
  readonly #status: StatusFeed;
  readonly #statusObjects: StatusObjects;
  #state: 'opened' | 'started' | 'stopping' | 'stopped' = 'opened';
  #running: Promise<unknown> = Promise.resolve();
  #stopped: Promise<StopResult> | undefined;

  constructor(engine: Engine, sessions: readonly Session[], options: LoopOptions) {
    this.#engine = engine;
    // Every loop and session listens to the end of life: that is no leak.
    setMaxListeners(0, this.#life.signal);
    this.#settler = new Settler(engine, this.#writing.signal);
    const { shared, coupled } = engine.store.capabilities;
    this.#others = shared || coupled ? new OthersChanges(engine.store) : undefined;
    this.#status = new StatusFeed(engine, async () => await this.#table.now());
    this.#loops = new Loops(engine, this.#settler, sessions, options, () => {
      this.#status.changed();
      this.#table.changed();
      this.#storeLink.sessionsChanged();
    });
    const { loops, life } = { loops: this.#loops, life: this.#life.signal };
    this.#table = new StatusTable({ engine, loops, life, hasAddressBook: options.addressBook !== undefined, state: () => this.#state });
    this.#storeLink = new StoreLink({ engine, settler: this.#settler, loops: this.#loops, others: this.#others, life: this.#life.signal });
    this.#newMail = new NewMailFeed(engine);
    const { inFlight, reports, deferrals, flushing, submission, sessions: known } = this.#loops;
    this.#statusObjects = new StatusObjects({ engine, settler: this.#settler, sessions: known, flushing, life: this.#life.signal });
    this.#messages = new StoredMessages({ engine, sessions: known, isStarted: () => this.#state === 'started' });
    const identities = (session: SessionKey) => known.get(session)?.account.identities ?? [];
    const receipts = new ReadReceipts({ engine, settler: this.#settler, submission, identities });
    this.#receipts = receipts;
    this.#verbs = new Verbs({ engine, settler: this.#settler, inFlight, reports, deferrals, receipts, changed: () => this.#loops.wakeAll() });
    ({ retry: this.retry, hold: this.hold, release: this.release, purge: this.purge } = this.#verbs);
  }

  get events$(): Spooler['events$'] {
    return this.#engine.events.events$;
  }

  get newMail$(): Spooler['newMail$'] {
    return this.#newMail.newMail$;
  }

  get status$(): Observable<readonly StatusRow[]> {
    return this.#status.status$;
  }

  /** Opens the store. Messages may be submitted from here on; they go out after `start`. */
  async open(): Promise<void> {
    await this.#engine.store.open(this.#storeLink);
    await this.#loops.sessions.load();
  }

  async start(): Promise<void> {
    if (this.#state !== 'opened')
      throw new MailspoolError('ESTOPPED', this.#state === 'started' ? 'the spooler is started already' : 'the spooler was stopped');
    this.#state = 'started';
    const { signal } = this.#life;
    this.#loops.sessions.start(signal);
    this.#running = this.#loops.run(signal);
    await this.#loops.resume();
  }

  /** Called again with `drainMs: 0`, it ends a stop that is still draining. */
  async stop(options: StopOptions = {}): Promise<StopResult> {
    if (options.drainMs === 0) this.#hurry.abort();
    const onlyIfIdle = options.mode === 'quiet' || options.mode === 'abort';
    if (onlyIfIdle && !this.#stopped && this.#loops.active) return this.#left(false, await this.#engine.store.queues());
    this.#stopped ??= this.#stop(options);
    return await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async suspend(session?: SessionKey): Promise<void> {
    await this.#setSuspended(session, true);
    this.#engine.events.emit({ type: 'suspended' });
  }

  async resume(session?: SessionKey): Promise<void> {
    await this.#setSuspended(session, false);
    this.#engine.events.emit({ type: 'resumed' });
  }

  async setOffline(offline: boolean): Promise<void> {
    this.#check();
    const isBack = this.#loops.sessions.offline && !offline;
    await this.#loops.sessions.setOffline(offline);
    // Its outcome is told by events; whoever goes online does not wait for it.
    if (isBack) void this.#loops.groups.on('networkUp', this.#life.signal);
  }

  async submit(message: SubmitMessage, options?: SubmitOptions): Promise<SubmitReceipt> {
    this.#check();
    return await this.#loops.submission.submit(message, options);
  }

  async settled(id: EntryId, options: Parameters<Spooler['settled']>[1] = {}): Promise<SendResult> {
    this.#check();
    // What others may have settled meanwhile is read.
    const others = this.#others;
    const known = others || options.until ? undefined : this.#loops.submission.justSubmitted.get(id);
    const { until, signal } = options;
    return await untilSettled(this.#engine, this.#settler, id, { others, until, known, signals: [...(signal ? [signal] : []), this.#life.signal] });
  }

  async cancel(id: EntryId): Promise<CancelResult> {
    this.#check();
    return await this.#verbs.cancel(id);
  }

  async reschedule(id: EntryId, sendAt: SendAt): Promise<RescheduleResult> {
    this.#check();
    return await this.#verbs.reschedule(id, sendAt);
  }

  async resolve(id: EntryId, recipient: number, verdict: 'accepted' | 'rejected' | 'notSent'): Promise<void> {
    this.#check();
    await this.#verbs.resolve(id, recipient, verdict);
  }

  async clone(id: EntryId, changes: SubmitMessage = {}, options: SubmitOptions = {}): Promise<SubmitReceipt> {
    this.#check();
    const { message, options: kept } = await this.#messages.copyOf(id);
    return await this.submit({ ...message, ...changes }, { ...kept, ...options });
  }

  async *list(filter: MessageFilter = {}): AsyncGenerator<Message> {
    this.#check();
    yield* this.#engine.store.find(filter);
  }

  async get(id: EntryId): Promise<Message | undefined> {
    this.#check();
    const [message] = await this.#engine.store.get([id]);
    return message;
  }

  async raw(id: EntryId): Promise<Readable> {
    this.#check();
    return await this.#messages.raw(id);
  }

  async explain(where: EntryId | MessageFilter): Promise<Explanation[]> {
    this.#check();
    return await this.#messages.explain(where);
  }

  async *changes({ after, signal }: { readonly after?: Cursor } & Abortable = {}): AsyncGenerator<Change> {
    this.#check();
    const either = signal ? AbortSignal.any([signal, this.#life.signal]) : this.#life.signal;
    yield* this.#engine.store.changes(after, either);
  }

  async openMessage(id: EntryId | 'new', access: 'read' | 'write' | 'best'): Promise<OpenMessage> {
    this.#check();
    if (id === 'new') return new Draft(async (message, options) => await this.submit(message, options));
    return openStored(await this.#existing(id), access);
  }

  async markRead(id: EntryId, report: 'read' | 'notRead' | 'none' = 'none', options: MarkReadOptions = {}): Promise<MarkReadResult> {
    return await this.#receipts.mark(await this.#existing(id), report, options);
  }

  async mark(id: EntryId, mark: Mark | null): Promise<void> {
    const { headersOnly } = await this.#existing(id);
    if (mark !== null && !headersOnly)
      throw new MailspoolError('ENOSUPPORT', `${id} is here whole: only a message of which the headers alone are here takes a mark`, { field: 'id' });
    await this.#patch(id, { mark: mark ?? undefined });
  }

  async flush(request?: Parameters<Spooler['flush']>[0]): Promise<void> {
    this.#check();
    await this.#loops.flushing.flush(request);
  }

  async validate(request: ValidateRequest, signal?: AbortSignal): Promise<void> {
    this.#check();
    await this.#statusObjects.validate(request, signal);
  }

  async status({ atOnce, signal }: Parameters<Spooler['status']>[0] = {}): Promise<readonly StatusRow[]> {
    this.#check();
    return await (atOnce ? this.#table.now() : this.#table.read(signal));
  }

  statusObject(row: StatusRow['id']): StatusObject {
    this.#check();
    return this.#statusObjects.of(row);
  }

  async listAccounts(): Promise<readonly AccountRow[]> {
    this.#check();
    return accountRows(this.#loops.sessions.ordered, await this.#table.now());
  }

  async setTransportOrder(order: readonly SessionKey[]): Promise<void> {
    this.#check();
    await this.#loops.sessions.setOrder(order);
  }

  listAddressTypes(): Promise<string[]> {
    const active = this.#loops.sessions.all.filter(({ transport }) => transport);
    return Promise.resolve([...new Set(active.flatMap(({ types }) => types?.types ?? []))].filter((type) => type !== ''));
  }

  listOptions(): Promise<OptionDeclaration[]> {
    return Promise.resolve(this.#loops.sessions.all.flatMap(({ options }) => options));
  }

  sendReceive(group?: string, options?: Abortable): ReturnType<Spooler['sendReceive']> {
    this.#check();
    return this.#loops.groups.sendReceive(group, options);
  }

  async #setSuspended(key: SessionKey | undefined, suspended: boolean): Promise<void> {
    this.#check();
    const sessions = key === undefined ? this.#loops.sessions.all : [this.#loops.sessions.get(key)];
    for (const session of sessions) {
      if (!session) throw new MailspoolError('ENOTFOUND', `there is no session ${key}`, { field: 'session' });
      session.suspended = suspended;
      await this.#loops.sessions.switch(session);
    }
  }

  async #patch(id: EntryId, message: object): Promise<void> {
    await this.#existing(id);
    await this.#settler.settle({ id, guard: { from: stateNames }, message });
  }

  async #existing(id: EntryId): Promise<StoredMessage> {
    this.#check();
    return await this.#messages.existing(id);
  }

  async #stop({ mode, drainMs }: StopOptions): Promise<StopResult> {
    const { store, events } = this.#engine;
    const wasStarted = this.#state === 'started';
    if (wasStarted && drainMs !== 0) await this.#loops.finish(mode, drainMs, this.#hurry.signal);
    this.#state = 'stopping';
    const complete = wasStarted ? await this.#loops.drain(drainMs ?? defaultDrainMs, this.#hurry.signal) : true;
    this.#life.abort(new MailspoolError('ESTOPPED', 'the spooler stops'));
    await this.#running;
    if (wasStarted) await this.#loops.sessions.ended();
    await this.#newMail.stop();
    const queues = await store.queues().catch(() => []);
    this.#writing.abort(new MailspoolError('ESTOPPED', 'the spooler stops'));
    await store[Symbol.asyncDispose]();
    this.#state = 'stopped';
    events.complete();
    this.#status.stop();
    return this.#left(complete, queues);
  }

  #left(complete: boolean, queues: Parameters<typeof waitingCount>[0]): StopResult {
    const { inbound, outbound } = this.#loops;
    return { complete, inbound: inbound.active, outbound: outbound.active, queued: waitingCount(queues) };
  }

  #check(): void {
    if (this.#state === 'stopped') throw new MailspoolError('ESTOPPED', 'the spooler was stopped');
  }
}

/** Deliveries that wait: routed, or without a route yet. */
const waitingCount = (queues: readonly { queue: Queue; entries: number }[]): number =>
  queues.filter(({ queue }) => queue === 'intake' || typeof queue === 'object').reduce((sum, { entries }) => sum + entries, 0);

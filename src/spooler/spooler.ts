// The engine behind the Spooler contract: builds the parts, connects them, starts and stops them in order.
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { MailspoolError } from '../errors.ts';
import type { Mark, Message } from '../message/message.ts';
import { newCopy } from '../message/new-copy.ts';
import { stateNames } from '../message/transitions.ts';
import type { Cursor, EntryId, SessionKey } from '../message/recipient.ts';
import type { SendAt, SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { OptionDeclaration, ValidateRequest } from '../provider/transport-session.ts';
import type { Change, MessageFilter, Queue, Retention, StoredMessage, StoreSupport } from '../store/message-store.ts';
import { Arrivals } from './arrivals.ts';
import type {
  Abortable,
  BulkVerb,
  CancelResult,
  Explanation,
  OpenMessage,
  SendResult,
  Spooler,
  SpoolerOptions,
  StatusObject,
  StatusRow,
  StopOptions,
  StopResult,
  SubmitReceipt,
} from './contract.ts';
import type { Engine } from './engine.ts';
import { explanation } from './explain.ts';
import { Finishing } from './finishing.ts';
import { defaultRetention, keepHouse } from './housekeeping.ts';
import { InFlight } from './in-flight.ts';
import { Inbound } from './inbound.ts';
import { Broadcast } from './news.ts';
import { NewMailFeed } from './new-mail.ts';
import { Draft, openStored } from './open-message.ts';
import { Outbound } from './outbound.ts';
import { Preparation } from './preparation.ts';
import { Processors } from './processors.ts';
import { QueueLoop } from './queue-loop.ts';
import { ReportWriter } from './report-writer.ts';
import { rerouted } from './rerouting.ts';
import { RoutePlanner } from './route-planner.ts';
import type { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import { Settler } from './settler.ts';
import { statusRecipients } from './status-recipients.ts';
import { statusRows } from './status-table.ts';
import { Submission } from './submission.ts';
import { Timers } from './timers.ts';
import { Verbs } from './verbs.ts';
import { untilSettled } from './waiting.ts';

const defaultDrainMs = 10_000;
/** After the drain: how long what was aborted has to come back. */
const abortMs = 3_000;

type Options = Omit<SpoolerOptions, 'store' | 'providers' | 'accounts' | 'clock' | 'random' | 'logger' | 'retry' | 'reports' | 'modules'>;

export class MailSpooler implements Spooler {
  readonly retry: BulkVerb;
  readonly hold: BulkVerb;
  readonly release: BulkVerb;
  readonly purge: BulkVerb;
  readonly #engine: Engine;
  readonly #retention: Retention;
  readonly #writing = new AbortController();
  readonly #life = new AbortController();
  readonly #settler: Settler;
  readonly #sessions: Sessions;
  readonly #planner: RoutePlanner;
  readonly #inFlight: InFlight;
  readonly #submission: Submission;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #loops: Readonly<Record<Extract<Queue, string>, QueueLoop>>;
  readonly #verbs: Verbs;
  readonly #newMail: NewMailFeed;
  readonly #status: Broadcast<readonly StatusRow[]>;
  #state: 'opened' | 'started' | 'stopping' | 'stopped' = 'opened';
  #running: Promise<unknown> = Promise.resolve();
  #stopped: Promise<StopResult> | undefined;
  readonly #hurry = new AbortController();
  #statusDue = false;

  constructor(engine: Engine, sessions: readonly Session[], options: Options) {
    this.#engine = engine;
    // Every loop and session listens to the end of life: that is no leak.
    setMaxListeners(0, this.#life.signal);
    this.#retention = { ...defaultRetention, ...options.retention };
    const processors = new Processors(options.preprocessors, options.postprocessors);
    const settler = new Settler(engine, this.#writing.signal);
    const reports = new ReportWriter(engine);
    const inFlight = new InFlight(engine);
    this.#sessions = new Sessions(engine, sessions, processors, this.#hooks(settler, reports), {
      interactive: options.interactive ?? false,
      offline: options.offline ?? false,
    });
    this.#planner = new RoutePlanner(this.#sessions);
    const addressBook = options.addressBook;
    this.#submission = new Submission({ engine, planner: this.#planner, processors, ...(addressBook && { addressBook }) });
    const finishing = new Finishing(engine, settler, processors);
    const preparation = new Preparation({
      engine,
      settler,
      planner: this.#planner,
      processors,
      reports,
      compose: async ({ submit, ...message }, signal) => await this.#submission.prepared(message, { ...submit, signal }),
    });
    this.#outbound = new Outbound({ engine, sessions: this.#sessions, settler, inFlight, reports, finishesApart: ({ message }) => finishing.concerns(message) });
    this.#inbound = new Inbound({ engine, sessions: this.#sessions, receiveFolders: options.receiveFolders ?? {} });
    const timers = new Timers({ engine, settler, inFlight, reports, verify: async (message, { route }) => await this.#verify(message, route?.session) });
    const arrivals = new Arrivals({ engine, settler, processors, statusRecipients: async (lookup, rows) => await statusRecipients({ engine, settler, reports }, lookup, rows) });
    const loop = (queue: Extract<Queue, string>, atOnce: number, rest: Pick<ConstructorParameters<typeof QueueLoop>[2], 'handle' | 'ready'>) =>
      new QueueLoop(engine, inFlight, { queue, atOnce, ...rest });
    this.#loops = {
      intake: loop('intake', 16, { handle: async (claim, signal) => await preparation.prepare(claim, signal), ready: () => this.#planner.ready }),
      timers: loop('timers', 16, { handle: async (claim) => await timers.act(claim) }),
      finishing: loop('finishing', 16, { handle: async (claim, signal) => await finishing.finish(claim, signal) }),
      received: loop('received', 16, { handle: async (claim, signal) => await arrivals.announce(claim, signal) }),
    };
    this.#settler = settler;
    this.#inFlight = inFlight;
    this.#verbs = new Verbs({ engine, settler, inFlight, reports, changed: () => this.#wakeAll() });
    ({ retry: this.retry, hold: this.hold, release: this.release, purge: this.purge } = this.#verbs);
    this.#newMail = new NewMailFeed(engine);
    this.#status = new Broadcast(engine.logger, (subscriber) => void this.status().then((rows) => subscriber.next(rows), (error: unknown) => subscriber.error(error)));
  }

  get events$(): Spooler['events$'] {
    return this.#engine.events.events$;
  }

  get newMail$(): Spooler['newMail$'] {
    return this.#newMail.newMail$;
  }

  get status$(): Observable<readonly StatusRow[]> {
    return this.#status.observable;
  }

  /** Opens the store. Messages may be submitted from here on; they go out after `start`. */
  async open(): Promise<void> {
    const { store, clock, random, logger } = this.#engine;
    const support: StoreSupport = {
      clock,
      random,
      logger,
      queueChanged: (queues) => this.#queuesChanged(queues),
      spoolerNotify: () => Promise.resolve(this.#wakeAll()),
      completeMessage: () => Promise.resolve(this.#loops.intake.wake()),
    };
    await store.open(support);
    await this.#sessions.load();
  }

  async start(): Promise<void> {
    if (this.#state !== 'opened') throw new MailspoolError('ESTOPPED', this.#state === 'started' ? 'the spooler is started already' : 'the spooler was stopped');
    this.#state = 'started';
    const { signal } = this.#life;
    const queues = await this.#engine.store.queues();
    this.#outbound.queuesChanged(queues.map(({ queue }) => queue));
    this.#sessions.start(signal);
    const busy = () => this.#outbound.active || this.#inbound.active;
    const loops = [this.#inFlight, this.#outbound, this.#inbound, ...Object.values(this.#loops)].map(async (loop) => await loop.run(signal));
    const house = keepHouse(this.#engine, this.#sessions, this.#retention, busy, signal);
    this.#running = Promise.allSettled([...loops, house]);
    const orphans = queues.some(({ queue }) => typeof queue === 'object' && 'session' in queue && !this.#sessions.get(queue.session));
    if (orphans) await this.#reroute();
  }

  /** Called again with `drainMs: 0`, it ends a stop that is still draining. */
  async stop(options: StopOptions = {}): Promise<StopResult> {
    if (options.drainMs === 0) this.#hurry.abort();
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
    await this.#sessions.setOffline(offline);
  }

  async submit(message: SubmitMessage, options?: SubmitOptions): Promise<SubmitReceipt> {
    this.#check();
    return await this.#submission.submit(message, options);
  }

  async settled(id: EntryId, options: Parameters<Spooler['settled']>[1] = {}): Promise<SendResult> {
    this.#check();
    return await untilSettled(this.#engine, this.#settler, id, options);
  }

  async cancel(id: EntryId): Promise<CancelResult> {
    this.#check();
    return await this.#verbs.cancel(id);
  }

  async reschedule(id: EntryId, sendAt: SendAt): Promise<CancelResult> {
    this.#check();
    return await this.#verbs.reschedule(id, sendAt);
  }

  async resolve(id: EntryId, recipient: number, verdict: 'accepted' | 'rejected' | 'notSent'): Promise<void> {
    this.#check();
    await this.#verbs.resolve(id, recipient, verdict);
  }

  async clone(id: EntryId, changes: SubmitMessage = {}, options: SubmitOptions = {}): Promise<SubmitReceipt> {
    const message = await this.#existing(id);
    const { account, tenant, priority, guarantee, onUnknown, report, afterSend } = message;
    const recipients = message.recipients.map(({ type, address, name, kind }) => ({ type, address, kind, ...(name !== undefined && { name }) }));
    const raw = Readable.from(newCopy(this.#engine.store.readContent(message.submitted ?? message.content)), { objectMode: false });
    const kept = { ...(account !== undefined && { account }), ...(tenant !== undefined && { tenant }), priority, guarantee, onUnknown, report, afterSend };
    return await this.submit({ raw, recipients, envelope: { from: message.returnPath?.address ?? '' }, ...changes }, { ...kept, ...options });
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
    const message = await this.#existing(id);
    return this.#engine.store.readContent(message.submitted ?? message.content);
  }

  async explain(id: EntryId): Promise<Explanation[]> {
    const message = await this.#existing(id);
    const now = this.#engine.clock.now();
    return message.recipients
      .filter(({ submitted }) => !submitted)
      .map((row) => {
        const session = row.route && this.#sessions.get(row.route.session);
        return explanation(row, message, this.#condition(session), now);
      });
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

  async markRead(id: EntryId): Promise<void> {
    await this.#patch(id, { read: true });
  }

  async mark(id: EntryId, mark: Mark | null): Promise<void> {
    await this.#patch(id, { mark: mark ?? undefined });
  }

  async flush(): Promise<void> {
    throw notYet('flush');
  }

  async validate(request: ValidateRequest): Promise<void> {
    const unknown = Object.keys(request).find((flag) => flag !== 'configChanged');
    if (unknown !== undefined) throw new MailspoolError('EUNKNOWNFLAGS', `validate does not know ${unknown} here`, { field: unknown });
    if (request.configChanged) await this.#reroute();
  }

  async status(): Promise<readonly StatusRow[]> {
    this.#check();
    const queues = await this.#engine.store.queues();
    const { offline } = this.#sessions;
    const flags = { available: this.#state === 'started', offline, outboundActive: this.#outbound.active, inboundActive: this.#inbound.active };
    return statusRows(this.#sessions.ordered, queues, { text: offline ? 'offline' : this.#state, flags });
  }

  statusObject(row: StatusRow['id']): StatusObject {
    throw new MailspoolError('ENOSUPPORT', `the row ${row} has no status object`);
  }

  async setTransportOrder(order: readonly SessionKey[]): Promise<void> {
    this.#check();
    await this.#sessions.setOrder(order);
  }

  listAddressTypes(): Promise<string[]> {
    const active = this.#sessions.all.filter(({ transport }) => transport);
    return Promise.resolve([...new Set(active.flatMap(({ types }) => types?.types ?? []))].filter((type) => type !== ''));
  }

  listOptions(): Promise<OptionDeclaration[]> {
    return Promise.resolve(this.#sessions.all.flatMap(({ transport }) => transport?.options ?? []));
  }

  sendReceive(): ReturnType<Spooler['sendReceive']> {
    throw notYet('sendReceive');
  }

  #hooks(settler: Settler, reports: ReportWriter): ConstructorParameters<typeof Sessions>[3] {
    const background = (running: Promise<unknown>) => void running.catch((error: unknown) => this.#engine.logger.error({ error }, 'a background step failed'));
    return {
      newMail: (session) => this.#inbound.newMail(session),
      sentDeferred: (session, { entryId }) => background(this.#outbound.submitDeferred(session, entryId)),
      changed: () => this.#wakeAll(),
      routesChanged: () => background(this.#reroute()),
      statusRecipients: async (lookup, rows) => await statusRecipients({ engine: this.#engine, settler, reports }, lookup, rows),
    };
  }

  #queuesChanged(queues: readonly Queue[]): void {
    if (queues.some((queue) => typeof queue === 'object')) this.#outbound.queuesChanged(queues);
    for (const queue of queues) if (typeof queue === 'string') this.#loops[queue].wake();
    this.#announceStatus();
  }

  #wakeAll(): void {
    this.#outbound.wake();
    this.#inbound.wake();
    for (const loop of Object.values(this.#loops)) loop.wake();
    this.#announceStatus();
  }

  /** Many changes, one table. */
  #announceStatus(): void {
    if (this.#statusDue || !this.#status.observed) return;
    this.#statusDue = true;
    const announce = async () => {
      await this.#engine.clock.sleep(0);
      this.#statusDue = false;
      if (this.#state !== 'stopped') this.#status.next(await this.status());
    };
    announce().catch((error: unknown) => this.#engine.logger.warn({ error }, 'the status table could not be read'));
  }

  /** Routes everything anew that is not under way (M-021, M-090). */
  async #reroute(): Promise<void> {
    await rerouted(this.#engine, this.#settler, this.#planner);
    this.#wakeAll();
  }

  async #verify(message: StoredMessage, key: SessionKey | undefined): Promise<boolean> {
    const session = key && this.#sessions.get(key);
    if (!session?.transport?.verifyMessage) return false;
    await this.#outbound.verify(session, message.id);
    return true;
  }

  async #setSuspended(key: SessionKey | undefined, suspended: boolean): Promise<void> {
    this.#check();
    const sessions = key === undefined ? this.#sessions.all : [this.#sessions.get(key)];
    for (const session of sessions) {
      if (!session) throw new MailspoolError('ENOTFOUND', `there is no session ${key}`, { field: 'session' });
      session.suspended = suspended;
      await this.#sessions.switch(session);
    }
  }

  async #patch(id: EntryId, message: object): Promise<void> {
    await this.#existing(id);
    await this.#settler.settle({ id, guard: { from: stateNames }, message });
  }

  #condition(session: Session | undefined): Parameters<typeof explanation>[2] {
    return {
      known: session !== undefined,
      loggedOn: session?.transport !== undefined,
      gate: session?.gate ?? null,
      suspended: session?.suspended ?? false,
      offline: this.#sessions.offline,
      started: this.#state === 'started',
    };
  }

  async #existing(id: EntryId): Promise<StoredMessage> {
    this.#check();
    const [message] = await this.#engine.store.get([id]);
    if (!message) throw new MailspoolError('ENOTFOUND', `there is no message ${id}`, { field: 'id' });
    return message;
  }

  async #stop({ drainMs = defaultDrainMs }: StopOptions): Promise<StopResult> {
    const { store, events } = this.#engine;
    const wasStarted = this.#state === 'started';
    this.#state = 'stopping';
    const complete = wasStarted ? await this.#drain(drainMs) : true;
    this.#life.abort(new MailspoolError('ESTOPPED', 'the spooler stops'));
    await this.#running;
    if (wasStarted) await this.#sessions.ended();
    await this.#newMail.stop();
    const queues = await store.queues().catch(() => []);
    this.#writing.abort(new MailspoolError('ESTOPPED', 'the spooler stops'));
    await store[Symbol.asyncDispose]();
    this.#state = 'stopped';
    events.complete();
    this.#status.complete();
    return { complete, inbound: this.#inbound.active, outbound: this.#outbound.active, queued: waitingCount(queues) };
  }

  /** No new claims; what is in flight may finish, then is aborted. Whether all of it finished (T-018). */
  async #drain(drainMs: number): Promise<boolean> {
    const parts = [this.#outbound, this.#inbound, ...Object.values(this.#loops)];
    for (const part of parts) part.stop();
    const drained = async () => await Promise.all(parts.map(async (part) => await part.drained()));
    if (drainMs > 0 && (await this.#within(drainMs, drained(), this.#hurry.signal))) return true;
    const reason = new MailspoolError('ESTOPPED', 'the spooler stops');
    const idle = parts.every(({ active }) => !active);
    this.#inFlight.abortAll(reason);
    this.#inbound.abort(reason);
    await this.#within(abortMs, drained());
    return idle;
  }

  async #within(ms: number, work: Promise<unknown>, hurry?: AbortSignal): Promise<boolean> {
    const timer = new AbortController();
    const hurried = new Promise<boolean>((resolve) => hurry?.addEventListener('abort', () => resolve(false), { once: true }));
    const timeout = this.#engine.clock.sleep(ms, timer.signal).then(
      () => false,
      () => true,
    );
    const inTime = await Promise.race([work.then(() => true), timeout, hurried]);
    timer.abort();
    return inTime;
  }

  #check(): void {
    if (this.#state === 'stopped') throw new MailspoolError('ESTOPPED', 'the spooler was stopped');
  }
}

/** Deliveries that wait: routed, or without a route yet. */
const waitingCount = (queues: readonly { queue: Queue; entries: number }[]): number =>
  queues.filter(({ queue }) => queue === 'intake' || typeof queue === 'object').reduce((sum, { entries }) => sum + entries, 0);

const notYet = (what: string): MailspoolError => new MailspoolError('ENOSUPPORT', `${what} is not supported by this version`);

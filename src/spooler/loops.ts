// Every loop of the engine: how they are connected, woken, started and drained. The facade in spooler.ts sits on top.
import { MailspoolError } from '../errors.ts';
import type { EntryId, SessionKey } from '../message/recipient.ts';
import type { FlushRequest } from '../provider/transport-session.ts';
import type { Queue, Retention } from '../store/message-store.ts';
import { sleepUntil } from '../time/clock.ts';
import { over } from '../time/over.ts';
import { Arrivals } from './arrivals.ts';
import type { SpoolerOptions, StopOptions } from './contract.ts';
import { Deferrals } from './deferrals.ts';
import { Delivery } from './delivery.ts';
import type { Engine } from './engine.ts';
import { Finishing } from './finishing.ts';
import { Flushing } from './flushing.ts';
import { Groups } from './groups.ts';
import { defaultRetention, keepHouse } from './housekeeping.ts';
import { InFlight } from './in-flight.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { Preparation } from './preparation.ts';
import { Processors } from './processors.ts';
import { QueueLoop } from './queue-loop.ts';
import { ReportWriter } from './report-writer.ts';
import { rerouted } from './rerouting.ts';
import { RoutePlanner } from './route-planner.ts';
import type { Session } from './session.ts';
import { Sessions, type SessionHooks } from './sessions.ts';
import type { Settler } from './settler.ts';
import { statusRecipients } from './status-recipients.ts';
import { Submission } from './submission.ts';
import { Timers } from './timers.ts';

/** How many messages each of the store's own queues works on at once. */
const stepsAtOnce = 16;
/** How long what is in flight has to finish where nothing is said. */
export const defaultDrainMs = 10_000;
/** After the drain: how long what was aborted has to come back. */
const abortMs = 3_000;

export type LoopOptions = Pick<
  SpoolerOptions,
  'preprocessors' | 'postprocessors' | 'receiveFolders' | 'addressBook' | 'retention' | 'offline' | 'interactive' | 'groups'
>;

export class Loops {
  readonly sessions: Sessions;
  readonly planner: RoutePlanner;
  readonly submission: Submission;
  readonly inFlight: InFlight;
  readonly reports: ReportWriter;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly deferrals: Deferrals;
  readonly flushing: Flushing;
  readonly groups: Groups;
  readonly #engine: Engine;
  readonly #settler: Settler;
  readonly #retention: Retention;
  readonly #woken: () => void;
  readonly #queues: Readonly<Record<Extract<Queue, string>, QueueLoop>>;

  /** `woken`: something changed that the status table may show. */
  constructor(engine: Engine, settler: Settler, sessions: readonly Session[], options: LoopOptions, woken: () => void) {
    const { addressBook, interactive = false, offline = false } = options;
    const processors = new Processors(options.preprocessors, options.postprocessors);
    this.#engine = engine;
    this.#settler = settler;
    this.#woken = woken;
    this.#retention = { ...defaultRetention, ...options.retention };
    this.reports = new ReportWriter(engine, settler);
    this.inFlight = new InFlight(engine);
    this.sessions = new Sessions(engine, sessions, processors, this.#hooks(), { interactive, offline });
    this.planner = new RoutePlanner(this.sessions, engine);
    this.submission = new Submission({ engine, planner: this.planner, processors, ...(addressBook && { addressBook }) });
    const { reports, inFlight, planner } = this;
    const finishing = new Finishing(engine, settler, processors);
    const delivery = new Delivery({
      engine,
      sessions: this.sessions,
      settler,
      inFlight,
      reports,
      finishesApart: ({ message }) => finishing.concerns(message),
    });
    this.outbound = new Outbound({ engine, sessions: this.sessions, inFlight, delivery });
    this.inbound = new Inbound({ engine, settler, sessions: this.sessions, receiveFolders: options.receiveFolders ?? {} });
    const { sessions: known, outbound, inbound } = this;
    this.deferrals = new Deferrals({ engine, settler, sessions: known });
    this.flushing = new Flushing({ engine, settler, sessions: known, outbound, inbound });
    this.groups = new Groups({ engine, sessions: known, flushing: this.flushing, groups: options.groups ?? [] });
    const preparation = new Preparation({
      engine,
      settler,
      planner,
      processors,
      reports,
      compose: async ({ submit, ...message }, signal) => await this.submission.prepared(message, { ...submit, signal }),
    });
    const timers = new Timers({
      engine,
      settler,
      inFlight,
      reports,
      verify: async (id, session) => await this.#verify(id, session),
    });
    const arrivals = new Arrivals({
      engine,
      settler,
      processors,
      reports,
    });
    const over = (queue: Extract<Queue, string>, handle: ConstructorParameters<typeof QueueLoop>[2]['handle'], ready?: () => boolean) =>
      new QueueLoop(engine, inFlight, { queue, atOnce: stepsAtOnce, handle, ...(ready && { ready }) });
    this.#queues = {
      intake: over(
        'intake',
        async (claim, signal) => await preparation.prepare(claim, signal),
        () => planner.ready,
      ),
      timers: over('timers', async (claim) => await timers.act(claim)),
      finishing: over('finishing', async (claim, signal) => await finishing.finish(claim, signal)),
      received: over('received', async (claim, signal) => await arrivals.announce(claim, signal)),
    };
  }

  /** Runs everything until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const busy = () => this.active;
    const loops = [this.inFlight, this.outbound, this.inbound, this.groups, ...Object.values(this.#queues)].map(
      async (loop) => await loop.run(signal),
    );
    await Promise.allSettled([...loops, keepHouse(this.#engine, this.sessions, this.#retention, busy, signal)]);
  }

  /** Learns of queues that an earlier run left; mail for sessions that are gone is routed anew. */
  async resume(): Promise<void> {
    await this.deferrals.resume();
    const queues = await this.#engine.store.queues();
    this.outbound.queuesChanged(queues.map(({ queue }) => queue));
    const orphans = queues.some(({ queue }) => typeof queue === 'object' && 'session' in queue && !this.sessions.get(queue.session));
    if (orphans) await this.reroute();
  }

  queuesChanged(queues: readonly Queue[]): void {
    if (queues.some((queue) => typeof queue === 'object')) this.outbound.queuesChanged(queues);
    for (const queue of queues) if (typeof queue === 'string') this.#queues[queue].wake();
    this.#woken();
  }

  wakeAll(): void {
    this.outbound.wake();
    this.inbound.wake();
    for (const loop of Object.values(this.#queues)) loop.wake();
    this.groups.changed();
    this.#woken();
  }

  /** Routes everything anew that is not under way (M-021, M-090). */
  async reroute(): Promise<void> {
    await rerouted(this.#engine, this.#settler, this.planner);
    this.wakeAll();
  }

  /** Whether a message is being handed over or received. */
  get active(): boolean {
    return this.outbound.active || this.inbound.active;
  }

  /** Before a stop: groups that run at it, and what its mode sends or fetches (M-107). What cannot be done waits for the next start. */
  async finish(mode: StopOptions['mode'], drainMs: number | undefined, hurry: AbortSignal): Promise<void> {
    const flush = async (request: Partial<FlushRequest>, ms: number) => await this.#within(ms, this.#flushed(request), hurry);
    const shortly = drainMs ?? defaultDrainMs;
    await this.#within(shortly, this.groups.on('stop', hurry), hurry);
    if (mode === 'noWait') await flush({ outbound: true }, shortly);
    if (mode === 'purge') await flush({}, drainMs ?? Number.POSITIVE_INFINITY);
  }

  async #flushed(request: Partial<FlushRequest>): Promise<void> {
    const { logger } = this.#engine;
    await this.flushing.flush(request).catch((error: unknown) => logger.warn({ error }, 'what was ready could not be sent before the stop'));
  }

  /** No new claims; what is in flight may finish, then is aborted. Whether all of it finished (T-018). */
  async drain(drainMs: number, hurry: AbortSignal): Promise<boolean> {
    const parts = [this.outbound, this.inbound, ...Object.values(this.#queues)];
    this.flushing.stop();
    for (const part of parts) part.stop();
    const drained = async () => await Promise.all(parts.map(async (part) => await part.drained()));
    if (drainMs > 0 && (await this.#within(drainMs, drained(), hurry))) return true;
    const reason = new MailspoolError('ESTOPPED', 'the spooler stops');
    const idle = parts.every(({ active }) => !active);
    this.inFlight.abortAll(reason);
    this.inbound.abort(reason);
    await this.#within(abortMs, drained());
    return idle;
  }

  async #within(ms: number, work: Promise<unknown>, hurry?: AbortSignal): Promise<boolean> {
    const timer = new AbortController();
    const hurried = new Promise<boolean>((resolve) => hurry?.addEventListener('abort', () => resolve(false), { once: true }));
    const { clock } = this.#engine;
    const timeout = sleepUntil(clock, clock.now() + ms, timer.signal).then(
      () => false,
      () => true,
    );
    const inTime = await Promise.race([work.then(() => true), timeout, hurried]);
    timer.abort(over);
    return inTime;
  }

  #hooks(): SessionHooks {
    const { logger } = this.#engine;
    const background = (running: Promise<unknown>) => void running.catch((error: unknown) => logger.error({ error }, 'a background step failed'));
    return {
      newMail: (session) => this.inbound.newMail(session),
      sentDeferred: (session, { entryId }) => background(this.outbound.submitDeferred(session, entryId)),
      changed: () => this.wakeAll(),
      routesChanged: async () => await this.reroute(),
      loggedOn: async (session) => await this.deferrals.loggedOn(session),
      loggingOff: async (session) => await this.deferrals.loggingOff(session),
      isCancelled: (session) => this.outbound.isCancelled(session),
      flushRequested: (session, direction) => this.flushing.requested(session, direction),
      statusRecipients: async (lookup, rows) =>
        await statusRecipients({ engine: this.#engine, settler: this.#settler, reports: this.reports }, lookup, rows),
    };
  }

  async #verify(id: EntryId, key: SessionKey): Promise<void> {
    const session = this.sessions.get(key);
    if (session?.transport?.verifyMessage && session.sends(this.#engine.clock)) await this.outbound.verify(session, id);
  }
}

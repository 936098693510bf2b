// The sessions of the profile: their order, directions and gates, and the news that they raise. A session that fails
// costs the others nothing.
import { isDeepStrictEqual } from 'node:util';
import { MailspoolError } from '../errors.ts';
import type { SessionKey } from '../message/recipient.ts';
import type { Postprocessor, Preprocessor } from '../provider/processors.ts';
import type { MessageLookup, SpoolerNotification, StatusRecipient } from '../provider/spooler-support.ts';
import type { Gate, StatusColumns } from '../provider/status.ts';
import type { TransportEvent, Wanted } from '../provider/transport-session.ts';
import type { Instant } from '../time/clock.ts';
import type { Engine } from './engine.ts';
import type { Processors } from './processors.ts';
import { quietly } from './quietly.ts';
import { normalAddressTypes, transportOrder } from './routing.ts';
import { blankColumns, type Direction, directions, type Session } from './session.ts';
import { SessionMemory } from './session-memory.ts';
import { type Ending, Supervisor, type Supervision } from './supervisor.ts';
import { SessionSupport, type SupportTarget } from './support.ts';

/** A gate without an end. */
const openGateMs = 300_000;
/** A gate that has ended already must not become a loop. */
const shortestGateMs = 1_000;

/** What the engine does about news of a session. */
export interface SessionHooks {
  newMail(session: Session): void;
  sentDeferred(session: Session, news: Extract<SpoolerNotification, { type: 'sentDeferred' }>): void;
  /** Sessions, their order, types or gates changed: look again at what may be sent, received and routed. */
  changed(session: Session): void;
  /** A session is logged on and open; another is about to log off. */
  loggedOn(session: Session): Promise<void>;
  loggingOff(session: Session): Promise<void>;
  /** Whether the one call that it has in hand was cancelled (M-075). */
  isCancelled(session: Session): boolean;
  /** A flush flag in the session's row was set (M-099). */
  flushRequested(session: Session, direction: Direction): void;
  /** Routes are to be decided anew (M-021, M-090). */
  routesChanged(): Promise<void>;
  statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'>;
}

export class Sessions implements SupportTarget {
  readonly all: readonly Session[];
  readonly #engine: Engine;
  readonly #processors: Processors;
  readonly #hooks: SessionHooks;
  #offline: boolean;
  readonly #memory: SessionMemory;
  #running: Promise<unknown> | undefined;
  readonly #supports = new Map<Session, SessionSupport>();
  /** Changes of direction come one after the other. */
  readonly #switching = new Map<Session, Promise<void>>();
  readonly #supervisors: ReadonlyMap<Session, Supervisor>;

  constructor(
    engine: Engine,
    sessions: readonly Session[],
    processors: Processors,
    hooks: SessionHooks,
    options: { interactive: boolean; offline: boolean },
  ) {
    this.#engine = engine;
    this.#memory = new SessionMemory(engine);
    this.all = sessions;
    this.#processors = processors;
    this.#hooks = hooks;
    this.#offline = options.offline;
    const supervision = this.#supervision(options.interactive);
    this.#supervisors = new Map(sessions.map((session) => [session, new Supervisor(session, supervision)]));
  }

  /** In transport order (M-020). */
  get ordered(): Session[] {
    return transportOrder(this.all, this.#memory.order);
  }

  /**
   * Every session has had its first chance to log on, or told its address types in an earlier run. One that registered
   * preprocessors then is waited for, since it will register them again.
   */
  get known(): boolean {
    return this.all.every(({ tried, types, preprocesses }) => tried || (types !== undefined && !preprocesses));
  }

  /** Whether some session's address types were never heard: it might match anything. */
  get someUnknown(): boolean {
    return this.all.some(({ types, isDropped }) => types === undefined && !isDropped);
  }

  /** Every logon of this run was answered, and what each session carries is known (M-034). */
  get registered(): boolean {
    return this.all.every(({ tried }) => tried) && !this.someUnknown;
  }

  get(key: SessionKey): Session | undefined {
    return this.all.find((session) => session.key === key);
  }

  /** When closed gates open by themselves. */
  gatesEnd(): Instant[] {
    const now = this.#engine.clock.now();
    return this.all.flatMap(({ gate }) => (gate?.until !== undefined && gate.until > now ? [gate.until] : []));
  }

  supportOf(session: Session): SessionSupport | undefined {
    return this.#supports.get(session);
  }

  /** What earlier runs learned: address types and the explicit order. */
  async load(): Promise<void> {
    await this.#memory.load(this.all);
  }

  /** Asks for address types anew, of one session or of all, and lets those that are out try again (M-090, M-101). */
  async reread(only?: Session): Promise<void> {
    for (const session of only ? [only] : this.all) {
      if (session.transport) await this.#readTypes(session);
      else this.#supervisors.get(session)?.revive();
    }
    await this.#hooks.routesChanged();
  }

  start(signal: AbortSignal): void {
    this.#running = Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.run(signal)));
  }

  /** Resolves when every session is logged off, and every provider shut down (M-106). */
  async ended(): Promise<void> {
    await this.#running;
    const providers = new Set(this.all.map(({ provider }) => provider));
    await Promise.all(
      [...providers].map((provider) => quietly(this.#engine, `shutdown of ${provider.name}`, async () => await provider.shutdown?.())),
    );
  }

  async setOrder(order: readonly SessionKey[]): Promise<void> {
    if (order.length !== this.all.length || new Set(order).size !== order.length)
      throw new MailspoolError('EBUSY', `the order names ${new Set(order).size} of ${this.all.length} sessions`, { field: 'order' });
    for (const key of order) if (!this.get(key)) throw new MailspoolError('ENOTFOUND', `there is no session ${key}`, { field: 'order' });
    await this.#memory.setOrder(order);
    await this.#hooks.routesChanged();
  }

  get offline(): boolean {
    return this.#offline;
  }

  async setOffline(offline: boolean): Promise<void> {
    this.#offline = offline;
    if (!offline) for (const supervisor of this.#supervisors.values()) this.#background('a logon', supervisor.online());
    await Promise.all(this.all.map((session) => this.switch(session)));
  }

  /** Opens or closes both directions of a session as the situation asks, each by its own event (M-003, M-086). */
  async switch(session: Session): Promise<void> {
    const switched = (this.#switching.get(session) ?? Promise.resolve()).then(async () => await this.#switch(session));
    this.#switching.set(session, switched);
    await switched;
  }

  /** While the spooler works offline, these are online for the time it takes; no more comes over than is wanted. */
  async online(concerned: readonly Session[], wanted: Wanted, run: () => Promise<void>): Promise<void> {
    const before = new Map(concerned.map((session) => [session, session.flushWants]));
    const mark = async (online: boolean): Promise<void> => {
      for (const session of concerned) session.onlineForNow = online;
      if (this.#offline) await Promise.all(concerned.map(async (session) => await this.switch(session)));
    };
    for (const session of concerned) session.flushWants = wanted;
    await mark(true);
    try {
      await Promise.all(concerned.map(async (session) => await this.#supervisors.get(session)?.online()));
      await run();
    } finally {
      await mark(false);
      for (const session of concerned) session.flushWants = before.get(session);
    }
  }

  async #switch(session: Session): Promise<void> {
    const on = session.transport !== undefined && !session.suspended && (!this.#offline || session.onlineForNow);
    if (session.outboundOn !== on) await this.#direct(session, 'outbound', on);
    if (session.inboundOn !== on) await this.#direct(session, 'inbound', on);
    this.#hooks.changed(session);
  }

  /** Closes the session for a while, without spending attempts. Every gate has an end: then one hand-over probes the way. */
  gate(session: Session, { reason, until = Number.POSITIVE_INFINITY }: Gate): void {
    const now = this.#engine.clock.now();
    const gate = { reason, until: Number.isFinite(until) ? Math.max(until, now + shortestGateMs) : now + openGateMs };
    session.closeGate(gate);
    this.#engine.events.emit({ type: 'gate', session: session.key, gate });
    this.#hooks.changed(session);
  }

  /** Something about it changed that the loops or the status table look at. */
  changed(session: Session): void {
    this.#hooks.changed(session);
  }

  /** The session hangs or is broken: log it off and on again. */
  restart(session: Session, reason: Ending): void {
    this.#supervisors.get(session)?.end(reason);
  }

  // What sessions say (SupportTarget)

  notified(session: Session, news: SpoolerNotification): void {
    switch (news.type) {
      case 'newMail':
        if (session.inboundOn) this.#hooks.newMail(session);
        return;
      case 'readyToSend':
        session.openGate();
        session.probing = false;
        this.#hooks.changed(session);
        return;
      case 'sentDeferred':
        this.#hooks.sentDeferred(session, news);
        return;
      case 'configChange':
        this.#background('configChange', this.reread(session));
        return;
      case 'enterCritical':
      case 'leaveCritical':
        session.critical = news.type === 'enterCritical';
        this.#hooks.changed(session);
        return;
      case 'criticalError':
        this.restart(session, { error: news.error, critical: true });
        return;
      default:
        // From plain JavaScript: newMailReceived is for a store to tell (M-089).
        throw new MailspoolError('EUNKNOWNFLAGS', `a transport cannot send ${JSON.stringify((news as { type?: unknown }).type)}`, { field: 'type' });
    }
  }

  async statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'> {
    return await this.#hooks.statusRecipients(message, rows);
  }

  statusUpdated(
    session: Session,
    columns: Partial<StatusColumns>,
    { merge = false, row }: { readonly merge?: boolean; readonly row?: string },
  ): void {
    if (row !== undefined) return this.#subRow(session, row, columns, merge);
    const { gate } = columns;
    const before = session.columns;
    session.columns = { ...(merge ? before : blankColumns(session.provider.name)), ...columns };
    for (const direction of directions) {
      const flag = `${direction}Flush` as const;
      if (session.columns.flags[flag] && !before.flags[flag] && !session.flushes.has(direction)) this.#hooks.flushRequested(session, direction);
    }
    if (gate) this.gate(session, gate);
    else if (gate === null && session.gate) {
      session.openGate();
      this.#hooks.changed(session);
    } else this.#hooks.changed(session);
  }

  isCancelled(session: Session): boolean {
    return this.#hooks.isCancelled(session);
  }

  /** A further row of the session's own (M-096). */
  #subRow(session: Session, row: string, columns: Partial<StatusColumns>, merge: boolean): void {
    const before = merge ? session.rows.get(row) : undefined;
    session.rows.set(row, { ...(before ?? blankColumns(`${session.provider.name} ${row}`)), ...columns });
    this.#hooks.changed(session);
  }

  preprocessor(session: Session, preprocessor: Preprocessor): void {
    this.#processors.addPreprocessor(session.key, preprocessor);
  }

  postprocessor(session: Session, postprocessor: Postprocessor): void {
    this.#processors.addPostprocessor(session.key, postprocessor);
  }

  #supervision(interactive: boolean): Supervision {
    return {
      engine: this.#engine,
      interactive,
      isOffline: ({ onlineForNow }) => this.#offline && !onlineForNow,
      support: (session, signal) => {
        this.#processors.reset(session.key);
        return new SessionSupport(session, { ...this.#engine, target: this }, signal);
      },
      loggedOn: async (session, support) => {
        this.#supports.set(session, support);
        session.options = [...(session.transport?.options ?? [])];
        const before = session.types;
        await this.#readTypes(session);
        // What waits for it from an earlier run may be another's now.
        if (before && !isDeepStrictEqual(before, session.types)) await this.#typesChanged(session);
      },
      loggedOff: (session) => {
        this.#supports.delete(session);
        session.rows.clear();
      },
      gate: (session, gate) => this.gate(session, gate),
      siblings: (session) => this.all.filter((other) => other !== session && other.account === session.account),
      open: async (session) => {
        await this.switch(session);
        this.#background('looking for what was kept back', this.#hooks.loggedOn(session));
      },
      loggingOff: async (session) => await this.#hooks.loggingOff(session),
      changed: (session) => this.#hooks.changed(session),
    };
  }

  /** Mail waits on where it cannot be routed anew now: that is no reason to refuse the logon. */
  async #typesChanged({ key }: Session): Promise<void> {
    try {
      await this.#hooks.routesChanged();
    } catch (error) {
      this.#engine.logger.error({ error, session: key }, 'what waits could not be routed anew');
    }
  }

  /** Asks for the address types and remembers them, so that mail for a session that is down waits (M-040, M-090). */
  async #readTypes(session: Session): Promise<void> {
    const { transport } = session;
    if (!transport) return;
    const known = { types: session.types, preprocesses: session.preprocesses };
    session.types = normalAddressTypes(transport.addressTypes);
    session.preprocesses = this.#processors.hasPreprocessors(session.key);
    const { types, preprocesses } = session;
    if (JSON.stringify({ types, preprocesses }) === JSON.stringify(known)) return;
    await this.#memory.keepTypes(session);
  }

  async #direct(session: Session, type: 'inbound' | 'outbound', on: boolean): Promise<void> {
    const { transport } = session;
    const mark = (open: boolean) => {
      if (type === 'outbound') session.outboundOn = open;
      else session.inboundOn = open;
    };
    // Closed at once, opened when the session has heard of it (M-002).
    if (!on) mark(false);
    await this.notify(session, { type, on });
    if (on && session.transport === transport) mark(true);
  }

  async notify(session: Session, event: TransportEvent): Promise<void> {
    const { transport } = session;
    if (!transport?.transportNotify) return;
    await quietly(this.#engine, `transportNotify of ${session.key}`, async () => await transport.transportNotify?.(event));
  }

  #background(what: string, running: Promise<unknown>): void {
    running.catch((error: unknown) => this.#engine.logger.error({ error }, `${what} failed`));
  }
}

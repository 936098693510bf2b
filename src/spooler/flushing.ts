// Flush: the sessions in turn send and fetch what there is, now (M-098 to M-100).
import { setMaxListeners } from 'node:events';
import { MailspoolError } from '../errors.ts';
import type { SessionKey } from '../message/recipient.ts';
import type { FlushRequest, Wanted } from '../provider/transport-session.ts';
import { abortable } from '../time/abortable.ts';
import { withDeadline } from '../time/deadline.ts';
import type { Spooler } from './contract.ts';
import type { Engine } from './engine.ts';
import { diagnosticOf } from './hand-over.ts';
import type { Inbound } from './inbound.ts';
import type { Outbound } from './outbound.ts';
import { type Direction, directions, type RemoteRequest, type Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Settler } from './settler.ts';

/** How long a session may take to begin a flush. */
const beginMs = 60_000;

type Asked = NonNullable<Parameters<Spooler['flush']>[0]>;

/** Hears of each session that was visited, and of what went wrong with it. */
export type Visited = (session: Session, error?: unknown) => void;

interface FlushingParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly settler: Settler;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
}

export class Flushing {
  readonly #parts: FlushingParts;
  /** One flush at a time; what sessions ask for themselves, and what is asked of their headers, comes after it. */
  #running: Promise<void> | undefined;
  readonly #asked = new Map<Session, Set<Direction>>();
  readonly #remote = new Map<Session, RemoteRequest>();
  readonly #life = new AbortController();

  constructor(parts: FlushingParts) {
    this.#parts = parts;
    setMaxListeners(0, this.#life.signal);
  }

  /** Ends the one under way, in both directions; none begins any more (M-100). */
  stop(): void {
    this.#life.abort(new MailspoolError('ESTOPPED', 'the spooler stops'));
  }

  /** Resolves when no flush is under way. */
  async free(signal: AbortSignal): Promise<void> {
    while (this.#running)
      await abortable(
        this.#running.catch(() => undefined),
        signal,
      );
  }

  /** @throws EBUSY while another flush runs, ENOTFOUND for an unknown session, the reason of `signal` */
  async flush({ sessions, async: inBackground = false, signal, ...request }: Asked = {}, visited: Visited = () => undefined): Promise<void> {
    const toVisit = this.#toVisit(sessions);
    this.#life.signal.throwIfAborted();
    if (this.#running) throw new MailspoolError('EBUSY', 'a flush is under way');
    const running = this.#start(toVisit, both(request), signal ? AbortSignal.any([signal, this.#life.signal]) : this.#life.signal, visited);
    if (!inBackground) return await running;
    running.catch((error: unknown) => this.#parts.engine.logger.warn({ error }, 'a flush ended early'));
  }

  /** A session has set its flush flag without being asked (M-099). */
  requested(session: Session, direction: Direction): void {
    const asked = this.#asked.get(session) ?? new Set();
    this.#asked.set(session, asked.add(direction));
    if (!this.#running) this.#serveAsked();
  }

  /** Somebody asked for the headers of this session, or for what their marks say: sets the flags and returns (M-110). */
  remoteRequested(session: Session, task: RemoteRequest['task']): void {
    session.remote = { task, isBegun: false, isCancelled: false };
    session.columns = { ...session.columns, flags: { ...session.columns.flags, inboundFlush: true } };
    this.#remote.set(session, session.remote);
    this.#parts.sessions.changed(session);
    if (!this.#running) this.#serveAsked();
  }

  #toVisit(keys: readonly SessionKey[] | undefined): readonly Session[] {
    const { sessions } = this.#parts;
    for (const key of keys ?? []) if (!sessions.get(key)) throw new MailspoolError('ENOTFOUND', `there is no session ${key}`, { field: 'sessions' });
    return sessions.ordered.filter(({ key }) => keys === undefined || keys.includes(key));
  }

  #start(sessions: readonly Session[], request: FlushRequest, signal: AbortSignal, visited: Visited = () => undefined): Promise<void> {
    return this.#alone(async () => await this.#visitAll(sessions, request, signal, visited));
  }

  #alone(run: () => Promise<void>): Promise<void> {
    const running = run().finally(() => {
      this.#running = undefined;
      this.#serveAsked();
    });
    this.#running = running;
    return running;
  }

  #serveAsked(): void {
    if (this.#life.signal.aborted) return;
    const [remote] = this.#remote;
    if (remote) return this.#serveRemote(...remote);
    const [next] = this.#asked;
    if (!next) return;
    const [session, asked] = next;
    this.#asked.delete(session);
    this.#start([session], { inbound: asked.has('inbound'), outbound: asked.has('outbound') }, this.#life.signal).catch((error: unknown) =>
      this.#parts.engine.logger.warn({ error, session: session.key }, 'a flush that the session asked for ended early'),
    );
  }

  #serveRemote(session: Session, remote: RemoteRequest): void {
    this.#remote.delete(session);
    this.#alone(async () => await this.#visitForHeaders(session, remote)).catch((error: unknown) =>
      this.#parts.engine.logger.warn({ error, session: session.key }, `${remote.task} ended early`),
    );
  }

  /** Also while the spooler works offline: it was asked for. */
  async #visitForHeaders(session: Session, remote: RemoteRequest): Promise<void> {
    const { engine, sessions } = this.#parts;
    const wanted: Wanted = remote.task === 'refreshHeaders' ? { headersOnly: true } : {};
    remote.isBegun = true;
    try {
      if (remote.isCancelled) return;
      await sessions.online([session], wanted, async () => {
        const failure = await this.#visit(session, { inbound: true, outbound: false, ...wanted }, this.#life.signal);
        if (failure !== undefined) engine.events.emit({ type: 'warning', diagnostic: diagnosticOf(failure) });
      });
    } finally {
      session.remote = undefined;
      session.columns = { ...session.columns, flags: { ...session.columns.flags, inboundFlush: false } };
      sessions.changed(session);
    }
  }

  async #visitAll(sessions: readonly Session[], request: FlushRequest, signal: AbortSignal, visited: Visited): Promise<void> {
    for (const session of sessions) {
      signal.throwIfAborted();
      visited(session, await this.#visit(session, request, signal));
    }
  }

  /** A session that fails at it costs the others nothing; the error is the answer. */
  async #visit(session: Session, request: FlushRequest, signal: AbortSignal): Promise<unknown> {
    const { engine } = this.#parts;
    if (!session.transport) return session.failure ?? new MailspoolError('ENETWORK', `${session.key} is not logged on`);
    if (session.suspended) return undefined;
    const wanted = directions.filter((direction) => request[direction]);
    for (const direction of wanted) session.flushes.add(direction);
    try {
      await this.#begin(session, request, signal);
      if (request.outbound) await this.#outbound(session, signal);
      if (request.inbound) await this.#inbound(session, request, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      engine.logger.warn({ error, session: session.key }, 'flush failed');
      return error;
    } finally {
      for (const direction of wanted) session.flushes.delete(direction);
    }
  }

  async #begin(session: Session, request: FlushRequest, signal: AbortSignal): Promise<void> {
    const { transport } = session;
    if (!transport?.flush) return;
    const { clock } = this.#parts.engine;
    await withDeadline(clock, beginMs, `flush of ${session.key}`, signal, async (bounded) => await transport.flush?.(request, bounded));
  }

  async #outbound(session: Session, signal: AbortSignal): Promise<void> {
    const { outbound } = this.#parts;
    if (session.isFlushing('outbound')) {
      session.openGate();
      await this.#deferredAreDue(session);
      await outbound.flushed(session, () => session.isFlushing('outbound'), signal);
    }
    await this.#ended(session, 'outbound');
  }

  async #inbound(session: Session, wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { inbound } = this.#parts;
    const goesOn = (): boolean => session.isFlushing('inbound') && session.remote?.isCancelled !== true;
    if (session.isProcessingHeaders) await inbound.processed(session, goesOn, signal);
    else if (session.isFlushing('inbound')) await inbound.flushed(session, wanted, goesOn, signal);
    await this.#ended(session, 'inbound');
  }

  async #ended(session: Session, direction: Direction): Promise<void> {
    session.columns = { ...session.columns, flags: { ...session.columns.flags, [`${direction}Flush`]: false } };
    await this.#parts.sessions.notify(session, { type: `${direction}Flush`, on: false });
  }

  /** What waits for its next attempt is tried now, once. */
  async #deferredAreDue({ key }: Session): Promise<void> {
    const { engine, settler } = this.#parts;
    for await (const { id, recipients } of engine.store.find({ direction: 'outbound', states: ['deferred'] })) {
      const due = recipients.filter(({ route, status }) => route?.session === key && status.state === 'deferred');
      if (due.length === 0) continue;
      const changes = due.map(({ id: recipient }) => ({ recipient, status: { state: 'queued' as const } }));
      await settler.settle({ id, guard: { from: ['deferred'] }, recipients: changes });
    }
  }
}

/** Nothing said of the directions: both. */
function both({ inbound, outbound, ...wanted }: Partial<FlushRequest>): FlushRequest {
  const neither = inbound === undefined && outbound === undefined;
  return { ...wanted, inbound: inbound ?? neither, outbound: outbound ?? neither };
}

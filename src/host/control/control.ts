// The control socket: a running spooler answers on it, other processes of the same user reach it. The embedded store
// has one owner, so this is how a second process looks into the queue and adds to it.
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { MailspoolError } from '../../errors.ts';
import type { Message } from '../../message/message.ts';
import type { AccountRow, Explanation, SendResult, StatusRow, SubmitReceipt, CancelResult, RescheduleResult } from '../../spooler/contract.ts';
import type { Change } from '../../store/message-store.ts';
import { systemClock, type Clock } from '../../time/clock.ts';
import { withDeadline } from '../../time/deadline.ts';
import { Peer, type Method } from './peer.ts';
import { privateFolder, socketPaths, socketToListenAt } from './socket-path.ts';
import { connected, listening } from './socket.ts';
import {
  afterCursor,
  bulkOptions,
  entryId,
  flushOptions,
  idOrFilter,
  messageFilter,
  purgeOptions,
  recipientId,
  sendAt,
  sessionKey,
  sessionKeys,
  submitOptions,
  submittedMessage,
  statusOptions,
  untilStates,
  verdict,
  type SpoolerSurface,
  markOrNone,
  sessionName,
  validateRequest,
} from './surface.ts';

const mostConnections = 64;
const greetingMs = 10_000;

export interface ControlOptions {
  /** The directory of the embedded store that the spooler owns. */
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

export interface ControlServer extends AsyncDisposable {
  readonly path: string;
}

/**
 * Lets other processes of this user reach the spooler. Call it after the store is open; dispose it before `stop`.
 * @throws ESTORELOCKED if another spooler answers for this store; ESTOREACCESS if the socket's folder is not private; ECONFIG if its path is too long
 */
export async function serveControl(spooler: SpoolerSurface, options: ControlOptions): Promise<ControlServer> {
  const path = socketToListenAt(options.directory, options.environment);
  privateFolder(dirname(path));
  await removeStale(path);
  const peers = new Set<Peer>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    const peer = new Peer(socket, methods(spooler));
    peers.add(peer);
    void peer.closed.then(() => peers.delete(peer));
  });
  server.maxConnections = mostConnections;
  await listening(server, path);
  return { path, [Symbol.asyncDispose]: async () => await closed(server, peers) };
}

/** What a request may ask; every parameter is checked before it reaches the spooler. */
function methods(spooler: SpoolerSurface): Readonly<Record<string, Method>> {
  return {
    hello: () => ({ protocol: 1, pid: process.pid }),
    submit: async ([message, options], signal) => await spooler.submit(submittedMessage(message), { ...submitOptions(options), signal }),
    settled: async ([id, options], signal) => await spooler.settled(entryId(id), { ...untilStates(options), signal }),
    list: ([filter]) => spooler.list(messageFilter(filter)),
    get: async ([id]) => await spooler.get(entryId(id)),
    raw: async ([id]) => await spooler.raw(entryId(id)),
    explain: async ([where]) => await spooler.explain(idOrFilter(where)),
    cancel: async ([id]) => await spooler.cancel(entryId(id)),
    retry: async ([where, options]) => await spooler.retry(idOrFilter(where), bulkOptions(options)),
    hold: async ([where, options]) => await spooler.hold(idOrFilter(where), bulkOptions(options)),
    release: async ([where, options]) => await spooler.release(idOrFilter(where), bulkOptions(options)),
    purge: async ([where, options]) => await spooler.purge(idOrFilter(where), purgeOptions(options)),
    resolve: async ([id, recipient, word]) => await spooler.resolve(entryId(id), recipientId(recipient), verdict(word)),
    reschedule: async ([id, at]) => await spooler.reschedule(entryId(id), sendAt(at)),
    clone: async ([id, changes, options], signal) =>
      await spooler.clone(entryId(id), submittedMessage(changes ?? {}), { ...submitOptions(options), signal }),
    flush: async ([options], signal) => await spooler.flush({ ...flushOptions(options), signal }),
    suspend: async ([session]) => await spooler.suspend(sessionKey(session)),
    resume: async ([session]) => await spooler.resume(sessionKey(session)),
    mark: async ([id, mark]) => await spooler.mark(entryId(id), markOrNone(mark)),
    validateState: async ([session, request], signal) =>
      await spooler.statusObject(sessionName(session)).validateState(validateRequest(request), signal),
    listAccounts: async () => await spooler.listAccounts(),
    setTransportOrder: async ([order]) => await spooler.setTransportOrder(sessionKeys(order)),
    status: async ([options], signal) => await spooler.status({ ...statusOptions(options), signal }),
    changes: ([options], signal) => spooler.changes({ ...afterCursor(options), signal }),
  };
}

/** A socket file that nobody answers on was left by a process that died. */
async function removeStale(path: string): Promise<void> {
  const socket = await connected(path);
  if (socket === undefined) return rmSync(path, { force: true });
  socket.destroy();
  throw new MailspoolError('ESTORELOCKED', 'another spooler answers for this store', { temporary: true });
}

async function closed(server: Server, peers: ReadonlySet<Peer>): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const peer of peers) peer.close();
  await done;
}

export interface RemoteSpooler extends SpoolerSurface, AsyncDisposable {
  readonly pid: number;
}

/** The spooler that runs on this store, if one answers. */
export async function connectControl(options: ControlOptions): Promise<RemoteSpooler | undefined> {
  for (const path of socketPaths(options.directory, options.environment)) {
    const socket = await connected(path);
    if (socket !== undefined) return await remote(new Peer(socket), options.clock ?? systemClock);
  }
  return undefined;
}

async function remote(peer: Peer, clock: Clock): Promise<RemoteSpooler> {
  const { pid } = await greeted(peer, clock);
  const ask = async <T>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T> =>
    (await peer.request(method, params, signal)) as T;
  return {
    pid,
    submit: async (message, { signal, ...options } = {}) => await ask<SubmitReceipt>('submit', [message, options], signal),
    settled: async (id, { signal, ...options } = {}) => await ask<SendResult>('settled', [id, options], signal),
    list: (filter) => items<Message>(async () => await ask('list', [filter])),
    get: async (id) => (await ask<Message | null>('get', [id])) ?? undefined,
    raw: async (id) => await ask<Readable>('raw', [id]),
    explain: async (where) => await ask<Explanation[]>('explain', [where]),
    cancel: async (id) => await ask<CancelResult>('cancel', [id]),
    retry: async (where, options) => await ask('retry', [where, options]),
    hold: async (where, options) => await ask('hold', [where, options]),
    release: async (where, options) => await ask('release', [where, options]),
    purge: async (where, options) => await ask('purge', [where, options]),
    resolve: async (id, recipient, word) => void (await ask('resolve', [id, recipient, word])),
    reschedule: async (id, at) => await ask<RescheduleResult>('reschedule', [id, at instanceof Date ? at.getTime() : at]),
    clone: async (id, changes, { signal, ...options } = {}) => await ask<SubmitReceipt>('clone', [id, changes, options], signal),
    flush: async ({ signal, ...options } = {}) => void (await ask('flush', [options], signal)),
    suspend: async (session) => void (await ask('suspend', [session])),
    resume: async (session) => void (await ask('resume', [session])),
    mark: async (id, mark) => void (await ask('mark', [id, mark])),
    statusObject: (row) => ({ validateState: async (request, signal) => void (await ask('validateState', [row, request], signal)) }),
    listAccounts: async () => await ask<AccountRow[]>('listAccounts', []),
    setTransportOrder: async (order) => void (await ask('setTransportOrder', [order])),
    status: async ({ signal, ...options } = {}) => await ask<StatusRow[]>('status', [options], signal),
    changes: ({ signal, ...options } = {}) => feed(async () => await ask('changes', [options], signal), signal),
    [Symbol.asyncDispose]: async () => {
      peer.close();
      await peer.closed;
    },
  };
}

/** A process that is stopped or hangs still takes connections. */
async function greeted(peer: Peer, clock: Clock): Promise<{ pid: number }> {
  try {
    const never = new AbortController().signal;
    return (await withDeadline(clock, greetingMs, 'the spooler', never, async (signal) => await peer.request('hello', [], signal))) as {
      pid: number;
    };
  } catch (error) {
    peer.close();
    throw error;
  }
}

async function* items<T>(ask: () => Promise<AsyncIterable<T>>): AsyncGenerator<T> {
  yield* await ask();
}

/** A live feed waits for the other side; the caller's signal ends it here at once, without error. */
async function* feed(ask: () => Promise<AsyncIterable<Change>>, signal: AbortSignal | undefined): AsyncGenerator<Change> {
  if (signal?.aborted) return;
  const source = (await ask())[Symbol.asyncIterator]();
  const end = () => void source.return?.();
  signal?.addEventListener('abort', end, { once: true });
  // It may have aborted while the answer was on its way to here.
  if (signal?.aborted) end();
  try {
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

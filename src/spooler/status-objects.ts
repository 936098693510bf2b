// What stands behind a row of the status table: the spooler's own object has validate and flush, mailspool's validate, the
// address book's nothing, a session's what the session has (M-097, M-101, M-102).
import { MailspoolError } from '../errors.ts';
import type { FlushRequest, TransportSession, ValidateRequest } from '../provider/transport-session.ts';
import { withDeadline } from '../time/deadline.ts';
import type { StatusObject, StatusRow } from './contract.ts';
import type { Engine } from './engine.ts';
import type { Flushing } from './flushing.ts';
import { clearMarks } from './marked-messages.ts';
import { isRemote, type RemoteRequest, type Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Settler } from './settler.ts';

const validateMs = 5 * 60_000;
/** Flags that only a session knows. */
const ofSessions: readonly (keyof ValidateRequest)[] = ['refreshHeaders', 'processHeaders'];
const known: readonly string[] = ['configChanged', 'interactive', 'abort', ...ofSessions];

interface StatusObjectParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly sessions: Sessions;
  readonly flushing: Flushing;
  readonly life: AbortSignal;
}

export class StatusObjects {
  readonly #parts: StatusObjectParts;

  constructor(parts: StatusObjectParts) {
    this.#parts = parts;
  }

  /** @throws ENOTFOUND for a row that is not there; its calls ENOSUPPORT, EBUSY, EUNKNOWNFLAGS */
  of(row: StatusRow['id']): StatusObject {
    if (row === 'spooler') return this.#ofSpooler();
    if (row === 'subsystem') return this.#ofSubsystem();
    if (row === 'addressBook') return without(row);
    const session = this.#parts.sessions.get(row);
    if (!session) throw new MailspoolError('ENOTFOUND', `there is no session ${row}`, { field: 'row' });
    return this.#ofSession(session);
  }

  /** @throws EUNKNOWNFLAGS */
  async validate(request: ValidateRequest, signal: AbortSignal = never): Promise<void> {
    checkOwnFlags(request, 'the spooler');
    signal.throwIfAborted();
    if (request.configChanged) await this.#parts.sessions.reread();
  }

  /** Its state is the store's: validating asks whether it answers. */
  #ofSubsystem(): StatusObject {
    return {
      ...without('subsystem'),
      validateState: async (request, signal) => {
        checkOwnFlags(request, 'mailspool');
        signal.throwIfAborted();
        await this.#parts.engine.store.queues();
      },
    };
  }

  #ofSpooler(): StatusObject {
    return {
      ...without('spooler'),
      validateState: async (request, signal) => await this.validate(request, signal),
      flush: async (request, signal) => await this.#parts.flushing.flush({ ...request, signal }),
    };
  }

  #ofSession(session: Session): StatusObject {
    return {
      validateState: async (request, signal) => {
        checkFlags(request);
        if (session.critical) throw new MailspoolError('EBUSY', `${session.key} is in a critical section`);
        const task = remoteTask(session, request);
        if (task === undefined || session.transport?.validateState) {
          const validate = bound(session, 'validateState');
          await this.#inTime(session, signal, async (bounded) => await validate(request, bounded));
        }
        if (request.configChanged) await this.#parts.sessions.reread(session);
        if (task !== undefined) await this.#remote(session, task);
      },
      flush: async (request: FlushRequest, signal) => {
        bound(session, 'flush');
        await this.#parts.flushing.flush({ ...request, sessions: [session.key], async: false, signal });
      },
      changePassword: async (old, fresh) => await bound(session, 'changePassword')(old, fresh),
    };
  }

  /** Sets the flags by which a flush does it, and returns (M-110). */
  async #remote(session: Session, task: RemoteTask): Promise<void> {
    if (task === 'abort') {
      if (session.remote) session.remote.isCancelled = true;
      return;
    }
    const { engine, settler, flushing } = this.#parts;
    if (task === 'refreshHeaders') await clearMarks({ engine, settler, session });
    if (session.remote) throw busy(session);
    flushing.remoteRequested(session, task);
  }

  async #inTime(session: Session, signal: AbortSignal, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { engine, life } = this.#parts;
    await withDeadline(engine.clock, validateMs, `validateState of ${session.key}`, AbortSignal.any([signal, life]), run);
  }
}

/** The session's method. @throws ENOSUPPORT where it has none, or is not logged on */
function bound<Name extends keyof StatusObject>({ key, transport }: Session, name: Name): NonNullable<TransportSession[Name]> {
  const method = transport?.[name];
  if (!method) throw unsupported(key, name);
  return method.bind(transport) as NonNullable<TransportSession[Name]>;
}

type RemoteTask = RemoteRequest['task'] | 'abort';

/** @throws EBUSY while its headers are listed or processed, EINVALID for both at once */
function remoteTask(session: Session, { refreshHeaders, processHeaders, abort }: ValidateRequest): RemoteTask | undefined {
  if (!isRemote(session)) return undefined;
  if (abort) return 'abort';
  if (!refreshHeaders && !processHeaders) return undefined;
  if (refreshHeaders && processHeaders)
    throw new MailspoolError('EINVALID', 'refreshHeaders clears the marks that processHeaders works on: ask for one of them', {
      field: 'refreshHeaders',
    });
  if (session.remote || !session.columns.remoteValidateOk) throw busy(session);
  return refreshHeaders ? 'refreshHeaders' : 'processHeaders';
}

const busy = ({ key }: Session): MailspoolError => new MailspoolError('EBUSY', `the headers of ${key} are being listed or processed`);

function checkFlags(request: ValidateRequest): void {
  const unknown = Object.keys(request).find((flag) => !known.includes(flag));
  if (unknown !== undefined) throw new MailspoolError('EUNKNOWNFLAGS', `validate does not know ${unknown}`, { field: unknown });
}

/** For the objects that are not a session's. */
function checkOwnFlags(request: ValidateRequest, owner: string): void {
  checkFlags(request);
  const foreign = ofSessions.find((flag) => request[flag] !== undefined);
  if (foreign === undefined) return;
  throw new MailspoolError('EUNKNOWNFLAGS', `${foreign} is for a session's own object, not for that of ${owner}`, { field: foreign });
}

/** Each call refuses: an object has only what is put over it. */
const without = (row: string): StatusObject => ({
  validateState: () => Promise.reject(unsupported(row, 'validateState')),
  flush: () => Promise.reject(unsupported(row, 'flush')),
  changePassword: () => Promise.reject(unsupported(row, 'changePassword')),
});

const unsupported = (row: string, what: string): MailspoolError => new MailspoolError('ENOSUPPORT', `${row} has no ${what}`);
const never: AbortSignal = new AbortController().signal;

// Send and receive: named sets of accounts, each with its cadence, directions and limits, started by a timer, at start
// and stop, when the network is back, or by the user, with progress. One runs at a time.
import { isMailspoolError, MailspoolError } from '../errors.ts';
import type { Diagnostic } from '../message/outcome.ts';
import type { FlushRequest } from '../provider/transport-session.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import { over } from '../time/over.ts';
import type { Abortable, GroupOptions, Spooler } from './contract.ts';
import type { Engine } from './engine.ts';
import type { Flushing } from './flushing.ts';
import { diagnosticOf } from './hand-over.ts';
import { Broadcast } from './news.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

type Occasion = NonNullable<GroupOptions['on']>[number];
type Member = GroupOptions['members'][number];

interface Progress {
  readonly account: string;
  /** Sessions that are done, of those of the account. */
  done: number;
  readonly toDo: number;
  error?: Diagnostic;
}

export interface GroupParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly flushing: Flushing;
  readonly groups: readonly GroupOptions[];
}

export class Groups {
  readonly #parts: GroupParts;
  /** Rings when the spooler goes online or offline, and when a session's state changes. */
  readonly #changes = new Bell();

  /** @throws EINVALID for a group that is there twice, or an account that is not */
  constructor(parts: GroupParts) {
    this.#parts = parts;
    const names = parts.groups.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new MailspoolError('EINVALID', `there are two groups ${twice}`, { field: 'groups.name' });
    for (const { name, members } of parts.groups) {
      const stranger = members.find((member) => this.#sessionsOf(member).length === 0);
      if (stranger)
        throw new MailspoolError('EINVALID', `group ${name} names ${stranger.account}, and there is no such account`, {
          field: 'groups.members.account',
        });
    }
  }

  /** Runs a group, or without a name every account in both directions. @throws ENOTFOUND */
  sendReceive(name: string | undefined, { signal = never }: Abortable = {}): ReturnType<Spooler['sendReceive']> {
    const group = name === undefined ? undefined : this.#parts.groups.find((each) => each.name === name);
    if (name !== undefined && !group) throw new MailspoolError('ENOTFOUND', `there is no group ${name}`, { field: 'group' });
    const members = group?.members ?? this.#everyone();
    const progress = members.map((member): Progress => ({ account: member.account, done: 0, toDo: this.#sessionsOf(member).length }));
    const told = (): Progress[] => progress.map((each) => ({ ...each }));
    const broadcast = new Broadcast<readonly Progress[]>(this.#parts.engine.logger, (subscriber) => subscriber.next(told()));
    const done = this.#perform(members, progress, () => broadcast.next(told()), signal).finally(() => broadcast.complete());
    // Whoever only watches the progress need not wait for the end.
    done.catch(() => undefined);
    return { progress$: broadcast.observable, done };
  }

  /** Runs groups by their timers, and those that run at the start once every session had its chance to log on. */
  async run(signal: AbortSignal): Promise<void> {
    const { groups } = this.#parts;
    await Promise.allSettled([this.#atStart(signal), ...groups.map(async (group) => await this.#byTimer(group, signal))]);
  }

  /** Runs the groups of an occasion, one after the other. */
  async on(occasion: Occasion, signal: AbortSignal = never): Promise<void> {
    for (const { name, on = [] } of this.#parts.groups) if (on.includes(occasion)) await this.#quietly(name, signal);
  }

  /** Something changed that timers and the start look at. */
  readonly changed = (): void => this.#changes.ring();

  async #atStart(signal: AbortSignal): Promise<void> {
    const { sessions } = this.#parts;
    for (let change = this.#changes.next(); !sessions.all.every(({ tried }) => tried); change = this.#changes.next()) await abortable(change, signal);
    await this.on('start', signal);
  }

  async #byTimer(group: GroupOptions, signal: AbortSignal): Promise<void> {
    const { engine, sessions } = this.#parts;
    while (!signal.aborted) {
      const { offline } = sessions;
      const everyMs = offline ? group.everyMsOffline : group.everyMs;
      const dueAt = engine.clock.now() + (everyMs ?? Number.POSITIVE_INFINITY);
      while (sessions.offline === offline && engine.clock.now() < dueAt) await this.#changeOrTime(dueAt, signal);
      if (engine.clock.now() >= dueAt) await this.#quietly(group.name, signal);
    }
  }

  async #changeOrTime(at: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.engine;
    const round = new AbortController();
    const change = this.#changes.next();
    try {
      const time = Number.isFinite(at) ? clock.sleep(at - clock.now(), round.signal).catch(() => undefined) : change;
      await abortable(Promise.race([change, time]), signal);
    } finally {
      round.abort(over);
    }
  }

  async #quietly(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.sendReceive(name, { signal }).done;
    } catch (error) {
      if (!signal.aborted) this.#parts.engine.logger.warn({ error, group: name }, 'send and receive failed');
    }
  }

  async #perform(members: readonly Member[], progress: readonly Progress[], tell: () => void, signal: AbortSignal): Promise<{ complete: boolean }> {
    for (const [index, member] of members.entries()) {
      const state = progress[index];
      const visited = (_session: Session, error?: unknown): void => {
        if (!state) return;
        state.done += 1;
        if (error !== undefined) state.error = diagnosticOf(error);
        tell();
      };
      const { account: _account, inbound, outbound, ...wanted } = member;
      const concerned = this.#sessionsOf(member);
      await this.#parts.sessions.online(concerned, wanted, async () => {
        await this.#flushInTurn({ inbound, outbound, ...wanted, sessions: concerned.map(({ key }) => key), signal }, visited);
      });
    }
    return { complete: progress.every(({ error }) => error === undefined) };
  }

  /** After whatever flush is under way. */
  async #flushInTurn(request: Parameters<Flushing['flush']>[0], visited: Parameters<Flushing['flush']>[1]): Promise<void> {
    const { flushing } = this.#parts;
    for (;;) {
      await flushing.free(request?.signal ?? never);
      try {
        return await flushing.flush(request, visited);
      } catch (error) {
        if (!isMailspoolError(error) || error.code !== 'EBUSY') throw error;
      }
    }
  }

  #everyone(): Member[] {
    const accounts = new Set(this.#parts.sessions.ordered.map(({ account }) => account.name));
    const both: FlushRequest = { inbound: true, outbound: true };
    return [...accounts].map((account) => ({ account, ...both }));
  }

  #sessionsOf({ account }: Member): Session[] {
    return this.#parts.sessions.ordered.filter((session) => session.account.name === account);
  }
}

const never: AbortSignal = new AbortController().signal;

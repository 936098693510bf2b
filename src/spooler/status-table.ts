// The status table as it is read: the first time once every session had its first logon (M-095).
import type { Queue } from '../store/message-store.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import type { StatusRow } from './contract.ts';
import type { Engine } from './engine.ts';
import type { Loops } from './loops.ts';
import { statusRows } from './status-rows.ts';

type State = 'opened' | 'started' | 'stopping' | 'stopped';

interface StatusTableParts {
  readonly engine: Engine;
  readonly loops: Loops;
  readonly hasAddressBook: boolean;
  /** Ends with the spooler. */
  readonly life: AbortSignal;
  state(): State;
}

export class StatusTable {
  readonly #parts: StatusTableParts;
  readonly #changed = new Bell();

  constructor(parts: StatusTableParts) {
    this.#parts = parts;
  }

  /** Something about the sessions changed: whoever waits for them looks again. */
  readonly changed = (): void => this.#changed.ring();

  /** After a start: once every session is logged on or was refused. @throws ESTOPPED, or the reason of the signal */
  async read(signal?: AbortSignal): Promise<StatusRow[]> {
    const { loops, life, state } = this.#parts;
    const either = signal ? AbortSignal.any([signal, life]) : life;
    const isStarting = () => state() === 'started' && loops.sessions.all.some(({ tried }) => !tried);
    for (let next = this.#changed.next(); isStarting(); next = this.#changed.next()) await abortable(next, either);
    return await this.now();
  }

  /** As it is, also while sessions log on. */
  async now(): Promise<StatusRow[]> {
    const { engine, loops, hasAddressBook, state } = this.#parts;
    const queues = await this.#queues();
    const { offline, ordered } = loops.sessions;
    const flags = {
      available: state() === 'started',
      offline,
      outboundActive: loops.outbound.active,
      inboundActive: loops.inbound.active,
    };
    return statusRows(ordered, queues instanceof Error ? [] : queues, {
      spooler: { text: offline ? 'offline' : state(), flags },
      version: engine.version,
      store: queues instanceof Error ? queues : engine.store.capabilities,
      hasAddressBook,
    });
  }

  /** A store that does not answer is what the table tells; whoever asks for it learns it there. */
  async #queues(): Promise<{ queue: Queue; entries: number }[] | Error> {
    try {
      return await this.#parts.engine.store.queues();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

// status$: the table at each change, the latest first on subscription. Many changes make one table.
import type { Observable } from 'rxjs';
import { nextTurn } from '../time/turn.ts';
import type { StatusRow } from './contract.ts';
import type { Engine } from './engine.ts';
import { Broadcast } from './news.ts';

type Table = readonly StatusRow[];

export class StatusFeed {
  readonly #broadcast: Broadcast<Table>;
  readonly #engine: Engine;
  readonly #read: () => Promise<Table>;
  #due = false;
  #stopped = false;

  constructor(engine: Engine, read: () => Promise<Table>) {
    this.#engine = engine;
    this.#read = read;
    this.#broadcast = new Broadcast(engine.logger, () => this.changed());
  }

  get status$(): Observable<Table> {
    return this.#broadcast.observable;
  }

  /** Arrow, so that it can be handed out. */
  readonly changed = (): void => {
    if (this.#due || !this.#broadcast.observed) return;
    this.#due = true;
    this.#announce().catch((error: unknown) => this.#engine.logger.warn({ error }, 'the status table could not be read'));
  };

  stop(): void {
    this.#stopped = true;
    this.#broadcast.complete();
  }

  async #announce(): Promise<void> {
    await nextTurn();
    this.#due = false;
    if (!this.#stopped) this.#broadcast.next(await this.#read());
  }
}

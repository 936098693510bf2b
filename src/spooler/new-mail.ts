// newMail$: follows the store's change feed while somebody listens, so that each item carries its cursor.
import type { Observable } from 'rxjs';
import type { Change } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import { Broadcast } from './news.ts';

export type NewMail = Extract<Change, { type: 'newMail' }>;

export class NewMailFeed {
  readonly #engine: Engine;
  readonly #broadcast: Broadcast<NewMail>;
  readonly #stopped = new AbortController();
  #following: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#broadcast = new Broadcast(engine.logger, () => {
      this.#following ??= this.#follow();
    });
  }

  get newMail$(): Observable<NewMail> {
    return this.#broadcast.observable;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#following;
    this.#broadcast.complete();
  }

  async #follow(): Promise<void> {
    try {
      for await (const change of this.#engine.store.changes(undefined, this.#stopped.signal)) {
        if (change.type === 'newMail') this.#broadcast.next(change);
      }
    } catch (error) {
      this.#engine.logger.error({ error }, 'the change feed failed');
      this.#following = undefined;
    }
  }
}

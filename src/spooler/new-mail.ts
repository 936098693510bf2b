// newMail$: follows the store's change feed while somebody listens, so that each item carries its cursor.
import type { Observable } from 'rxjs';
import type { Cursor } from '../message/recipient.ts';
import type { Change } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import { Broadcast } from './news.ts';

const feedRetryMs = 1_000;

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

  /** A store that fails for a moment costs no news: the feed goes on behind the last one. */
  async #follow(): Promise<void> {
    const { store, clock, logger } = this.#engine;
    const { signal } = this.#stopped;
    let last: Cursor | undefined;
    while (!signal.aborted) {
      try {
        for await (const change of store.changes(last, signal)) {
          last = change.cursor;
          if (change.type === 'newMail') this.#broadcast.next(change);
        }
        return;
      } catch (error) {
        logger.error({ error }, 'the change feed failed; it is read again');
        await clock.sleep(feedRetryMs, signal).catch(() => undefined);
      }
    }
  }
}

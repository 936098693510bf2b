// What other spoolers on the same store change: the feed is followed once, while anybody waits for a message.
import type { EntryId } from '../message/recipient.ts';
import type { MessageStore } from '../store/message-store.ts';
import { over } from '../time/over.ts';

/** One who waits for news of a message. What comes while the message is read counts for the next look. */
export interface Elsewhere {
  hasNews(): boolean;
  /** Whether there was any since the last call. @throws what the change feed failed with */
  takeNews(): boolean;
  end(): void;
}

interface Listener {
  news: boolean;
  failure?: { readonly error: unknown };
  readonly notify: () => void;
}

export class OthersChanges {
  readonly #store: MessageStore;
  readonly #listeners = new Map<EntryId, Set<Listener>>();
  #following: AbortController | undefined;

  constructor(store: MessageStore) {
    this.#store = store;
  }

  /** `notify` is called at every change of the message from now on, and when the feed fails. */
  listen(id: EntryId, notify: () => void): Elsewhere {
    const listener: Listener = { news: false, notify };
    this.#listeners.set(id, (this.#listeners.get(id) ?? new Set()).add(listener));
    if (!this.#following) void this.#follow((this.#following = new AbortController()));
    return {
      hasNews: () => listener.news,
      takeNews: () => {
        if (listener.failure) throw listener.failure.error;
        const had = listener.news;
        listener.news = false;
        return had;
      },
      end: () => this.#end(id, listener),
    };
  }

  #end(id: EntryId, listener: Listener): void {
    const listeners = this.#listeners.get(id);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(id);
    if (this.#listeners.size > 0) return;
    this.#following?.abort(over);
    this.#following = undefined;
  }

  async #follow(following: AbortController): Promise<void> {
    try {
      for await (const change of this.#store.changes(undefined, following.signal)) {
        if (change.type === 'gap') this.#tellAll();
        else tell(this.#listeners.get(change.id) ?? []);
      }
    } catch (error) {
      if (this.#following === following) this.#tellAll({ error });
    } finally {
      // Whoever comes next has the feed followed anew.
      if (this.#following === following) this.#following = undefined;
    }
  }

  #tellAll(failure?: Listener['failure']): void {
    for (const listeners of this.#listeners.values()) tell(listeners, failure);
  }
}

function tell(listeners: Iterable<Listener>, failure?: Listener['failure']): void {
  for (const listener of listeners) {
    listener.news = true;
    if (failure) listener.failure = failure;
    listener.notify();
  }
}

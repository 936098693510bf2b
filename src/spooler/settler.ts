// Every change of a message goes through here: settlements that arrive while one commit syncs share the next, a store
// that fails for a while is asked again, and whoever waits for the message hears of it.
import { isMailspoolError } from '../errors.ts';
import type { EntryId } from '../message/recipient.ts';
import type { Settled, Settlement } from '../store/message-store.ts';
import type { Engine } from './engine.ts';

const batchLimit = 512;
const storeRetryMs = 1_000;

/** Hears what was written of one message. */
export type Watcher = (settlement: Settlement, settled: Settled) => void;

interface Waiting {
  readonly settlement: Settlement;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: unknown) => void;
}

export class Settler {
  readonly #engine: Engine;
  readonly #signal: AbortSignal;
  readonly #watchers = new Map<EntryId, Set<Watcher>>();
  readonly #waiting: Waiting[] = [];
  #writing = false;

  /** `signal`: gives up on a store that stays broken. */
  constructor(engine: Engine, signal: AbortSignal) {
    this.#engine = engine;
    this.#signal = signal;
  }

  /** Resolves once it is on disk. @throws ESTORE when the spooler stops while the store fails */
  async settle(settlement: Settlement): Promise<Settled> {
    return await new Promise<Settled>((resolve, reject) => {
      this.#waiting.push({ settlement, resolve, reject });
      if (!this.#writing) void this.#write();
    });
  }

  /** Calls back after each change of the message by this spooler, until the returned function is called. */
  watch(id: EntryId, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  async #write(): Promise<void> {
    this.#writing = true;
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0, batchLimit));
    this.#writing = false;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.persistently(async () => await this.#engine.store.settle(batch.map(({ settlement }) => settlement)));
      for (const [index, settled] of results.entries()) {
        const waiting = batch[index];
        if (!waiting) continue;
        waiting.resolve(settled);
        for (const watcher of this.#watchers.get(settled.id) ?? []) watcher(waiting.settlement, settled);
      }
    } catch (error) {
      if (batch.length > 1) for (const one of batch) await this.#writeBatch([one]);
      else batch[0]?.reject(error);
    }
  }

  /** A disk that is full now may have room later; outcomes must not be lost meanwhile (T-005). */
  async persistently<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(isMailspoolError(error) && error.temporary) || this.#signal.aborted) throw error;
        this.#engine.logger.error({ error }, 'the store cannot write now; trying again');
        this.#engine.events.emit({ type: 'warning', diagnostic: { code: error.code, text: error.message } });
        await this.#engine.clock.sleep(storeRetryMs, this.#signal);
      }
    }
  }
}

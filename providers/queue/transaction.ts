// Several sends and receives, all or nothing (MQBeginTransaction).
import type { QueueEngine, TransactionId } from './engine.ts';

/** Give it to `send` and `receive`. It ends with the function that it was made for. */
export interface Transaction {
  readonly id: TransactionId;
  /** Aborts it now; whatever is done with it later fails. @throws ETRANSACTIONSEQUENCE */
  abort(): Promise<void>;
}

export class OpenTransaction implements Transaction {
  readonly id: TransactionId;
  readonly #engine: QueueEngine;
  readonly #ended: () => void;
  #isOver = false;

  constructor(id: TransactionId, engine: QueueEngine, ended: () => void) {
    this.id = id;
    this.#engine = engine;
    this.#ended = ended;
  }

  async abort(): Promise<void> {
    await this.end('abort');
  }

  /** Nothing, if it was aborted. */
  async end(how: 'commit' | 'abort'): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#engine[how](this.id);
    this.#ended();
  }
}

// A place in a queue that moves from message to message.
import type { Seek, StoredMessage } from './engine.ts';
import type { ReadOptions, ReceiveOptions } from './queue.ts';
import { QueueError } from './queue-error.ts';
import type { QueuedMessage } from './queued-message.ts';
import type { Transaction } from './transaction.ts';

export interface Cursor {
  /** The message that it stands at; a new cursor goes to the first. @throws EALREADYRECEIVED, ETIMEDOUT */
  peekCurrent(options?: ReadOptions): Promise<QueuedMessage>;
  /** Goes on to the next, and waits for one. @throws EILLEGALCURSOR before `peekCurrent`, ENOTFOUND with a timeout of 0, ETIMEDOUT */
  peekNext(options?: ReadOptions): Promise<QueuedMessage>;
  /** Takes the message that it stands at; then it stands between its neighbours. @throws EALREADYRECEIVED */
  receiveCurrent(options?: ReceiveOptions): Promise<QueuedMessage>;
}

interface CursorParts {
  look(seek: Seek): Promise<StoredMessage | undefined>;
  take(seek: Seek, transaction: Transaction | 'single' | undefined): Promise<StoredMessage | undefined>;
  wait(attempt: () => Promise<StoredMessage | undefined>, takes: boolean, options: ReadOptions): Promise<QueuedMessage>;
}

interface Position {
  readonly priority: number;
  readonly lookupId: number;
  /** The cursor took the message itself: what comes next is current. */
  readonly isTaken: boolean;
}

export class QueueCursor implements Cursor {
  readonly #parts: CursorParts;
  #at: Position | undefined;

  constructor(parts: CursorParts) {
    this.#parts = parts;
  }

  async peekCurrent(options: ReadOptions = {}): Promise<QueuedMessage> {
    return await this.#wait((seek) => this.#parts.look(seek), false, options);
  }

  async peekNext(options: ReadOptions = {}): Promise<QueuedMessage> {
    const at = this.#at;
    if (!at) throw new QueueError('EILLEGALCURSOR', 'a cursor goes on only from where it stands: peekCurrent comes first');
    try {
      return await this.#parts.wait(async () => this.#stood(await this.#parts.look(behind(at))), false, options);
    } catch (error) {
      if (options.timeoutMs === 0 && error instanceof QueueError && error.code === 'ETIMEDOUT')
        throw new QueueError('ENOTFOUND', 'there is no message behind the cursor', { cause: error });
      throw error;
    }
  }

  async receiveCurrent({ transaction, ...options }: ReceiveOptions = {}): Promise<QueuedMessage> {
    const message = await this.#wait((seek) => this.#parts.take(seek, transaction), true, options);
    this.#at = { priority: message.priority, lookupId: message.lookupId, isTaken: true };
    return message;
  }

  async #wait(read: (seek: Seek) => Promise<StoredMessage | undefined>, takes: boolean, options: ReadOptions): Promise<QueuedMessage> {
    const at = this.#at;
    if (!at || at.isTaken) {
      const seek: Seek = at ? behind(at) : { at: 'first' };
      return await this.#parts.wait(async () => this.#stood(await read(seek)), takes, options);
    }
    return await this.#parts.wait(
      async () => {
        const message = await read({ at: 'current', of: at.lookupId });
        if (!message) throw new QueueError('EALREADYRECEIVED', 'the message at the cursor was taken meanwhile');
        return message;
      },
      takes,
      options,
    );
  }

  #stood(message: StoredMessage | undefined): StoredMessage | undefined {
    if (message) this.#at = { priority: message.record.priority, lookupId: message.lookupId, isTaken: false };
    return message;
  }
}

const behind = ({ priority, lookupId }: Position): Seek => ({ at: 'behind', of: { priority, lookupId } });

// Who has which queue open, and who waits there.
import type { Clock } from 'mailspool/provider';
import type { QueueKey } from './engine.ts';
import { QueueError } from './queue-error.ts';
import type { OpenOptions } from './queue.ts';
import { WaitingLine } from './waiting-line.ts';

/** What a handle holds of its queues until it is closed. */
export interface Lease {
  /** Aborts when the queue is deleted, or the manager closes. */
  readonly lost: AbortSignal;
  readonly line: WaitingLine;
  release(): void;
}

interface Holder {
  readonly receives: boolean;
  readonly denies: boolean;
  readonly losing: AbortController;
}

export class OpenQueues {
  readonly #clock: Clock;
  readonly #holders = new Map<QueueKey, Set<Holder>>();
  readonly #lines = new Map<QueueKey, WaitingLine>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For reading. @throws ESHARINGVIOLATION */
  acquire(queue: QueueKey, { access, share }: OpenOptions): Lease {
    const receives = access === 'receive';
    const denies = share === 'denyReceive';
    const readers = [...(this.#holders.get(queue) ?? [])].filter((holder) => holder.receives);
    if (receives && (readers.some((holder) => holder.denies) || (denies && readers.length > 0)))
      throw new QueueError('ESHARINGVIOLATION', `${queue} is open for receiving${denies ? '' : ', exclusively'}`, {
        field: 'share',
        remedy: 'Close the other handle first.',
      });
    return this.#lease([queue], { receives, denies, losing: new AbortController() });
  }

  /** Sending disturbs nobody. */
  sender(queues: readonly QueueKey[]): Lease {
    return this.#lease(queues, { receives: false, denies: false, losing: new AbortController() });
  }

  arrived(queues: readonly QueueKey[]): void {
    for (const queue of queues) this.#lines.get(queue)?.arrived();
  }

  /** Open handles fail from now on. */
  deleted(queue: QueueKey): void {
    const error = new QueueError('EQUEUENOTAVAILABLE', `the queue ${queue} was deleted`);
    for (const { losing } of this.#holders.get(queue) ?? []) losing.abort(error);
  }

  closeAll(): void {
    const error = new QueueError('EQUEUENOTAVAILABLE', 'the queue manager is closed');
    for (const holders of this.#holders.values()) for (const { losing } of holders) losing.abort(error);
  }

  #lease(queues: readonly QueueKey[], holder: Holder): Lease {
    for (const queue of queues) this.#holders.set(queue, (this.#holders.get(queue) ?? new Set()).add(holder));
    return {
      lost: holder.losing.signal,
      line: this.#line(queues[0] ?? ''),
      release: () => {
        for (const queue of queues) this.#holders.get(queue)?.delete(holder);
      },
    };
  }

  #line(queue: QueueKey): WaitingLine {
    const line = this.#lines.get(queue) ?? new WaitingLine(this.#clock);
    this.#lines.set(queue, line);
    return line;
  }
}

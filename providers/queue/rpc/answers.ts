// The queue of a client that answers and acknowledgements come to: made when it is first needed, gone with the binding.
import { abortable, type Clock } from 'mailspool/provider';
import type { QueueManager } from '../local-queues.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue-error.ts';
import type { MessageId, QueuedMessage, SendMessage } from '../queued-message.ts';
import { createTemporary } from './endpoint.ts';

/** Answers that came before it was known what they answer, and late ones that nobody waits for. */
const maxUnclaimed = 1_000;

let lastNumber = 0;

interface Opened {
  readonly path: string;
  readonly queue: Queue;
  readonly receiving: Promise<void>;
}

export class Answers {
  readonly #manager: QueueManager;
  readonly #clock: Clock;
  readonly #waiting = new Map<MessageId, (answer: QueuedMessage) => void>();
  readonly #unclaimed = new Map<MessageId, QueuedMessage>();
  readonly #life = new AbortController();
  #opening: Promise<Opened> | undefined;

  constructor(manager: QueueManager, clock: Clock) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /** Sends, and waits for the message that names it. @throws ETIMEDOUT, ECANCEL when it is closed, or the signal's reason */
  async to(
    sender: Queue,
    message: SendMessage,
    field: 'responseQueue' | 'adminQueue',
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<QueuedMessage> {
    signal?.throwIfAborted();
    this.#opening ??= this.#open();
    const { path } = await this.#opening;
    const own = `DIRECT=OS:${path.replace(/^\./, this.#manager.host)}`;
    const { id = '' } = await sender.send({ ...message, [field]: own });
    const over = new AbortController();
    const answered = new Promise<QueuedMessage>((resolve, reject) => {
      const early = this.#unclaimed.get(id);
      this.#unclaimed.delete(id);
      if (early) return resolve(early);
      this.#waiting.set(id, resolve);
      const late = () => reject(new QueueError('ETIMEDOUT', `no answer came to ${message.label ?? 'the call'} within ${timeoutMs} ms`));
      this.#clock.sleep(timeoutMs, over.signal).then(late, () => undefined);
    });
    try {
      return await abortable(answered, signal ? AbortSignal.any([signal, this.#life.signal]) : this.#life.signal);
    } finally {
      this.#waiting.delete(id);
      over.abort();
    }
  }

  async close(): Promise<void> {
    this.#life.abort(new QueueError('ECANCEL', 'the binding was closed'));
    const opened = await this.#opening;
    if (!opened) return;
    await opened.queue.close();
    await opened.receiving;
    await this.#manager.deleteQueue(opened.path);
  }

  async #open(): Promise<Opened> {
    lastNumber += 1;
    const path = `.\\private$\\rpc-answers-${lastNumber}`;
    await createTemporary(this.#manager, path);
    const queue = await this.#manager.openQueue(path, { access: 'receive' });
    return { path, queue, receiving: this.#receive(queue).catch(() => undefined) };
  }

  /** Ends with the handle of the queue. */
  async #receive(queue: Queue): Promise<void> {
    for (;;) {
      const message = await queue.receive();
      const { correlationId = '' } = message;
      const waits = this.#waiting.get(correlationId);
      if (waits) waits(message);
      else this.#keep(correlationId, message);
    }
  }

  #keep(id: MessageId, message: QueuedMessage): void {
    this.#unclaimed.set(id, message);
    const [oldest] = this.#unclaimed.keys();
    if (this.#unclaimed.size > maxUnclaimed && oldest !== undefined) this.#unclaimed.delete(oldest);
  }
}

// One-way calls that fail: five retry queues, in which they wait 1, 2, 4, 8 and 16 minutes between three tries each, and
// then a resting queue that no server reads (COM+ *Server-Side Errors*; Q-063).
import { type Clock, type Logger, sleepUntil } from 'mailspool/provider';
import type { QueueManager } from '../local-queues.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue-error.ts';
import type { QueuedMessage, SendMessage } from '../queued-message.ts';
import { createPermanent, endpointPath } from './endpoint.ts';

const retryMinutes = [1, 2, 4, 8, 16] as const;
const triesEach = 3;
const minuteMs = 60_000;

/** What a call brings with it once it failed. */
interface History {
  readonly tries: number;
  /** When it is tried again, in ms. */
  readonly at: number;
}

export class PoisonCalls {
  readonly #manager: QueueManager;
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #life = new AbortController();
  readonly #returning: Promise<void>[] = [];

  constructor(manager: QueueManager, endpoint: string, clock: Clock, logger: Logger) {
    this.#manager = manager;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Creates the queues, and brings back what waits in them from now on. */
  async start(): Promise<void> {
    await createPermanent(this.#manager, endpointPath(restingQueue(this.#endpoint)));
    for (const index of retryMinutes.keys()) {
      const path = endpointPath(retryQueue(this.#endpoint, index));
      await createPermanent(this.#manager, path);
      const queue = await this.#manager.openQueue(path, { access: 'receive' });
      this.#returning.push(this.#bringBack(queue));
    }
  }

  async stop(): Promise<void> {
    this.#life.abort(new QueueError('ECANCEL', 'the server was closed'));
    await Promise.all(this.#returning);
  }

  triesOf = ({ extension }: QueuedMessage): number => historyOf(extension)?.tries ?? 0;

  /** It waits in one retry queue after the other, three times in each, and then it rests. */
  async failed(message: QueuedMessage, tries: number): Promise<void> {
    const failed = tries + 1;
    const index = Math.floor((failed - 1) / triesEach);
    const minutes = retryMinutes[index];
    if (minutes === undefined) return await this.#move(message, restingQueue(this.#endpoint), { tries: failed, at: 0 });
    await this.#move(message, retryQueue(this.#endpoint, index), { tries: failed, at: this.#clock.now() + minutes * minuteMs });
  }

  async #bringBack(queue: Queue): Promise<void> {
    const { signal } = this.#life;
    try {
      for (;;) {
        const next = await queue.peek({ signal });
        await sleepUntil(this.#clock, historyOf(next.extension)?.at ?? 0, signal);
        const message = await queue.receiveByLookupId(next.lookupId);
        await this.#move(message, this.#endpoint, historyOf(message.extension));
      }
    } catch (error) {
      if (!signal.aborted) this.#logger.error({ error, endpoint: this.#endpoint }, 'a retry queue is no longer read');
    } finally {
      await queue.close();
    }
  }

  async #move(message: QueuedMessage, endpoint: string, history: History | undefined): Promise<void> {
    await using sender = await this.#manager.openQueue(endpointPath(endpoint), { access: 'send' });
    const { body, bodyType, label, priority, correlationId, appSpecific } = message;
    const copy: SendMessage = { body, bodyType, label, priority, appSpecific, delivery: 'recoverable', timeToReachQueue: 0xffffffff };
    await sender.send({
      ...copy,
      ...(correlationId !== undefined && { correlationId }),
      ...(history && { extension: Buffer.from(JSON.stringify(history)) }),
    });
  }
}

const retryQueue = (endpoint: string, index: number): string => `${endpoint}_${index}`;
const restingQueue = (endpoint: string): string => `${endpoint}_resting`;

function historyOf(extension: Uint8Array | undefined): History | undefined {
  if (!extension) return undefined;
  try {
    const { tries, at } = JSON.parse(Buffer.from(extension).toString()) as Partial<History>;
    return typeof tries === 'number' && typeof at === 'number' ? { tries, at } : undefined;
  } catch {
    return undefined;
  }
}

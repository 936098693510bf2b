// The queue manager of this computer: its queues, who has them open, and its transactions.
import { hostname } from 'node:os';
import { type Clock, type Instant, type Logger, type Random, sleepUntil, systemClock, systemRandom } from 'mailspool/provider';
import type { QueueEngine, QueueInfo, QueueKey } from './engine.ts';
import { formatQueuePath, type FormatName, parseFormatName, parseQueuePath, printFormatName, queueKey, type QueuePath } from './format-name.ts';
import { OpenQueues } from './open-queues.ts';
import { checkedProperties, defaultProperties, type QueueProperties } from './properties.ts';
import { type OpenOptions, type Place, type Queue, QueueHandle } from './queue.ts';
import { QueueError } from './queue-error.ts';
import { OpenTransaction, type Transaction } from './transaction.ts';

export interface QueueManagerOptions {
  readonly engine: QueueEngine;
  /** What other computers call this one. Default: the system's host name. */
  readonly host?: string;
  /** Whom messages are from; default `user@host`-like text of your choice, none if absent. */
  readonly sender?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

export interface QueueManager extends AsyncDisposable {
  readonly host: string;
  /** The guid that ids of its messages begin with. */
  readonly machine: string;
  /** @throws EINVALID an illegal path or property, EEXIST */
  createQueue(path: string, properties?: Partial<QueueProperties>): Promise<void>;
  /** Open handles fail from then on; senders of what it held are told. @throws EQUEUENOTFOUND */
  deleteQueue(path: string): Promise<void>;
  /** @throws EQUEUENOTFOUND */
  getProperties(path: string): Promise<QueueProperties>;
  /** What a queue is called and whether it is transactional never changes. @throws EQUEUENOTFOUND, EINVALID */
  setProperties(path: string, properties: Partial<QueueProperties>): Promise<void>;
  /** All of this computer, journals, outgoing and system queues too. */
  listQueues(): Promise<QueueInfo[]>;
  /**
   * Queues of other computers open for sending without a word to them.
   * @throws EQUEUENOTFOUND, ESHARINGVIOLATION, ENOSUPPORT, EINVALID
   */
  openQueue(formatName: string, options: OpenOptions): Promise<Queue>;
  /** What `run` sends and receives with the transaction it is given: all of it, or nothing if it throws. */
  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Opens the engine. @throws what it throws: ESTORELOCKED, ESTORE */
export async function queueManager(options: QueueManagerOptions): Promise<QueueManager> {
  const manager = new Manager(options);
  await manager.open();
  return manager;
}

const over = new Error('there is something to look at sooner');

class Manager implements QueueManager {
  readonly host: string;
  machine = '';
  readonly #engine: QueueEngine;
  readonly #options: QueueManagerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #open: OpenQueues;
  readonly #life = new AbortController();
  #sweeping: Promise<void> = Promise.resolve();
  /** When it is looked next for what is past its time. */
  #sweepAt = Number.NEGATIVE_INFINITY;
  #sentToExpireAt = Number.POSITIVE_INFINITY;
  #sooner = new AbortController();

  constructor(options: QueueManagerOptions) {
    const { engine, host = hostname(), clock = systemClock, random = systemRandom, logger = quiet } = options;
    this.host = host;
    this.#options = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
    this.#open = new OpenQueues(clock);
  }

  async open(): Promise<void> {
    const { machine } = await this.#engine.open({
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      host: this.host,
      arrived: (queues) => this.#open.arrived(queues),
    });
    this.machine = machine;
    this.#sweeping = this.#sweep().catch(
      (error: unknown) => this.#life.signal.aborted || this.#logger.error({ error }, 'expiry ended'),
    ) as Promise<void>;
  }

  async createQueue(path: string, properties: Partial<QueueProperties> = {}): Promise<void> {
    const local = this.#local(path);
    await this.#engine.createQueue(queueKey(local), checkedProperties({ ...defaultProperties, ...properties }, local.kind === 'private'));
  }

  async deleteQueue(path: string): Promise<void> {
    const key = queueKey(this.#local(path));
    await this.#engine.deleteQueue(key);
    this.#open.deleted(key);
  }

  async getProperties(path: string): Promise<QueueProperties> {
    return (await this.#existing(queueKey(this.#local(path)))).properties;
  }

  async setProperties(path: string, properties: Partial<QueueProperties>): Promise<void> {
    const local = this.#local(path);
    const before = await this.getProperties(path);
    if (properties.transactional !== undefined && properties.transactional !== before.transactional)
      throw new QueueError('EINVALID', 'transactional never changes after creation', { field: 'transactional', remedy: 'Create another queue.' });
    await this.#engine.setProperties(queueKey(local), checkedProperties({ ...before, ...properties }, local.kind === 'private'));
  }

  async listQueues(): Promise<QueueInfo[]> {
    return await this.#engine.list();
  }

  async openQueue(formatName: string, options: OpenOptions): Promise<Queue> {
    const format = parseFormatName(formatName);
    const places = (format.kind === 'list' ? format.elements : [format]).map((element) => this.#placeOf(element, formatName));
    const [only] = places;
    const reads = options.access !== 'send';
    if (places.length > 1 && (reads || options.share === 'denyReceive' || places.some((place) => 'isSystem' in place && place.isSystem)))
      throw new QueueError(
        'ENOSUPPORT',
        `${formatName} names several queues: they open for sending, without journals and dead letters, and are shared`,
        {
          field: 'formatName',
        },
      );
    for (const place of places) await this.#checkOpens(place, options, formatName);
    const lease = reads && only && 'queue' in only ? this.#open.acquire(only.queue, options) : undefined;
    return new QueueHandle({
      formatName: printFormatName(format),
      places,
      options,
      lease: lease ?? this.#open.sender(places.flatMap((place) => ('queue' in place ? [place.queue] : []))),
      engine: this.#engine,
      clock: this.#clock,
      sender: this.#options.sender,
      newTransaction: () => this.#newTransaction(),
      expires: (at) => this.#expires(at),
    });
  }

  async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const transaction = this.#newTransaction();
    await this.#engine.begin(transaction.id);
    try {
      const result = await run(transaction);
      await transaction.end('commit');
      return result;
    } catch (error) {
      await transaction.end('abort');
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#life.abort(new QueueError('EQUEUENOTAVAILABLE', 'the queue manager is closed'));
    this.#open.closeAll();
    await this.#sweeping;
    await this.#engine[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #newTransaction(): OpenTransaction {
    // What it sent, or held, may be past its time when it ends.
    const ended = () => this.#sooner.abort(over);
    return new OpenTransaction(Buffer.from(this.#random.bytes(16)).toString('hex'), this.#engine, ended);
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      this.#sooner = new AbortController();
      // Nothing is sooner than now; what is sent meanwhile counts for the next look.
      this.#sweepAt = Number.NEGATIVE_INFINITY;
      this.#sentToExpireAt = Number.POSITIVE_INFINITY;
      const next = await this.#engine.expire();
      this.#sweepAt = Math.min(this.#sentToExpireAt, next ?? Number.POSITIVE_INFINITY);
      const until = Number.isFinite(this.#sweepAt) ? this.#sweepAt : undefined;
      await sleepUntil(this.#clock, until, AbortSignal.any([signal, this.#sooner.signal])).catch(() => signal.throwIfAborted());
    }
  }

  #expires(at: Instant): void {
    this.#sentToExpireAt = Math.min(this.#sentToExpireAt, at);
    if (at < this.#sweepAt) this.#sooner.abort(over);
  }

  async #checkOpens(place: Place, { access }: OpenOptions, formatName: string): Promise<void> {
    if ('host' in place) {
      if (access !== 'send')
        throw new QueueError('EQUEUENOTFOUND', `${formatName} is on another computer, and cannot be reached from here for reading`, {
          field: 'formatName',
        });
      return;
    }
    if (place.isSystem && access === 'send')
      throw new QueueError('ENOACCESS', `${formatName} is a system queue: applications peek and receive there, and never send`, { field: 'access' });
    await this.#existing(place.queue);
  }

  #placeOf(format: FormatName, whole: string): Place {
    if (format.kind === 'machine' && format.machine.toLowerCase() === this.machine)
      return { queue: `system$;${format.system.toLowerCase()}`, isSystem: true };
    if (format.kind !== 'direct')
      throw new QueueError('ENOSUPPORT', `${whole} is a ${format.kind} name, which this manager cannot open`, {
        field: 'formatName',
        remedy: 'Use a direct name: DIRECT=OS:host\\queue.',
      });
    const { path } = format;
    if (!this.#isHere(path)) return { host: path.host };
    const key = queueKey(path);
    if (format.journal) return { queue: `${key};journal`, isSystem: true };
    return { queue: key, isSystem: path.kind === 'system' };
  }

  #local(path: string): QueuePath {
    const parsed = parseQueuePath(path);
    if (!this.#isHere(parsed) || parsed.kind === 'system')
      throw new QueueError('EINVALID', `${formatQueuePath(parsed)} is not a queue that ${this.host} may create, change or delete`, { field: 'path' });
    return parsed;
  }

  #isHere({ host }: QueuePath): boolean {
    return ['.', 'localhost', '127.0.0.1', this.host.toLowerCase()].includes(host.toLowerCase());
  }

  async #existing(key: QueueKey): Promise<QueueInfo> {
    const info = await this.#engine.info(key);
    if (!info) throw new QueueError('EQUEUENOTFOUND', `there is no queue ${key} on ${this.host}`, { field: 'path' });
    return info;
  }
}

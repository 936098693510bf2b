// The engine that needs no server: SQLite in a directory of its own, on a worker (`mailspool/database`).
import { type Database, openDatabase } from 'mailspool/database';
import type { Clock, Instant } from 'mailspool/provider';
import type { EmbeddedQueueOptions, FoundOutput, SendInput } from './embedded/program.ts';
import type { EngineCapabilities, EngineSupport, QueueEngine, QueueInfo, QueueKey, Seek, Send, StoredMessage, TransactionId } from './engine.ts';
import type { QueueProperties } from './properties.ts';
import { QueueError } from './queue-error.ts';
import type { MessageId } from './queued-message.ts';

export interface EmbeddedEngineOptions {
  /** Created with mode 0700. One process owns it at a time. */
  readonly directory: string;
  /** Of all queues together, journals and dead letters too; default: none. */
  readonly machineQuotaKb?: number;
  /** Whether strangers are told that a queue does not exist or that they may not send there; default false. */
  readonly sendInsecureNacks?: boolean;
}

/** Recoverable messages survive a crash; express ones do not outlive the manager. */
export const embeddedEngine = (options: EmbeddedEngineOptions): QueueEngine => new EmbeddedEngine(options);

class EmbeddedEngine implements QueueEngine {
  readonly name = 'embedded';
  readonly capabilities: EngineCapabilities = { cursors: true, transactions: true, nacksOnRemoval: true, machineQuota: true };
  readonly #options: EmbeddedEngineOptions;
  #database: Database | undefined;
  #clock: Clock | undefined;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
  }

  async open({ clock, random, host, arrived }: EngineSupport): Promise<{ readonly machine: string }> {
    if (this.#database) throw new QueueError('ENOACCESS', `the queues in ${this.#options.directory} are open already`, { field: 'directory' });
    const { directory, machineQuotaKb, sendInsecureNacks = false } = this.#options;
    const options: EmbeddedQueueOptions = {
      hosts: ['.', 'localhost', '127.0.0.1', host.toLowerCase()],
      sendInsecureNacks,
      machine: guidOf(random.bytes(16)),
      ...(machineQuotaKb !== undefined && { machineQuotaKb }),
    };
    const program = new URL(import.meta.url.endsWith('.ts') ? './embedded/program.ts' : './embedded/program.js', import.meta.url);
    const opening = openDatabase({ directory, file: 'queues.db', program, options, clock, onNews: (queues) => arrived(queues as QueueKey[]) });
    const database = await (clock.work?.(opening) ?? opening);
    this.#database = database;
    this.#clock = clock;
    await this.#call('start', null);
    return database.greeting as { machine: string };
  }

  async createQueue(queue: QueueKey, properties: QueueProperties): Promise<void> {
    await this.#call('createQueue', { queue, properties });
  }

  async deleteQueue(queue: QueueKey): Promise<void> {
    await this.#call('deleteQueue', queue);
  }

  async setProperties(queue: QueueKey, properties: QueueProperties): Promise<void> {
    await this.#call('setProperties', { queue, properties });
  }

  async info(queue: QueueKey): Promise<QueueInfo | undefined> {
    return ((await this.#call('info', queue)).value as QueueInfo | null) ?? undefined;
  }

  async list(): Promise<QueueInfo[]> {
    return (await this.#call('list', null)).value as QueueInfo[];
  }

  async send(sends: readonly Send[], transaction?: TransactionId): Promise<MessageId[]> {
    const inputs = sends.map(({ to, record }): SendInput => ({ to, record }));
    const bodies = sends.map(({ body }) => body);
    return (await this.#call('send', { sends: inputs, transaction }, bodies)).value as MessageId[];
  }

  async receive(queue: QueueKey, seek: Seek, count: number, transaction?: TransactionId): Promise<StoredMessage[]> {
    return await this.#found('receive', { queue, seek, count, transaction });
  }

  async peek(queue: QueueKey, seek: Seek): Promise<StoredMessage | undefined> {
    return (await this.#found('peek', { queue, seek }))[0];
  }

  async purge(queue: QueueKey): Promise<void> {
    await this.#call('purge', queue);
  }

  async begin(transaction: TransactionId): Promise<void> {
    await this.#call('begin', transaction);
  }

  async commit(transaction: TransactionId): Promise<void> {
    await this.#call('commit', transaction);
  }

  async abort(transaction: TransactionId): Promise<void> {
    await this.#call('abort', transaction);
  }

  async expire(): Promise<Instant | undefined> {
    return ((await this.#call('expire', null)).value as Instant | null) ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database?.[Symbol.asyncDispose]();
    this.#database = undefined;
  }

  async #found(name: 'receive' | 'peek', input: object): Promise<StoredMessage[]> {
    const { value, bytes } = await this.#call(name, input);
    return (value as FoundOutput[]).map(({ lookup, record }, index) => ({ lookupId: lookup, record, body: bytes[index] as Uint8Array }));
  }

  async #call(name: string, input: unknown, bytes: readonly Uint8Array[] = []): ReturnType<Database['call']> {
    if (!this.#database) throw new QueueError('EQUEUENOTAVAILABLE', 'the queue manager is closed');
    const calling = this.#database.call(name, input, bytes);
    return await (this.#clock?.work?.(calling) ?? calling);
  }
}

/** RFC 9562, version 4. */
function guidOf(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// The contract of what keeps the messages of this computer's queues. Two implement it: the embedded engine, in a file of
// its own, and one over RabbitMQ. What one of them cannot do stands in its capabilities, and is refused.
import type { Clock, Instant, Logger, Random } from 'mailspool/provider';
import type { QueueProperties } from './properties.ts';
import type { LookupId, MessageId, MessageRecord, NewRecord } from './queued-message.ts';

/** A queue's name on this computer, in lower case: `orders`, `private$\orders`, `system$;deadletter`. */
export type QueueKey = string;

export interface EngineCapabilities {
  /** Peeking, cursors and lookup ids. */
  readonly cursors: boolean;
  /** Several sends and receives, all or nothing. */
  readonly transactions: boolean;
  /** What is purged or deleted is told to who sent it. */
  readonly nacksOnRemoval: boolean;
  readonly machineQuota: boolean;
}

export interface EngineSupport {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** In the guise of this computer acknowledgements are sent. */
  readonly host: string;
  /** Messages came to these queues. After their commit, before the answers of it. */
  arrived(queues: readonly QueueKey[]): void;
}

export interface StoredMessage {
  readonly lookupId: LookupId;
  readonly record: MessageRecord;
  readonly body: Uint8Array;
}

export interface QueueInfo {
  readonly queue: QueueKey;
  readonly properties: QueueProperties;
  readonly messages: number;
  /** Headers and bodies, as quotas count them. */
  readonly bytes: number;
}

/** One message for one queue. A queue that is not here is an outgoing one: `host` says where it goes. */
export interface Send {
  readonly to: { readonly queue: QueueKey } | { readonly host: string };
  readonly record: NewRecord;
  readonly body: Uint8Array;
}

export type TransactionId = string;

/** Which message: the first there is; one by its lookup id, or the next or previous of that; the next behind a cursor. */
export type Seek =
  | { readonly at: 'first' | 'last' }
  | { readonly at: 'current' | 'next' | 'previous'; readonly of: LookupId }
  | { readonly at: 'behind'; readonly of: { readonly priority: number; readonly lookupId: LookupId } };

export interface QueueEngine extends AsyncDisposable {
  readonly name: string;
  readonly capabilities: EngineCapabilities;
  /** @returns the guid of this manager @throws ESTORELOCKED, ESTORE */
  open(support: EngineSupport): Promise<{ readonly machine: string }>;

  /** With its journal. @throws EEXIST */
  createQueue(queue: QueueKey, properties: QueueProperties): Promise<void>;
  /** What it holds is told to its senders. @throws EQUEUENOTFOUND */
  deleteQueue(queue: QueueKey): Promise<void>;
  /** @throws EQUEUENOTFOUND */
  setProperties(queue: QueueKey, properties: QueueProperties): Promise<void>;
  info(queue: QueueKey): Promise<QueueInfo | undefined>;
  list(): Promise<QueueInfo[]>;

  /** All are stored when it resolves, or none; in a transaction, when that is committed. @throws EQUOTA, ESTORE, ETRANSACTIONSEQUENCE */
  send(sends: readonly Send[], transaction?: TransactionId): Promise<MessageId[]>;

  /** Up to `count` of what is available now, removed, or locked until the transaction ends. */
  receive(queue: QueueKey, seek: Seek, count: number, transaction?: TransactionId): Promise<StoredMessage[]>;
  peek(queue: QueueKey, seek: Seek): Promise<StoredMessage | undefined>;
  purge(queue: QueueKey): Promise<void>;

  /** @throws ETRANSACTIONSEQUENCE if it is unknown or over */
  begin(transaction: TransactionId): Promise<void>;
  commit(transaction: TransactionId): Promise<void>;
  abort(transaction: TransactionId): Promise<void>;

  /** Removes what is past its time. Returns when the next one is. */
  expire(): Promise<Instant | undefined>;
}

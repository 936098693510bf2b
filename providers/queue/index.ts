// Message queuing in the manner of MSMQ: queues whose reader may be away. An API of its own.
export { embeddedEngine, type EmbeddedEngineOptions } from './embedded-engine.ts';
export type { Cursor } from './cursor.ts';
export type { EngineCapabilities, EngineSupport, QueueEngine, QueueInfo, QueueKey, Seek, Send, StoredMessage, TransactionId } from './engine.ts';
export {
  formatQueuePath,
  parseFormatName,
  parseQueuePath,
  printFormatName,
  type FormatName,
  type QueuePath,
  type SystemQueue,
} from './format-name.ts';
export { queueManager, type QueueManager, type QueueManagerOptions } from './local-queues.ts';
export { classNumbers, fullReceive, fullReachQueue, nackReceive, type AcknowledgeRequest, type MessageClass } from './message-class.ts';
export type { QueueProperties } from './properties.ts';
export type { OpenOptions, Queue, ReadOptions, ReceiveOptions } from './queue.ts';
export { QueueError, type QueueErrorCode } from './queue-error.ts';
export type { LookupId, MessageId, QueuedMessage, SendMessage } from './queued-message.ts';
export type { Transaction } from './transaction.ts';
export {
  queuedBinding,
  RemoteError,
  type BindingOptions,
  type CallOptions,
  type Calls,
  type QueuedBinding,
  type QueuedCallOptions,
} from './rpc/binding.ts';
export { defineInterface, oneWay, requestReply, type InputOf, type OutputOf, type RpcInterface } from './rpc/interface.ts';
export { queuedServer, type Implementation, type ListenOptions, type QueuedServer, type RunningCall, type ServerOptions } from './rpc/server.ts';

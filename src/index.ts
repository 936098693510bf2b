// mailspool: the application's surface.
export { ContainerModule } from 'inversify';
export { errorCatalogue, isMailspoolError, MailspoolError, type ErrorCode } from './errors.ts';
export { createSpooler } from './host/composition.ts';
export {
  defineConfiguration,
  loadConfiguration,
  type AccountConfiguration,
  type Configuration,
  type ConfigurationSources,
  type LoadedConfiguration,
  type ProviderConfiguration,
  type RetryConfiguration,
} from './host/configuration.ts';
export { connectControl, serveControl, type ControlOptions, type ControlServer, type RemoteSpooler } from './host/control/control.ts';
export { exportMessages, type Exported, type ExportFormat, type ExportOptions } from './host/export/export-messages.ts';
export { createProvider, type CreatedProvider, type CreateProviderOptions } from './host/scaffold/create-provider.ts';
export { tokens, type Tokens } from './host/tokens.ts';
export type { AfterSend, Bytes, Content, Mark, Message, MessageProperties } from './message/message.ts';
export type { Diagnostic, Outcome, Phase, RecipientOutcome } from './message/outcome.ts';
export type {
  Address,
  Cursor,
  EntryId,
  Recipient,
  RecipientInput,
  RecipientRow,
  RecipientState,
  ReportRequest,
  Route,
  SessionKey,
  StateName,
} from './message/recipient.ts';
export type { DeferredSend, DeferredSendUnit, SendAt, SubmitMessage, SubmitOptions } from './message/submit-message.ts';
export type { Filing, Postprocessor, PreprocessMessage, PreprocessResult, Preprocessor } from './provider/processors.ts';
export type { Credentials, Logger } from './provider/spooler-support.ts';
export type { Gate, StatusColumns, StatusFlag } from './provider/status.ts';
export type { TransportProvider } from './provider/transport-provider.ts';
export type { FlushRequest, ValidateRequest, Wanted } from './provider/transport-session.ts';
export type {
  AccountOptions,
  AccountRow,
  AccountSession,
  BulkVerb,
  CancelResult,
  RescheduleResult,
  Explanation,
  GroupOptions,
  MarkReadOptions,
  MarkReadResult,
  OpenMessage,
  PurgeVerb,
  RetryPolicy,
  SendResult,
  Spooler,
  SpoolerEvent,
  SpoolerOptions,
  StatusObject,
  StatusRow,
  StopOptions,
  StopResult,
  SubmitReceipt,
} from './spooler/contract.ts';
export { nodemailerTransport, type SpooledMessageInfo } from './spooler/nodemailer-transport.ts';
export { defaultRetry, retryPolicy, type RetryOptions } from './spooler/retry.ts';
export { compactStore, type Compaction, type CompactOptions } from './store/embedded/compact-store.ts';
export { embeddedStore, type EmbeddedStoreOptions } from './store/embedded/embedded-store.ts';
export type { ProblemKind, StoreProblem, StoreVerification, VerificationProgress } from './store/embedded/verification/problem.ts';
export { verifyStore, type VerifyOptions } from './store/embedded/verification/verify-store.ts';
export { MemoryStore, memoryStore, type MemoryStoreOptions } from './store/memory/memory-store.ts';
export type { Change, MessageFilter, MessageStore, Retention } from './store/message-store.ts';
export { systemClock, type Clock, type Instant } from './time/clock.ts';
export { systemRandom, type Random } from './time/random.ts';

// mailspool/provider: everything that the author of a transport provider needs.
export { isMailspoolError, MailspoolError } from '../errors.ts';
export type { ErrorCode } from '../errors.ts';
export type { AfterSend, Bytes, Content, Mark, Message, MessageProperties } from '../message/message.ts';
export type { Diagnostic, Outcome, Phase, RecipientOutcome } from '../message/outcome.ts';
export type {
  Address,
  AddressTypes,
  EntryId,
  OptionValues,
  Recipient,
  RecipientInput,
  RecipientRow,
  RecipientState,
  ReportRequest,
  SessionKey,
  StateName,
} from '../message/recipient.ts';
export type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
export { withTnef } from '../message/tnef/attach.ts';
export { decodeTnef, type DecodedTnef } from '../message/tnef/decode.ts';
export { encodeTnef } from '../message/tnef/encode.ts';
export { expandTnef, type ExpandedTnef } from '../message/tnef/expand.ts';
export type { TnefAttachment, TnefMessage, TnefRecipient, TnefRecipientStatus } from '../message/tnef/tnef-message.ts';
export { abortable } from '../time/abortable.ts';
export { backoffMs, type Backoff } from '../time/backoff.ts';
export { sleepUntil, systemClock, type Clock, type Instant } from '../time/clock.ts';
export { withDeadline } from '../time/deadline.ts';
export { systemRandom, type Random } from '../time/random.ts';
export type { Filing, Postprocessor, PreprocessMessage, PreprocessResult, Preprocessor } from './processors.ts';
export type {
  AccountSupport,
  Credentials,
  Logger,
  MessageLookup,
  ProfileSection,
  SpoolerNotification,
  SpoolerSupport,
  StatusRecipient,
} from './spooler-support.ts';
export type { Gate, StatusColumns, StatusFlag } from './status.ts';
export { TransportError, type TransportErrorOptions } from './transport-error.ts';
export { contractVersion, type LogonOptions, type TransportProvider } from './transport-provider.ts';
export type {
  FlushRequest,
  InboundMessage,
  OptionDeclaration,
  OutboundMessage,
  Remote,
  SessionLimits,
  SubmitResult,
  TransportEvent,
  TransportSession,
  ValidateRequest,
  Wanted,
} from './transport-session.ts';

// One logged-on account of a provider. What is not there is never called (M-004).
import type { RecipientOutcome, Outcome } from '../message/outcome.ts';
import type { AddressTypes, Recipient, RecipientRow, EntryId, RecipientInput } from '../message/recipient.ts';
import type { Bytes, Content, Mark, Message, MessageProperties } from '../message/message.ts';
import type { ProfileSection } from './spooler-support.ts';

/** One outcome for all recipients, or one for each that was given; a forgotten one counts as `unknown`. */
export type SubmitResult = Outcome | readonly RecipientOutcome[];

export interface TransportSession {
  /** Read after logon and again after `configChange` (M-014, M-090). */
  readonly addressTypes: AddressTypes;
  /** `notify`: the session calls `spoolerNotify`, and `poll` is the fallback. Default: as the methods say. */
  readonly reception?: 'poll' | 'notify' | 'none';
  readonly limits?: SessionLimits;
  /** Stands at the end of the default order (M-020). */
  readonly preferLast?: boolean;
  /** Wants full addresses of all recipients (M-012). */
  readonly resolveRecipients?: boolean;
  readonly options?: readonly OptionDeclaration[];
  /**
   * Keeps to `wanted` while it receives: lists headers, and does to one message what its mark says. Without it `wanted`
   * has no mark, and what it says of headers and sizes is a wish (M-110).
   */
  readonly remoteAccess?: boolean;
  /** The queue inside the session, such as an MX group; each has limits of its own. */
  destination?(recipient: Recipient, signal: AbortSignal): string | Promise<string>;
  /** Hands one message over to `message.recipients`. Outcomes are on disk once this has settled. */
  submitMessage?(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult>;
  /** Follows a `submitMessage` that resolved; speaks of recipients still `notSent` (M-056 to M-062). */
  endMessage?(reference: string, signal: AbortSignal): Promise<'sent' | 'resendNow' | 'resendLater' | 'hold'>;
  /** Finds out what became of an `unknown` attempt, for `onUnknown: 'verify'`. */
  verifyMessage?(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult>;
  /** Whether there is mail to fetch; `startMessage` follows (M-078). */
  poll?(signal: AbortSignal): Promise<boolean>;
  /** Fills and saves one message; called again until it neither saves nor meets a known reference (M-081). */
  startMessage?(message: InboundMessage, signal: AbortSignal): Promise<void>;
  /** May be called beside a pending call (M-088). */
  transportNotify?(event: TransportEvent): void | Promise<void>;
  /** In idle time only, at no promised interval (M-093). */
  idle?(signal: AbortSignal): Promise<void>;
  flush?(request: FlushRequest, signal: AbortSignal): Promise<void>;
  validateState?(request: ValidateRequest, signal: AbortSignal): Promise<void>;
  changePassword?(old: string, fresh: string): Promise<void>;
  logoff?(): Promise<void>;
}

export interface OptionDeclaration {
  readonly addressType: string;
  readonly name: string;
  readonly on: 'message' | 'recipient';
  readonly default: string | number | boolean;
}

export interface SessionLimits {
  /** Hand-overs at once, default 1. */
  readonly outbound?: number;
  readonly outboundPerDestination?: number;
  readonly inbound?: number;
  /** Handed over and not yet settled on disk; default four times `outbound`. */
  readonly maxUnsettled?: number;
  readonly messagesPerSecond?: number;
  /** Larger sets become several deliveries. */
  readonly recipientsPerMessage?: number;
  readonly ordering?: 'submitTime' | 'priority';
  /** A larger message goes to the next match, or is refused at submit. */
  readonly messageSizeBytes?: number | ((recipient: Recipient) => number);
  readonly pollIntervalMs?: number;
  /** The deadline of one hand-over. */
  readonly submitTimeoutMs?: number;
}

/** A message to hand over. Revoked when the hand-over has ended, after `endMessage` if that follows: then every method throws EINVALIDOBJECT (M-056). */
export interface OutboundMessage extends Omit<Message, 'recipients'> {
  /** Whom to send to now. */
  readonly recipients: readonly Recipient[];
  /** Everyone, for headers and replies; never to send to (M-022). */
  readonly allRecipients: readonly RecipientRow[];
  readonly content: Content;
  /** 1 for the first. */
  readonly attempt: number;
  /** Back after a hold (M-061). */
  readonly deferred: boolean;
  /** The provider's own name for the hand-over; '0' until it sets one (M-074). */
  reference: string;
  /** This copy's sender and submit time (M-046). */
  setProperties(properties: MessageProperties): void;
  /** Writes outcomes so far durably (M-059, T-012). */
  saveChanges(outcomes: readonly RecipientOutcome[]): Promise<void>;
  /** Call right before the final dot. @throws ECANCEL, ELEASE: stop there (T-015, U-019) */
  handingOver(): Promise<void>;
}

/** A message being received. Nothing remains of it without `saveChanges` (M-082). */
export interface InboundMessage {
  /** '1' before `setReference` (M-074). */
  readonly reference: string;
  /** With a mark this call is about that one message (M-110). */
  readonly wanted: Wanted & Partial<Remote>;
  /**
   * Names the message for this session, for ever. `aliases` are further names (EMAILID, a digest; U-048).
   * `alreadyReceived`: return, and acknowledge to the server again if need be. `headersOnly`: the headers alone are here.
   * Set the whole content and save, and the message is complete; or return, and acknowledge nothing.
   */
  setReference(reference: string, aliases?: readonly string[]): Promise<'new' | 'headersOnly' | 'alreadyReceived'>;
  /**
   * `tnef`: a part in TNEF (`winmail.dat`) makes room for what it holds, and its properties are the message's, if it belongs
   * to the message; one that is damaged stays as it is (M-048). `decodeTnef` and `expandTnef` do the same by hand.
   */
  setContent(source: Bytes, options?: { readonly tnef?: boolean }): Promise<void>;
  setProperties(properties: MessageProperties): void;
  setRecipients(recipients: readonly RecipientInput[]): void;
  /**
   * Commits; acknowledge to the server only afterwards. `announce: false` files without news (a baseline, U-047).
   * `section` is the provider's position, written in the same commit. `headersOnly`: what was set are the headers alone,
   * of a message that has `sizeBytes` there; it stays there, unacknowledged, until its mark says otherwise.
   */
  saveChanges(options?: {
    readonly announce?: boolean;
    readonly headersOnly?: boolean;
    readonly sizeBytes?: number;
    readonly section?: Pick<ProfileSection, 'key' | 'values'>;
  }): Promise<'saved' | 'alreadyReceived'>;
}

export type TransportEvent =
  | { readonly type: 'inbound' | 'outbound' | 'inboundFlush' | 'outboundFlush'; readonly on: boolean }
  | { readonly type: 'abortDeferred'; readonly entryId: EntryId };

/** How much of the messages is to come over. */
export interface Wanted {
  readonly headersOnly?: boolean;
  /** Of a larger message its headers alone. */
  readonly maxSizeBytes?: number;
}

/**
 * What to do with one message of which the headers are here. `download`: fetch and save all of it, then acknowledge as
 * usual. `delete`: remove it at the other side. `move`: both. A call may be repeated, after a crash, too: then
 * `setReference` says `alreadyReceived`, or the message is gone already, which for `delete` is success.
 * @throws ENOTFOUND (as a TransportError) where there is nothing to fetch any more: its headers are removed here
 */
export interface Remote {
  readonly reference: string;
  readonly mark: Mark;
}

export interface FlushRequest extends Wanted {
  readonly inbound: boolean;
  readonly outbound: boolean;
}

export type ValidateRequest = { readonly [flag in 'configChanged' | 'refreshHeaders' | 'processHeaders' | 'abort' | 'interactive']?: boolean };

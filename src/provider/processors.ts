// Preprocessors see a message before it is routed for good; postprocessors after it came in or went out.
import type { Diagnostic } from '../message/outcome.ts';
import type { AfterSend, Bytes, Content, Message, MessageProperties } from '../message/message.ts';
import type { Recipient, RecipientInput, SessionKey } from '../message/recipient.ts';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { SpoolerSupport } from './spooler-support.ts';

export interface Preprocessor {
  readonly name: string;
  /** Either may match; neither given: every recipient (M-050). */
  readonly match?: { readonly type?: string; readonly uid?: string };
  preprocess(message: PreprocessMessage, signal: AbortSignal): Promise<PreprocessResult | void>;
  /** After sending, before the sent copy is filed (M-055). */
  cleanup?(message: Message, signal: AbortSignal): Promise<void>;
}

/** Changes and result are one write (M-049). No recipients and `afterSend.delete`: suppressed (M-053). */
export interface PreprocessMessage extends Message {
  readonly content: Content;
  setContent(source: Bytes): Promise<void>;
  setProperties(properties: MessageProperties): void;
  setRecipients(recipients: readonly (Recipient | RecipientInput)[]): void;
  setAfterSend(afterSend: AfterSend): void;
}

export interface PreprocessResult {
  /** Further messages to submit (M-053). */
  readonly messages?: readonly (SubmitMessage & { readonly submit?: SubmitOptions })[];
  /** Get non-delivery reports (M-054). */
  readonly undeliverable?: readonly { readonly recipient: number; readonly diagnostic: Diagnostic }[];
  readonly hold?: { readonly reason: string; readonly until?: number };
}

/** MAPI's spooler hook. A rejection is retried (M-103, M-104). */
export interface Postprocessor {
  readonly name: string;
  inbound?(
    message: Message & { readonly session: SessionKey; readonly reference: string; readonly content: Content },
    support: Pick<SpoolerSupport, 'statusRecipients'>,
    signal: AbortSignal,
  ): Promise<Filing | void>;
  outbound?(message: Message & { readonly content: Content }, signal: AbortSignal): Promise<Filing | void>;
}

/** Where a message goes; `stop` skips later postprocessors and the default filing. */
export interface Filing extends AfterSend {
  readonly stop?: boolean;
}

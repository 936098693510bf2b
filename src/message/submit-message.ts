// What a program hands to submit: nodemailer's fields unchanged, and a few beside them.
import type { SendMailOptions } from 'nodemailer';
import type { Instant } from '../time/clock.ts';
import type { Message, MessageProperties } from './message.ts';
import type { Address, RecipientInput } from './recipient.ts';

/**
 * nodemailer's message fields (and `raw`, and `envelope`). A recipient of another address type is an object
 * `{ type, address }` or MAPI's string form `[TYPE:address]`, in `recipients`, or in `to`, `cc`, `bcc`.
 */
export interface SubmitMessage extends Omit<SendMailOptions, 'to' | 'cc' | 'bcc'> {
  to?: AddressField;
  cc?: AddressField;
  bcc?: AddressField;
  recipients?: readonly RecipientInput[];
  properties?: MessageProperties;
}

/** nodemailer's forms of an address field, and typed addresses. */
export type AddressField = SendMailOptions['to'] | Address | readonly (string | Address | { name: string; address: string })[];

/** An instant, a delay, local time in a zone, recomputed when zone data change, or MAPI's number of units (M-035, M-036, U-029). */
export type SendAt = Instant | Date | { readonly afterMs: number } | { readonly local: string; readonly timeZone: string } | DeferredSend;

/**
 * So many units after the submit time (PR_DEFERRED_SEND_NUMBER, PR_DEFERRED_SEND_UNITS), also where it is said later.
 * `time` is what a message brings along as PR_DEFERRED_SEND_TIME: beside number and unit it is ignored (M-036).
 */
export interface DeferredSend {
  /** 0 to 999. */
  readonly number: number;
  readonly unit: DeferredSendUnit;
  readonly time?: Instant | Date;
}

export type DeferredSendUnit = 'minute' | 'hour' | 'day' | 'week';

export interface SubmitOptions extends Partial<
  Pick<Message, 'account' | 'tenant' | 'priority' | 'guarantee' | 'onUnknown' | 'report' | 'afterSend' | 'envelopeId' | 'options' | 'deliverBy'>
> {
  readonly sendAt?: SendAt;
  readonly expiresAt?: Instant | Date;
  readonly reportTo?: Address;
  /** The same key with the same input returns the first id; with another input it is a conflict (T-009). */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

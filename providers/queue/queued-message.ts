// A message of a queue: what a sender may say, and what a receiver sees (PROPID_M_*).
import { type Instant, MailspoolError } from 'mailspool/provider';
import { type AcknowledgeRequest, customClassBits, type MessageClass } from './message-class.ts';

/** Of the guid of a manager and an ordinal, `guid\ordinal`; 20 bytes on the wire. */
export type MessageId = string;

/** A lookup id is unique within its queue and shows the order of arrival. */
export type LookupId = number;

export interface SendMessage {
  readonly body?: Uint8Array | string;
  /** Opaque, as are `appSpecific` and `extension`. */
  readonly bodyType?: number;
  /** Up to 249 characters. */
  readonly label?: string;
  /** 0 to 7, higher first; default 3. Transactional messages have 0. */
  readonly priority?: number;
  /** `express`, the default, is gone with a restart of a manager; `recoverable` is not. */
  readonly delivery?: 'express' | 'recoverable';
  readonly acknowledge?: AcknowledgeRequest;
  /** Where acknowledgements go: a format name. Without one there are none. */
  readonly adminQueue?: string;
  /** Advice to the receiver: a format name. */
  readonly responseQueue?: string;
  readonly correlationId?: string;
  /** `deadLetter`: keep it there if it fails; `copy`: keep one of what was sent. */
  readonly journal?: { readonly deadLetter?: boolean; readonly copy?: boolean };
  /** Seconds from sending. Default 345,600 (4 days). */
  readonly timeToReachQueue?: number;
  /** Seconds from sending; default: no end. 0 expires at once. */
  readonly timeToBeReceived?: number;
  readonly appSpecific?: number;
  readonly extension?: Uint8Array;
  /** `none`: nobody is told who sent it. */
  readonly sender?: 'none';
  /** Of bits that custom classes may use. */
  readonly customClass?: number;
}

/** What a receiver gets. */
export interface QueuedMessage {
  readonly class: MessageClass;
  readonly customClass?: number;
  readonly id: MessageId;
  readonly lookupId: LookupId;
  readonly correlationId?: string;
  readonly priority: number;
  readonly delivery: 'express' | 'recoverable';
  readonly transactional: boolean;
  readonly acknowledge: AcknowledgeRequest;
  readonly journal: { readonly deadLetter?: boolean; readonly copy?: boolean };
  readonly adminQueue?: string;
  readonly responseQueue?: string;
  /** Where it was sent: a format name. */
  readonly destination: string;
  readonly body: Uint8Array;
  readonly bodyType: number;
  readonly label: string;
  readonly appSpecific: number;
  readonly extension?: Uint8Array;
  readonly sender?: string;
  readonly sentAt: Instant;
  readonly arrivedAt: Instant;
  /** What is left, in seconds. */
  readonly timeToBeReceived?: number;
}

/** What is kept beside the body. Times are instants. */
export interface MessageRecord extends Omit<QueuedMessage, 'body' | 'lookupId' | 'timeToBeReceived' | 'extension'> {
  readonly extension?: string;
  readonly reachBefore?: Instant;
  readonly receiveBefore?: Instant;
}

/** The manager gives the id. */
export type NewRecord = Omit<MessageRecord, 'id'>;

export const defaultPriority = 3;
/** 4 days. */
export const defaultTimeToReachQueue = 345_600;
const maxLabelLength = 249;
/** With headers. */
export const maxMessageBytes = 4 * 1_024 * 1_024;
/** More is for ever (0xFFFFFFFF). */
const infiniteSeconds = 0xffffffff;

export interface Sent {
  readonly destination: string;
  readonly transactional: boolean;
  readonly sender: string | undefined;
  readonly now: Instant;
}

/** Applies the defaults. @throws EINVALID with the field, EMAXSIZE */
export function recordOf(message: SendMessage, { destination, transactional, sender, now }: Sent): { record: NewRecord; body: Uint8Array } {
  const { label = '', bodyType = 0, appSpecific = 0, acknowledge = {}, journal = {}, extension, customClass } = message;
  const priority = transactional ? 0 : (message.priority ?? defaultPriority);
  check('priority', [0, 1, 2, 3, 4, 5, 6, 7].includes(message.priority ?? defaultPriority), 'a whole number from 0 to 7');
  check('label', label.length <= maxLabelLength, `at most ${maxLabelLength} characters`);
  check('delivery', ['express', 'recoverable'].includes(message.delivery ?? 'express'), 'express or recoverable');
  check('appSpecific', isUint32(appSpecific), 'a whole number below 2^32');
  check('bodyType', isUint32(bodyType), 'a whole number below 2^32');
  check('customClass', customClass === undefined || (isUint32(customClass) && (customClass & ~customClassBits) === 0), 'of the bits 0xE1FF');
  const body = typeof message.body === 'string' ? Buffer.from(message.body) : (message.body ?? new Uint8Array());
  const ends = {
    ...deadline('reachBefore', 'timeToReachQueue', message.timeToReachQueue ?? defaultTimeToReachQueue, now),
    ...deadline('receiveBefore', 'timeToBeReceived', message.timeToBeReceived, now),
  };
  const record: NewRecord = {
    class: 'normal',
    destination,
    priority,
    delivery: transactional ? 'recoverable' : (message.delivery ?? 'express'),
    transactional,
    acknowledge,
    journal,
    label,
    bodyType,
    appSpecific,
    sentAt: now,
    arrivedAt: now,
    ...ends,
    ...(message.adminQueue !== undefined && { adminQueue: message.adminQueue }),
    ...(message.responseQueue !== undefined && { responseQueue: message.responseQueue }),
    ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
    ...(extension && { extension: Buffer.from(extension).toString('base64') }),
    ...(customClass !== undefined && { customClass }),
    ...(message.sender !== 'none' && sender !== undefined && { sender }),
  };
  if (sizeOf(record, body) > maxMessageBytes)
    throw new MailspoolError('EMAXSIZE', `the message has ${sizeOf(record, body)} bytes with its headers, and a queue takes ${maxMessageBytes}`, {
      field: 'body',
    });
  return { record, body };
}

/** In bytes, headers and body: what quotas count. */
export const sizeOf = (record: NewRecord, body: Uint8Array): number => Buffer.byteLength(JSON.stringify(record)) + body.length;

/** As a receiver sees it now. */
export function messageOf(record: MessageRecord, body: Uint8Array, lookupId: LookupId, now: Instant): QueuedMessage {
  const { reachBefore: _reached, receiveBefore, extension, ...seen } = record;
  return {
    ...seen,
    body,
    lookupId,
    ...(extension !== undefined && { extension: new Uint8Array(Buffer.from(extension, 'base64')) }),
    ...(receiveBefore !== undefined && { timeToBeReceived: Math.max(0, Math.ceil((receiveBefore - now) / 1_000)) }),
  };
}

function deadline(field: string, given: string, seconds: number | undefined, now: Instant): Record<string, Instant> {
  if (seconds === undefined || seconds >= infiniteSeconds) return {};
  check(given, Number.isFinite(seconds) && seconds >= 0, 'a number of seconds, 0 or more');
  return { [field]: now + Math.round(seconds * 1_000) };
}

const isUint32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffffffff;

function check(field: string, holds: boolean, expected: string): void {
  if (!holds) throw new MailspoolError('EINVALID', `${field} must be ${expected}`, { field });
}

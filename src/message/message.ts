// What a message is: its properties, recipients and times.
import type { Readable } from 'node:stream';
import type { Instant } from '../time/clock.ts';
import type { Address, EntryId, OptionValues, RecipientRow, ReportRequest } from './recipient.ts';

export type Bytes = Uint8Array | AsyncIterable<Uint8Array>;

/** The times that MAPI knows of a message (M-037, U-003). The spooler acts on `expiresAt` and on its own send time only. */
export type Times = 'clientSubmitTime' | 'providerSubmitTime' | 'deliveryTime' | 'deferredDeliveryAt' | 'latestDeliveryAt' | 'expiresAt';

export interface MessageProperties extends Readonly<Partial<Record<Times, Instant>>> {
  /** `IPM.Note` where nothing else is said. */
  readonly messageClass?: string;
  /** The Message-ID header, with its angle brackets. */
  readonly messageId?: string;
  readonly subject?: string;
  readonly importance?: 'low' | 'normal' | 'high';
  readonly sender?: Address;
  /** Who gets the reports instead of the sender (M-067). */
  readonly reportTo?: Address;
  /** An opaque tag that reports repeat (M-069). */
  readonly reportTag?: string;
  readonly named?: Readonly<Record<string, string | number | boolean>>;
}

/** What happens to the message once every recipient is final (M-044). */
export interface AfterSend {
  readonly moveTo?: string;
  readonly delete?: boolean;
}

/** The bytes of a message. */
export interface Content {
  readonly sizeBytes: number;
  stream(): Readable;
  /** @throws ETOOLARGE if there are more than `maxBytes` */
  bytes(maxBytes?: number): Promise<Uint8Array>;
}

/** `reader`: the address that it speaks for. */
export interface Receipt {
  readonly report: 'read' | 'notRead';
  readonly at: Instant;
  readonly reader: string;
}

/** What becomes of a message of which the headers are here: fetched, removed at the server, or both (M-110). */
export type Mark = 'download' | 'delete' | 'move';

/** A message as the spooler shows it. */
export interface Message {
  readonly id: EntryId;
  readonly direction: 'outbound' | 'inbound';
  readonly folder: string;
  readonly properties: MessageProperties;
  readonly recipients: readonly RecipientRow[];
  /** The envelope's sender; null is the null return path of reports. */
  readonly returnPath: Address | null;
  readonly sizeBytes: number;
  readonly submitTime?: Instant;
  /** -9 to 9, default 0 (M-028, T-041). */
  readonly priority: number;
  readonly submitState?: { readonly locked: boolean; readonly preprocess: boolean };
  /** Names of the preprocessors that ran, which clean up after sending (M-055). */
  readonly preprocessedBy?: readonly string[];
  readonly report: ReportRequest;
  readonly afterSend: AfterSend;
  readonly options?: OptionValues;
  readonly account?: string;
  readonly tenant?: string;
  readonly envelopeId?: string;
  readonly deliverBy?: { readonly at: Instant; readonly then: 'return' | 'notify' };
  readonly guarantee: 'atLeastOnce' | 'atMostOnce';
  /** What to do when an attempt ends `unknown`. */
  readonly onUnknown: 'resend' | 'hold' | 'verify';
  readonly read?: boolean;
  /** The read or non-read report that was written of this received message: there is never a second (M-071). */
  readonly receipt?: Receipt;
  /** Only the headers are here; `sizeBytes` is then what the whole message has at the server, if known (M-110). */
  readonly headersOnly?: boolean;
  /** What happens to it when marks are processed next. */
  readonly mark?: Mark;
}

/** The class of a message that names none. */
export const defaultMessageClass = 'IPM.Note';
/** The folders every store has. */
export const folders = { outbox: 'Outbox', sent: 'Sent', inbox: 'Inbox' } as const;

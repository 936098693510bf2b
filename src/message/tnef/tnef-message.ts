// What a TNEF stream says of a message, in mailspool's words; and what MAPI calls the properties that it is made of.
import type { MessageProperties } from '../message.ts';
import type { Address } from '../recipient.ts';
import type { Instant } from '../../time/clock.ts';

export interface TnefMessage {
  /** Cross-references attachments to the text of the message; not zero. */
  readonly key: number;
  /** PR_TNEF_CORRELATION_KEY: says to which message the stream belongs (M-048). */
  readonly correlationKey?: string;
  readonly properties: MessageProperties;
  readonly text?: string;
  readonly html?: string;
  /** Not compressed any more. */
  readonly rtf?: Uint8Array;
  readonly attachments: readonly TnefAttachment[];
  readonly recipients: readonly TnefRecipient[];
}

export interface TnefAttachment {
  readonly name: string;
  readonly contentType?: string;
  readonly contentId?: string;
  readonly content: Uint8Array;
  /** Where the attachment is a message; `content` is then its TNEF stream. */
  readonly message?: TnefMessage;
}

/** A row of the recipient table. In a report it says what became of the recipient. */
export interface TnefRecipient extends Address {
  readonly kind: 'to' | 'cc' | 'bcc';
  readonly status?: TnefRecipientStatus;
}

export interface TnefRecipientStatus {
  /** PR_DELIVER_TIME: it was delivered. */
  readonly deliveredAt?: Instant;
  /** PR_NDR_REASON_CODE and PR_NDR_DIAG_CODE: it was not. */
  readonly reasonCode?: number;
  readonly diagnosticCode?: number;
  readonly text?: string;
}

/** Property ids of [MS-OXPROPS]. */
export const ids = {
  deferredDeliveryTime: 0x000f,
  deliverTime: 0x0010,
  expiryTime: 0x0015,
  importance: 0x0017,
  latestDeliveryTime: 0x0019,
  messageClass: 0x001a,
  reportTag: 0x0031,
  subject: 0x0037,
  clientSubmitTime: 0x0039,
  representingName: 0x0042,
  representingType: 0x0064,
  representingAddress: 0x0065,
  correlationKey: 0x007f,
  ndrReasonCode: 0x0c04,
  ndrDiagCode: 0x0c05,
  recipientType: 0x0c15,
  senderName: 0x0c1a,
  senderType: 0x0c1e,
  senderAddress: 0x0c1f,
  body: 0x1000,
  reportText: 0x1001,
  rtfCompressed: 0x1009,
  html: 0x1013,
  internetMessageId: 0x1035,
  displayName: 0x3001,
  addressType: 0x3002,
  address: 0x3003,
  attachData: 0x3701,
  attachFilename: 0x3704,
  attachMethod: 0x3705,
  attachLongFilename: 0x3707,
  attachMimeTag: 0x370e,
  attachContentId: 0x3712,
  smtpAddress: 0x39fe,
  internetCodePage: 0x3fde,
} as const;

/** PS_PUBLIC_STRINGS, the set of properties that are named by anybody. */
export const publicStrings = '2903020000000000c000000000000046';

/** IID_IMessage, before an attached message. */
export const messageInterface = '0703020000000000c000000000000046';

/** The message classes that the attribute writes in another way ([MS-OXTNEF] 2.1.3.3.6). */
export const oldClasses: readonly (readonly [old: string, messageClass: string])[] = [
  ['IPM.Microsoft Mail.Note', 'IPM.Note'],
  ['IPM.Microsoft Mail.Read Receipt', 'REPORT.IPM.Note.IPNRN'],
  ['IPM.Microsoft Mail.Non-Delivery', 'REPORT.IPM.Note.NDR'],
  ['IPM.Microsoft Schedule.MtgReq', 'IPM.Schedule.Meeting.Request'],
  ['IPM.Microsoft Schedule.MtgRespP', 'IPM.Schedule.Meeting.Resp.Pos'],
  ['IPM.Microsoft Schedule.MtgRespN', 'IPM.Schedule.Meeting.Resp.Neg'],
  ['IPM.Microsoft Schedule.MtgRespA', 'IPM.Schedule.Meeting.Resp.Tent'],
  ['IPM.Microsoft Schedule.MtgCncl', 'IPM.Schedule.Meeting.Canceled'],
];

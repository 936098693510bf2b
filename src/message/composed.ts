// What composing needs and what comes of it; the same for messages made of fields and for ready ones.
import type { Instant } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { parseAddress } from './address-type.ts';
import type { DeliveryRequest } from './delivery-request.ts';
import type { Envelope } from './envelope.ts';
import { singleLines } from './header-injection.ts';
import { defaultMessageClass, type Bytes, type MessageProperties } from './message.ts';
import type { Address, Recipient } from './recipient.ts';
import type { SubmitMessage } from './submit-message.ts';

export interface ComposeContext {
  readonly now: Instant;
  readonly random: Random;
  /** Names this host where the sender has no domain. */
  readonly hostname: string;
  /** The sender of a message that names none. */
  readonly defaultFrom?: Address | string;
  /** Whether `path` and `href` are followed. Only for what comes from the program itself. */
  readonly fileAccess?: boolean;
  /** Readers are asked to tell this address, or the sender (`true`), that they have read it: Disposition-Notification-To (RFC 8098 2.1). */
  readonly readReceiptTo?: Address | true;
}

export interface Composed {
  /** In canonical form. A stream if contents are streams, files, URLs or large; then it can be read once. */
  readonly source: Bytes;
  readonly envelope: Envelope;
  /** Numbered from 1. */
  readonly recipients: readonly Recipient[];
  readonly properties: MessageProperties;
  /** With its angle brackets. */
  readonly messageId: string;
  /** What `dsn` and the headers ask for; options of submit go before it. */
  readonly requested?: DeliveryRequest;
}

/** What the message says of itself; the program's own `properties` go before. */
export function propertiesOf(
  message: SubmitMessage,
  found: Pick<MessageProperties, 'messageId' | 'subject' | 'sender' | 'importance' | 'messageClass'>,
  now: Instant,
): MessageProperties {
  const given = message.properties ?? {};
  singleLines(given, 'properties');
  const importance = givenImportance(message) ?? found.importance;
  return {
    messageClass: found.messageClass ?? defaultMessageClass,
    ...(found.subject === undefined ? {} : { subject: found.subject }),
    ...(found.sender === undefined ? {} : { sender: found.sender }),
    ...(importance === undefined ? {} : { importance }),
    clientSubmitTime: now,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(found.messageId === undefined ? {} : { messageId: found.messageId }),
    ...(given.sender ? { sender: parseAddress(given.sender, 'properties.sender') } : {}),
    ...(given.reportTo ? { reportTo: parseAddress(given.reportTo, 'properties.reportTo') } : {}),
  };
}

/** What `priority` or `properties.importance` ask for. */
export function givenImportance(message: SubmitMessage): MessageProperties['importance'] {
  const asked: unknown = message.priority ?? message.properties?.importance;
  const priority = typeof asked === 'string' ? asked.toLowerCase() : undefined;
  return priority === 'high' || priority === 'low' || priority === 'normal' ? priority : undefined;
}

// What every report repeats of the message that it is about (M-068, M-069).
import { formatAddress } from '../message/address-type.ts';
import type { MessageProperties } from '../message/message.ts';
import type { Recipient } from '../message/recipient.ts';
import type { Instant } from '../time/clock.ts';

export interface Original {
  readonly properties: MessageProperties;
  readonly submitTime?: Instant;
  readonly recipients: readonly Recipient[];
}

export const submitTimeOf = ({ submitTime, properties }: Original): Instant | undefined => submitTime ?? properties.clientSubmitTime;

/** A subject is foreign text. */
export const subjectAbout = (what: string, { properties }: Original): string =>
  `${what}: ${(properties.subject ?? '').slice(0, 500) || '(no subject)'}`;

/** Conversation and importance, as headers. */
export function repeatedHeaders({ properties: { messageId, importance } }: Original): Record<string, string> {
  return {
    ...(messageId ? { 'In-Reply-To': messageId, References: messageId } : {}),
    ...(importance && importance !== 'normal' ? { Importance: importance } : {}),
  };
}

/** Importance and the sender's tag. */
export const repeatedProperties = ({ properties: { importance, reportTag } }: Original): MessageProperties => ({
  ...(importance ? { importance } : {}),
  ...(reportTag ? { reportTag } : {}),
});

export function namedProperties(original: Original): NonNullable<MessageProperties['named']> {
  const { subject, messageId } = original.properties;
  const submitTime = submitTimeOf(original);
  const shown = (wanted: Recipient['kind']) =>
    original.recipients
      .filter((row) => row.kind === wanted)
      .map(displayName)
      .join('; ');
  return {
    originalSubject: subject ?? '',
    ...(submitTime === undefined ? {} : { originalSubmitTime: submitTime }),
    ...(messageId ? { originalMessageId: messageId } : {}),
    originalDisplayTo: shown('to'),
    originalDisplayCc: shown('cc'),
    originalDisplayBcc: shown('bcc'),
  };
}

const displayName = (recipient: Recipient): string => recipient.name ?? formatAddress(recipient);

// Acknowledgement messages: which there are, and what they look like. Pure.
import type { Instant } from 'mailspool/provider';
import { type Acknowledgement, isAsked } from './message-class.ts';
import type { MessageRecord, NewRecord } from './queued-message.ts';

/** Told only by who sets `sendInsecureNacks`, since they tell a stranger what is here. */
const insecure: ReadonlySet<Acknowledgement> = new Set<Acknowledgement>([
  'nack.badDestinationQueue',
  'nack.accessDenied',
  'nack.badSignature',
  'nack.badEncryption',
  'nack.unsupportedCryptoProvider',
]);

export interface AcknowledgementContext {
  readonly now: Instant;
  readonly sendInsecureNacks: boolean;
  /** Whether the message came from another computer: to our own we may tell everything. */
  readonly fromElsewhere: boolean;
}

/** The record of the acknowledgement, `undefined` where nobody asked or nobody may know. */
export function acknowledgementOf(
  original: MessageRecord,
  acknowledgement: Acknowledgement,
  { now, sendInsecureNacks, fromElsewhere }: AcknowledgementContext,
): NewRecord | undefined {
  const { adminQueue, class: ofClass } = original;
  // Acknowledgements are never acknowledged.
  if (adminQueue === undefined || ofClass !== 'normal' || !isAsked(original.acknowledge, acknowledgement)) return undefined;
  if (fromElsewhere && !sendInsecureNacks && insecure.has(acknowledgement)) return undefined;
  return {
    class: acknowledgement,
    correlationId: original.id,
    destination: adminQueue,
    responseQueue: original.destination,
    priority: original.priority,
    delivery: original.delivery,
    transactional: false,
    acknowledge: {},
    journal: {},
    label: original.label,
    bodyType: original.bodyType,
    appSpecific: original.appSpecific,
    sentAt: now,
    arrivedAt: now,
  };
}

/** Negative ones bring the message's body back. */
export const carriesBody = (acknowledgement: Acknowledgement): boolean => acknowledgement.startsWith('nack.');

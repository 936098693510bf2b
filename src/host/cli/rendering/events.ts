// One line for each event of the spooler: what happened, to which message, for whom, and what the other side said.
import { assertNever } from '../../../errors.ts';
import type { RecipientRow } from '../../../message/recipient.ts';
import type { SpoolerEvent } from '../../../spooler/contract.ts';
import { addressText, gateText, replyText } from './messages.ts';
import type { Tone } from './colours.ts';

export interface EventText {
  readonly label: string;
  readonly tone: Tone;
  /** Message, session or nothing. */
  readonly subject: string;
  /** Not yet printable. */
  readonly detail: string;
}

export function eventText(event: SpoolerEvent): EventText {
  switch (event.type) {
    case 'queued':
    case 'preprocessed':
    case 'sending':
    case 'progress':
    case 'held':
    case 'released':
    case 'cancelled':
    case 'purged':
      return {
        label: labels[event.type] ?? event.type,
        tone: event.type === 'held' ? 'waiting' : 'faint',
        subject: event.id,
        detail: event.session ?? '',
      };
    case 'sent':
    case 'received':
      return {
        label: labels[event.type] ?? event.type,
        tone: event.type === 'received' ? 'name' : 'good',
        subject: event.id,
        detail: event.session ?? '',
      };
    case 'relayed':
    case 'delivered':
    case 'read':
      return { label: event.type, tone: 'good', subject: event.id, detail: withReply(event.recipient, acceptedReply(event)) };
    case 'deferred':
    case 'delayed':
      return { label: event.type, tone: 'waiting', subject: event.id, detail: withReply(event.recipient, refusal(event)) };
    case 'uncertain':
    case 'failed':
    case 'expired':
    case 'bounced':
      return { label: event.type, tone: 'bad', subject: event.id, detail: withReply(event.recipient, refusal(event)) };
    case 'loggedOn':
    case 'loggedOff':
    case 'gate':
      return {
        label: labels[event.type] ?? event.type,
        tone: event.type === 'gate' ? 'waiting' : 'faint',
        subject: event.session,
        detail: event.gate === undefined ? '' : gateText(event.gate),
      };
    case 'drained':
    case 'stalled':
    case 'suspended':
    case 'resumed':
      return { label: event.type, tone: event.type === 'stalled' ? 'bad' : 'faint', subject: '', detail: '' };
    case 'warning':
      return { label: 'warning', tone: 'waiting', subject: '', detail: replyText(event.diagnostic) };
    default:
      return assertNever(event);
  }
}

const labels: Readonly<Partial<Record<SpoolerEvent['type'], string>>> = {
  preprocessed: 'prepared',
  sending: 'handed over',
  sent: 'finished',
  received: 'new mail',
  loggedOn: 'logged on',
  loggedOff: 'logged off',
};

type Told = Extract<SpoolerEvent, { readonly recipient: RecipientRow }>;

const withReply = (recipient: RecipientRow, reply: string): string => (reply === '' ? addressText(recipient) : `${addressText(recipient)}  ${reply}`);

const acceptedReply = ({ outcome }: Told): string => (outcome?.outcome === 'accepted' ? (outcome.response ?? '') : '');

function refusal({ outcome, recipient }: Told): string {
  if (outcome !== undefined && outcome.outcome !== 'accepted') return replyText(outcome.diagnostic);
  return replyText('diagnostic' in recipient.status ? recipient.status.diagnostic : recipient.last);
}

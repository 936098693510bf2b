// Why a recipient is where it is, in one sentence, and who can change that (U-059; pure).
import { assertNever } from '../errors.ts';
import type { RecipientRow } from '../message/recipient.ts';
import type { Gate } from '../provider/status.ts';
import type { StoredMessage } from '../store/message-store.ts';
import type { Instant } from '../time/clock.ts';
import type { Explanation } from './contract.ts';

/** What the engine knows of the session that the recipient is routed to. */
export interface RouteCondition {
  readonly known: boolean;
  readonly loggedOn: boolean;
  readonly gate: Gate | null;
  readonly offline: boolean;
  readonly suspended: boolean;
  readonly started: boolean;
}

export function explanation(row: RecipientRow, message: StoredMessage, condition: RouteCondition, now: Instant): Explanation {
  return { id: message.id, recipient: row, ...because(row, message, condition, now) };
}

type Because = Omit<Explanation, 'id' | 'recipient'>;

function because(row: RecipientRow, message: StoredMessage, condition: RouteCondition, now: Instant): Because {
  const { status } = row;
  const reply = row.last ? ` (${row.last.response ?? row.last.text})` : '';
  switch (status.state) {
    case 'queued':
      return waiting(row, message, condition, now);
    case 'claimed':
      return { sentence: `It is being handed over by ${status.owner}.`, whoCanChange: 'provider' };
    case 'deferred':
      return gated(condition, {
        sentence: `The last attempt did not send it: ${status.diagnostic.response ?? status.diagnostic.text}. It is tried again at ${iso(status.until)}.`,
        nextAt: status.until,
        whoCanChange: 'spooler',
      });
    case 'held':
      return {
        sentence: `It is held by the ${status.by}: ${status.reason}.`,
        ...(status.until !== undefined && { nextAt: status.until }),
        whoCanChange: status.by === 'provider' ? 'provider' : status.by === 'sender' ? 'sender' : 'operator',
      };
    case 'uncertain':
      return {
        sentence: `Whether it arrived is not known: ${status.diagnostic.text}.`,
        ...(status.next !== 'operator' && { nextAt: status.next.verifyAt }),
        whoCanChange: status.next === 'operator' ? 'operator' : 'provider',
      };
    case 'relayed':
      return { sentence: `The next system took responsibility for it at ${iso(status.at)}${reply}.${reading(row)}`, whoCanChange: 'nobody' };
    case 'delivered':
      return { sentence: `It arrived at ${iso(status.at)}${reply}.${reading(row)}`, whoCanChange: 'nobody' };
    case 'cancelled':
      return { sentence: `It was cancelled at ${iso(status.at)}.`, whoCanChange: 'nobody' };
    case 'failed':
      return {
        sentence: `It failed for good: ${status.diagnostic.response ?? status.diagnostic.text}. ${onceMore(message)}`,
        whoCanChange: message.contentGone ? 'nobody' : 'sender',
      };
    case 'expired':
      return {
        sentence: `It was not delivered in its lifetime${reply}. ${onceMore(message)}`,
        whoCanChange: message.contentGone ? 'nobody' : 'sender',
      };
    default:
      return assertNever(status);
  }
}

function waiting({ route }: RecipientRow, { dueAt, submitState }: StoredMessage, condition: RouteCondition, now: Instant): Because {
  if (dueAt !== undefined && dueAt > now) return { sentence: `It waits for its send time, ${iso(dueAt)}.`, nextAt: dueAt, whoCanChange: 'sender' };
  if (!condition.started) return { sentence: 'The spooler is not started.', whoCanChange: 'operator' };
  if (!route) return { sentence: submitState?.preprocess ? 'It waits for its preprocessors.' : 'It waits for a route.', whoCanChange: 'spooler' };
  return gated(condition, { sentence: `It waits for its turn at ${route.session}.`, whoCanChange: 'spooler' });
}

function gated({ known, loggedOn, gate, offline, suspended }: RouteCondition, open: Because): Because {
  if (!known) return { ...open, sentence: `${open.sentence} Its session is not configured any more.`, whoCanChange: 'operator' };
  if (offline) return { sentence: 'The spooler is offline.', gate: { reason: 'offline' }, whoCanChange: 'operator' };
  if (suspended) return { sentence: 'The session is suspended.', gate: { reason: 'suspended' }, whoCanChange: 'operator' };
  if (gate) {
    const until = gate.until === undefined ? '' : ` until ${iso(gate.until)}`;
    const whoCanChange = gate.reason === 'authRequired' ? 'operator' : 'provider';
    return {
      sentence: `Its session takes nothing${until}: ${gate.reason}.`,
      gate,
      ...(gate.until !== undefined && { nextAt: gate.until }),
      whoCanChange,
    };
  }
  return loggedOn ? open : { ...open, sentence: `${open.sentence} Its session is not logged on.`, whoCanChange: 'provider' };
}

/** What a receipt has told. */
const reading = ({ readAt, notReadAt }: RecipientRow): string =>
  readAt !== undefined ? ` It was read at ${iso(readAt)}.` : notReadAt !== undefined ? ` It was deleted unread at ${iso(notReadAt)}.` : '';

const onceMore = ({ contentGone }: StoredMessage): string =>
  contentGone ? 'Its content is gone: the retention is over.' : 'Retry it to try once more.';

const iso = (at: Instant): string => new Date(at).toISOString();

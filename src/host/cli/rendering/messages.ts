// Messages, recipients and the status table as people read them. Foreign text is made printable by the tables, and
// here where a line is put together by hand.
import { assertNever } from '../../../errors.ts';
import type { Message } from '../../../message/message.ts';
import type { Diagnostic } from '../../../message/outcome.ts';
import type { Address, RecipientRow, RecipientState, StateName } from '../../../message/recipient.ts';
import { stateNames } from '../../../message/transitions.ts';
import type { Explanation, StatusRow } from '../../../spooler/contract.ts';
import type { Gate } from '../../../provider/status.ts';
import type { Tone } from './colours.ts';
import { dateTime, size } from './quantities.ts';
import type { Cell, Column } from './table.ts';

export const toneOfState = (state: StateName): Tone => {
  switch (state) {
    case 'relayed':
    case 'delivered':
      return 'good';
    case 'failed':
    case 'expired':
    case 'uncertain':
      return 'bad';
    case 'queued':
    case 'claimed':
    case 'deferred':
    case 'held':
      return 'waiting';
    case 'cancelled':
      return 'faint';
    default:
      return assertNever(state);
  }
};

/** SMTP addresses as they are, others in MAPI's form `[TYPE:address]`. */
export const addressText = ({ type, address }: Pick<Address, 'type' | 'address'>): string => (type === 'SMTP' ? address : `[${type}:${address}]`);

export const senderText = ({ returnPath, properties }: Message): string =>
  returnPath === null ? (properties.sender === undefined ? '<>' : addressText(properties.sender)) : addressText(returnPath);

export const messageColumns: readonly Column[] = [
  { title: 'ID' },
  { title: 'TIME' },
  { title: 'STATE' },
  { title: 'FROM', flexible: true },
  { title: 'TO', flexible: true },
  { title: 'SUBJECT', flexible: true },
  { title: 'SIZE', align: 'right' },
];

export function messageRow(message: Message): Cell[] {
  const { id, properties, recipients, submitTime, sizeBytes } = message;
  const at = submitTime ?? properties.deliveryTime;
  const shown = recipients.filter(({ kind }) => kind !== 'p1');
  const [first, ...others] = shown.length > 0 ? shown : recipients;
  const to = first === undefined ? '' : others.length === 0 ? addressText(first) : `${addressText(first)} +${others.length}`;
  return [id, at === undefined ? '' : dateTime(at), stateCell(message), senderText(message), to, properties.subject ?? '', size(sizeBytes)];
}

/** One state, or how many recipients are in each; received mail has a place instead. */
function stateCell({ direction, folder, recipients, read, headersOnly, mark }: Message): Cell {
  const told = [folder, ...(read ? ['read'] : []), ...(headersOnly ? ['headers'] : []), ...(mark === undefined ? [] : [mark])];
  if (direction === 'inbound') return { text: told.join(', '), tone: 'name' };
  const counts = stateNames
    .map((state) => ({ state, count: recipients.filter(({ status }) => status.state === state).length }))
    .filter(({ count }) => count > 0);
  const worst = counts.find(({ state }) => toneOfState(state) === 'bad') ?? counts.find(({ state }) => toneOfState(state) === 'waiting') ?? counts[0];
  const text = counts.length === 1 ? (counts[0]?.state ?? '') : counts.map(({ state, count }) => `${count} ${state}`).join(', ');
  return { text, tone: worst === undefined ? 'faint' : toneOfState(worst.state) };
}

export const recipientColumns: readonly Column[] = [
  { title: 'RECIPIENT' },
  { title: 'STATE' },
  { title: 'SINCE / UNTIL' },
  { title: 'ATTEMPTS', align: 'right' },
  { title: 'LAST REPLY', flexible: true },
];

export const recipientRow = ({ kind, type, address, status, attempts, last, readAt, notReadAt }: RecipientRow): Cell[] => [
  kind === 'to' ? addressText({ type, address }) : `${addressText({ type, address })} (${kind})`,
  { text: `${status.state === 'held' ? `held by ${status.by}` : status.state}${reading({ readAt, notReadAt })}`, tone: toneOfState(status.state) },
  momentOf(status),
  String(attempts),
  replyText(diagnosticOf(status) ?? last),
];

/** What a receipt has told. */
const reading = ({ readAt, notReadAt }: { readonly readAt: number | undefined; readonly notReadAt: number | undefined }): string =>
  readAt !== undefined ? ', read' : notReadAt !== undefined ? ', deleted unread' : '';

function momentOf(status: RecipientState): string {
  switch (status.state) {
    case 'queued':
      return '';
    case 'claimed':
    case 'deferred':
      return `until ${dateTime(status.until)}`;
    case 'held':
      return status.until === undefined ? '' : `until ${dateTime(status.until)}`;
    case 'uncertain':
      return dateTime(status.since);
    case 'relayed':
    case 'delivered':
    case 'cancelled':
    case 'failed':
    case 'expired':
      return dateTime(status.at);
    default:
      return assertNever(status);
  }
}

const diagnosticOf = (status: RecipientState): Diagnostic | undefined => ('diagnostic' in status ? status.diagnostic : undefined);

/** The reply of the other side; where there was none, what happened and its code. */
export const replyText = (diagnostic: Diagnostic | undefined): string =>
  diagnostic === undefined ? '' : (diagnostic.response ?? `${diagnostic.text} (${diagnostic.code})`);

const changers: Readonly<Record<Explanation['whoCanChange'], string>> = {
  spooler: 'The spooler goes on by itself.',
  provider: 'The provider decides.',
  operator: 'An operator can change it.',
  sender: 'The sender can change it.',
  nobody: 'Nobody needs to do anything.',
};

export function explanationText({ sentence, gate, nextAt, whoCanChange }: Explanation): string {
  const next = nextAt === undefined ? '' : ` Next attempt: ${dateTime(nextAt)}.`;
  return `${sentence}${gate === undefined ? '' : ` Gate: ${gateText(gate)}.`}${next} ${changers[whoCanChange]}`;
}

export const gateText = ({ reason, until }: Gate): string => (until === undefined ? reason : `${reason} until ${dateTime(until)}`);

export const statusColumns: readonly Column[] = [
  { title: 'SESSION' },
  { title: 'STATE' },
  { title: 'QUEUED', align: 'right' },
  { title: 'PROGRESS' },
  { title: 'TEXT', flexible: true },
];

export function statusCells({ id, gate, flags, progress, queued, statusText }: StatusRow): Cell[] {
  const state: Cell =
    gate !== null
      ? { text: gateText(gate), tone: 'waiting' }
      : flags.failure === true
        ? { text: 'failure', tone: 'bad' }
        : flags.offline === true
          ? { text: 'offline', tone: 'waiting' }
          : { text: activity(flags), tone: 'good' };
  return [
    id,
    state,
    String(queued),
    progress === null ? '' : `${progress.done}${progress.total === undefined ? '' : ` of ${progress.total}`}`,
    statusText,
  ];
}

function activity(flags: StatusRow['flags']): string {
  const active = [flags.outboundActive === true ? 'sending' : '', flags.inboundActive === true ? 'receiving' : ''].filter((text) => text !== '');
  return active.length > 0 ? active.join(', ') : flags.available === true ? 'ready' : 'idle';
}

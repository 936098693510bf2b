// What other systems say later of messages that were handed over: recipients change state, and reports become due
// (M-064, M-070). A repeated row changes nothing.
import { assertNever } from '../errors.ts';
import { searchKey } from '../message/address-type.ts';
import { stateNames } from '../message/transitions.ts';
import type { RecipientRow, StateName } from '../message/recipient.ts';
import type { MessageLookup, StatusRecipient } from '../provider/spooler-support.ts';
import type { RecipientChange, StoredMessage } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import { lateNews, outcomeNews } from './outcome-news.ts';
import type { ReportWriter } from './report-writer.ts';
import type { Settler } from './settler.ts';

/** States that a late word may still change. */
const open: readonly StateName[] = ['claimed', 'held', 'uncertain', 'relayed', 'delivered'];

interface StatusParts {
  readonly engine: Engine;
  readonly settler: Settler;
  /** Absent: the sender was told already. */
  readonly reports?: ReportWriter;
}

export async function statusRecipients(
  { engine, settler, reports }: StatusParts,
  lookup: MessageLookup,
  rows: readonly StatusRecipient[] | ((message: StoredMessage) => readonly StatusRecipient[]),
): Promise<'matched' | 'unmatched'> {
  const ids = await engine.store.lookup(lookup);
  let matched = false;
  for (const message of await engine.store.get(ids)) {
    if (message?.direction !== 'outbound') continue;
    const words = typeof rows === 'function' ? rows(message) : rows;
    const changes = words.flatMap((row) => changeFor(row, message, engine.clock.now()));
    if (changes.length === 0) continue;
    matched = true;
    const submit = (await reports?.due(message, changes)) ?? [];
    // Reading says nothing about a state, and is worth knowing in any.
    const from = changes.some(({ status }) => status) ? open : stateNames;
    const settled = await settler.settle({ id: message.id, guard: { from }, recipients: changes, ...(submit.length > 0 && { submit }) });
    for (const news of [...outcomeNews(message, changes, settled), ...lateNews(message, changes, settled)]) engine.events.emit(news);
  }
  return matched ? 'matched' : 'unmatched';
}

function changeFor(word: StatusRecipient, message: StoredMessage, now: number): RecipientChange[] {
  const row = message.recipients.find((candidate) => isSame(candidate, word.recipient));
  if (!row) return [];
  const recipient = row.id;
  switch (word.status) {
    case 'delivered':
    case 'relayed':
      return [{ recipient, status: { state: word.status, at: word.at } }];
    case 'failed':
      return [{ recipient, status: { state: 'failed', at: now, diagnostic: word.diagnostic }, last: word.diagnostic }];
    case 'read':
      return [{ recipient, readAt: word.at }];
    case 'notRead':
      return [{ recipient, notReadAt: word.at }];
    case 'delayed':
      return [{ recipient, last: word.diagnostic }];
    default:
      return assertNever(word);
  }
}

const isSame = (row: RecipientRow, named: StatusRecipient['recipient']): boolean =>
  typeof named === 'number' ? row.id === named : searchKey(row) === searchKey(named);

// Waiting for a message to settle, and nodemailer's result of it.
import { MailspoolError } from '../errors.ts';
import type { EntryId, RecipientRow, StateName } from '../message/recipient.ts';
import { isSettled } from '../message/transitions.ts';
import type { RecipientChange, Settlement } from '../store/message-store.ts';
import { over } from '../time/over.ts';
import type { SendResult } from './contract.ts';
import type { Engine } from './engine.ts';
import type { AwaitedMessage } from './just-submitted.ts';
import type { OthersChanges } from './others-changes.ts';
import type { Settler } from './settler.ts';
import { envelopeOf } from './submission.ts';

interface Waiting {
  /** Where other spoolers may settle the message. */
  readonly others?: OthersChanges | undefined;
  readonly until?: readonly StateName[] | undefined;
  /** The message, if it was submitted right now. */
  readonly known?: AwaitedMessage | undefined;
  /** The caller's, and the end of the spooler. */
  readonly signals: readonly AbortSignal[];
}

/** @throws ENOTFOUND, or the reason of a signal */
export async function untilSettled(
  engine: Engine,
  settler: Settler,
  id: EntryId,
  { others, until = [], known, signals }: Waiting,
): Promise<SendResult> {
  for (const signal of signals) signal.throwIfAborted();
  const news: [Settlement, readonly number[]][] = [];
  let wake = (): void => undefined;
  const unwatch = settler.watch(id, (settlement, { changed }) => {
    news.push([settlement, changed]);
    wake();
  });
  const elsewhere = others?.listen(id, () => wake());
  try {
    let message = known ?? (await existing(engine, id));
    const settled = () => message.recipients.every(({ submitted, status: { state } }) => submitted || isSettled(state) || until.includes(state));
    while (!settled()) {
      if (news.length === 0 && !elsewhere?.hasNews()) await woken((notify) => (wake = notify), signals);
      // What this spooler wrote is known without asking, also if the message is gone with it.
      message = news.splice(0).reduce(applied, message);
      if (elsewhere?.takeNews() && !settled()) message = await existing(engine, id);
    }
    return sendResult(message);
  } finally {
    unwatch();
    elsewhere?.end();
  }
}

async function existing(engine: Engine, id: EntryId): Promise<AwaitedMessage> {
  const [message] = await engine.store.get([id]);
  if (message?.direction !== 'outbound') throw new MailspoolError('ENOTFOUND', `there is no submitted message ${id}`, { field: 'id' });
  return message;
}

async function woken(listen: (notify: () => void) => void, signals: readonly AbortSignal[]): Promise<void> {
  const done = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      for (const signal of signals) {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: done.signal });
      }
      listen(resolve);
    });
  } finally {
    done.abort(over);
  }
}

function applied(message: AwaitedMessage, [settlement, changed]: [Settlement, readonly number[]]): AwaitedMessage {
  const changeOf = (row: RecipientRow) =>
    changed.includes(row.id) ? settlement.recipients?.find(({ recipient }) => recipient === row.id || recipient === 'all') : undefined;
  return { ...message, recipients: message.recipients.map((row) => withChange(row, changeOf(row))) };
}

function withChange(row: RecipientRow, change: RecipientChange | undefined): RecipientRow {
  if (!change) return row;
  const { route: oldRoute, ...unrouted } = row;
  const { status = row.status, last = row.last, countAttempt, route = oldRoute, passed, remoteId } = change;
  return {
    ...unrouted,
    status,
    attempts: row.attempts + (countAttempt ? 1 : 0),
    ...(route && { route }),
    ...(last && { last }),
    ...(passed !== undefined && { passed: passed === null ? [] : [...new Set([...(row.passed ?? []), passed])] }),
    ...(remoteId !== undefined && { remoteIds: [...new Set([...(row.remoteIds ?? []), remoteId])] }),
  };
}

/** nodemailer's result: `accepted` are relayed and delivered, `rejected` failed and expired, `pending` uncertain. */
function sendResult(message: AwaitedMessage): SendResult {
  const rows = message.recipients.filter(({ submitted }) => !submitted);
  const among = (...states: StateName[]) => rows.filter(({ status }) => states.includes(status.state)).map(({ address }) => address);
  return {
    id: message.id,
    messageId: message.properties.messageId ?? '',
    envelope: envelopeOf(message.returnPath?.address, message.recipients),
    accepted: among('relayed', 'delivered'),
    rejected: among('failed', 'expired'),
    pending: among('uncertain', 'queued', 'deferred', 'held', 'claimed'),
    response: rows.findLast(({ last }) => last?.response)?.last?.response ?? '',
    recipients: message.recipients,
  };
}

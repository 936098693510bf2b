// The events that a settlement is worth (pure).
import type { StateName } from '../message/recipient.ts';
import type { StoredMessage, RecipientChange, Settled } from '../store/message-store.ts';
import type { News } from './news.ts';

/** One event for each recipient that really changed, and one when the message is filed. */
export function outcomeNews(message: StoredMessage, changes: readonly RecipientChange[], settled: Settled): News[] {
  const news = changes.flatMap((change): News[] => {
    const row = message.recipients.find(({ id }) => id === change.recipient);
    if (!row || !change.status || !settled.changed.includes(row.id)) return [];
    const attempts = row.attempts + (change.countAttempt ? 1 : 0);
    const recipient = { ...row, status: change.status, attempts, ...(change.last && { last: change.last }) };
    const { state } = change.status;
    switch (state) {
      case 'queued':
      case 'claimed':
        return [];
      case 'held':
      case 'cancelled':
        return [{ type: state, id: message.id }];
      default:
        return [{ type: state, id: message.id, recipient }];
    }
  });
  const went = message.recipients.some(({ status }) => isSent(status.state)) || changes.some(({ status }) => status && isSent(status.state));
  return settled.finished && went ? [...news, { type: 'sent', id: message.id }] : news;
}

/** Beside the states: somebody has read it, or it came back from where it was handed over. */
export const lateNews = (message: StoredMessage, changes: readonly RecipientChange[], settled: Settled): News[] =>
  changes.flatMap(({ recipient: id, readAt, status }): News[] => {
    const row = message.recipients.find((candidate) => candidate.id === id);
    if (!row || !settled.changed.includes(row.id)) return [];
    if (readAt !== undefined) return [{ type: 'read', id: message.id, recipient: { ...row, readAt } }];
    const hasComeBack = status?.state === 'failed' && isSent(row.status.state);
    return hasComeBack ? [{ type: 'bounced', id: message.id, recipient: { ...row, status } }] : [];
  });

export const isSent = (state: StateName): boolean => state === 'relayed' || state === 'delivered';

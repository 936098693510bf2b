// The events that a settlement is worth (pure).
import type { StoredMessage, RecipientChange, Settled } from '../store/message-store.ts';
import type { News } from './news.ts';

/** One event for each recipient that really changed, and one when the message is filed. */
export function outcomeNews(message: StoredMessage, changes: readonly RecipientChange[], settled: Settled): News[] {
  const news = changes.flatMap((change): News[] => {
    const row = message.recipients.find(({ id }) => id === change.recipient);
    if (!row || !change.status || !settled.changed.includes(row.id)) return [];
    const recipient = { ...row, status: change.status, ...(change.last && { last: change.last }) };
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
  return settled.finished ? [...news, { type: 'sent', id: message.id }] : news;
}

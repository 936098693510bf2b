// A report that did not reach everybody has nobody else to tell: it stays, for somebody to look at (T-045).
import type { AfterSend } from '../message/message.ts';
import type { RecipientChange, StoredMessage } from '../store/message-store.ts';

/** How a message is filed: as its sender wished, unless it is a dead letter once these changes are written. */
export function afterSendOf(message: StoredMessage, changes: readonly RecipientChange[] = []): AfterSend {
  const { recipients, properties, returnPath, afterSend } = message;
  const isReport = returnPath === null && properties.messageClass?.toUpperCase().startsWith('REPORT.') === true;
  const states = recipients.map((row) => changes.find(({ recipient }) => recipient === row.id)?.status?.state ?? row.status.state);
  return isReport && states.some((state) => state === 'failed' || state === 'expired') ? { ...afterSend, delete: false } : afterSend;
}

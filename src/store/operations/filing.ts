// How a settlement ends: filed as sent (M-043, M-044), filed and announced as new mail (M-085), removed, or neither.
import { assertNever } from '../../errors.ts';
import { defaultMessageClass } from '../../message/message.ts';
import type { SessionKey } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import type { Settlement, StoredMessage } from '../message-store.ts';
import { isAllFinal } from '../schedule.ts';
import type { ChangeRow } from '../tables.ts';

/** What the change feed says of it; undefined: nothing beyond what else changed. */
type News = Pick<ChangeRow, 'type' | 'messageClass' | 'session'>;

export type Filed = { readonly record: StoredMessage; readonly news?: News } | { readonly record: 'removed' };

export function filed(record: StoredMessage, then: Settlement['then'], now: Instant): Filed {
  if (then === undefined || then === 'release' || then === 'keep') return { record };
  if (then === 'remove') return { record: 'removed' };
  if ('finished' in then) return isAllFinal(record.recipients) ? file(record, then.finished, now, { type: 'finished' }) : { record };
  if ('notifyNewMail' in then) return file(record, then.notifyNewMail, now, then.notifyNewMail.announce ? newMail(record) : { type: 'finished' });
  return assertNever(then);
}

/** Moved, then deleted: with both nothing is left. What is filed already stays where it is. */
function file(record: StoredMessage, { moveTo, delete: gone }: { moveTo?: string; delete?: boolean }, now: Instant, news: News): Filed {
  if (record.finishedAt !== undefined) return { record };
  return gone ? { record: 'removed' } : { record: { ...record, folder: moveTo ?? record.folder, finishedAt: now }, news };
}

const newMail = ({ properties, session }: StoredMessage): News => ({
  type: 'newMail',
  messageClass: properties.messageClass ?? defaultMessageClass,
  session: session ?? ('' as SessionKey),
});

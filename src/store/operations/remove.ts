// A message goes, with everything that only it held: content, other names, leases. References stay, or what was
// received once would be received again.
import type { StoredMessage } from '../message-store.ts';
import { scheduleChange } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import { dropContent } from './content.ts';
import { otherNames } from './insert.ts';
import { remoteIdsOf } from './message-change.ts';
import { announce, type Operation } from './operation.ts';

/** `holding`: the record as it would have been written, where the same settlement changed it first. */
export function removeMessage(operation: Operation, sequence: Sequence, stored: StoredMessage, holding: StoredMessage = stored): void {
  const { tables } = operation;
  tables.removeMessage(sequence, scheduleChange(stored, undefined));
  dropContent(operation, holding);
  for (const [kind, value] of otherNames(stored)) tables.removeKey(kind, value, sequence);
  for (const remoteId of remoteIdsOf(stored)) tables.removeKey('remoteId', remoteId, sequence);
  for (const lease of tables.leases(sequence)) tables.removeLease(sequence, lease.queue);
  announce(operation, { type: 'removed', id: stored.id, folder: stored.folder });
}

// The change feed by its durable cursor: a reader keeps no more than one page.
import type { Cursor } from '../../message/recipient.ts';
import { cursorOf, placeOf } from '../entry-id.ts';
import type { Change } from '../message-store.ts';
import type { ChangeRow } from '../tables.ts';
import type { Operation } from './operation.ts';

const pageSize = 200;

/** Where a reader that has no cursor begins. */
export const feedEnd = (operation: Operation): Cursor => cursorOf(operation.tables.tag, operation.tables.feedBounds().last);

/**
 * The next changes after the cursor; none: wait for news. A cursor that was trimmed, or is not of this store, answers
 * with one `gap` from which reading goes on.
 */
export function changesPage(operation: Operation, after: Cursor): Change[] {
  const { tables, now } = operation;
  const { last, trimmed } = tables.feedBounds();
  const place = placeOf(tables.tag, after);
  if (place === undefined || place > last) return [{ type: 'gap', cursor: cursorOf(tables.tag, last), at: now }];
  if (place < trimmed) return [{ type: 'gap', cursor: cursorOf(tables.tag, trimmed), at: now }];
  return tables.changesAfter(place, pageSize).map((row) => changeOf(tables.tag, row));
}

function changeOf(tag: string, { place, messageClass, session, ...row }: ChangeRow): Change {
  const cursor = cursorOf(tag, place);
  const { at, id, folder, type } = row;
  if (type !== 'newMail') return { cursor, at, type, id, folder };
  return { cursor, at, type, id, folder, messageClass: messageClass ?? '', session: session ?? ('' as never) };
}

// Reading: nothing here writes (U-013).
import type { EntryId, RecipientRow, Route } from '../../message/recipient.ts';
import { isFinal } from '../../message/transitions.ts';
import type { MessageLookup } from '../../provider/spooler-support.ts';
import { sequenceOf } from '../entry-id.ts';
import type { MessageFilter, Queue, StoredMessage } from '../message-store.ts';
import { isSentTo, queueOf } from '../schedule.ts';
import type { LookupKind, ScanHint, Sequence } from '../tables.ts';
import { find, idOf, type Operation } from './operation.ts';
import { shown } from './overlay.ts';

export const get = (operation: Operation, ids: readonly EntryId[]): (StoredMessage | undefined)[] =>
  ids.map((id) => {
    const found = find(operation, id);
    return found && asShown(operation, found.sequence, found.record);
  });

const asShown = (operation: Operation, sequence: Sequence, record: StoredMessage): StoredMessage =>
  shown(record, operation.tables.leases(sequence), operation.now);

export function lookup(operation: Operation, message: MessageLookup): EntryId[] {
  if ('entryId' in message) return find(operation, message.entryId) ? [message.entryId] : [];
  const sequences = nameOf(message).flatMap(([kind, value]) => operation.tables.findKey(kind, value));
  return sequences.map((sequence) => idOf(operation, sequence));
}

/** Where something waits or is claimed. */
export const queues = ({ tables }: Operation): { queue: Queue; entries: number }[] =>
  tables.queueSizes().flatMap(([key, entries]) => {
    const queue = queueOf(key);
    return queue === undefined ? [] : [{ queue, entries }];
  });

const nameOf = (message: MessageLookup) => Object.entries(message) as [LookupKind, string][];

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** Go on after this id; undefined: that was all. */
  readonly next?: EntryId;
}

/** How many records one page looks at: a bound for the time that others wait. */
const scannedAtOnce = 500;

export function findPage(operation: Operation, filter: MessageFilter, after: EntryId | undefined): Page {
  if (filter.ids) return { messages: findByIds(operation, filter, filter.ids, after) };
  const from = after === undefined ? 0 : (sequenceOf(operation.tables.tag, after) ?? 0);
  const scanned = operation.tables.page(from, scannedAtOnce, hintOf(filter));
  const messages = scanned.map(([sequence, record]) => asShown(operation, sequence, record)).filter((message) => matches(message, filter));
  const last = scanned.at(-1);
  return { messages, ...(last && { next: idOf(operation, last[0]) }) };
}

function findByIds(operation: Operation, filter: MessageFilter, ids: readonly EntryId[], after: EntryId | undefined): StoredMessage[] {
  const wanted = [...new Set(ids)].filter((id) => after === undefined || id > after).sort();
  return get(operation, wanted).filter((message) => message !== undefined && matches(message, filter)) as StoredMessage[];
}

function hintOf({ folder, direction, states }: MessageFilter): ScanHint {
  const unfinished = states !== undefined && states.length > 0 && !states.some(isFinal);
  return { ...(folder !== undefined && { folder }), ...(direction && { direction }), ...(unfinished && { unfinished }) };
}

function matches(message: StoredMessage, filter: MessageFilter): boolean {
  const { states, route, recipient, headersOnly, marked } = filter;
  for (const field of ['folder', 'direction', 'account', 'tenant', 'session'] as const) {
    if (filter[field] !== undefined && filter[field] !== message[field]) return false;
  }
  if (headersOnly !== undefined && headersOnly !== (message.headersOnly ?? false)) return false;
  if (marked !== undefined && marked !== (message.mark !== undefined)) return false;
  if (states && !message.recipients.some((row) => isSentTo(row) && states.includes(row.status.state))) return false;
  if (route && !message.recipients.some((row) => goesBy(row, route))) return false;
  return recipient === undefined || message.recipients.some((row) => row.address.toLowerCase() === recipient.toLowerCase());
}

/** A route without a destination stands for all destinations of its session. */
const goesBy = (row: RecipientRow, route: Route): boolean =>
  row.route?.session === route.session && (route.destination === undefined || row.route.destination === route.destination);

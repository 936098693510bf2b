// What is asked of the server: folders, UIDs, dates. Answers are bounded: UIDs come in windows, never as one list of a
// whole mailbox.
import type { FetchMessageObject } from 'imapflow';
import { TransportError, type Instant } from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import { canonicalFolder, isPattern } from './options.ts';

/** How many UIDs one search covers at first; four times as many after each that found nothing. */
const windowUids = 1_000;

export interface OpenFolder {
  readonly uidValidity: string;
  readonly uidNext: number;
}

export interface UidSearch {
  readonly from: number;
  /** Where the folder ends as far as is known; with `closed` nothing beyond it is looked for. */
  readonly uidNext: number;
  readonly closed?: boolean;
  /** Lower UIDs that are looked for, too. */
  readonly also: readonly number[];
  /** Only of that day or later, as IMAP counts days. */
  readonly since?: Instant;
}

/** SELECT or, `readOnly`, EXAMINE; nothing if it is open already, unless `again`. */
export async function openFolder(
  connection: ImapConnection,
  path: string,
  options: { readonly readOnly: boolean; readonly again?: boolean },
  signal: AbortSignal,
): Promise<OpenFolder> {
  const open = connection.mailbox;
  const box =
    open?.path === path && options.again !== true
      ? open
      : await connection.command(`SELECT ${path}`, signal, (client) => client.mailboxOpen(path, { readOnly: options.readOnly }));
  if (box?.uidValidity === undefined) return broken(connection, `IMAP SELECT ${path}: the server names no UIDVALIDITY`);
  return { uidValidity: String(box.uidValidity), uidNext: box.uidNext || 1 };
}

/** Nothing can be made of this answer: whoever tries again does so on a new connection, after its pause. */
function broken(connection: ImapConnection, text: string): never {
  const error = new TransportError('EPROTOCOL', text, { gate: { reason: 'unreachable' } });
  connection.close(error);
  throw error;
}

export async function statusOf(connection: ImapConnection, path: string, signal: AbortSignal): Promise<Partial<OpenFolder> | undefined> {
  const status = await connection.command(`STATUS ${path}`, signal, (client) => client.status(path, { uidNext: true, uidValidity: true }));
  if (status === false) return undefined;
  return {
    ...(status.uidNext === undefined ? {} : { uidNext: status.uidNext }),
    ...(status.uidValidity === undefined ? {} : { uidValidity: String(status.uidValidity) }),
  };
}

/** UIDs in ascending order, of the first window that has any. `below`: where the windows that were looked through end. */
export async function findUids(
  connection: ImapConnection,
  search: UidSearch,
  signal: AbortSignal,
): Promise<{ uids: readonly number[]; below?: number }> {
  let { also } = search;
  for (let low = search.from, span = windowUids; ; low += span, span *= 4, also = []) {
    const end = Math.min(low + span, search.uidNext);
    const last = end >= search.uidNext;
    if (last && search.closed === true && low >= end && also.length === 0) return { uids: [], below: search.uidNext };
    const range = last && search.closed !== true ? `${low}:*` : low < end ? `${low}:${end - 1}` : '';
    const uids = await searchUids(connection, [...also, ...(range === '' ? [] : [range])].join(','), search.since, signal);
    const wanted = uids.filter((uid) => uid >= low || also.includes(uid)).sort((a, b) => a - b);
    if (last) return search.closed === true ? { uids: wanted, below: search.uidNext } : { uids: wanted };
    if (wanted.length > 0) return { uids: wanted, below: end };
  }
}

async function searchUids(connection: ImapConnection, uid: string, since: Instant | undefined, signal: AbortSignal): Promise<readonly number[]> {
  const query = { uid, ...(since === undefined ? {} : { since: new Date(since) }) };
  const found = await connection.command('UID SEARCH', signal, (client) => client.search(query, { uid: true }));
  return found === false || found === undefined ? broken(connection, 'IMAP UID SEARCH: no answer') : found;
}

/** INTERNALDATE, and the EMAILID where the server has one. */
export async function describeMessages(
  connection: ImapConnection,
  uids: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, FetchMessageObject>> {
  const described = await connection.command('UID FETCH', signal, (client) =>
    client.fetchAll(uids.join(','), { uid: true, internalDate: true }, { uid: true }),
  );
  return new Map(described.filter((message) => message.internalDate !== undefined).map((message) => [message.uid, message]));
}

export interface Headers {
  readonly bytes: Uint8Array;
  readonly sizeBytes?: number;
  readonly date?: Instant;
}

/** The headers of one message, and how large all of it is; undefined: it is not there. */
export async function headersOf(connection: ImapConnection, uid: number, signal: AbortSignal): Promise<Headers | undefined> {
  const query = { uid: true, headers: true, size: true, internalDate: true };
  const answers = await connection.command('UID FETCH', signal, (client) => client.fetchAll(String(uid), query, { uid: true }));
  const found = answers.find((message) => message.uid === uid && Buffer.isBuffer(message.headers));
  if (found?.headers === undefined) return undefined;
  const date = internalDateOf(found);
  return { bytes: found.headers, ...(found.size !== undefined && { sizeBytes: found.size }), ...(date !== undefined && { date }) };
}

/** The INTERNALDATE of `uid`, or else of the newest message. */
export async function newestDate(connection: ImapConnection, uid: number, signal: AbortSignal): Promise<Instant | undefined> {
  if ((connection.mailbox?.exists ?? 0) === 0) return undefined;
  const fetch = (range: string, byUid: boolean): Promise<FetchMessageObject | false | undefined> =>
    connection.command('UID FETCH', signal, (client) => client.fetchOne(range, { uid: true, internalDate: true }, { uid: byUid }));
  const message = (uid > 0 && (await fetch(String(uid), true))) || (await fetch('*', false));
  return internalDateOf(message || undefined);
}

export function internalDateOf(message: FetchMessageObject | undefined): Instant | undefined {
  const date = message?.internalDate;
  if (date === undefined) return undefined;
  const ms = typeof date === 'string' ? Date.parse(date) : date.getTime();
  return Number.isNaN(ms) ? undefined : ms;
}

/** The folders that the names and patterns mean now, in their order. */
export async function listFolders(connection: ImapConnection, names: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  if (!names.some(isPattern)) return names;
  const listed = await connection.command('LIST', signal, (client) => client.list({ listOnly: true }));
  const selectable = listed.filter((folder) => !folder.flags.has('\\Noselect') && !folder.flags.has('\\NonExistent'));
  const meant = names.flatMap((name) =>
    isPattern(name)
      ? selectable.filter((folder) => matches(name, folder.path, folder.delimiter)).map((folder) => canonicalFolder(folder.path))
      : [name],
  );
  return [...new Set(meant)];
}

/** RFC 9051, 6.3.9: `*` is anything, `%` anything within one level. */
function matches(pattern: string, path: string, delimiter: string): boolean {
  const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const level = delimiter === '' || delimiter === undefined ? '.*' : `[^${quoted(delimiter)}]*`;
  const source = pattern.replace(/[*%]|[^*%]+/g, (part) => (part === '*' ? '.*' : part === '%' ? level : quoted(part)));
  return new RegExp(`^${source}$`, 'su').test(path);
}

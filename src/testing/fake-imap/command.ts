// The commands of IMAP4rev1 and their arguments (RFC 3501 section 6; RFC 2177, 2342, 2971, 3691, 4315, 4731, 4959, 5161,
// 5258, 5819, 6154, 6851, 7162, 8438). For session.ts, which carries them out.
import { SyntaxProblem, type Cursor } from './cursor.ts';
import { parseDateTime } from './date-time.ts';
import { parseFetchItems, type FetchItem } from './fetch-items.ts';
import { parseSearch, type SearchKey } from './search-key.ts';
import type { SequenceSet } from './sequence-set.ts';

/** Commands without arguments. */
const bare = ['CAPABILITY', 'CHECK', 'CLOSE', 'EXPUNGE', 'IDLE', 'LOGOUT', 'NAMESPACE', 'NOOP', 'STARTTLS', 'UNSELECT'] as const;

const knownStatusItems = ['MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN', 'DELETED', 'SIZE', 'HIGHESTMODSEQ'] as const;

export type StatusItem = (typeof knownStatusItems)[number];

export interface ListCommand {
  readonly name: 'LIST' | 'LSUB';
  readonly reference: string;
  readonly patterns: readonly string[];
  /** `SUBSCRIBED`, `SPECIAL-USE`: only such. */
  readonly select: readonly string[];
  /** `CHILDREN`, `SUBSCRIBED`, `SPECIAL-USE`: what to tell; undefined in the plain LIST of old. */
  readonly tell: readonly string[] | undefined;
  /** Status items that are wanted for each. */
  readonly status: readonly StatusItem[];
}

export interface SelectCommand {
  readonly name: 'SELECT' | 'EXAMINE';
  readonly mailbox: string;
  readonly condstore: boolean;
  /** What the client knows of the mailbox from before (RFC 7162 section 3.2.5). */
  readonly known: KnownMailbox | undefined;
}

export interface KnownMailbox {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly uids: SequenceSet | undefined;
}

export interface FetchCommand {
  readonly name: 'FETCH';
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly items: readonly FetchItem[];
  readonly changedSince: number | undefined;
  /** Tells also of what was expunged since (RFC 7162 section 3.2.6). */
  readonly vanished: boolean;
}

export interface SearchCommand {
  readonly name: 'SEARCH';
  readonly uid: boolean;
  /** What is wanted of the result (RFC 4731); undefined for all the numbers, as of old. */
  readonly results: readonly SearchResult[] | undefined;
  readonly charset: string;
  readonly key: SearchKey;
}

const knownSearchResults = ['MIN', 'MAX', 'ALL', 'COUNT'] as const;

export type SearchResult = (typeof knownSearchResults)[number];

export interface StoreCommand {
  readonly name: 'STORE';
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mode: 'set' | 'add' | 'remove';
  readonly silent: boolean;
  readonly flags: readonly string[];
  readonly unchangedSince: number | undefined;
}

/** One variant for each name, so that a switch can tell them apart. */
type Bare = { readonly [Name in (typeof bare)[number]]: { readonly name: Name } }[(typeof bare)[number]];

export type ImapCommand =
  | Bare
  | { readonly name: 'ID' }
  | { readonly name: 'ENABLE'; readonly capabilities: readonly string[] }
  | { readonly name: 'LOGIN'; readonly user: string; readonly password: string }
  | { readonly name: 'AUTHENTICATE'; readonly mechanism: string; readonly initial: string | undefined }
  | SelectCommand
  | { readonly name: 'CREATE' | 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE'; readonly mailbox: string }
  | { readonly name: 'RENAME'; readonly from: string; readonly to: string }
  | ListCommand
  | { readonly name: 'STATUS'; readonly mailbox: string; readonly items: readonly StatusItem[] }
  | {
      readonly name: 'APPEND';
      readonly mailbox: string;
      readonly flags: readonly string[];
      readonly internalDate: number | undefined;
      readonly raw: Buffer;
    }
  | FetchCommand
  | StoreCommand
  | SearchCommand
  | { readonly name: 'COPY' | 'MOVE'; readonly uid: boolean; readonly set: SequenceSet; readonly mailbox: string }
  | { readonly name: 'UID EXPUNGE'; readonly set: SequenceSet };

/** @throws SyntaxProblem if the command or its arguments are unknown */
export function parseArguments(name: string, cursor: Cursor): ImapCommand {
  const command = argumentsOf(name, cursor);
  cursor.end();
  return command;
}

function argumentsOf(name: string, cursor: Cursor): ImapCommand {
  const plain = bare.find((each) => each === name);
  if (plain !== undefined) return { name: plain };
  cursor.space();
  const uid = name.startsWith('UID ');
  switch (name) {
    case 'ID':
      if (!cursor.takes('NIL')) cursor.list(() => cursor.nstring());
      return { name };
    case 'ENABLE':
      return { name, capabilities: cursor.rest().toUpperCase().split(' ') };
    case 'LOGIN':
      return { name, ...pair(cursor, () => cursor.astring(), 'user', 'password') };
    case 'AUTHENTICATE':
      return { name, mechanism: cursor.keyword(), initial: cursor.takes(' ') ? cursor.rest() : undefined };
    case 'SELECT':
    case 'EXAMINE':
      return select(name, cursor);
    case 'CREATE':
    case 'DELETE':
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      return { name, mailbox: cursor.mailbox() };
    case 'RENAME':
      return { name, ...pair(cursor, () => cursor.mailbox(), 'from', 'to') };
    case 'LIST':
    case 'LSUB':
      return list(name, cursor);
    case 'STATUS':
      return { name, mailbox: then(cursor.mailbox(), cursor), items: statusItems(cursor) };
    case 'APPEND':
      return append(cursor);
    case 'FETCH':
    case 'UID FETCH':
      return fetch(uid, cursor);
    case 'STORE':
    case 'UID STORE':
      return store(uid, cursor);
    case 'SEARCH':
    case 'UID SEARCH':
      return {
        name: 'SEARCH',
        uid,
        results: cursor.takes('RETURN ') ? then(searchResults(cursor), cursor) : undefined,
        charset: cursor.takes('CHARSET ') ? then(cursor.astring(), cursor) : 'UTF-8',
        key: parseSearch(cursor),
      };
    case 'COPY':
    case 'UID COPY':
    case 'MOVE':
    case 'UID MOVE':
      return { name: name.endsWith('COPY') ? 'COPY' : 'MOVE', uid, set: then(cursor.sequenceSet(), cursor), mailbox: cursor.mailbox() };
    case 'UID EXPUNGE':
      return { name, set: cursor.sequenceSet() };
    default:
      throw new SyntaxProblem(`${name} is not known`);
  }
}

/** The value, and a space behind it. */
function then<T>(value: T, cursor: Cursor): T {
  cursor.space();
  return value;
}

function pair<A extends string, B extends string>(cursor: Cursor, read: () => string, first: A, second: B): Record<A | B, string> {
  const values = [then(read(), cursor), read()];
  return { [first]: values[0], [second]: values[1] } as Record<A | B, string>;
}

function list(name: 'LIST' | 'LSUB', cursor: Cursor): ListCommand {
  const select = cursor.sees('(')
    ? then(
        cursor.list(() => cursor.keyword()),
        cursor,
      )
    : [];
  const reference = then(cursor.mailbox(), cursor);
  const patterns = cursor.sees('(') ? cursor.list(() => cursor.listPattern()) : [cursor.listPattern()];
  const status: StatusItem[] = [];
  const tell: string[] = [...select];
  const option = (): void => {
    const word = cursor.keyword();
    if (word !== 'STATUS') return void tell.push(word);
    cursor.space();
    status.push(...statusItems(cursor));
  };
  const returns = cursor.takes(' RETURN ');
  if (returns) cursor.list(option);
  return { name, reference, patterns, select, tell: returns || select.length > 0 ? tell : undefined, status };
}

function select(name: 'SELECT' | 'EXAMINE', cursor: Cursor): SelectCommand {
  const mailbox = cursor.mailbox();
  let [condstore, known]: [boolean, KnownMailbox | undefined] = [false, undefined];
  const parameter = (): void => {
    const word = cursor.keyword();
    if (word === 'CONDSTORE') condstore = true;
    else if (word === 'QRESYNC') known = knownMailbox(cursor);
    else throw new SyntaxProblem(`no parameter ${word}`);
  };
  if (cursor.takes(' ')) cursor.someOf(parameter);
  return { name, mailbox, condstore, known };
}

/** The last part, which maps numbers to UIDs, says only what the UIDs say. */
function knownMailbox(cursor: Cursor): KnownMailbox {
  cursor.expect(' (');
  const uidValidity = then(cursor.number(), cursor);
  const modseq = cursor.number();
  const uids = cursor.takes(' ') && !cursor.sees('(') ? cursor.sequenceSet() : undefined;
  if (uids ? cursor.takes(' (') : cursor.takes('(')) {
    then(cursor.sequenceSet(), cursor);
    cursor.sequenceSet();
    cursor.expect(')');
  }
  cursor.expect(')');
  return { uidValidity, modseq, uids };
}

/** An empty list means ALL. */
function searchResults(cursor: Cursor): readonly SearchResult[] {
  const wanted = cursor.list(() => {
    const word = cursor.keyword();
    const found = knownSearchResults.find((each) => each === word);
    if (found === undefined) throw new SyntaxProblem(`no search result ${word}`);
    return found;
  });
  return wanted.length === 0 ? ['ALL'] : wanted;
}

function statusItems(cursor: Cursor): StatusItem[] {
  return cursor.someOf(() => {
    const item = cursor.keyword();
    const found = knownStatusItems.find((each) => each === item);
    if (found === undefined) throw new SyntaxProblem(`no status item ${item}`);
    return found;
  });
}

function append(cursor: Cursor): ImapCommand {
  const mailbox = then(cursor.mailbox(), cursor);
  const flags = cursor.sees('(')
    ? then(
        cursor.list(() => cursor.settableFlag()),
        cursor,
      )
    : [];
  const internalDate = cursor.sees('"') ? dateTime(then(cursor.bytes().toString(), cursor)) : undefined;
  return { name: 'APPEND', mailbox, flags, internalDate, raw: cursor.bytes() };
}

function dateTime(text: string): number {
  const parsed = parseDateTime(text);
  if (parsed === undefined) throw new SyntaxProblem(`not a date and time: ${text}`);
  return parsed;
}

function fetch(uid: boolean, cursor: Cursor): FetchCommand {
  const set = then(cursor.sequenceSet(), cursor);
  const items = parseFetchItems(cursor);
  let changedSince: number | undefined;
  let vanished = false;
  if (cursor.takes(' (CHANGEDSINCE ')) {
    changedSince = cursor.number();
    vanished = cursor.takes(' VANISHED');
    cursor.expect(')');
  }
  if (vanished && !uid) throw new SyntaxProblem('VANISHED is for UID FETCH');
  return { name: 'FETCH', uid, set, items, changedSince, vanished };
}

function store(uid: boolean, cursor: Cursor): StoreCommand {
  const set = then(cursor.sequenceSet(), cursor);
  let unchangedSince: number | undefined;
  if (cursor.takes('(UNCHANGEDSINCE ')) {
    unchangedSince = cursor.number();
    cursor.expect(') ');
  }
  const mode = cursor.takes('+') ? 'add' : cursor.takes('-') ? 'remove' : 'set';
  cursor.expect('FLAGS');
  const silent = cursor.takes('.SILENT');
  cursor.space();
  return { name: 'STORE', uid, set, mode, silent, flags: storedFlags(cursor), unchangedSince };
}

/** In parentheses or, as of old, without. */
function storedFlags(cursor: Cursor): string[] {
  if (cursor.sees('(')) return cursor.list(() => cursor.settableFlag());
  const flags = [cursor.settableFlag()];
  while (cursor.takes(' ')) flags.push(cursor.settableFlag());
  return flags;
}

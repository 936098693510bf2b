// What a client asks SEARCH for (RFC 9051 section 6.4.4, RFC 7162 for MODSEQ). For command.ts; search.ts answers.
import { SyntaxProblem, type Cursor } from './cursor.ts';
import { parseDay, type Day } from './date-time.ts';
import type { SequenceSet } from './sequence-set.ts';

export type SearchKey =
  | { readonly key: 'all' | 'none' }
  | { readonly key: 'flag'; readonly flag: string; readonly has: boolean }
  | { readonly key: 'header'; readonly name: string; readonly value: string }
  | { readonly key: 'body' | 'text'; readonly value: string }
  | { readonly key: 'day'; readonly of: 'arrival' | 'message'; readonly relation: 'before' | 'on' | 'since'; readonly day: Day }
  | { readonly key: 'larger' | 'smaller'; readonly bytes: number }
  | { readonly key: 'uid' | 'sequence'; readonly set: SequenceSet }
  | { readonly key: 'modseq'; readonly atLeast: number }
  | { readonly key: 'not'; readonly inner: SearchKey }
  | { readonly key: 'or'; readonly either: readonly [SearchKey, SearchKey] }
  | { readonly key: 'and'; readonly each: readonly SearchKey[] };

const flagKeys: Readonly<Record<string, string>> = {
  ANSWERED: '\\Answered',
  DELETED: '\\Deleted',
  DRAFT: '\\Draft',
  FLAGGED: '\\Flagged',
  SEEN: '\\Seen',
};
const headerKeys: readonly string[] = ['BCC', 'CC', 'FROM', 'SUBJECT', 'TO'];
const dayKey = /^(SENT)?(BEFORE|ON|SINCE)$/;

/** Keys to the end of the command, all of which must hold. */
export function parseSearch(cursor: Cursor): SearchKey {
  const each = [searchKey(cursor, 0)];
  while (cursor.takes(' ')) each.push(searchKey(cursor, 0));
  return { key: 'and', each };
}

/** Deeper nesting is refused. */
const deepest = 50;

function searchKey(cursor: Cursor, depth: number): SearchKey {
  if (depth > deepest) throw new SyntaxProblem('nested too deep');
  if (cursor.sees('(')) return { key: 'and', each: cursor.someOf(() => searchKey(cursor, depth + 1)) };
  if (cursor.seesSet()) return { key: 'sequence', set: cursor.sequenceSet() };
  const name = cursor.keyword();
  const argument = <T>(read: () => T): T => {
    cursor.space();
    return read();
  };
  const inner = (): SearchKey => argument(() => searchKey(cursor, depth + 1));
  switch (name) {
    case 'ALL':
    case 'OLD':
      return { key: 'all' };
    // No message of a fake is ever recent.
    case 'NEW':
    case 'RECENT':
      return { key: 'none' };
    case 'NOT':
      return { key: 'not', inner: inner() };
    case 'OR':
      return { key: 'or', either: [inner(), inner()] };
    case 'UID':
      return { key: 'uid', set: argument(() => cursor.sequenceSet()) };
    case 'KEYWORD':
    case 'UNKEYWORD':
      return { key: 'flag', flag: argument(() => cursor.flag()), has: name === 'KEYWORD' };
    case 'HEADER':
      return { key: 'header', name: argument(() => cursor.astring()), value: argument(() => cursor.astring()) };
    case 'BODY':
    case 'TEXT':
      return { key: name === 'BODY' ? 'body' : 'text', value: argument(() => cursor.astring()) };
    case 'LARGER':
    case 'SMALLER':
      return { key: name === 'LARGER' ? 'larger' : 'smaller', bytes: argument(() => cursor.number()) };
    case 'MODSEQ':
      return { key: 'modseq', atLeast: argument(() => modseq(cursor)) };
    default:
      return byFamily(name, argument, cursor);
  }
}

function byFamily(name: string, argument: <T>(read: () => T) => T, cursor: Cursor): SearchKey {
  if (headerKeys.includes(name)) return { key: 'header', name, value: argument(() => cursor.astring()) };
  const flag = flagKeys[name.replace(/^UN/, '')];
  if (flag !== undefined) return { key: 'flag', flag, has: !name.startsWith('UN') };
  const [, sent, relation] = dayKey.exec(name) ?? [];
  if (relation === undefined) throw new SyntaxProblem(`cannot search for ${name}`);
  const day = parseDay(argument(() => cursor.astring()));
  if (day === undefined) throw new SyntaxProblem('not a date');
  return { key: 'day', of: sent ? 'message' : 'arrival', relation: relation.toLowerCase() as 'before' | 'on' | 'since', day };
}

/** With or without the name of an entry, which makes no difference here. */
function modseq(cursor: Cursor): number {
  if (cursor.sees('"')) {
    cursor.bytes();
    cursor.space();
    cursor.keyword();
    cursor.space();
  }
  return cursor.number();
}

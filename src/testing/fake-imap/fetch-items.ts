// What a client asks FETCH for (RFC 9051 section 6.4.5, RFC 7162 for MODSEQ). For command.ts.
import { SyntaxProblem, type Cursor } from './cursor.ts';

export type FetchItem =
  | { readonly item: 'FLAGS' | 'UID' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODYSTRUCTURE' | 'BODY' | 'MODSEQ' }
  | {
      readonly item: 'SECTION';
      /** How the answer names it. */
      readonly label: string;
      readonly section: Section;
      /** Leaves \Seen alone. */
      readonly peek: boolean;
      readonly partial?: { readonly offset: number; readonly count: number };
    };

/** A piece of a message: a part by its numbers, then what of it. */
export interface Section {
  readonly path: readonly number[];
  readonly what: 'ALL' | 'HEADER' | 'TEXT' | 'MIME' | 'FIELDS' | 'FIELDS.NOT';
  /** For the two FIELDS, in capitals. */
  readonly names: readonly string[];
}

const macros: Readonly<Record<string, readonly ('FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODY')[]>> = {
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
};

const whole: Section = { path: [], what: 'ALL', names: [] };

export function parseFetchItems(cursor: Cursor): FetchItem[] {
  if (cursor.sees('(')) return cursor.someOf(() => fetchItem(cursor));
  const macro = Object.keys(macros).find((name) => cursor.takes(name));
  if (macro !== undefined) return (macros[macro] ?? []).map((item) => ({ item }));
  return [fetchItem(cursor)];
}

function fetchItem(cursor: Cursor): FetchItem {
  if (cursor.takes('BODY.PEEK[')) return section(cursor, true);
  if (cursor.takes('BODY[')) return section(cursor, false);
  const item = cursor.keyword();
  switch (item) {
    case 'FLAGS':
    case 'UID':
    case 'INTERNALDATE':
    case 'RFC822.SIZE':
    case 'ENVELOPE':
    case 'BODYSTRUCTURE':
    case 'BODY':
    case 'MODSEQ':
      return { item };
    case 'RFC822':
      return { item: 'SECTION', label: item, section: whole, peek: false };
    case 'RFC822.HEADER':
      return { item: 'SECTION', label: item, section: { ...whole, what: 'HEADER' }, peek: true };
    case 'RFC822.TEXT':
      return { item: 'SECTION', label: item, section: { ...whole, what: 'TEXT' }, peek: false };
    default:
      throw new SyntaxProblem(`cannot fetch ${item}`);
  }
}

function section(cursor: Cursor, peek: boolean): FetchItem {
  const path: number[] = [];
  while (!cursor.sees(']')) {
    const name = ['HEADER.FIELDS.NOT', 'HEADER.FIELDS', 'HEADER', 'TEXT', 'MIME'].find((each) => cursor.takes(each));
    if (name !== undefined) return named(cursor, path, name, peek);
    path.push(cursor.number());
    if (!cursor.takes('.')) break;
  }
  return labelled(cursor, { path, what: 'ALL', names: [] }, peek);
}

function named(cursor: Cursor, path: readonly number[], name: string, peek: boolean): FetchItem {
  if (name === 'MIME' && path.length === 0) throw new SyntaxProblem('MIME needs a part');
  if (name === 'HEADER' || name === 'TEXT' || name === 'MIME') return labelled(cursor, { path, what: name, names: [] }, peek);
  cursor.space();
  const names = cursor.list(() => cursor.astring().toUpperCase());
  return labelled(cursor, { path, what: name === 'HEADER.FIELDS' ? 'FIELDS' : 'FIELDS.NOT', names }, peek);
}

function labelled(cursor: Cursor, wanted: Section, peek: boolean): FetchItem {
  cursor.expect(']');
  const label = `BODY[${describe(wanted)}]`;
  if (!cursor.takes('<')) return { item: 'SECTION', label, section: wanted, peek };
  const offset = cursor.number();
  cursor.expect('.');
  const count = cursor.number();
  cursor.expect('>');
  return { item: 'SECTION', label: `${label}<${offset}>`, section: wanted, peek, partial: { offset, count } };
}

function describe({ path, what, names }: Section): string {
  const last = { ALL: '', HEADER: 'HEADER', TEXT: 'TEXT', MIME: 'MIME', FIELDS: 'HEADER.FIELDS', 'FIELDS.NOT': 'HEADER.FIELDS.NOT' }[what];
  const list = names.length > 0 ? ` (${names.join(' ')})` : '';
  return [...path, ...(last === '' ? [] : [last])].join('.') + list;
}

// One form for what IMAP lets a server say in several: the order of untagged responses and of FETCH items, quoted or
// literal strings, the wording. Values that no two servers share (UIDVALIDITY, modification sequences) get names.
import { tokens, type Response, type Token } from './response.ts';

/** What a script compares: one line for each response of an answer, the completion last. */
export function normalised(responses: readonly Response[]): string[] {
  const untagged = responses.filter(({ tag }) => tag === '*').map(({ rest }) => line(rest));
  const others = responses.filter(({ tag }) => tag !== '*').map(({ tag, rest }) => (tag === '+' ? '+' : completion(rest)));
  return [...expungedLast(untagged.filter((each) => each !== '')).sort(byKind), ...others];
}

/** A run of EXPUNGE can go through the messages upwards or downwards; here it goes downwards, so that each number is that of before. */
function expungedLast(lines: readonly string[]): string[] {
  const found: string[] = [];
  let run: number[] = [];
  for (const each of [...lines, '']) {
    const [, number] = /^\* (\d+) EXPUNGE$/.exec(each) ?? [];
    if (number !== undefined) {
      run = [...run, run.sort((a, b) => a - b).reduce((at, gone) => (gone <= at ? at + 1 : at), Number(number))];
      continue;
    }
    found.push(...run.sort((a, b) => b - a).map((gone) => `* ${gone} EXPUNGE`), each);
    run = [];
  }
  return found.slice(0, -1);
}

/** Kinds in a fixed order; of one kind in the order in which they came, but names of mailboxes by the alphabet. */
function byKind(a: string, b: string): number {
  const [first, second] = [kind(a), kind(b)];
  if (first !== second) return first < second ? -1 : 1;
  return ['LIST', 'LSUB', 'OK', 'STATUS'].includes(first) ? Number(a > b) - Number(a < b) : 0;
}

/** Sizes and removals are one kind: their order says which number means what. */
function kind(text: string): string {
  const [, first = '', second = ''] = text.split(' ');
  if (/^\d+$/.test(first)) return second === 'FETCH' ? 'FETCH' : ' size';
  return first;
}

/** Empty if it says nothing that a client acts on. */
function line(rest: string): string {
  const [, word = ''] = /^(?:\d+ )?([A-Za-z]+)/.exec(rest) ?? [];
  switch (word.toUpperCase()) {
    case 'OK':
    case 'NO':
    case 'BAD':
    case 'BYE':
    case 'PREAUTH': {
      const said = completion(rest);
      return said === 'OK' ? '' : `* ${said}`;
    }
    case 'RECENT':
      return '';
    case 'CAPABILITY':
    case 'ID':
      return `* ${word}`;
    case 'FETCH':
      return fetched(rest);
    case 'LIST':
    case 'LSUB':
      return listed(tokens(rest));
    case 'STATUS':
      return status(tokens(rest));
    case 'FLAGS':
      return `* FLAGS ${sortedFlags(tokens(rest)[1])}`;
    case 'ENABLED':
      return `* ENABLED ${words(rest).slice(1).sort().join(' ')}`.trimEnd();
    default:
      return `* ${named(write(tokens(rest)).slice(1, -1))}`;
  }
}

const words = (text: string): string[] => text.split(' ').filter((each) => each !== '');

/** `OK [UIDNEXT 4]`: the state and the code, without the words meant for people. */
function completion(rest: string): string {
  const [, state = '', code = ''] = /^(\S+)(?: \[([^\]]*(?:\([^)]*\))?[^\]]*)\])?/.exec(rest) ?? [];
  if (code === '') return state;
  if (/^CAPABILITY /i.test(code)) return state;
  const [name, flags] = /^(\S+) (\(.*\))$/.exec(code)?.slice(1) ?? [];
  if (name === 'PERMANENTFLAGS' && flags !== undefined) return `${state} [${name} ${sortedFlags(tokens(flags)[0])}]`;
  return `${state} [${named(code)}]`;
}

/** Numbers that each server chooses for itself. */
function named(text: string): string {
  return text
    .replace(/BADCHARSET .*/, 'BADCHARSET')
    .replace(/\(TAG "\w+"\)/, '(TAG)')
    .replace(/(UIDVALIDITY|APPENDUID|COPYUID) \d+/g, '$1 $$uidvalidity')
    .replace(/(HIGHESTMODSEQ|MODSEQ) \(?\d+\)?/g, '$1 #');
}

function sortedFlags(token: Token | undefined): string {
  const flags = Array.isArray(token) ? token.map((each) => write(each as Token)) : [];
  return `(${flags
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ')})`;
}

/** `* 1 FETCH (FLAGS () UID 1)`, items by the alphabet. */
function fetched(rest: string): string {
  const [number, , items] = tokens(rest);
  const list = items as readonly Token[];
  const pairs: string[] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = write(list[at] ?? '').toUpperCase();
    const value = list[at + 1] ?? '';
    if (name === 'FLAGS') pairs.push(`FLAGS ${sortedFlags(value)}`);
    else if (name === 'MODSEQ') pairs.push('MODSEQ #');
    else if (name === 'BODY' || name === 'BODYSTRUCTURE') pairs.push(`${name} ${structure(value)}`);
    else pairs.push(`${name} ${write(value)}`);
  }
  return `* ${write(number ?? '')} FETCH (${pairs.sort().join(' ')})`;
}

/** Types, encodings and names of parameters are the same in either case of letters; a server may write them as it likes. */
const structure = (value: Token): string => write(value).replace(/"(?:[^"\\]|\\.)*"/g, (text) => text.toLowerCase());

/** `* LIST (\HasNoChildren) "/" "Work"`. Only INBOX is the same in any case of letters. */
function listed([name, attributes, delimiter, mailbox, ...more]: readonly Token[]): string {
  return [`* ${write(name ?? '')} ${sortedFlags(attributes)} ${write(delimiter ?? '')} ${asString(mailbox)}`, ...more.map(write)].join(' ');
}

function status([, mailbox, items]: readonly Token[]): string {
  const list = (items as readonly Token[]).map(write);
  const pairs: string[] = [];
  for (let at = 0; at + 1 < list.length; at += 2) if (list[at] !== 'RECENT') pairs.push(`${list[at]} ${list[at + 1]}`);
  return `* STATUS ${asString(mailbox)} (${named(pairs.sort().join(' '))})`;
}

const asString = (token: Token | undefined): string => (typeof token === 'string' ? JSON.stringify(token) : write(token ?? []));

function write(token: Token): string {
  if (typeof token === 'string') return token;
  if ('text' in token) return JSON.stringify(token.text);
  return `(${token.map(write).join(' ')})`;
}

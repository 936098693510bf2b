// LIST, LSUB and STATUS: what a user's mailboxes are called and how they stand (RFC 9051 sections 6.3.9 and 6.3.11,
// RFC 5258, RFC 6154, RFC 8438).
import type { Mailbox } from '../mailboxes/mailbox.ts';
import { delimiter, type UserMailboxes } from '../mailboxes/user-mailboxes.ts';
import type { ListCommand, StatusItem } from './command.ts';
import { encodeMailboxName } from './mailbox-name.ts';
import { string, type Piece, type Responses } from './responses.ts';

export function list(mailboxes: UserMailboxes, command: ListCommand, out: Responses): void {
  const { name, reference, patterns, select, tell, status } = command;
  // An empty pattern asks for the delimiter alone (RFC 9051 section 6.3.9).
  if (patterns.length === 1 && patterns[0] === '') return out.untagged(`${name} (\\Noselect) "${delimiter}" ""`);
  const wanted = patterns.map((pattern) => patternOf(reference + pattern));
  const { subscribed } = mailboxes;
  const subscribedOnly = name === 'LSUB' || select.includes('SUBSCRIBED');
  /** What lies above a subscribed name stands for it (RFC 3501 section 6.3.9, RFC 5258 section 3.5). */
  const above = new Set(name === 'LSUB' || select.includes('RECURSIVEMATCH') ? [...subscribed].flatMap(parents) : []);
  for (const path of new Set([...mailboxes.all.map((mailbox) => mailbox.path), ...(subscribedOnly ? [...subscribed, ...above] : [])])) {
    if (!wanted.some((pattern) => pattern.test(path))) continue;
    if (subscribedOnly && !subscribed.has(path) && !above.has(path)) continue;
    const mailbox = mailboxes.get(path);
    if (select.includes('SPECIAL-USE') && mailbox?.specialUse === undefined) continue;
    if (name === 'LSUB' && !subscribed.has(path) && wanted.some((pattern) => [...subscribed].some((each) => under(each, path) && pattern.test(each))))
      continue;
    const words = name === 'LSUB' ? (subscribed.has(path) ? [] : ['\\Noselect']) : attributes(mailboxes, path, tell);
    const below = above.has(path) && name === 'LIST' ? ' (CHILDINFO ("SUBSCRIBED"))' : '';
    out.untagged(`${name} (${words.join(' ')}) "${delimiter}" `, ...mailboxName(path), below);
    if (status.length > 0 && mailbox) answerStatus(mailbox, status, out);
  }
}

const under = (path: string, above: string): boolean => path.startsWith(`${above}${delimiter}`);

/** `a/b/c` → `a`, `a/b` */
const parents = (path: string): string[] =>
  path
    .split(delimiter)
    .slice(0, -1)
    .map((_, index, names) => names.slice(0, index + 1).join(delimiter));

/** In the LIST of old, children and special uses; otherwise what the client asks for (RFC 5258 section 3). */
function attributes(mailboxes: UserMailboxes, path: string, tell: readonly string[] = ['CHILDREN', 'SPECIAL-USE']): string[] {
  const mailbox = mailboxes.get(path);
  const words: string[] = [];
  if (!mailbox) words.push('\\NonExistent');
  if (tell.includes('SUBSCRIBED') && mailboxes.subscribed.has(path)) words.push('\\Subscribed');
  if (tell.includes('CHILDREN') && mailbox) words.push(mailboxes.hasChildren(path) ? '\\HasChildren' : '\\HasNoChildren');
  if (tell.includes('SPECIAL-USE') && mailbox?.specialUse !== undefined) words.push(mailbox.specialUse);
  return words;
}

/** `*` stands for anything, `%` for anything but the delimiter. */
function patternOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '[^]*')
    .replaceAll('%', `[^${delimiter}]*`);
  return new RegExp(`^${source.replace(/^inbox(?=\/|$)/i, 'INBOX')}$`);
}

export function answerStatus(mailbox: Mailbox, items: readonly StatusItem[], out: Responses): void {
  const values: Readonly<Record<StatusItem, () => number>> = {
    MESSAGES: () => mailbox.size,
    RECENT: () => 0,
    UIDNEXT: () => mailbox.uidNext,
    UIDVALIDITY: () => mailbox.uidValidity,
    UNSEEN: () => mailbox.messages.filter(({ flags }) => !flags.has('\\Seen')).length,
    DELETED: () => mailbox.messages.filter(({ flags }) => flags.has('\\Deleted')).length,
    SIZE: () => mailbox.messages.reduce((sum, { raw }) => sum + raw.length, 0),
    HIGHESTMODSEQ: () => mailbox.highestModseq,
  };
  out.untagged('STATUS ', ...mailboxName(mailbox.path), ` (${items.map((item) => `${item} ${values[item]()}`).join(' ')})`);
}

export const mailboxName = (path: string): Piece[] => string(encodeMailboxName(path));

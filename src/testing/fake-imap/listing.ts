// LIST, LSUB and STATUS: what a user's mailboxes are called and how they stand (RFC 9051 sections 6.3.9 and 6.3.11,
// RFC 5258, RFC 6154).
import type { Mailbox } from '../mailboxes/mailbox.ts';
import { delimiter, type UserMailboxes } from '../mailboxes/user-mailboxes.ts';
import type { ListCommand, StatusItem } from './command.ts';
import { encodeMailboxName } from './mailbox-name.ts';
import { string, type Piece, type Responses } from './responses.ts';

export function list(mailboxes: UserMailboxes, { name, reference, patterns, select, status }: ListCommand, out: Responses): void {
  // An empty pattern asks for the delimiter alone (RFC 9051 section 6.3.9).
  if (patterns.length === 1 && patterns[0] === '') return out.untagged(`${name} (\\Noselect) "${delimiter}" ""`);
  const wanted = patterns.map((pattern) => patternOf(reference + pattern));
  const subscribedOnly = name === 'LSUB' || select.includes('SUBSCRIBED');
  for (const mailbox of mailboxes.all) {
    if (!wanted.some((pattern) => pattern.test(mailbox.path))) continue;
    if (subscribedOnly && !mailboxes.subscribed.has(mailbox.path)) continue;
    if (select.includes('SPECIAL-USE') && mailbox.specialUse === undefined) continue;
    out.untagged(`${name} (${attributes(mailboxes, mailbox, name).join(' ')}) "${delimiter}" `, ...mailboxName(mailbox.path));
    if (status.length > 0) answerStatus(mailbox, status, out);
  }
}

function attributes(mailboxes: UserMailboxes, mailbox: Mailbox, name: 'LIST' | 'LSUB'): string[] {
  const children = mailboxes.hasChildren(mailbox.path) ? '\\HasChildren' : '\\HasNoChildren';
  const subscribed = name === 'LIST' && mailboxes.subscribed.has(mailbox.path) ? ['\\Subscribed'] : [];
  return [children, ...subscribed, ...(mailbox.specialUse === undefined ? [] : [mailbox.specialUse])];
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
    HIGHESTMODSEQ: () => mailbox.highestModseq,
  };
  out.untagged('STATUS ', ...mailboxName(mailbox.path), ` (${items.map((item) => `${item} ${values[item]()}`).join(' ')})`);
}

export const mailboxName = (path: string): Piece[] => string(encodeMailboxName(path));

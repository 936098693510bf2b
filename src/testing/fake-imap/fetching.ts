// FETCH: what a client wants to know of messages (RFC 9051 section 6.4.5).
import { assertNever } from '../../errors.ts';
import type { HeldMessage } from '../mailboxes/mailbox.ts';
import { messageParts } from '../mime/message-part.ts';
import { bodyStructure } from './body-structure.ts';
import type { FetchCommand } from './command.ts';
import { SyntaxProblem } from './cursor.ts';
import { formatDateTime } from './date-time.ts';
import { envelope } from './envelope.ts';
import type { FetchItem } from './fetch-items.ts';
import { flagList, literal, parenthesised, type Piece } from './responses.ts';
import { sectionOf } from './section.ts';
import type { Selected } from './selected.ts';
import { formatSequenceSet, includes } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

export async function fetch(session: ImapSession, selected: Selected, command: FetchCommand): Promise<void> {
  const { out } = session;
  if (command.vanished) tellVanished(session, selected, command);
  const items = wanted(command);
  const sees = items.some((item) => item.item === 'SECTION' && !item.peek) && !selected.readOnly;
  for (const { sequence, message } of selected.in(command.set, command.uid)) {
    if (command.changedSince !== undefined && message.modseq <= command.changedSince) continue;
    const newlySeen = sees && !message.flags.has('\\Seen');
    if (newlySeen) selected.mailbox.setFlags(message, [...message.flags, '\\Seen']);
    const told = newlySeen ? withFlags(items, session) : items;
    out.untagged(`${sequence} FETCH `, ...parenthesised(told.map((item) => answer(message, item))));
    if (told.some(({ item }) => item === 'FLAGS')) selected.told(sequence);
    if (out.full) await out.flush();
  }
}

/** Looking at a message changed its flags, and that is told. */
function withFlags(items: readonly FetchItem[], { condstore, qresync }: ImapSession): FetchItem[] {
  const wantedToo: ('FLAGS' | 'MODSEQ' | 'UID')[] = ['FLAGS', ...(condstore ? (['MODSEQ'] as const) : []), ...(qresync ? (['UID'] as const) : [])];
  const missing = wantedToo.filter((name) => !items.some(({ item }) => item === name));
  return [...items, ...missing.map((item) => ({ item }))];
}

/** RFC 7162 section 3.2.6 */
function tellVanished({ out, qresync }: ImapSession, { mailbox }: Selected, { set, changedSince = 0 }: FetchCommand): void {
  if (!qresync) throw new SyntaxProblem('VANISHED is for those who enabled QRESYNC');
  const gone = mailbox.vanishedSince(changedSince).filter((uid) => includes(set, uid, mailbox.uidNext - 1));
  if (gone.length > 0) out.untagged(`VANISHED (EARLIER) ${formatSequenceSet(gone.sort((a, b) => a - b))}`);
}

/** UID FETCH always says the UID, CHANGEDSINCE always the modification. */
function wanted({ items, uid, changedSince }: FetchCommand): FetchItem[] {
  const missing = (item: 'UID' | 'MODSEQ'): boolean => !items.some((each) => each.item === item);
  const added: FetchItem[] = [];
  if (uid && missing('UID')) added.push({ item: 'UID' });
  if (changedSince !== undefined && missing('MODSEQ')) added.push({ item: 'MODSEQ' });
  return [...added, ...items];
}

function answer(message: HeldMessage, item: FetchItem): Piece[] {
  switch (item.item) {
    case 'FLAGS':
      return [`FLAGS ${flagList(message.flags)}`];
    case 'UID':
      return [`UID ${message.uid}`];
    case 'INTERNALDATE':
      return [`INTERNALDATE "${formatDateTime(message.internalDate)}"`];
    case 'RFC822.SIZE':
      return [`RFC822.SIZE ${message.raw.length}`];
    case 'MODSEQ':
      return [`MODSEQ (${message.modseq})`];
    case 'ENVELOPE':
      return ['ENVELOPE ', ...envelope(messageParts(message.raw).fields)];
    case 'BODYSTRUCTURE':
    case 'BODY':
      return [`${item.item} `, ...bodyStructure(messageParts(message.raw), item.item === 'BODYSTRUCTURE')];
    case 'SECTION': {
      const bytes = sectionOf(message.raw, item.section);
      if (!bytes) return [`${item.label} NIL`];
      const { offset, count } = item.partial ?? { offset: 0, count: bytes.length };
      return [`${item.label} `, ...literal(bytes.subarray(offset, offset + count))];
    }
    default:
      return assertNever(item);
  }
}

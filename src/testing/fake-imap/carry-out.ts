// What the commands do, other than logging on and idling. For session.ts.
import { assertNever } from '../../errors.ts';
import type { Mailbox } from '../mailboxes/mailbox.ts';
import type { UserMailboxes } from '../mailboxes/user-mailboxes.ts';
import { append, copy, expunge, store } from './changing.ts';
import type { ImapCommand } from './command.ts';
import { SyntaxProblem } from './cursor.ts';
import { fetch } from './fetching.ts';
import { answerStatus, list } from './listing.ts';
import { matches } from './search.ts';
import { Selected } from './selected.ts';
import { formatSequenceSet } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** `OK …`, `NO …` or `BAD …`; undefined if it has been said. */
export type Completion = string | undefined;

type Carried = Exclude<ImapCommand, { readonly name: 'LOGIN' | 'AUTHENTICATE' | 'STARTTLS' | 'IDLE' | 'LOGOUT' }>;
type With<Name extends ImapCommand['name']> = Extract<ImapCommand, { readonly name: Name }>;

export async function carryOut(session: ImapSession, command: Carried): Promise<Completion> {
  switch (command.name) {
    case 'CAPABILITY':
    case 'ID':
    case 'NAMESPACE':
    case 'ENABLE':
    case 'NOOP':
      return aboutServer(session, command);
    case 'LIST':
    case 'LSUB':
      list(mailboxesOf(session), command, session.out);
      return done(command);
    case 'STATUS':
    case 'CREATE':
    case 'DELETE':
    case 'RENAME':
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
    case 'APPEND':
      return aboutMailbox(session, command);
    case 'SELECT':
    case 'EXAMINE':
      return select(session, command);
    case 'CHECK':
    case 'CLOSE':
    case 'UNSELECT':
    case 'EXPUNGE':
    case 'UID EXPUNGE':
    case 'FETCH':
    case 'STORE':
    case 'SEARCH':
    case 'COPY':
    case 'MOVE':
      return await withSelected(session, command);
    default:
      return assertNever(command);
  }
}

const done = ({ name }: ImapCommand, code?: string): Completion => `OK ${code === undefined ? '' : `[${code}] `}${name} completed`;

function aboutServer(session: ImapSession, command: With<'CAPABILITY' | 'ID' | 'NAMESPACE' | 'ENABLE' | 'NOOP'>): Completion {
  switch (command.name) {
    case 'CAPABILITY':
      session.out.untagged(session.capability);
      break;
    case 'ID':
      session.out.untagged('ID ("name" "mailspool fake")');
      break;
    case 'NAMESPACE':
      session.out.untagged('NAMESPACE (("" "/")) NIL NIL');
      break;
    case 'ENABLE': {
      const enabled = command.capabilities.filter((each) => each === 'CONDSTORE' && session.offers('CONDSTORE'));
      session.condstore ||= enabled.length > 0;
      session.out.untagged(['ENABLED', ...enabled].join(' '));
      break;
    }
    case 'NOOP':
      break;
    default:
      return assertNever(command);
  }
  return done(command);
}

function aboutMailbox(
  session: ImapSession,
  command: With<'STATUS' | 'CREATE' | 'DELETE' | 'RENAME' | 'SUBSCRIBE' | 'UNSUBSCRIBE' | 'APPEND'>,
): Completion {
  const mailboxes = mailboxesOf(session);
  switch (command.name) {
    case 'STATUS':
      return withMailbox(mailboxes, command.mailbox, 'NONEXISTENT', (mailbox) => {
        answerStatus(mailbox, command.items, session.out);
        return done(command);
      });
    case 'CREATE':
      if (mailboxes.get(command.mailbox)) return 'NO [ALREADYEXISTS] There is such a mailbox';
      mailboxes.create(command.mailbox);
      return done(command);
    case 'DELETE':
      return mailboxes.delete(command.mailbox) ? done(command) : 'NO [CANNOT] No such mailbox, or it has to stay';
    case 'RENAME':
      return mailboxes.rename(command.from, command.to) ? done(command) : 'NO [CANNOT] No such mailbox, or the new name is taken';
    case 'SUBSCRIBE':
      mailboxes.subscribed.add(command.mailbox);
      return done(command);
    case 'UNSUBSCRIBE':
      mailboxes.subscribed.delete(command.mailbox);
      return done(command);
    case 'APPEND':
      return withMailbox(mailboxes, command.mailbox, 'TRYCREATE', (mailbox) => {
        const code = append(mailbox, command.raw, command.flags, command.internalDate ?? session.host.mailboxes.now());
        return done(command, session.offers('UIDPLUS') ? code : undefined);
      });
    default:
      return assertNever(command);
  }
}

function mailboxesOf({ user = '', host }: ImapSession): UserMailboxes {
  return host.mailboxes.ofUser(user);
}

function withMailbox(
  mailboxes: UserMailboxes,
  path: string,
  missing: 'NONEXISTENT' | 'TRYCREATE',
  then: (mailbox: Mailbox) => Completion,
): Completion {
  const mailbox = mailboxes.get(path);
  return mailbox ? then(mailbox) : `NO [${missing}] No such mailbox`;
}

/** RFC 9051 section 6.3.2, RFC 7162 section 3.1.2. A failed SELECT leaves nothing selected. */
function select(session: ImapSession, command: With<'SELECT' | 'EXAMINE'>): Completion {
  session.selected = undefined;
  session.condstore ||= command.condstore;
  return withMailbox(mailboxesOf(session), command.mailbox, 'NONEXISTENT', (mailbox) => {
    const { out } = session;
    const selected = new Selected(mailbox, command.name === 'EXAMINE');
    session.selected = selected;
    const keywords = new Set(mailbox.messages.flatMap(({ flags }) => [...flags]).filter((flag) => !flag.startsWith('\\')));
    const flags = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', ...keywords].join(' ');
    const unseen = selected.all().find(({ message }) => !message.flags.has('\\Seen'));
    out.untagged(`FLAGS (${flags})`);
    out.untagged(`OK [PERMANENTFLAGS (${selected.readOnly ? '' : `${flags} \\*`})] Flags permitted`);
    out.untagged(`${selected.size} EXISTS`);
    out.untagged('0 RECENT');
    if (unseen) out.untagged(`OK [UNSEEN ${unseen.sequence}] First unseen`);
    out.untagged(`OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs valid`);
    out.untagged(`OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID`);
    if (session.offers('CONDSTORE')) out.untagged(`OK [HIGHESTMODSEQ ${mailbox.highestModseq}] Highest`);
    return done(command, selected.readOnly ? 'READ-ONLY' : 'READ-WRITE');
  });
}

type OnSelected = With<'CHECK' | 'CLOSE' | 'UNSELECT' | 'EXPUNGE' | 'UID EXPUNGE' | 'FETCH' | 'STORE' | 'SEARCH' | 'COPY' | 'MOVE'>;

async function withSelected(session: ImapSession, command: OnSelected): Promise<Completion> {
  const { selected } = session;
  if (!selected) return 'BAD Select a mailbox first';
  const writes = ['EXPUNGE', 'UID EXPUNGE', 'STORE', 'MOVE'].includes(command.name);
  if (writes && selected.readOnly) return 'NO [READ-ONLY] The mailbox is open for reading';
  switch (command.name) {
    case 'CHECK':
      return done(command);
    case 'CLOSE':
      if (!selected.readOnly) expunge(selected);
      session.selected = undefined;
      return done(command);
    case 'UNSELECT':
      session.selected = undefined;
      return done(command);
    case 'EXPUNGE':
      expunge(selected);
      return done(command);
    case 'UID EXPUNGE':
      expunge(selected, command.set);
      return done(command);
    case 'FETCH':
      session.condstore ||= command.changedSince !== undefined || command.items.some(({ item }) => item === 'MODSEQ');
      await fetch(selected, command, session.out);
      return done(command);
    case 'STORE': {
      session.condstore ||= command.unchangedSince !== undefined;
      const modified = store(selected, command, session.out);
      return done(command, modified.length > 0 ? `MODIFIED ${formatSequenceSet(modified)}` : undefined);
    }
    case 'SEARCH':
      return search(session, selected, command);
    case 'COPY':
    case 'MOVE':
      return transfer(session, selected, command);
    default:
      return assertNever(command);
  }
}

function search(session: ImapSession, selected: Selected, command: With<'SEARCH'>): Completion {
  if (!['UTF-8', 'US-ASCII'].includes(command.charset.toUpperCase())) return 'NO [BADCHARSET (UTF-8 US-ASCII)] Not that charset';
  const all = selected.all();
  const largest = { sequence: all.length, uid: all.at(-1)?.message.uid ?? 0 };
  const found = all.filter((each) => !each.message.expunged && matches(command.key, each, largest));
  const numbers = found.map(({ sequence, message }) => ` ${command.uid ? message.uid : sequence}`);
  const modseq =
    JSON.stringify(command.key).includes('"modseq"') && found.length > 0
      ? ` (MODSEQ ${Math.max(...found.map(({ message }) => message.modseq))})`
      : '';
  session.out.untagged(`SEARCH${numbers.join('')}${modseq}`);
  return done(command);
}

/** RFC 4315 section 3 for the codes, RFC 6851 section 3.3 for their place with MOVE. */
function transfer(session: ImapSession, selected: Selected, command: With<'COPY' | 'MOVE'>): Completion {
  if (command.name === 'MOVE' && !session.offers('MOVE')) throw new SyntaxProblem('MOVE is not offered');
  return withMailbox(mailboxesOf(session), command.mailbox, 'TRYCREATE', (target) => {
    const numbered = selected.in(command.set, command.uid);
    const copied = copy(numbered, target);
    const code = session.offers('UIDPLUS') ? copied : undefined;
    if (command.name === 'COPY') return done(command, code);
    if (code !== undefined) session.out.untagged(`OK [${code}] Moved`);
    selected.mailbox.expunge(numbered.map(({ message }) => message));
    return done(command);
  });
}

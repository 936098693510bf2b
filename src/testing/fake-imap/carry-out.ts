// What the commands do, other than logging on and idling. For session.ts.
import { assertNever } from '../../errors.ts';
import type { Mailbox } from '../mailboxes/mailbox.ts';
import { canonicalPath, type UserMailboxes } from '../mailboxes/user-mailboxes.ts';
import { append, copy, expunge, store } from './changing.ts';
import type { ImapCommand, KnownMailbox } from './command.ts';
import { SyntaxProblem } from './cursor.ts';
import { fetch } from './fetching.ts';
import { answerStatus, list } from './listing.ts';
import { flagList, type Responses } from './responses.ts';
import { search } from './searching.ts';
import { Selected } from './selected.ts';
import { formatSequenceSet, includes } from './sequence-set.ts';
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
      const enabled = (['CONDSTORE', 'QRESYNC'] as const).filter((each) => command.capabilities.includes(each) && session.offers(each));
      session.condstore ||= enabled.length > 0;
      session.qresync ||= enabled.includes('QRESYNC');
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
      return withMailbox(mailboxes, command.mailbox, 'NONEXISTENT', ({ path }) =>
        mailboxes.delete(path) ? done(command) : 'NO [CANNOT] It has to stay',
      );
    case 'RENAME':
      if (mailboxes.get(command.to)) return 'NO [ALREADYEXISTS] There is such a mailbox';
      return withMailbox(mailboxes, command.from, 'NONEXISTENT', ({ path }) =>
        mailboxes.rename(path, command.to) ? done(command) : 'NO [CANNOT] It cannot lie in itself',
      );
    case 'SUBSCRIBE':
      return withMailbox(mailboxes, command.mailbox, 'NONEXISTENT', ({ path }) => {
        mailboxes.subscribed.add(path);
        return done(command);
      });
    case 'UNSUBSCRIBE':
      mailboxes.subscribed.delete(canonicalPath(command.mailbox));
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
  if (command.known && !session.qresync) throw new SyntaxProblem('QRESYNC is for those who enabled it');
  if (session.selected) session.out.untagged('OK [CLOSED] The mailbox before is closed');
  session.selected = undefined;
  session.condstore ||= command.condstore;
  return withMailbox(mailboxesOf(session), command.mailbox, 'NONEXISTENT', (mailbox) => {
    const { out } = session;
    const selected = new Selected(mailbox, command.name === 'EXAMINE');
    session.selected = selected;
    const unseen = selected.all().find(({ message }) => !message.flags.has('\\Seen'));
    selected.tellFlags(out);
    out.untagged(`${selected.size} EXISTS`);
    out.untagged('0 RECENT');
    if (unseen) out.untagged(`OK [UNSEEN ${unseen.sequence}] First unseen`);
    out.untagged(`OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs valid`);
    out.untagged(`OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID`);
    if (session.offers('CONDSTORE')) out.untagged(`OK [HIGHESTMODSEQ ${mailbox.highestModseq}] Highest`);
    if (command.known) resynchronise(selected, command.known, out);
    return done(command, selected.readOnly ? 'READ-ONLY' : 'READ-WRITE');
  });
}

/** What became of the messages that a client knows, since then (RFC 7162 section 3.2.5). */
function resynchronise(selected: Selected, { uidValidity, modseq, uids }: KnownMailbox, out: Responses): void {
  const { mailbox } = selected;
  if (uidValidity !== mailbox.uidValidity) return;
  const known = (uid: number): boolean => uids === undefined || includes(uids, uid, mailbox.uidNext - 1);
  const gone = mailbox.vanishedSince(modseq).filter(known);
  if (gone.length > 0) out.untagged(`VANISHED (EARLIER) ${formatSequenceSet(gone.sort((a, b) => a - b))}`);
  for (const { sequence, message } of selected.all())
    if (message.modseq > modseq && known(message.uid))
      out.untagged(`${sequence} FETCH (UID ${message.uid} FLAGS ${flagList(message.flags)} MODSEQ (${message.modseq}))`);
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
      await fetch(session, selected, command);
      return done(command);
    case 'STORE': {
      session.condstore ||= command.unchangedSince !== undefined;
      const modified = store(session, selected, command);
      return done(command, modified.length > 0 ? `MODIFIED ${formatSequenceSet(modified)}` : undefined);
    }
    case 'SEARCH':
      return search(session, selected, command) ?? done(command);
    case 'COPY':
    case 'MOVE':
      return transfer(session, selected, command);
    default:
      return assertNever(command);
  }
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

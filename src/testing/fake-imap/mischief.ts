// What a fault does to mailboxes and messages just before a command is carried out. For session.ts.
import type { ImapCommand } from './command.ts';
import type { ImapMischief } from './imap-host.ts';
import type { ImapSession } from './session.ts';

export function makeMischief(mischief: readonly ImapMischief[], command: ImapCommand, session: ImapSession): void {
  if (mischief.includes('newUidValidity')) renumber(command, session);
  if (mischief.includes('expungeMeanwhile')) expungeLast(command, session);
  if (mischief.includes('notYetThere') && session.selected) session.selected.hidesNewest = true;
}

function renumber(command: ImapCommand, { host, user, selected }: ImapSession): void {
  const named = 'mailbox' in command && user !== undefined ? host.mailboxes.ofUser(user).get(command.mailbox) : undefined;
  const mailbox = named ?? selected?.mailbox;
  mailbox?.renumber(mailbox.uidValidity + 1);
}

function expungeLast(command: ImapCommand, { selected }: ImapSession): void {
  if (!selected || !('set' in command)) return;
  const byUid = command.name === 'UID EXPUNGE' || command.uid;
  const last = selected.in(command.set, byUid).at(-1);
  if (last) selected.mailbox.expunge([last.message]);
}

// What changes messages: APPEND, STORE, COPY, MOVE, EXPUNGE (RFC 9051 section 6.4, RFC 4315, RFC 6851, RFC 7162).
import type { Instant } from '../../time/clock.ts';
import type { HeldMessage, Mailbox } from '../mailboxes/mailbox.ts';
import { canonicalFlag } from '../mailboxes/mailbox.ts';
import type { StoreCommand } from './command.ts';
import { flagList } from './responses.ts';
import type { Numbered, Selected } from './selected.ts';
import { formatSequenceSet, includes, type SequenceSet } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** The response code APPENDUID. */
export function append(mailbox: Mailbox, raw: Uint8Array, flags: readonly string[], internalDate: Instant): string {
  // A copy of its own: what is kept must not hold the whole of a read buffer.
  const { uid } = mailbox.append(Uint8Array.from(raw), flags, internalDate);
  return `APPENDUID ${mailbox.uidValidity} ${uid}`;
}

/** Numbers or UIDs of messages that others changed since, which are left alone. */
export function store({ out, condstore, qresync }: ImapSession, selected: Selected, command: StoreCommand): number[] {
  const modified: number[] = [];
  for (const { sequence, message } of selected.in(command.set, command.uid)) {
    if (command.unchangedSince !== undefined && message.modseq > command.unchangedSince) {
      modified.push(command.uid ? message.uid : sequence);
      continue;
    }
    selected.mailbox.setFlags(message, changed(message.flags, command));
    selected.told(sequence);
    selected.tellKeywords(out);
    const uid = command.uid || qresync ? `UID ${message.uid} ` : '';
    const modseq = !condstore ? '' : `MODSEQ (${message.modseq}) `;
    if (!command.silent) out.untagged(`${sequence} FETCH (${uid}${modseq}FLAGS ${flagList(message.flags)})`);
    else if (modseq !== '') out.untagged(`${sequence} FETCH (${uid}${modseq.trim()})`);
  }
  return modified;
}

function changed(flags: ReadonlySet<string>, { mode, flags: given }: StoreCommand): readonly string[] {
  const canonical = given.map(canonicalFlag);
  if (mode === 'set') return canonical;
  return mode === 'add' ? [...flags, ...canonical] : [...flags].filter((flag) => !canonical.includes(flag));
}

/** The response code COPYUID; undefined if there was nothing to copy. */
export function copy(numbered: readonly Numbered[], target: Mailbox): string | undefined {
  if (numbered.length === 0) return undefined;
  const made = numbered.map(({ message }) => target.append(message.raw, message.flags, message.internalDate).uid);
  return `COPYUID ${target.uidValidity} ${formatSequenceSet(numbered.map(({ message }) => message.uid))} ${formatSequenceSet(made)}`;
}

/** Removes what is marked \Deleted; with a set of UIDs, only of those. */
export function expunge({ mailbox }: Selected, uids?: SequenceSet): void {
  const largest = mailbox.messages.at(-1)?.uid ?? 0;
  const gone = (message: HeldMessage): boolean => message.flags.has('\\Deleted') && (uids === undefined || includes(uids, message.uid, largest));
  const marked = mailbox.messages.filter(gone);
  if (marked.length > 0) mailbox.expunge(marked);
}

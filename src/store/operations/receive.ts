// Received mail: once per session and reference or alias, and the provider's position in the same commit.
import type { Section, NewReceived, StoredMessage, Submitted } from '../message-store.ts';
import type { SessionKey } from '../../message/recipient.ts';
import type { Sequence } from '../tables.ts';
import { dropContent, takeContent } from './content.ts';
import { arrived, insertReceived, otherNames } from './insert.ts';
import { idOf, type Operation, wakeDue, write } from './operation.ts';

export function receive(operation: Operation, messages: readonly NewReceived[]): Submitted[] {
  return messages.map((message) => {
    const answer = receiveOne(operation, message);
    // Also for a known one: the position says up to where everything is here, and it is.
    if (message.section) overwriteSection(operation, message.section);
    return answer;
  });
}

function receiveOne(operation: Operation, message: NewReceived): Submitted {
  const known = knownAs(operation, message);
  if (known === undefined) {
    const { id, sequence } = insertReceived(operation, message);
    for (const name of namesOf(message)) operation.tables.putReference(message.session, name, sequence);
    return { id, result: 'stored' };
  }
  const id = idOf(operation, known);
  const record = operation.tables.message(known);
  if (!record?.headersOnly || message.headersOnly) return { id, result: 'existing' };
  complete(operation, known, record, message);
  return { id, result: 'stored' };
}

const namesOf = (message: NewReceived): string[] => [message.reference, ...message.aliases];

function knownAs(operation: Operation, message: NewReceived): Sequence | undefined {
  for (const name of namesOf(message)) {
    const sequence = operation.tables.reference(message.session, name);
    if (sequence !== undefined) return sequence;
  }
  return undefined;
}

/** The headers were here; now the message is (M-110). It is announced like a new one, and may still have to be removed there. */
function complete(operation: Operation, sequence: Sequence, before: StoredMessage, message: NewReceived): void {
  const { tables } = operation;
  const { headersOnly: _only, finishedAt: _filed, contentGone: _gone, mark, ...kept } = before;
  const content = takeContent(operation, message.content);
  dropContent(operation, before);
  const { properties, returnPath, announce, report = kept.report } = message;
  const recipients = arrived(operation, message.recipients);
  const after: StoredMessage = {
    ...kept,
    content,
    sizeBytes: content.sizeBytes,
    properties,
    returnPath,
    announce,
    report,
    recipients,
    ...(mark === 'move' && { mark }),
  };
  // Whoever still announces the headers has nothing to announce any more.
  for (const lease of tables.leases(sequence)) tables.removeLease(sequence, lease.queue);
  write(operation, sequence, before, after);
  wakeDue(operation, after);
  for (const [kind, value] of otherNames(before)) tables.removeKey(kind, value, sequence);
  for (const [kind, value] of otherNames(after)) tables.addKey(kind, value, sequence);
  for (const name of namesOf(message))
    if (tables.reference(message.session, name) === undefined) tables.putReference(message.session, name, sequence);
}

function overwriteSection(operation: Operation, section: Section): void {
  operation.tables.putSection({ ...section, version: (operation.tables.section(section.key)?.version ?? 0) + 1 });
}

/** Which of these the session has received, whatever became of them since. */
export function received(operation: Operation, session: SessionKey, references: readonly string[]): Set<string> {
  return new Set(references.filter((reference) => operation.tables.reference(session, reference) !== undefined));
}

/** Of which of these the headers alone are here. */
export function headersOnly({ tables }: Operation, session: SessionKey, references: readonly string[]): Set<string> {
  const isHeaders = (reference: string): boolean => {
    const sequence = tables.reference(session, reference);
    return sequence !== undefined && tables.message(sequence)?.headersOnly === true;
  };
  return new Set(references.filter(isHeaders));
}

// Submitting: all messages of a call or none (T-010), a known idempotency key stores nothing (T-009, U-026).
import { MailspoolError } from '../../errors.ts';
import type { EntryId } from '../../message/recipient.ts';
import type { NewMessage, Submitted } from '../message-store.ts';
import { insertMessage } from './insert.ts';
import type { Operation } from './operation.ts';

/**
 * After a conflict nothing of the call is stored: what was not stored before answers `conflict` with the id of the
 * message that has the key.
 */
export function submit(operation: Operation, messages: readonly NewMessage[]): Submitted[] {
  const conflict = firstConflict(operation, messages);
  if (conflict === undefined) return messages.map((message) => submitOne(operation, message));
  return messages.map((message) => existing(operation, message) ?? { id: conflict, result: 'conflict' });
}

function submitOne(operation: Operation, message: NewMessage): Submitted {
  const known = existing(operation, message);
  if (known) return known;
  const id = insertMessage(operation, message);
  const { idempotencyKey: key, inputDigest = '' } = message;
  if (key !== undefined) operation.tables.putIdempotencyKey({ key, digest: inputDigest, id, at: operation.now });
  return { id, result: 'stored' };
}

function existing(operation: Operation, message: NewMessage): Submitted | undefined {
  const row = message.idempotencyKey === undefined ? undefined : operation.tables.idempotencyKey(message.idempotencyKey);
  return row && row.digest === (message.inputDigest ?? '') ? { id: row.id, result: 'existing' } : undefined;
}

function firstConflict(operation: Operation, messages: readonly NewMessage[]): EntryId | undefined {
  const digests = new Map<string, string>();
  for (const { idempotencyKey: key, inputDigest = '' } of messages) {
    if (key === undefined) continue;
    const row = operation.tables.idempotencyKey(key);
    const first = row?.digest ?? digests.get(key);
    if (first !== undefined && first !== inputDigest) return row?.id ?? failTwice(key);
    digests.set(key, inputDigest);
  }
  return undefined;
}

function failTwice(key: string): never {
  throw new MailspoolError('EINVALID', `one call gives two different messages under the idempotency key ${key}`, { field: 'idempotencyKey' });
}

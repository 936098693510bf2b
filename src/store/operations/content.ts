// Content and who uses it: inline bytes get a row of their own, content that was put before gets one more use.
import { createHash } from 'node:crypto';
import { MailspoolError } from '../../errors.ts';
import { encode } from '../entry-id.ts';
import type { ContentRef, NewMessage, StoredMessage } from '../message-store.ts';
import type { Operation } from './operation.ts';

/** SHA-256, hexadecimal. */
export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A reference for content that has none yet. */
export const newContentRef = (operation: Operation): string => `c${encode(operation.tables.next('content'))}`;

/** @throws ENOTFOUND if what is referred to was swept meanwhile, or never was here */
export function takeContent(operation: Operation, content: NewMessage['content']): ContentRef {
  const { tables, now } = operation;
  if ('inline' in content) {
    const bytes = content.inline;
    const stored: ContentRef = { ref: newContentRef(operation), sizeBytes: bytes.byteLength, digest: digestOf(bytes) };
    tables.putContent({ ...stored, uses: 1, at: now }, bytes);
    return stored;
  }
  const row = tables.content(content.ref);
  if (!row) throw new MailspoolError('ENOTFOUND', `content ${content.ref} is not in the store`, { field: 'content' });
  tables.useContent(row.ref, 1);
  return { ref: row.ref, sizeBytes: row.sizeBytes, digest: row.digest };
}

/** The record gives up all content it uses. */
export function dropContent(operation: Operation, record: StoredMessage): void {
  if (record.contentGone) return;
  operation.tables.useContent(record.content.ref, -1);
  if (record.submitted) operation.tables.useContent(record.submitted.ref, -1);
}

/** The bytes to hand along with a claim; undefined: read them by `readContent`, which also says what is wrong (T-002). */
export function inlineOf(operation: Operation, record: StoredMessage, inlineBytes: number): Uint8Array | undefined {
  const { content } = record;
  if (record.contentGone || content.sizeBytes > inlineBytes) return undefined;
  const bytes = operation.tables.inlineContent(content.ref);
  const intact = bytes?.byteLength === content.sizeBytes && digestOf(bytes) === content.digest;
  return intact ? bytes : undefined;
}

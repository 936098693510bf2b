// Housekeeping in bounded pieces: content first, records later, then everything that only had a lifetime.
import type { Instant } from '../../time/clock.ts';
import type { Retention } from '../message-store.ts';
import { contentRetention, type QueueKey, recordRetention } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import { dropContent } from './content.ts';
import { type Operation, write } from './operation.ts';
import { removeMessage } from './remove.ts';

/** How much one piece takes of each kind. */
const pieceSize = 200;
/** Content that no message has referred to by then is nobody's. */
const unreferencedMs = 3_600_000;

export function sweep(operation: Operation, retention: Retention): { more: boolean } {
  const { tables, now } = operation;
  const taken = [
    sweepContents(operation, now - Math.min(retention.contentMs, retention.recordMs)),
    sweepRecords(operation, now - retention.recordMs),
    tables.trimIdempotencyKeys(now - retention.idempotencyKeyMs, pieceSize),
    tables.trimChanges(now - retention.recordMs, pieceSize),
    tables.trimSections(now, pieceSize),
    tables.trimContent(now - unreferencedMs, pieceSize),
  ];
  return { more: taken.some((count) => count >= pieceSize) };
}

function sweepContents(operation: Operation, before: Instant): number {
  const sequences = firstDue(operation, contentRetention, before);
  for (const sequence of sequences) {
    const record = operation.tables.message(sequence);
    if (!record) continue;
    dropContent(operation, record);
    write(operation, sequence, record, { ...record, contentGone: true });
  }
  return sequences.length;
}

function sweepRecords(operation: Operation, before: Instant): number {
  const sequences = firstDue(operation, recordRetention, before);
  for (const sequence of sequences) {
    const record = operation.tables.message(sequence);
    if (record) removeMessage(operation, sequence, record);
  }
  return sequences.length;
}

/** Read to the end before anything is written. */
function firstDue(operation: Operation, queue: QueueKey, before: Instant): Sequence[] {
  const sequences: Sequence[] = [];
  for (const sequence of operation.tables.due(queue, before, 'submitTime')) {
    sequences.push(sequence);
    if (sequences.length >= pieceSize) break;
  }
  return sequences;
}

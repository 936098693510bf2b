// The smaller tables: claims, idempotency keys, sections, the change feed, and the counters that must never go back.
import type { Connection, Row } from '../../../database/index.ts';
import { sequenceOf } from '../../entry-id.ts';
import { type Problems, remedies } from './problem.ts';
import { rowsByKey, rowsInOrder } from './rows.ts';

export function checkTables(connection: Connection, problems: Problems, tag: string): void {
  claims(connection, problems);
  keys(connection, problems, tag);
  sections(connection, problems);
  feed(connection, problems, tag);
  counters(connection, problems);
}

function claims(connection: Connection, problems: Problems): void {
  const isThere = connection.prepare('SELECT 1 FROM message WHERE sequence = ? UNION ALL SELECT 1 FROM damaged_message WHERE sequence = ?');
  for (const row of rowsInOrder(connection, 'claimed', ['sequence', 'queue'], 'sequence, queue, covers')) {
    const name = `claim ${String(row['sequence'])}`;
    if (!isThere.get(row['sequence'] ?? null, row['sequence'] ?? null))
      problems.add('claim', name, 'a message is noted as claimed that is not there', remedies.surplus);
    const covers = parsed(row['covers']);
    if (!Array.isArray(covers) || !covers.every((id) => Number.isInteger(id)))
      problems.add('claim', name, 'whom it covers cannot be read', remedies.report);
  }
}

function keys(connection: Connection, problems: Problems, tag: string): void {
  for (const row of rowsInOrder(connection, 'idempotency_key', ['key'], 'key, id')) {
    if (sequenceOf(tag, String(row['id'])) === undefined)
      problems.add('idempotencyKey', String(row['key']), 'it stands for a message of another store', remedies.report);
  }
}

function sections(connection: Connection, problems: Problems): void {
  for (const row of rowsInOrder(connection, 'section', ['key'], 'key, version, "values"')) {
    const values = parsed(row['values']);
    if (typeof values !== 'object' || values === null || !(Number(row['version']) >= 1))
      problems.add('section', String(row['key']), 'its values cannot be read', remedies.backup);
  }
}

function feed(connection: Connection, problems: Problems, tag: string): void {
  const trimmed = Number(connection.prepare("SELECT value FROM meta WHERE name = 'feed trimmed'").get()?.['value'] ?? 0);
  for (const row of rowsByKey(connection, 'change', 'place', 'place, id')) {
    const place = Number(row['place']);
    if (place <= trimmed) problems.add('feed', String(place), 'a change stands where the feed was trimmed', remedies.surplus);
    if (sequenceOf(tag, String(row['id'])) === undefined)
      problems.add('feed', String(place), 'a change speaks of a message of another store', remedies.report);
  }
}

/** A number that is given twice would make one message of two. */
function counters(connection: Connection, problems: Problems): void {
  const largest = { sequence: 'max(sequence) AS n FROM message', content: 'max(id) AS n FROM content', fence: 'max(fence) AS n FROM claimed' };
  for (const [name, query] of Object.entries(largest)) {
    const used = numberOf(connection.prepare(`SELECT ${query}`).get());
    const reserved = numberOf(connection.prepare('SELECT value AS n FROM meta WHERE name = ?').get(`counter ${name}`));
    if (used > reserved)
      problems.add('counter', name, `it stands at ${reserved}, and ${used} is in use: a number would be given twice`, remedies.report);
  }
}

const numberOf = (row: Row | undefined): number => Number(row?.['n'] ?? 0);

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

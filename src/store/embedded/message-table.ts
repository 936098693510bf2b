// The records. Each has a checksum; one that does not match, or cannot be read, is set aside and reads as absent (T-003).
import { crc32 } from 'node:zlib';
import type { Row, Value } from '../../database/index.ts';
import type { StoredMessage } from '../message-store.ts';
import type { ScanHint, Sequence } from '../tables.ts';
import type { Shared } from './statements.ts';

/** Records that were just written are read again soon, until they are finished. */
const cachedRecords = 2048;

export interface Damage {
  readonly sequence: Sequence;
  readonly reason: string;
  readonly record: Value;
}

export class MessageTable {
  readonly #shared: Shared;
  readonly #onDamage: (damage: Damage) => void;
  readonly #cache = new Map<Sequence, StoredMessage>();

  constructor(shared: Shared, onDamage: (damage: Damage) => void) {
    this.#shared = shared;
    this.#onDamage = onDamage;
  }

  get(sequence: Sequence): StoredMessage | undefined {
    const cached = this.#cache.get(sequence);
    if (cached) return cached;
    const row = this.#read(sequence);
    return row && this.#parsed(sequence, row);
  }

  put(sequence: Sequence, record: StoredMessage): void {
    const text = JSON.stringify(record);
    this.#shared.statements.write(
      `INSERT INTO message (sequence, direction, folder, finished, checksum, record) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (sequence) DO UPDATE SET direction = excluded.direction, folder = excluded.folder, finished = excluded.finished,
       checksum = excluded.checksum, record = excluded.record`,
      sequence,
      record.direction,
      record.folder,
      record.finishedAt === undefined ? 0 : 1,
      crc32(text),
      text,
    );
    this.#forgetOnRollback(sequence);
    if (record.finishedAt === undefined) this.#remember(sequence, record);
    else this.#cache.delete(sequence);
  }

  remove(sequence: Sequence): void {
    this.#cache.delete(sequence);
    this.#shared.statements.write('DELETE FROM message WHERE sequence = ?', sequence);
  }

  /** False where not even that is possible: it then stays where it is, unread. */
  removeDamaged(sequence: Sequence): boolean {
    try {
      this.remove(sequence);
      return true;
    } catch {
      return false;
    }
  }

  page(after: Sequence, limit: number, { folder, direction, unfinished }: ScanHint): (readonly [Sequence, StoredMessage])[] {
    const wanted = [
      ...(folder === undefined ? [] : [['folder = ?', folder] as const]),
      ...(direction === undefined ? [] : [['direction = ?', direction] as const]),
      ...(unfinished ? [['finished = ?', 0] as const] : []),
    ];
    const where = ['sequence > ?', ...wanted.map(([condition]) => condition)].join(' AND ');
    const values = [after, ...wanted.map(([, value]) => value), limit];
    const sql = `SELECT sequence FROM message WHERE ${where} ORDER BY sequence LIMIT ?`;
    const found: (readonly [Sequence, StoredMessage])[] = [];
    // A page of nothing but damaged records is not the end.
    for (let isEnd = false; found.length === 0 && !isEnd;) {
      const rows = this.#shared.statements.all(sql, ...values);
      isEnd = rows.length < limit;
      for (const row of rows) {
        const sequence = Number(row['sequence']);
        const record = this.get(sequence);
        if (record) found.push([sequence, record]);
        values[0] = sequence;
      }
    }
    return found;
  }

  #read(sequence: Sequence): Row | undefined {
    try {
      return this.#shared.statements.first('SELECT checksum, record FROM message WHERE sequence = ?', sequence);
    } catch (error) {
      this.#onDamage({ sequence, reason: error instanceof Error ? error.message : String(error), record: null });
      return undefined;
    }
  }

  #parsed(sequence: Sequence, { checksum, record: text }: Row): StoredMessage | undefined {
    if (typeof text === 'string' && crc32(text) === checksum) {
      const record = JSON.parse(text) as StoredMessage;
      this.#remember(sequence, record);
      return record;
    }
    this.#onDamage({ sequence, reason: 'the record does not match its checksum', record: text ?? null });
    return undefined;
  }

  #forgetOnRollback(sequence: Sequence): void {
    this.#shared.transaction.onRollback(() => this.#cache.delete(sequence));
  }

  #remember(sequence: Sequence, record: StoredMessage): void {
    this.#cache.delete(sequence);
    this.#cache.set(sequence, record);
    if (this.#cache.size <= cachedRecords) return;
    const oldest = this.#cache.keys().next().value;
    if (oldest !== undefined) this.#cache.delete(oldest);
  }
}

// The change feed. Places ascend by one and are never used twice, also after all of it was trimmed.
import type { Row } from '../../database/index.ts';
import type { EntryId, SessionKey } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import type { ChangeRow } from '../tables.ts';
import type { Shared } from './statements.ts';

export class FeedTable {
  readonly #shared: Shared;
  #last: number;
  #trimmed: number;
  #waiting: ChangeRow[] = [];

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#trimmed = Number(shared.statements.first("SELECT value FROM meta WHERE name = 'feed trimmed'")?.['value'] ?? 0);
    const place = shared.statements.first('SELECT max(place) AS place FROM change')?.['place'];
    this.#last = Math.max(this.#trimmed, Number(place ?? 0));
  }

  append(change: Omit<ChangeRow, 'place'>): void {
    this.#last += 1;
    this.#waiting.push({ place: this.#last, ...change });
    this.#shared.transaction.isDirty = true;
    this.#shared.transaction.onRollback(() => {
      this.#last -= 1;
      this.#waiting = [];
    });
  }

  /** Writes the rows of a transaction at once: one statement instead of one for each. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.map(({ place, at, type, id, folder, messageClass, session }) => [place, at, type, id, folder, messageClass, session]);
    this.#shared.statements.write(insertAll, JSON.stringify(rows));
    this.#waiting = [];
  }

  after(place: number, limit: number): ChangeRow[] {
    return this.#shared.statements.all('SELECT * FROM change WHERE place > ? ORDER BY place LIMIT ?', place, limit).map(changeOf);
  }

  bounds(): { readonly last: number; readonly trimmed: number } {
    return { last: this.#last, trimmed: this.#trimmed };
  }

  trim(at: Instant, limit: number): number {
    const { statements, transaction } = this.#shared;
    this.flush();
    const oldest = statements.all('SELECT place, at FROM change ORDER BY place LIMIT ?', limit);
    const kept = oldest.findIndex((row) => Number(row['at']) >= at);
    const goes = kept < 0 ? oldest : oldest.slice(0, kept);
    const last = goes.at(-1)?.['place'];
    if (typeof last !== 'number') return 0;
    const before = this.#trimmed;
    this.#trimmed = last;
    transaction.onRollback(() => (this.#trimmed = before));
    statements.write('DELETE FROM change WHERE place <= ?', last);
    statements.write("INSERT INTO meta (name, value) VALUES ('feed trimmed', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", last);
    return goes.length;
  }
}

const insertAll = `INSERT INTO change (place, at, type, id, folder, message_class, session)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?)`;

function changeOf(row: Row): ChangeRow {
  const { message_class: messageClass, session } = row;
  return {
    place: Number(row['place']),
    at: Number(row['at']),
    type: String(row['type']) as ChangeRow['type'],
    id: String(row['id']) as EntryId,
    folder: String(row['folder']),
    ...(typeof messageClass === 'string' && { messageClass }),
    ...(typeof session === 'string' && { session: session as SessionKey }),
  };
}

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

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#trimmed = Number(shared.statements.first("SELECT value FROM meta WHERE name = 'feed trimmed'")?.['value'] ?? 0);
    const place = shared.statements.first('SELECT max(place) AS place FROM change')?.['place'];
    this.#last = Math.max(this.#trimmed, Number(place ?? 0));
  }

  append({ at, type, id, folder, messageClass, session }: Omit<ChangeRow, 'place'>): void {
    this.#last += 1;
    this.#shared.transaction.onRollback(() => (this.#last -= 1));
    this.#shared.statements.write(
      'INSERT INTO change (place, at, type, id, folder, message_class, session) VALUES (?, ?, ?, ?, ?, ?, ?)',
      this.#last,
      at,
      type,
      id,
      folder,
      messageClass ?? null,
      session ?? null,
    );
  }

  after(place: number, limit: number): ChangeRow[] {
    return this.#shared.statements.all('SELECT * FROM change WHERE place > ? ORDER BY place LIMIT ?', place, limit).map(changeOf);
  }

  bounds(): { readonly last: number; readonly trimmed: number } {
    return { last: this.#last, trimmed: this.#trimmed };
  }

  trim(at: Instant, limit: number): number {
    const { statements, transaction } = this.#shared;
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

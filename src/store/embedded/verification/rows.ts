// Reads the rows of a table in pages, since the driver has no cursor.
import type { Connection, Row, Value } from '../../../database/index.ts';

const pageRows = 500;

/** All rows of `SELECT columns FROM table`, by their integer key. */
export function* rowsByKey(connection: Connection, table: string, key: string, columns: string): Generator<Row> {
  const statement = connection.prepare(`SELECT ${columns} FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ${pageRows}`);
  for (let last = Number.MIN_SAFE_INTEGER; ;) {
    const rows = statement.all(last);
    yield* rows;
    const end = rows.at(-1)?.[key];
    if (rows.length < pageRows || typeof end !== 'number') return;
    last = end;
  }
}

/** All rows of a table without an integer key, in order of its columns. */
export function* rowsInOrder(connection: Connection, table: string, key: readonly string[], columns: string): Generator<Row> {
  const names = key.join(', ');
  const first = connection.prepare(`SELECT ${columns} FROM ${table} ORDER BY ${names} LIMIT ${pageRows}`);
  const places = key.map(() => '?').join(', ');
  const next = connection.prepare(`SELECT ${columns} FROM ${table} WHERE (${names}) > (${places}) ORDER BY ${names} LIMIT ${pageRows}`);
  for (let rows = first.all(); ;) {
    yield* rows;
    const last = rows.at(-1);
    if (rows.length < pageRows || last === undefined) return;
    rows = next.all(...key.map((name): Value => last[name] ?? null));
  }
}

export const count = (connection: Connection, table: string): number =>
  Number(connection.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'] ?? 0);

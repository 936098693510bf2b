// A full disk for the embedded store, row by row. A trigger inserts into a table whose last rowid is taken: SQLite then
// fails with SQLITE_FULL (https://www.sqlite.org/autoinc.html), as it does when the disk is full.
import { openConnection } from '../../src/database/driver.ts';

const tables = ['meta', 'message', 'content', 'queue', 'schedule', 'claimed', 'name', 'reference', 'idempotency_key', 'section', 'change'];
const events = ['INSERT', 'UPDATE', 'DELETE'];

/** The n-th row that is written in a transaction fails, or each; until the returned function is called. */
export function failWrites(file: string, which: number | 'all'): () => void {
  change(file, [
    'CREATE TABLE IF NOT EXISTS test_full (id INTEGER PRIMARY KEY AUTOINCREMENT)',
    'INSERT OR IGNORE INTO test_full (id) VALUES (9223372036854775807)',
    'CREATE TABLE IF NOT EXISTS test_rows (written INTEGER)',
    'DELETE FROM test_rows',
    'INSERT INTO test_rows (written) VALUES (0)',
    ...triggers(which === 'all' ? '' : `WHERE (SELECT written FROM test_rows) = ${which}`),
  ]);
  return () =>
    change(
      file,
      names().map((name) => `DROP TRIGGER ${name}`),
    );
}

const triggers = (condition: string): string[] =>
  tables.flatMap((table) =>
    events.map(
      (event) => `CREATE TRIGGER test_${table}_${event} BEFORE ${event} ON ${table} BEGIN
        UPDATE test_rows SET written = written + 1;
        INSERT INTO test_full (id) SELECT NULL ${condition};
      END`,
    ),
  );

const names = (): string[] => tables.flatMap((table) => events.map((event) => `test_${table}_${event}`));

function change(file: string, statements: readonly string[]): void {
  const connection = openConnection(file);
  try {
    connection.pragma('busy_timeout = 5000');
    connection.exec('BEGIN IMMEDIATE');
    for (const statement of statements) connection.exec(statement);
    connection.exec('COMMIT');
  } finally {
    connection.close();
  }
}

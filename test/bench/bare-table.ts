// What somebody would write who needs no more than a table: SQLite with the same durability, in this thread.
import { createRequire } from 'node:module';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
}

interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export class BareTable implements Disposable {
  readonly #connection: Connection;
  readonly #insert: Statement;
  readonly #first: Statement;
  readonly #remove: Statement;

  constructor(file: string) {
    this.#connection = opened(file);
    this.#connection.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, priority INTEGER NOT NULL, body BLOB NOT NULL);
      CREATE INDEX in_order ON message (priority DESC, id);
    `);
    this.#insert = this.#connection.prepare('INSERT INTO message (priority, body) VALUES (3, ?)');
    this.#first = this.#connection.prepare('SELECT id, body FROM message ORDER BY priority DESC, id LIMIT 1');
    this.#remove = this.#connection.prepare('DELETE FROM message WHERE id = ?');
  }

  insert(bodies: readonly Uint8Array[]): void {
    this.#commit(() => bodies.forEach((body) => this.#insert.run(body)));
  }

  take(count: number): void {
    this.#commit(() => {
      for (let taken = 0; taken < count; taken += 1) this.#remove.run((this.#first.get() as { id: number }).id);
    });
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  #commit(write: () => void): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    write();
    this.#connection.exec('COMMIT');
  }
}

/** The built-in one where there is one, as the engine does. */
function opened(file: string): Connection {
  const require = createRequire(import.meta.url);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) {
    const { DatabaseSync } = require('node:sqlite') as { DatabaseSync: new (file: string) => Connection };
    return new DatabaseSync(file);
  }
  const Libsql = require('libsql') as new (file: string) => Connection;
  const connection = new Libsql(file);
  // One value alone would be taken for named parameters.
  const prepare = (sql: string): Statement => {
    const statement = connection.prepare(sql);
    return { run: (...values) => statement.run(values), get: (...values) => statement.get(values) };
  };
  return { exec: (sql) => connection.exec(sql), prepare, close: () => connection.close() };
}

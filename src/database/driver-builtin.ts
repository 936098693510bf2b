// The driver over node:sqlite.
import { bindable } from './bindable.ts';
import type { Connection, Row, Statement, Value } from './driver.ts';

/** What is used of node:sqlite; the types of Node 20 do not know it. */
export interface SqliteModule {
  readonly DatabaseSync: new (file: string) => DatabaseSync;
}

interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}

interface StatementSync {
  run(...values: readonly Value[]): { changes: number | bigint };
  get(...values: readonly Value[]): Row | undefined;
  all(...values: readonly Value[]): Row[];
}

export function openBuiltIn({ DatabaseSync }: SqliteModule, file: string): Connection {
  const database = new DatabaseSync(file);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => statementOf(database.prepare(sql)),
    pragma: (text) => Object.values(database.prepare(`PRAGMA ${text}`).get() ?? {})[0],
    close: () => database.close(),
  };
}

const statementOf = (statement: StatementSync): Statement => ({
  run: (...values) => ({ changes: Number(statement.run(...bound(values)).changes) }),
  get: (...values) => statement.get(...bound(values)),
  all: (...values) => statement.all(...bound(values)),
});

/** Node 22 stores bytes that have no memory of their own as NULL. */
const noBytes = new Uint8Array(new ArrayBuffer(1), 0, 0);

const bound = (values: readonly Value[]): readonly Value[] =>
  bindable(values).map((value) => (value instanceof Uint8Array && value.byteLength === 0 ? noBytes : value));

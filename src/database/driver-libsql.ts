// The driver over libsql, whose interface is better-sqlite3's. Its raw mode is used: there blobs are always Buffers
// (in rows as objects some are ArrayBuffers), and no metadata is mixed with the columns.
import { bindable } from './bindable.ts';
import type { Connection, Row, Statement, Value } from './driver.ts';

/** What is used of libsql. */
export type LibsqlModule = new (file: string) => Database;

interface Database {
  exec(sql: string): void;
  prepare(sql: string): LibsqlStatement;
  close(): void;
}

interface LibsqlStatement {
  readonly reader: boolean;
  raw(): LibsqlStatement;
  columns(): { readonly name: string }[];
  run(values: readonly Value[]): { changes: number };
  get(values: readonly Value[]): Value[] | undefined;
  all(values: readonly Value[]): Value[][];
}

export function openLibsql(Libsql: LibsqlModule, file: string): Connection {
  const database = new Libsql(file);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => statementOf(database.prepare(sql)),
    pragma: (text) => {
      const statement = database.prepare(`PRAGMA ${text}`);
      if (statement.reader) return statement.raw().get([])?.[0];
      statement.run([]);
      return undefined;
    },
    close: () => database.close(),
  };
}

/** Values go as one array: a single one would be taken for named parameters. */
function statementOf(statement: LibsqlStatement): Statement {
  const names = statement.reader
    ? statement
        .raw()
        .columns()
        .map((column) => column.name)
    : [];
  const rowOf = (values: readonly Value[]): Row => {
    const row: Row = {};
    for (let at = 0; at < names.length; at += 1) row[names[at] as string] = values[at] as Value;
    return row;
  };
  return {
    run: (...values) => statement.run(bindable(values)),
    get: (...values) => {
      const found = statement.get(bindable(values));
      return found && rowOf(found);
    },
    all: (...values) => statement.all(bindable(values)).map(rowOf),
  };
}

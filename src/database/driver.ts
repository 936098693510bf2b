// One small synchronous interface over the SQLite that this Node has: the built-in node:sqlite (22.13 and later), else
// libsql. For whoever keeps data in a worker. There is no cursor: read in pages, so that nothing holds the file open.
import { createRequire } from 'node:module';
import { openBuiltIn, type SqliteModule } from './driver-builtin.ts';
import { type LibsqlModule, openLibsql } from './driver-libsql.ts';

/** What a column holds. Integers beyond 2^53 are not supported. */
export type Value = string | number | Uint8Array | null;
export type Row = Record<string, Value>;

export interface Statement {
  run(...values: readonly Value[]): { readonly changes: number };
  get(...values: readonly Value[]): Row | undefined;
  all(...values: readonly Value[]): Row[];
}

export interface Connection {
  /** Runs statements without results. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** The first column of the first row that `PRAGMA <text>` answers. */
  pragma(text: string): Value | undefined;
  close(): void;
}

export type DriverName = 'node:sqlite' | 'libsql';

/** Opens or creates a database file. `driver`: for tests; otherwise the best there is. */
export function openConnection(file: string, driver: DriverName = bestDriver()): Connection {
  if (driver === 'libsql') return openLibsql(createRequire(import.meta.url)('libsql') as LibsqlModule, file);
  return openBuiltIn(builtIn(), file);
}

/** The built-in one is faster; libsql is for Node 20, which has none. */
export const bestDriver = (): DriverName => (isBuiltIn() ? 'node:sqlite' : 'libsql');

/** `iterate` came when it needed no flag any more (22.13). Loading it prints a warning on Node 22, unless that is disabled. */
function isBuiltIn(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

function builtIn(): SqliteModule {
  const name = 'node:sqlite';
  return process.getBuiltinModule(name) as unknown as SqliteModule;
}

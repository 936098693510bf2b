// The file of a database: how it is opened, its format checked, and closed. Every commit is synced (T-001).
import { join } from 'node:path';
import { MailspoolError } from '../errors.ts';
import { type Connection, openConnection } from './driver.ts';
import { preparePrivateFile } from './private-directory.ts';
import type { DatabaseProgram, ProgramContext } from './program.ts';
import { storeError } from './store-error.ts';

/** How long a writing statement waits for a program that looks into the file. */
const busyTimeoutMs = 5000;
/** A message of a few KiB fits into one page, so that a commit writes few. */
const pageBytes = 16_384;
/** Pages in the write-ahead log before they move into the file: 64 MiB. */
const checkpointPages = 4096;

/** Opens or creates it. @throws ESTOREVERSION (the file stays as it is), ESTORE */
export function openDatabaseFile(program: DatabaseProgram, context: ProgramContext, name: string): Connection {
  const file = join(context.directory, name);
  preparePrivateFile(file);
  let connection: Connection | undefined;
  try {
    connection = openConnection(file);
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    const format = Number(connection.pragma('user_version') ?? 0);
    refuseNewer(file, format, program.format);
    makeDurable(connection);
    if (format < program.format) migrate(connection, program, context, format);
    return connection;
  } catch (error) {
    connection?.close();
    throw storeError(error, `opening ${file}`);
  }
}

function refuseNewer(file: string, format: number, known: number): void {
  if (format <= known) return;
  throw new MailspoolError('ESTOREVERSION', `${file} has format ${format}, this version of mailspool knows formats up to ${known}`);
}

/** The order matters: the first two are fixed when the first page is written. */
function makeDurable(connection: Connection): void {
  connection.pragma(`page_size = ${pageBytes}`);
  connection.pragma('auto_vacuum = INCREMENTAL');
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = OFF');
  connection.pragma(`wal_autocheckpoint = ${checkpointPages}`);
  connection.pragma('cache_size = -32768');
}

function migrate(connection: Connection, program: DatabaseProgram, context: ProgramContext, from: number): void {
  connection.exec('BEGIN IMMEDIATE');
  program.migrate(connection, from, context);
  connection.pragma(`user_version = ${program.format}`);
  connection.exec('COMMIT');
}

/** Leaves one file, without a log beside it. */
export function closeDatabaseFile(connection: Connection): void {
  try {
    connection.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    connection.close();
  }
}

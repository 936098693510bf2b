// One process owns a directory (T-007): it keeps an exclusive transaction open on owner.db. The kernel frees the lock
// when the process dies, however it dies, so that a stale lock cannot exist.
import { join } from 'node:path';
import { MailspoolError } from '../errors.ts';
import { type Connection, openConnection } from './driver.ts';
import { preparePrivateFile } from './private-directory.ts';
import { resultCodeOf, sqlite, storeError } from './store-error.ts';

export interface OwnerLock {
  release(): void;
}

/** Fails at once if somebody else has it. @throws ESTORELOCKED, ESTORE */
export function takeOwnership(directory: string): OwnerLock {
  const file = join(directory, 'owner.db');
  preparePrivateFile(file);
  let connection: Connection | undefined;
  try {
    connection = openConnection(file);
    connection.pragma('busy_timeout = 0');
    connection.pragma('journal_mode = MEMORY');
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection?.close();
    throw resultCodeOf(error) === sqlite.busy ? locked(directory) : storeError(error, `locking ${file}`);
  }
  return { release: () => connection.close() };
}

const locked = (directory: string) =>
  new MailspoolError('ESTORELOCKED', `another process owns the directory ${directory}`, {
    temporary: true,
    remedy: 'Stop that process, talk to it through the command line, or give this one a directory of its own.',
  });

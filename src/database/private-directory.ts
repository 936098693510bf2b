// The directory that a database lives in: nobody else reads it (0700, its files 0600), whatever the umask says.
import { chmodSync, closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MailspoolError } from '../errors.ts';
import { storeError } from './store-error.ts';

/** Creates it, durably, or looks whether it is private. @throws ESTOREACCESS, ESTORE */
export function preparePrivateDirectory(directory: string): void {
  try {
    const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (first === undefined) return refuseOthers(directory);
    chmodSync(directory, 0o700);
    syncDirectory(dirname(first));
  } catch (error) {
    throw storeError(error, `opening the directory ${directory}`);
  }
}

function refuseOthers(directory: string): void {
  const found = statSync(directory);
  if (!found.isDirectory())
    throw new MailspoolError('ESTORE', `${directory} is not a directory`, { remedy: 'Name a directory, or one that does not exist yet.' });
  if ((found.mode & 0o077) === 0) return;
  const mode = (found.mode & 0o777).toString(8);
  throw new MailspoolError('ESTOREACCESS', `others can read the directory ${directory} (its mode is ${mode})`, {
    remedy: `Make it private: chmod 700 ${directory}`,
  });
}

/**
 * Creates an empty file, or makes an existing one private. An existing one is not opened: closing it again would let
 * go of the locks that this process holds on it (fcntl).
 */
export function preparePrivateFile(file: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw storeError(error, `creating ${file}`);
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return;
  }
  fchmodSync(descriptor, 0o600);
  closeSync(descriptor);
  syncDirectory(dirname(file));
}

/** A new name in a directory survives a crash once the directory is synced. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

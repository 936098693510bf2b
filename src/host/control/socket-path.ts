// Where the control socket of a store lies: in the user's runtime directory, under a hash of the store's real path, so
// that both sides find it without asking. Only the user may enter the folder.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MailspoolError } from '../../errors.ts';

/** sun_path holds 108 bytes with its end on Linux and 104 elsewhere; what is longer is cut in silence. */
export const longestSocketPath = process.platform === 'linux' ? 107 : 103;

type Environment = Readonly<Record<string, string | undefined>>;

/** The paths at which a spooler of this store may listen, the preferred one first. */
export function socketPaths(directory: string, env: Environment = process.env): string[] {
  const name = createHash('sha256').update(realPath(directory)).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return [`\\\\.\\pipe\\mailspool-${name}`];
  return runtimeFolders(env)
    .map((folder) => join(folder, `${name}.sock`))
    .filter((path) => Buffer.byteLength(path) <= longestSocketPath);
}

/** @throws ECONFIG if no path is short enough */
export function socketToListenAt(directory: string, env: Environment = process.env): string {
  const [path] = socketPaths(directory, env);
  if (path !== undefined) return path;
  throw new MailspoolError('ECONFIG', `the path of the control socket is longer than ${longestSocketPath} bytes`, {
    remedy: 'Set XDG_RUNTIME_DIR or TMPDIR to a directory with a shorter path.',
  });
}

/** systemd's folder is private already; the one in /tmp is made private here. */
const runtimeFolders = (env: Environment): string[] => {
  const given = env['XDG_RUNTIME_DIR'];
  const own = join(tmpdir(), `mailspool-${process.getuid?.() ?? 'user'}`);
  return given === undefined || given === '' ? [own] : [join(given, 'mailspool'), own];
};

/**
 * Makes the folder, or makes sure that it is this user's alone: in a shared /tmp somebody else may have been first.
 * @throws ESTOREACCESS
 */
export function privateFolder(folder: string): void {
  if (process.platform === 'win32') return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new MailspoolError('ESTOREACCESS', `${folder}, the folder of the control socket, is not private to this user`, {
    remedy: `Remove it, or make it yours with mode 700; or set XDG_RUNTIME_DIR to a private directory.`,
  });
}

function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

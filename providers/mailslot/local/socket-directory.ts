// Where the slots of this computer's processes have their sockets: one file each, named by a hash of the slot's name.
import { createHash } from 'node:crypto';
import { chmod, link, lstat, mkdir, rm } from 'node:fs/promises';
import { createConnection, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { MailspoolError, type Random } from 'mailspool/provider';
import type { MailslotAccess } from '../slot.ts';

/** sun_path of Linux has 108 bytes with the closing NUL, of macOS 104. */
const maxPathBytes = 103;

const modes: Record<MailslotAccess, { readonly directory: number; readonly socket: number }> = {
  owner: { directory: 0o700, socket: 0o600 },
  group: { directory: 0o710, socket: 0o660 },
  everyone: { directory: 0o711, socket: 0o666 },
};

/** `mailslots` in the user's runtime directory (XDG_RUNTIME_DIR), or in a directory of the user's own under /tmp. */
export const defaultDirectory = (): string =>
  process.env['XDG_RUNTIME_DIR'] ? join(process.env['XDG_RUNTIME_DIR'], 'mailslots') : join(tmpdir(), `mailslots-${userInfo().username}`);

export class SocketDirectory {
  readonly #path: string;
  readonly #random: Random;

  /** @throws ECONFIG if the path is too long for sockets */
  constructor(path: string, random: Random) {
    this.#path = resolve(path);
    this.#random = random;
    const longest = Buffer.byteLength(this.#fileOf('x'));
    if (longest > maxPathBytes)
      throw new MailspoolError('ECONFIG', `sockets in ${this.#path} would have names of ${longest} bytes, and ${maxPathBytes} are possible`, {
        field: 'directory',
      });
  }

  /**
   * Gives `server` the name, unless a living process has it. What a process that died left behind is replaced (S-011).
   * Returns how to give the name back and end the server, `undefined` where the name is taken.
   */
  async claim(key: string, server: Server, access: MailslotAccess): Promise<(() => Promise<void>) | undefined> {
    await this.#prepare(access);
    const file = this.#fileOf(key);
    const own = join(this.#path, `.${this.#unique()}`);
    await listen(server, own);
    let isOurs = false;
    try {
      await chmod(own, modes[access].socket);
      isOurs = await this.#named(own, file);
      const { ino } = await lstat(own);
      return isOurs ? async () => await release(server, file, ino) : undefined;
    } finally {
      await rm(own, { force: true });
      if (!isOurs) server.close();
    }
  }

  /** A connection to whoever has the name, `undefined` if nobody has. */
  async connect(key: string): Promise<Socket | undefined> {
    return await connected(this.#fileOf(key));
  }

  /** A link is there as a whole or not at all, so that two processes never have the same name. */
  async #named(own: string, file: string): Promise<boolean> {
    const lock = `${file}.lock`;
    for (;;) {
      if (await linked(own, file)) return true;
      if (await isAlive(file)) return false;
      // Only who has the lock removes what nobody answers for. The lock is a socket, too, and ends with its process.
      if (await linked(own, lock)) {
        try {
          if (!(await isAlive(file))) await rm(file, { force: true });
        } finally {
          await rm(lock, { force: true });
        }
      } else if (!(await isAlive(lock))) await rm(lock, { force: true });
    }
  }

  async #prepare(access: MailslotAccess): Promise<void> {
    const mode = modes[access].directory;
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    const found = await lstat(this.#path);
    const uid = process.getuid?.();
    if (!found.isDirectory() || (uid !== undefined && found.uid !== uid))
      throw new MailspoolError('ECONFIG', `${this.#path} is not a directory of this user`, { field: 'directory' });
    if ((found.mode & 0o022) !== 0)
      throw new MailspoolError('ECONFIG', `others can write to ${this.#path}: make it private (chmod 700)`, { field: 'directory' });
    if ((found.mode & mode) !== mode) await chmod(this.#path, found.mode | mode);
  }

  #fileOf(key: string): string {
    return join(this.#path, createHash('sha256').update(key).digest('hex').slice(0, 32));
  }

  #unique(): string {
    return Buffer.from(this.#random.bytes(8)).toString('hex');
  }
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((done, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      done();
    });
  });

const connected = (path: string): Promise<Socket | undefined> =>
  new Promise((done, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      done(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const { code } = error;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') done(undefined);
      else reject(new MailspoolError('ENOACCESS', `the mailslot's socket cannot be reached: ${error.message}`, { cause: error }));
    });
  });

async function isAlive(path: string): Promise<boolean> {
  const socket = await connected(path);
  socket?.destroy();
  return socket !== undefined;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The server answers until the name is gone: as long as somebody answers, nobody else takes it away. */
async function release(server: Server, file: string, ino: number): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found?.ino === ino) await rm(file, { force: true });
  server.close();
}

// Unix sockets of this user alone, at both ends.
import { chmodSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { MailspoolError } from '../../errors.ts';

/** Only this user connects there. */
export async function listening(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
}

/** An open connection, or undefined if nobody listens there. */
export async function connected(path: string): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve(undefined);
      else reject(unusable(path, error));
    });
  });
}

const unusable = (path: string, cause: NodeJS.ErrnoException): MailspoolError =>
  cause.code === 'EACCES' || cause.code === 'EPERM'
    ? new MailspoolError('ENOACCESS', `the control socket ${path} belongs to somebody else`, {
        cause,
        remedy: 'Run the command as the user whose spooler it is.',
      })
    : new MailspoolError('EBUSY', `the control socket ${path} does not take connections: ${cause.message}`, {
        cause,
        temporary: true,
        remedy: 'Try again.',
      });

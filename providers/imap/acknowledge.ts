// What happens to a message at the server after it was saved here, and never before (T-052). Each step may be
// repeated: a second time it changes nothing, or finds the message gone.
import type { ImapFlow } from 'imapflow';
import { TransportError } from 'mailspool/provider';
import type { ImapConnection } from './connection.ts';
import { isRefusal } from './failures.ts';
import type { After } from './options.ts';

/** `refused`: the server would not; it is tried again later. The folder must be open for writing. */
export async function acknowledge(connection: ImapConnection, after: After, uid: number, signal: AbortSignal): Promise<'done' | 'refused'> {
  if (after === 'leave') return 'done';
  if (after === 'delete') return remove(connection, uid, signal);
  if ('flag' in after) return flag(connection, uid, after.flag, signal);
  return move(connection, uid, after.move, signal);
}

/** imapflow answers `false` both for NO and for a flag that the folder cannot keep. */
const flag = (connection: ImapConnection, uid: number, name: string, signal: AbortSignal): Promise<'done' | 'refused'> =>
  attempt(connection, 'UID STORE', signal, (client) => client.messageFlagsAdd(String(uid), [name], { uid: true, silent: true }));

/** A plain EXPUNGE would take messages along that others have marked: without UIDPLUS the mark is all (RFC 4315). */
export async function remove(connection: ImapConnection, uid: number, signal: AbortSignal): Promise<'done' | 'refused'> {
  if (!connection.can('UIDPLUS')) return flag(connection, uid, '\\Deleted', signal);
  return attempt(connection, 'UID EXPUNGE', signal, (client) => client.messageDelete(String(uid), { uid: true }));
}

async function move(connection: ImapConnection, uid: number, target: string, signal: AbortSignal): Promise<'done' | 'refused'> {
  const transfer = (): Promise<'done' | 'refused'> =>
    connection.can('MOVE') ? moveAtOnce(connection, uid, target, signal) : copyAndRemove(connection, uid, target, signal);
  const first = await transfer();
  if (first === 'done' || !(await isPresent(connection, uid, signal))) return 'done';
  const made = await attempt(connection, 'CREATE', signal, (client) => client.mailboxCreate(target).then((answer) => answer.created));
  return made === 'done' ? transfer() : 'refused';
}

/** Success is what COPYUID says; without it, that the message is gone (RFC 6851, RFC 4315). */
const moveAtOnce = (connection: ImapConnection, uid: number, target: string, signal: AbortSignal): Promise<'done' | 'refused'> =>
  attempt(connection, 'UID MOVE', signal, async (client) => {
    const moved = await client.messageMove(String(uid), target, { uid: true });
    return moved !== false && moved?.uidMap?.has(uid) === true;
  });

async function copyAndRemove(connection: ImapConnection, uid: number, target: string, signal: AbortSignal): Promise<'done' | 'refused'> {
  const copied = await attempt(
    connection,
    'UID COPY',
    signal,
    async (client) => (await client.messageCopy(String(uid), target, { uid: true })) !== false,
  );
  return copied === 'done' ? remove(connection, uid, signal) : 'refused';
}

async function isPresent(connection: ImapConnection, uid: number, signal: AbortSignal): Promise<boolean> {
  const found = await connection.command('UID SEARCH', signal, (client) => client.search({ uid: String(uid) }, { uid: true }));
  return (found || []).includes(uid);
}

/** A refusal is an answer here; a lost connection and a server that asks for patience are not. */
async function attempt(
  connection: ImapConnection,
  what: string,
  signal: AbortSignal,
  run: (client: ImapFlow) => Promise<boolean>,
): Promise<'done' | 'refused'> {
  try {
    return (await connection.command(what, signal, run)) ? 'done' : 'refused';
  } catch (error) {
    if (error instanceof TransportError && isRefusal(error) && error.gate === undefined) return 'refused';
    throw error;
  }
}

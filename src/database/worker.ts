// The worker: it owns the directory, has the only writing connection, and answers calls in rounds. While it syncs, the
// next round gathers in its port; there is no timer.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { closeDatabaseFile, openDatabaseFile } from './database-file.ts';
import type { Connection } from './driver.ts';
import { type OwnerLock, takeOwnership } from './owner-lock.ts';
import { preparePrivateDirectory } from './private-directory.ts';
import type { DatabaseProgram, Procedures, ProgramContext } from './program.ts';
import { type Answer, type Request, Rounds } from './rounds.ts';
import { resultCodeOf, storeError, toRecord } from './store-error.ts';
import { type AnswerHead, bye, type CallHead, type WorkerData } from './protocol.ts';
import { type Item, type Packet, pack, sizeOf, transferable, unpack } from './wire.ts';

/** The bounds of one transaction. */
const roundLimits = { requests: 512, bytes: 16 * 1024 * 1024 } as const;

const { program: address, directory, file, options } = workerData as WorkerData;

async function main(port: MessagePort): Promise<void> {
  const { program } = (await import(address)) as { program: DatabaseProgram };
  let lock: OwnerLock | undefined;
  try {
    preparePrivateDirectory(directory);
    lock = takeOwnership(directory);
    serve(port, program, lock);
  } catch (error) {
    lock?.release();
    send(port, [{ id: 0, reply: { error: toRecord(storeError(error, `opening ${directory}`)) } }]);
    port.close();
  }
}

function serve(port: MessagePort, program: DatabaseProgram, lock: OwnerLock): void {
  const context: ProgramContext = { directory, options };
  const connection = openDatabaseFile(program, context, file);
  const procedures = startedOn(connection, program, context);
  const reopen = (broken: Connection) => {
    closeQuietly(broken);
    return openDatabaseFile(program, context, file);
  };
  const rounds = new Rounds({ connection, procedures, reopen, directory });
  const waiting: Request[] = [];
  let isClosing = false;
  const receive = (message: Packet | typeof bye) => {
    if (message === bye) isClosing = true;
    else waiting.push(...requestsOf(message));
  };
  port.on('message', (message: Packet | typeof bye) => {
    receive(message);
    drainPort(port, receive);
    while (waiting.length > 0) {
      const { answers, news } = rounds.run(takeRound(waiting));
      send(port, answers, news);
      drainPort(port, receive);
    }
    if (isClosing) close(port, rounds, procedures, lock);
  });
  send(port, [{ id: 0, reply: { value: procedures.greeting ?? null } }]);
}

function startedOn(connection: Connection, program: DatabaseProgram, context: ProgramContext) {
  try {
    return program.start(connection, context);
  } catch (error) {
    closeQuietly(connection);
    throw error;
  }
}

function drainPort(port: MessagePort, receive: (message: Packet | typeof bye) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) receive(next.message as Packet | typeof bye);
}

const requestsOf = (packet: Packet): Request[] =>
  unpack<CallHead>(packet).map(({ head: [id, name, now], json, bytes }) => ({ id, name, input: json, now, bytes }));

function takeRound(waiting: Request[]): Request[] {
  let count = 0;
  for (let bytes = 0; count < Math.min(waiting.length, roundLimits.requests) && bytes < roundLimits.bytes; count += 1) {
    bytes += sizeOf(waiting[count]?.bytes ?? []);
  }
  return waiting.splice(0, count);
}

function send(port: MessagePort, answers: readonly Answer[], news?: unknown): void {
  const items = answers.map(answerItem);
  if (news !== undefined) items.unshift({ head: [0, 'news'], json: JSON.stringify(news), bytes: [] });
  const packet = pack(items);
  port.postMessage(packet, transferable(packet));
}

function answerItem({ id, reply }: Answer): Item<AnswerHead> {
  if ('error' in reply) return { head: [id, 'error'], json: JSON.stringify(reply.error), bytes: [] };
  return { head: [id, 'value'], json: JSON.stringify(reply.value ?? null), bytes: reply.bytes ?? [] };
}

function close(port: MessagePort, rounds: Rounds, procedures: Procedures, lock: OwnerLock): void {
  const { connection } = rounds;
  try {
    connection.exec('BEGIN IMMEDIATE');
    procedures.closing?.();
    connection.exec('COMMIT');
  } catch (error) {
    // On a full disk it is not noted; the file itself is complete. Anything else is a mistake of the program.
    if (resultCodeOf(error) === undefined) throw error;
  } finally {
    closeQuietly(connection);
    lock.release();
    port.close();
  }
}

function closeQuietly(connection: Connection): void {
  try {
    closeDatabaseFile(connection);
  } catch {
    // The log stays beside the file and is read at the next opening.
  }
}

if (parentPort) await main(parentPort);

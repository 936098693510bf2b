// What runs in the worker of a verification: it reads, and writes nothing. The structure is looked at in one transaction,
// as it was at one moment; content after that, row by row, so that a running spooler is not held up.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openConnection } from '../../../database/driver.ts';
import type { Connection } from '../../../database/index.ts';
import { type ErrorRecord, resultCodeOf, sqlite, storeError, toRecord } from '../../../database/store-error.ts';
import { MailspoolError } from '../../../errors.ts';
import { format, storeFile } from '../schema.ts';
import { ContentChecks } from './contents.ts';
import { MessageChecks } from './messages.ts';
import { Problems, remedies, type StoreVerification, type VerificationProgress } from './problem.ts';
import { checkTables } from './tables.ts';

export type VerificationNews =
  | { readonly progress: VerificationProgress }
  | { readonly verification: StoreVerification }
  | { readonly error: ErrorRecord };

/** How long another program that writes may take. */
const busyTimeoutMs = 5000;
/** So many complaints of SQLite are enough. */
const mostComplaints = 100;
const tellEvery = 1000;

const { directory, stopping } = workerData as { readonly directory: string; readonly stopping: Int32Array };
const tell = (news: VerificationNews): void => parentPort?.postMessage(news);

function verify(): StoreVerification {
  const file = join(directory, storeFile);
  if (!existsSync(file))
    throw new MailspoolError('ECONFIG', `there is no store in ${directory}`, { field: 'directory', remedy: 'Name the directory of the store.' });
  const problems = new Problems();
  const connection = openConnection(file);
  try {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    connection.pragma('query_only = ON');
    return looked(connection, problems);
  } catch (error) {
    if (!isBroken(error)) throw error;
    problems.add('file', storeFile, String(error instanceof Error ? error.message : error), remedies.backup);
    return { ...none, ...found(problems) };
  } finally {
    connection.close();
  }
}

const none = { directory, messages: 0, contents: 0, contentBytes: 0, setAside: 0, orphanFiles: 0 };
const found = (problems: Problems) => ({ problems: problems.found, furtherProblems: problems.further });

function isBroken(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === sqlite.corrupt || code === sqlite.notADatabase;
}

function looked(connection: Connection, problems: Problems): StoreVerification {
  const version = Number(connection.pragma('user_version') ?? 0);
  if (version > format)
    throw new MailspoolError('ESTOREVERSION', `${directory} has format ${version}, this version of mailspool knows formats up to ${format}`);
  tell({ progress: { phase: 'file', done: 0, total: 1 } });
  if (version === 0) problems.add('format', storeFile, 'it holds no store', remedies.backup);
  for (const row of connection.prepare(`PRAGMA integrity_check(${mostComplaints})`).all()) {
    const complaint = String(Object.values(row)[0]);
    if (complaint !== 'ok') problems.add('file', storeFile, complaint, remedies.backup);
  }
  // What lies in a broken file need not make sense, and may not be readable.
  if (problems.found.length > 0) return { ...none, ...found(problems) };
  return { ...none, ...contents(connection, problems), ...found(problems) };
}

function contents(connection: Connection, problems: Problems) {
  const contentChecks = new ContentChecks(connection, problems, directory);
  connection.exec('BEGIN');
  const tag = String(connection.prepare("SELECT value FROM meta WHERE name = 'tag'").get()?.['value']);
  const messageChecks = new MessageChecks(connection, problems, tag);
  const messages = messageChecks.run(telling('messages'));
  const setAside = Number(connection.prepare('SELECT count(*) AS n FROM damaged_message').get()?.['n'] ?? 0);
  contentChecks.uses(messageChecks.uses, setAside);
  checkTables(connection, problems, tag);
  connection.exec('COMMIT');
  const count = contentChecks.digests(telling('contents'));
  return { messages, contents: count, contentBytes: contentChecks.bytes, setAside, orphanFiles: contentChecks.orphanFiles() };
}

const telling = (phase: VerificationProgress['phase']) => (done: number, total: number) => {
  if (Atomics.load(stopping, 0) === 1) throw new MailspoolError('ECANCEL', `nobody waits for the verification of ${directory} any more`);
  if (done % tellEvery === 0 || done === total) tell({ progress: { phase, done, total } });
};

try {
  tell({ verification: verify() });
} catch (error) {
  tell({ error: toRecord(storeError(error, `verifying ${directory}`)) });
}

// A line for each new message, also for those that came while nobody watched: the place in the change feed is kept in a
// file, and reading goes on from there.
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Cursor, EntryId, Message } from 'mailspool';
import type { Client, Command } from './client.ts';
import { printable } from './screen.ts';

/** Until the signal aborts. `file`: where the place of the last news is remembered. */
export async function tellNewMail({ spooler, screen, numbers }: Client, file: string, signal: AbortSignal): Promise<void> {
  const after = await lastPlace(file);
  for await (const change of spooler.changes({ after: after ?? none, signal })) {
    if (change.type === 'gap' && after !== undefined) screen.say('More has happened than is remembered; inbox lists what there is');
    const message = change.type === 'newMail' ? await spooler.get(change.id) : undefined;
    if (message) screen.say(`New mail [${numbers.of(message.id)}] for ${message.account ?? 'nobody'}: ${headline(message)}`);
    // Only now: who dies before this line is told again, not never.
    await writeFile(`${file}.new`, change.cursor);
    await rename(`${file}.new`, file);
  }
}

/** A place in no feed: the first answer is a gap, and its cursor is where this client begins. */
const none = 'none' as Cursor;

async function lastPlace(file: string): Promise<Cursor | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text as Cursor | undefined;
}

export const headline = ({ properties }: Message): string =>
  printable(`${properties.sender?.name ?? properties.sender?.address ?? 'somebody'}, ${properties.subject ?? '(no subject)'}`);

export const inboxCommand: Command = {
  usage: 'inbox',
  help: 'list received mail',
  run: async ({ spooler, screen, numbers }) => {
    const ids: EntryId[] = [];
    for await (const message of spooler.list({ direction: 'inbound' })) {
      ids.push(message.id);
      screen.say(`${String(numbers.of(message.id)).padStart(4)} ${message.read ? ' ' : '*'} ${message.account ?? ''}  ${headline(message)}`);
    }
    if (ids.length === 0) screen.say('   nothing has come yet');
  },
};

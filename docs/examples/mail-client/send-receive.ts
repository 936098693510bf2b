// Send and receive, now: every account in turn, or a group of them, with progress, until it is done or abandoned.
import type { GroupOptions, SpoolerOptions } from 'mailspool';
import type { Client, Command } from './client.ts';
import { printable } from './screen.ts';

/** A group for each account; `all` runs when the network is back. */
export function groupsOf(accounts: NonNullable<SpoolerOptions['accounts']>): GroupOptions[] {
  const members = accounts.map(({ name }) => ({ account: name, inbound: true, outbound: true }));
  return [{ name: 'all', on: ['networkUp'], members }, ...members.map((member) => ({ name: member.account, members: [member] }))];
}

let abandoning: AbortController | undefined;

export const sendReceiveCommand: Command = {
  usage: 'sendreceive [<account>]',
  help: 'send and receive now, all or one account; also while working offline',
  run: (client, [group = 'all']) => {
    if (abandoning) throw new Error('a send/receive is under way; abandon ends it');
    abandoning = new AbortController();
    const { signal } = abandoning;
    client.background.run(async (ending) => {
      await sendReceive(client, group, AbortSignal.any([signal, ending])).finally(() => (abandoning = undefined));
    });
  },
};

async function sendReceive({ spooler, screen }: Client, group: string, signal: AbortSignal): Promise<void> {
  const { progress$, done } = spooler.sendReceive(group, { signal });
  const watching = progress$.subscribe((accounts) =>
    screen.view('send/receive', [
      '-- send/receive --',
      ...accounts.map(({ account, done: sofar, toDo, error }) => printable(`   ${account.padEnd(12)} ${sofar} of ${toDo}  ${error?.text ?? ''}`)),
    ]),
  );
  try {
    const { complete } = await done;
    screen.say(complete ? 'Send/receive is complete' : 'Send/receive is over; not every account could be reached');
  } catch (error) {
    if (!signal.aborted) throw error;
    screen.say('Send/receive is abandoned');
  } finally {
    watching.unsubscribe();
    screen.view('send/receive', undefined);
  }
}

export const abandonCommand: Command = {
  usage: 'abandon',
  help: 'end the send/receive that is under way',
  run: ({ screen }) => {
    if (abandoning) abandoning.abort();
    else screen.say('No send/receive is under way');
  },
};

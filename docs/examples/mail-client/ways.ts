// Which way mail takes: online or not, and which session is asked first for a message that belongs to no account.
import type { SessionKey, Spooler } from 'mailspool';
import type { Command } from './client.ts';

const workOffline = (offline: boolean, help: string): Command => ({
  usage: offline ? 'offline' : 'online',
  help,
  run: async ({ spooler, screen }) => {
    await spooler.setOffline(offline);
    screen.say(offline ? 'Working offline: what is sent waits in the Outbox' : 'Working online');
  },
});

export const offlineCommand: Command = workOffline(true, 'work offline: nothing is sent or received');
export const onlineCommand: Command = workOffline(false, 'work online again, and send what waits');

export const orderCommand: Command = {
  usage: 'order [<account or session>…]',
  help: 'show or change the transport order; those that are not named keep their order behind',
  run: async ({ spooler, screen }, names) => {
    if (names.length > 0) await spooler.setTransportOrder(reordered(await sessionsOf(spooler), names));
    screen.say(`Transport order: ${(await sessionsOf(spooler)).join(', ')}`);
  },
};

/** By their place in the transport order. */
async function sessionsOf(spooler: Spooler): Promise<SessionKey[]> {
  const sessions = (await spooler.listAccounts()).flatMap((account) => account.sessions);
  return sessions.sort((a, b) => a.place - b.place).map(({ session }) => session);
}

function reordered(sessions: readonly SessionKey[], names: readonly string[]): SessionKey[] {
  const named = names.flatMap((name) => {
    const meant = sessions.filter((session) => session === name || session.startsWith(`${name}/`));
    if (meant.length === 0) throw new Error(`there is no account or session ${name}; there are ${sessions.join(', ')}`);
    return meant;
  });
  return [...new Set([...named, ...sessions])];
}

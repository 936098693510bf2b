// All that can be typed.
import { isMailspoolError } from 'mailspool';
import type { Client, Command } from './client.ts';
import { laterCommand, sendCommand, undoCommand } from './compose.ts';
import { inboxCommand } from './new-mail.ts';
import { outboxCommand } from './outbox-view.ts';
import { readCommand } from './reading.ts';
import { printable } from './screen.ts';
import { abandonCommand, sendReceiveCommand } from './send-receive.ts';
import { statusCommand } from './status-view.ts';
import { offlineCommand, onlineCommand, orderCommand } from './ways.ts';

const bulk = (verb: 'hold' | 'release' | 'retry', help: string, did: string): Command => ({
  usage: `${verb} <number>`,
  help,
  run: async ({ spooler, screen, numbers }, [number]) => {
    const { changed } = await spooler[verb](numbers.id(number), { reason: 'asked for at the prompt' });
    screen.say(changed.length > 0 ? `[${number}] ${did}` : `[${number}] stays as it is`);
  },
});

const help: Command = {
  usage: 'help',
  help: 'show this',
  run: ({ screen }) => screen.say(...helpLines()),
};

const commands: readonly Command[] = [
  sendCommand,
  undoCommand,
  laterCommand,
  outboxCommand,
  bulk('hold', 'keep a message in the Outbox', 'is held'),
  bulk('release', 'let a held message go', 'is released'),
  bulk('retry', 'try once more what failed or waits', 'is tried again'),
  inboxCommand,
  readCommand,
  sendReceiveCommand,
  abandonCommand,
  offlineCommand,
  onlineCommand,
  statusCommand,
  orderCommand,
  help,
  { usage: 'quit', help: 'leave; what is in the Outbox goes out next time', run: ({ screen }) => screen.end() },
];

export const helpLines = (): string[] => commands.map((command) => `  ${command.usage.padEnd(24)} ${command.help}`);

/** A mistake is told, with its remedy; it ends nothing. */
export async function perform(client: Client, line: string): Promise<void> {
  const [name, ...args] = line.trim().split(/\s+/);
  if (name === '' || name === undefined) return;
  try {
    const command = commands.find(({ usage }) => usage.split(' ')[0] === name);
    if (!command) throw new Error(`there is no command ${name}; help lists them`);
    await command.run(client, args);
  } catch (error) {
    client.screen.say(...explained(error));
  }
}

export function explained(error: unknown): string[] {
  if (!(error instanceof Error)) return [`Error: ${printable(String(error))}`];
  const what = isMailspoolError(error) ? `${error.code}: ${error.message}` : error.message;
  return [`Error: ${printable(what)}`, ...(isMailspoolError(error) && error.remedy ? [printable(error.remedy)] : [])];
}

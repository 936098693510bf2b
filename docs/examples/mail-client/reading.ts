// Reading a message marks it read, and tells its sender so, if he asks and the person agrees.
import { buffer } from 'node:stream/consumers';
import PostalMime from 'postal-mime';
import type { MarkReadResult, Message } from 'mailspool';
import type { Client, Command } from './client.ts';
import { headline } from './new-mail.ts';
import { printable } from './screen.ts';

export const readCommand: Command = {
  usage: 'read <number>',
  help: 'show a message, and mark it read; its sender may have asked for a receipt',
  run: async (client, [number]) => {
    const { spooler, screen, numbers } = client;
    const id = numbers.id(number);
    const message = await spooler.get(id);
    if (message === undefined) throw new Error(`[${number}] is not there any more`);
    const { text = '(no plain text)' } = await PostalMime.parse(await buffer(await spooler.raw(id)));
    const lines = text.trimEnd().split('\n');
    screen.say(headline(message), ...lines.map((line) => `  ${printable(line)}`));
    if (message.direction === 'inbound') await markRead(client, message);
  },
};

async function markRead(client: Client, message: Message): Promise<void> {
  const { spooler, screen, receipts } = client;
  const isAsked = message.report.read === true && message.receipt === undefined;
  if (!isAsked || receipts === 'never') {
    await spooler.markRead(message.id);
    return;
  }
  // Without a person's consent only what RFC 8098 lets a program answer by itself is answered.
  const consent = receipts === 'ask' ? 'person' : 'policy';
  const isAgreed = receipts === 'always' || (await agrees(client, message));
  const result = await spooler.markRead(message.id, isAgreed ? 'read' : 'none', { consent });
  screen.say(told(result));
}

async function agrees({ screen }: Client, { properties }: Message): Promise<boolean> {
  const whom = printable(properties.reportTo?.address ?? 'the sender');
  return (await screen.line(`${whom} asks to be told that you have read this. Tell? [y/N] `)) === 'y';
}

const told = (result: MarkReadResult): string =>
  result.report === 'written' ? 'A receipt is in the Outbox' : `No receipt is sent: ${result.reason}`;

// Reading a message marks it read.
import { buffer } from 'node:stream/consumers';
import PostalMime from 'postal-mime';
import type { Command } from './client.ts';
import { headline } from './new-mail.ts';
import { printable } from './screen.ts';

export const readCommand: Command = {
  usage: 'read <number>',
  help: 'show a message and mark it read',
  run: async ({ spooler, screen, numbers }, [number]) => {
    const id = numbers.id(number);
    const message = await spooler.get(id);
    if (message === undefined) throw new Error(`[${number}] is not there any more`);
    const { text = '' } = await PostalMime.parse(await buffer(await spooler.raw(id)));
    screen.say(
      headline(message),
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => `  ${printable(line)}`),
    );
    await spooler.markRead(id);
  },
};

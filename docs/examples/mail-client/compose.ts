// Writing a message, and taking it back. What is sent lies on disk at once and leaves when the time to undo is over.
import { parseArgs } from 'node:util';
import type { SendAt } from 'mailspool';
import type { Client, Command } from './client.ts';
import { when } from './when.ts';

export const sendCommand: Command = {
  usage: 'send <to>… [--from <account or address>] [--at <time>] [--receipt]',
  help: 'write a message; --at 10m, 17:30 or 2026-03-29T08:00 sends it later, --receipt asks for a read receipt',
  run: async (client, args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { from: { type: 'string' }, at: { type: 'string' }, receipt: { type: 'boolean', default: false } },
    });
    if (positionals.length === 0) throw new Error(`whom to? ${sendCommand.usage}`);
    const sendAt = values.at === undefined ? undefined : when(values.at);
    const text = await write(client);
    if (text === undefined) return;
    const message = { from: senderOf(client, values.from), to: positionals.join(', '), ...text };
    await submit(client, message, values.receipt, sendAt);
  },
};

/** undefined: the person left in the middle. */
async function write({ screen }: Client): Promise<{ subject: string; text: string } | undefined> {
  const subject = await screen.line('Subject: ');
  screen.say('Write the text; a line with a single dot ends it.');
  const lines: string[] = [];
  for (;;) {
    const line = await screen.line('| ');
    if (line === undefined) return undefined;
    if (line === '.') return { subject: subject ?? '', text: `${lines.join('\n')}\n` };
    lines.push(line);
  }
}

/** The name of an account stands for its first identity. */
function senderOf({ accounts }: Client, from: string | undefined): string {
  const account = from === undefined ? accounts[0] : accounts.find(({ name }) => name === from);
  const address = account?.identities?.[0] ?? from;
  if (address === undefined) throw new Error('who writes? Give --from, or an account with identities');
  return address;
}

type Draft = { readonly from: string; readonly to: string; readonly subject: string; readonly text: string };

async function submit({ spooler, screen, numbers, undoMs }: Client, draft: Draft, read: boolean, sendAt: SendAt | undefined): Promise<void> {
  const { id } = await spooler.submit(draft, { sendAt: sendAt ?? { afterMs: undoMs }, report: { read } });
  const number = numbers.of(id);
  const leaves = sendAt ? 'when its time has come' : undoMs > 0 ? `in ${undoMs / 1_000} s` : 'at once';
  screen.say(`[${number}] is in the Outbox and leaves ${leaves}; undo ${number} takes it back`);
}

export const laterCommand: Command = {
  usage: 'later <number> <time>',
  help: 'let what waits in the Outbox leave at another time',
  run: async ({ spooler, screen, numbers }, [number, time = '']) => {
    const { result } = await spooler.reschedule(numbers.id(number), when(time));
    screen.say(result === 'rescheduled' ? `[${number}] leaves then` : `[${number}] is not in the Outbox`);
  },
};

export const undoCommand: Command = {
  usage: 'undo <number>',
  help: 'take a message back, if it has not left',
  run: async ({ spooler, screen, numbers }, [number]) => {
    const answer = await spooler.cancel(numbers.id(number));
    if (answer.result === 'cancelled') screen.say(`[${number}] is taken back`);
    else if (answer.result === 'tooLate')
      screen.say(`[${number}] cannot be taken back: ${answer.reason === 'inProgress' ? 'it is on its way' : 'it is not in the Outbox'}`);
    else screen.say(`[${number}] is taken back, but not from ${answer.tooLate.map(({ address }) => address).join(', ')}`);
  },
};

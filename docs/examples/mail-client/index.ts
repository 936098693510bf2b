// A mail client at the prompt: what a program does that hosts the spooler for a person. `--help` says how to run it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSpooler, embeddedStore } from 'mailspool';
import type { Client } from './client.ts';
import { explained, helpLines, perform } from './commands.ts';
import { Ending } from './ending.ts';
import { tellNewMail } from './new-mail.ts';
import { Numbers } from './numbers.ts';
import { tellOutcomes } from './outcomes.ts';
import { openProfile, type Profile } from './profile.ts';
import { Screen } from './screen.ts';
import { groupsOf } from './send-receive.ts';

const { values: given } = parseArgs({
  options: {
    folder: { type: 'string', default: './mail-client' },
    config: { type: 'string' },
    undo: { type: 'string', default: '10' },
    receipts: { type: 'string', default: 'ask' },
    offline: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (given.help) console.log(usage());
else
  await main().catch((error: unknown) => {
    console.error(explained(error).join('\n'));
    process.exitCode = 1;
  });

async function main(): Promise<void> {
  const profile = await openProfile(given.config);
  try {
    await mkdir(given.folder, { recursive: true });
    await converse(profile);
  } finally {
    await profile.close();
  }
}

async function converse({ about, options }: Profile): Promise<void> {
  const { accounts = [] } = options;
  const store = embeddedStore({ directory: join(given.folder, 'spool') });
  const spooler = await createSpooler({ ...options, store, groups: groupsOf(accounts), offline: given.offline });
  const screen = new Screen();
  const ending = new Ending((error) => screen.say(...explained(error)));
  const client: Client = {
    spooler,
    screen,
    accounts,
    numbers: new Numbers(),
    undoMs: Number(given.undo) * 1_000,
    receipts: 'ask',
    background: ending,
  };
  process.once('SIGTERM', () => screen.end());
  try {
    screen.say(about, 'help lists what can be typed.');
    tellOutcomes(client);
    ending.run(async (signal) => await tellNewMail(client, join(given.folder, 'last-news'), signal));
    await spooler.start();
    for (let line = await screen.line('mail> '); line !== undefined; line = await screen.line('mail> ')) await perform(client, line);
  } finally {
    screen.end();
    await ending.end();
    // A second Ctrl-C does not wait for what is on its way.
    process.once('SIGINT', () => void spooler.stop({ drainMs: 0 }));
    const { queued } = await spooler.stop();
    console.log(queued === 0 ? 'Goodbye.' : `Goodbye. ${queued} in the Outbox will go out next time.`);
  }
}

function usage(): string {
  return [
    'A mail client at the prompt, on mailspool.',
    '',
    '  --folder <path>      where it keeps its mail (./mail-client)',
    '  --config <file>      accounts, as for the command line; without one it uses a sandbox in the process',
    '  --undo <seconds>     how long a message can be taken back (10)',
    '  --receipts <answer>  what becomes of requests for read receipts: ask, always or never (ask)',
    '  --offline            begin offline',
    '',
    'At its prompt:',
    ...helpLines(),
  ].join('\n');
}

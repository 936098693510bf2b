// A mail client at the prompt: what a program does that hosts the spooler for a person. `--help` says how to run it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createSpooler, embeddedStore, type Spooler } from 'mailspool';
import type { Client } from './client.ts';
import { explained, helpLines, perform } from './commands.ts';
import { Ending } from './ending.ts';
import { tellNewMail } from './new-mail.ts';
import { Numbers } from './numbers.ts';
import { tellOutcomes } from './outcomes.ts';
import { optionLines, optionsOf, type Options } from './options.ts';
import { openProfile, type Profile } from './profile.ts';
import { Screen } from './screen.ts';
import { groupsOf } from './send-receive.ts';

await main().catch((error: unknown) => {
  console.error(explained(error).join('\n'));
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) return console.log(usage());
  const profile = await openProfile(options.config);
  try {
    await mkdir(options.folder, { recursive: true });
    await converse(profile, options);
  } finally {
    await profile.close();
  }
}

async function converse(profile: Profile, { folder, offline, undoMs, receipts }: Options): Promise<void> {
  const { accounts = [] } = profile.options;
  const store = embeddedStore({ directory: join(folder, 'spool') });
  const spooler = await createSpooler({ ...profile.options, store, groups: groupsOf(accounts), offline });
  const screen = new Screen();
  const ending = new Ending((error) => screen.say(...explained(error)));
  const client: Client = { spooler, screen, accounts, numbers: new Numbers(), undoMs, receipts, background: ending };
  process.once('SIGTERM', () => screen.end());
  try {
    screen.say(profile.about, 'help lists what can be typed.');
    tellOutcomes(client);
    ending.run(async (signal) => await tellNewMail(client, join(folder, 'last-news'), signal));
    await spooler.start();
    for (let line = await screen.line('mail> '); line !== undefined; line = await screen.line('mail> ')) await perform(client, line);
  } finally {
    screen.end();
    await ending.end();
    await stop(spooler);
  }
}

/** What is on its way has ten seconds, unless the person does not want to wait. */
async function stop(spooler: Spooler): Promise<void> {
  process.once('SIGINT', () => void spooler.stop({ drainMs: 0 }));
  const own = (await spooler.status({ atOnce: true })).find(({ id }) => id === 'spooler');
  if (own?.flags.outboundActive) console.log('Waiting for what is on its way; Ctrl-C breaks it off.');
  const { queued } = await spooler.stop();
  console.log(queued === 0 ? 'Goodbye.' : `Goodbye. ${queued} in the Outbox will go out next time.`);
}

function usage(): string {
  return ['A mail client at the prompt, on mailspool.', '', ...optionLines, '', 'At its prompt:', ...helpLines()].join('\n');
}

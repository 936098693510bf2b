// `mailspool demo`: the main job on embedded defaults, shown step by step. Ends with 0 only if every message came as far
// as it should; on a terminal it stays up afterwards and says what to try.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Spooler } from '../../../spooler/contract.ts';
import { loadConfiguration, type Configuration, type LoadedConfiguration } from '../../configuration.ts';
import { serveControl } from '../../control/control.ts';
import { demoAddress, demoMessages, demoUser, unknownAddress } from '../../demo/messages.ts';
import { Narrator } from '../../demo/narrator.ts';
import { endpoint, startSandbox, type Sandbox } from '../../demo/sandbox.ts';
import { stamp } from '../../demo/stamp.ts';
import { verdict, type SubmittedDemoMessage } from '../../demo/verdict.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { messageColumns, messageRow } from '../rendering/messages.ts';
import { printable } from '../rendering/printable.ts';
import { Interrupts } from '../signals.ts';

export async function demo(context: Context, flags: { readonly once?: boolean }): Promise<ExitCode> {
  using interrupts = new Interrupts();
  const folder = await mkdtemp(join(tmpdir(), 'mailspool-demo-'));
  try {
    await using sandbox = await startSandbox({ users: [demoUser] });
    sandbox.smtp.refuse(unknownAddress, { code: 550, enhancedCode: '5.1.1', message: 'No such user here' });
    const configuration = await demoConfiguration(folder, sandbox);
    await using spooler = await context.access.open(configuration, { preprocessors: [stamp] });
    const code = await shown(context, { sandbox, spooler, configuration, interrupts });
    const stays = flags.once !== true && context.output.isTerminal && !interrupts.signal.aborted;
    if (stays) await stayUp(context, { sandbox, spooler, configuration, interrupts });
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly sandbox: Sandbox;
  readonly spooler: Spooler;
  readonly configuration: LoadedConfiguration;
  readonly interrupts: Interrupts;
}

/** Written down, so that it can be looked at; the environment is left out, so that the demo is the same everywhere. */
async function demoConfiguration(folder: string, { smtp, imap }: Sandbox): Promise<LoadedConfiguration> {
  const configuration: Configuration = {
    directory: './spool',
    providers: [
      { use: 'smtp', url: smtp.url },
      { use: 'imap', url: imap.url, reception: 'notify', begin: 'all' },
    ],
  };
  const file = join(folder, 'mailspool.config.json');
  await writeFile(file, JSON.stringify(configuration, undefined, 2), { mode: 0o600 });
  return await loadConfiguration({ file, environment: {} });
}

async function shown({ output, terminal }: Context, { sandbox, spooler, configuration, interrupts }: Stage): Promise<ExitCode> {
  const narrator = new Narrator(output, terminal.clock, spooler);
  const quiet = narrator.listen();
  output.line(output.paint('strong', 'mailspool demo'));
  output.pairs([
    ['Sandbox', `smtp://${endpoint(sandbox.smtp)} and imap://${endpoint(sandbox.imap)}; what the one takes for ${demoAddress} shows up in the other`],
    ['Store', configuration.directory],
  ]);
  output.line();
  const submitted: SubmittedDemoMessage[] = [];
  for (const each of await demoMessages()) submitted.push({ ...each, id: (await spooler.submit(each.message)).id });
  await narrator.caughtUp();
  output.line(output.paint('faint', `${submitted.length} messages are on disk and would survive a crash. Now the spooler starts.`));
  await spooler.start();
  const complaints = await verdict(spooler, submitted, terminal.clock, interrupts.signal);
  await narrator.caughtUp();
  quiet();
  output.line();
  await summary(output, spooler);
  return concluded(output, submitted.length, complaints);
}

async function summary(output: Context['output'], spooler: Spooler): Promise<void> {
  const rows = [];
  for await (const message of spooler.list()) rows.push(messageRow(message));
  // All of the same minute: the column would only take the others' place.
  const shown = messageColumns.filter(({ title }) => title !== 'TIME');
  output.table(
    shown,
    rows.map((row) => row.filter((_, at) => messageColumns[at]?.title !== 'TIME')),
  );
  output.line();
}

function concluded(output: Context['output'], count: number, complaints: readonly string[]): ExitCode {
  output.record({ type: 'verdict', asExpected: complaints.length === 0, complaints });
  if (complaints.length === 0)
    output.line(`${output.paint('good', 'as expected')}  ${count} messages came as far as they should, and what they caused came back.`);
  for (const complaint of complaints) output.line(`${output.paint('bad', 'not as expected')}  ${printable(complaint)}`);
  return complaints.length === 0 ? 0 : 1;
}

async function stayUp({ output, terminal }: Context, { sandbox, spooler, configuration, interrupts }: Stage): Promise<void> {
  await using _control = await serveControl(spooler, { directory: configuration.directory, environment: terminal.env });
  const directory = printable(configuration.directory);
  const mailspool = invocation(terminal.workingDirectory);
  output.lines([
    '',
    'It stays up. Try in another terminal:',
    `  ${mailspool} list -d ${directory}`,
    `  ${mailspool} submit -d ${directory} --from me@harbour.example --to ${demoAddress} --subject Hello --text Hello --wait`,
    `  curl smtp://${endpoint(sandbox.smtp)} --mail-from me@harbour.example --mail-rcpt ${demoAddress} --upload-file README.md`,
    `  any mail client: IMAP ${endpoint(sandbox.imap)} and SMTP ${endpoint(sandbox.smtp)} without TLS, user ${demoUser.user}, password ${demoUser.pass}`,
    'Ctrl-C ends it and removes everything.',
    '',
  ]);
  const narrator = new Narrator(output, terminal.clock, spooler);
  const quiet = narrator.listen();
  await interrupts.next();
  quiet();
}

/** How this program was called, so that the lines can be copied. */
function invocation(workingDirectory: string): string {
  const [, script = 'mailspool'] = process.argv;
  return script.endsWith('main.js') ? `node ${printable(relative(workingDirectory, script))}` : 'mailspool';
}

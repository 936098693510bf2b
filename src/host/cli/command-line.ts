// The command line of mailspool: commands, flags and help. What a command does stands in commands/.
import { Command, CommanderError, Option } from 'commander';
import { MailspoolError } from '../../errors.ts';
import type { EntryId } from '../../message/recipient.ts';
import { version } from '../../version.ts';
import { systemAccess, type SpoolerAccess } from './access.ts';
import {
  countArgument,
  delayArgument,
  durationArgument,
  portArgument,
  priorityArgument,
  repeated,
  stateArgument,
  timeArgument,
  userArgument,
} from './arguments.ts';
import { Context, type GlobalOptions } from './context.ts';
import { type Add, addAccounts, addCompletion, addCreate, addStore, type Run } from './declarations.ts';
import { addMailslot } from './mailslot-commands.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';
import { Output, type Terminal } from './output.ts';
import { InterruptError } from './signals.ts';

/** Runs one command and answers with its exit code. Nothing is thrown; errors are on stderr. */
export async function runCommandLine(args: readonly string[], terminal: Terminal, access: SpoolerAccess = systemAccess): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = commandLine(terminal, (command, run) =>
    command.action(async (...given: unknown[]) => {
      const flags = command.opts();
      const context = new Context(terminal, command.optsWithGlobals<GlobalOptions>(), access);
      code = await run(
        context,
        given
          .slice(0, -2)
          .flat()
          .filter((arg): arg is string => typeof arg === 'string'),
        flags as never,
      );
    }),
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return failed(error, terminal, args);
  }
}

function failed(error: unknown, terminal: Terminal, args: readonly string[]): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (error instanceof InterruptError) return error.exitCode;
  const flag = (name: string) => args.includes(name);
  const output = new Output(terminal, { json: flag('--json'), colour: !flag('--no-color'), verbose: flag('--verbose') });
  const told = error instanceof CommanderError ? usageError(error) : error;
  output.error(told);
  return exitCodeOf(told);
}

/** commander's text in the form of all errors: a sentence, then what to do. */
function usageError(error: CommanderError): MailspoolError {
  const [first = '', ...hints] = error.message
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const [, sentence = first, reason] = /^(option .* argument '[^']*' is invalid)\. (.*)$/s.exec(first) ?? [];
  const hint = [reason, ...hints]
    .filter((text) => text !== undefined)
    .join(' ')
    .replace(/^\((.*)\)$/, '$1');
  return new MailspoolError('EINVALID', error.code === 'commander.help' ? 'no command was given' : sentence, {
    remedy: hint === '' ? '`mailspool --help` shows the commands.' : hint,
  });
}

const exitCodeHelp = `
Exit codes:
${Object.entries(exitCodes)
  .map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
  .join('\n')}

Configuration: mailspool.config.{js,mjs,ts,json} in this directory, then MAILSPOOL_DIRECTORY, MAILSPOOL_SMTP, MAILSPOOL_IMAP,
MAILSPOOL_OFFLINE, MAILSPOOL_REPORTS and MAILSPOOL_CONFIG, then the flags; the later wins.
`;

export function commandLine(terminal: Terminal, act: (command: Command, run: Run) => void): Command {
  const program = new Command('mailspool')
    .description('A mail spooler: durable outbox and inbox, sending and receiving through transport providers.')
    .version(version, '-V, --version', 'the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getOutHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .helpCommand(true)
    .option('-c, --config <file>', 'the configuration file, instead of the one in this directory')
    .option('-d, --directory <path>', 'where the store lies (default ./spool)')
    .option('--smtp <url>', 'send through smtp(s)://user:password@host:port')
    .option('--imap <url>', 'receive from imap(s)://user:password@host:port/folder')
    .option('--json', 'JSON on stdout, errors as JSON on stderr')
    .option('--verbose', 'errors with their stack')
    .option('--no-color', 'no colours; NO_COLOR does the same')
    .addHelpText('after', exitCodeHelp);
  const adder =
    (parent: Command): Add =>
    (name, description, run, define = (command) => command) =>
      act(define(parent.command(name).description(description)), run);
  const add = adder(program);
  addRunning(add);
  addSubmit(add);
  addQueue(add);
  addCourse(add);
  addSessions(add);
  addAccounts(add);
  addStore(adder(program.command('store').description('look after the store itself')), filtered);
  addCreate(adder(program.command('create').description('make something new')));
  addMailslot(adder(program.command('mailslot').description('one-way messages on this computer and to others')));
  addCompletion(add, program);
  return program;
}

/** Commands are loaded when they run, so that the others start fast. */
function addRunning(add: Add): void {
  add(
    'run',
    'run the spooler in the foreground until SIGINT or SIGTERM; one line for each event',
    async (context, _, flags) => await (await import('./commands/run.ts')).run(context, flags),
    (command) => command.option('--drain <duration>', 'how long what is in flight may take at the end (default 10s)', durationArgument),
  );
  add(
    'sandbox',
    'a small SMTP and IMAP server to try things with; what is sent to it shows up in its mailboxes',
    async (context, _, flags) => await (await import('./commands/sandbox.ts')).sandbox(context, flags),
    (command) =>
      command
        .option('--smtp-port <port>', 'default: a free one', portArgument)
        .option('--imap-port <port>', 'default: a free one', portArgument)
        .option('--user <name:password>', 'a mailbox; may be repeated (default user:pass)', userArgument),
  );
  add(
    'demo',
    'show the whole way of mail: sandbox, spooler, the example messages, a refusal and its report',
    async (context, _, flags) => await (await import('./commands/demo.ts')).demo(context, flags),
    (command) => command.option('--once', 'end when it is shown; 0 only if every message came as far as expected'),
  );
  add(
    'config',
    'print the configuration that holds, defaults included, secrets masked',
    async (context) => await (await import('./commands/config.ts')).config(context),
  );
  add(
    'status',
    'the sessions and what waits for them',
    async (context, _, flags) => await (await import('./commands/status.ts')).status(context, flags),
    (command) => command.option('--watch', 'again at each change, until interrupted'),
  );
}

function addSubmit(add: Add): void {
  add(
    'submit',
    'put a message into the queue: an .eml file, - for standard input, or from flags; exits with 0 once it is on disk',
    async (context, [file], flags) => await (await import('./commands/submit.ts')).submit(context, file, flags),
    (command) =>
      command
        .argument('[file]', 'a finished message; --from and --to then are its envelope')
        .option('--from <address>', 'the sender')
        .option('--to <address>', 'a recipient; may be repeated', repeated)
        .option('--cc <address>', 'may be repeated', repeated)
        .option('--bcc <address>', 'may be repeated', repeated)
        .option('--subject <text>')
        .option('--text <text>', 'the text; - reads standard input')
        .option('--html <html>')
        .option('--attach <file>', 'may be repeated', repeated)
        .option('--at <time>', 'not before this time, as 2026-03-01T08:00', timeArgument)
        .option('--after <duration>', 'not before so long after the submission, as 10min or "2 weeks"', delayArgument)
        .option('--expires-after <duration>', 'give up after this time', durationArgument)
        .option('--priority <number>', '-9 to 9, or high, normal, low', priorityArgument)
        .option('--idempotency-key <key>', 'the same key and input again is the same message')
        .option('--account <name>', 'send through this account')
        .option('--at-most-once', 'rather lose it than send it twice')
        .option('--wait', 'wait until every recipient is settled; without a running spooler this process sends'),
  );
}

/** The flags that choose messages. */
const filtered = (command: Command): Command =>
  command
    .option('--state <states>', 'some recipient is in one of these; may be repeated', stateArgument)
    .option('--recipient <address>')
    .option('--folder <name>', 'Outbox, Sent, Inbox or another')
    .option('--account <name>')
    .addOption(new Option('--outbound', 'only mail that was submitted').conflicts('inbound'))
    .addOption(new Option('--inbound', 'only mail that was received'));

function addQueue(add: Add): void {
  add(
    'list',
    'the messages in the store',
    async (context, _, flags) => await (await import('./commands/queue.ts')).list(context, flags),
    (command) =>
      filtered(command)
        .option('--headers', 'only such of which the headers alone are here')
        .option('--marked', 'only such that have a mark')
        .option('--limit <count>', 'at most so many (default all)', countArgument),
  );
  add(
    'show',
    'one message and its recipients',
    async (context, args, flags) => await (await import('./commands/queue.ts')).show(context, args[0] as EntryId, flags),
    (command) => command.argument('<id>').option('--raw', 'its bytes as they were submitted or received'),
  );
  add(
    'explain',
    'why each recipient is where it is, and who can change that',
    async (context, args) => await (await import('./commands/queue.ts')).explain(context, args[0] as EntryId),
    (command) => command.argument('<id>'),
  );
}

function addCourse(add: Add): void {
  const ids = (args: readonly string[]): EntryId[] => args as EntryId[];
  const bulk = (verb: 'retry' | 'hold' | 'release' | 'purge', description: string): void =>
    add(
      verb,
      description,
      async (context, args, flags) => await (await import('./commands/course.ts')).bulk(context, verb, ids(args), flags),
      (command) =>
        filtered(command.argument('[id...]'))
          .option('--reason <text>', 'for the log, and for whoever asks why')
          .option('--dry-run', 'only show which messages it would be'),
    );
  add(
    'cancel',
    'take messages back, as far as they are not under way',
    async (context, args) => await (await import('./commands/course.ts')).cancel(context, ids(args)),
    (command) => command.argument('<id...>'),
  );
  add(
    'reschedule',
    'send a waiting message at another time',
    async (context, args, flags) => await (await import('./commands/course.ts')).reschedule(context, args[0] as EntryId, flags),
    (command) =>
      command
        .argument('<id>')
        .option('--at <time>', 'not before this time, as 2026-03-01T08:00', timeArgument)
        .option('--after <duration>', 'not before so long from now, as 10min; 0s: now', durationArgument),
  );
  bulk('retry', 'another attempt for failed, expired, deferred or uncertain recipients; the message keeps its id');
  bulk('hold', 'keep messages from being sent until they are released');
  bulk('release', 'let held messages go');
  bulk('purge', 'remove messages that have not been sent; nobody is told');
  add(
    'resolve',
    'say what became of uncertain recipients: accepted, rejected or notSent',
    async (context, args, flags) => await (await import('./commands/course.ts')).resolve(context, args[0] as EntryId, args[1] ?? '', flags),
    (command) => command.argument('<id>').argument('<verdict>').option('--recipient <address>', 'only this one'),
  );
  add(
    'clone',
    'submit a copy of a message: new id, new Message-ID',
    async (context, args, flags) => await (await import('./commands/course.ts')).clone(context, args[0] as EntryId, flags),
    (command) => command.argument('<id>').option('--to <address>', 'to others than the original; may be repeated', repeated),
  );
}

function addSessions(add: Add): void {
  const flushed = (command: Command): Command =>
    command
      .option('--session <name>', 'only this session; may be repeated', repeated)
      .option('--background', 'do not wait for its end')
      .option('--headers-only', 'fetch only headers, where the session can')
      .option('--max-size <bytes>', 'of larger messages fetch only the headers, where the session can', countArgument);
  add(
    'flush',
    'send and fetch now what waits for its time, session by session',
    async (context, _, flags) => await (await import('./commands/sessions.ts')).flush(context, 'flush', flags),
    flushed,
  );
  add(
    'receive',
    'fetch mail now',
    async (context, _, flags) => await (await import('./commands/sessions.ts')).flush(context, 'receive', flags),
    (command) =>
      flushed(command).addOption(new Option('--marked', 'instead do what is marked, and fetch nothing else').conflicts(['headersOnly', 'maxSize'])),
  );
  add(
    'mark',
    'what becomes of a message of which the headers alone are here: download, delete, move or none',
    async (context, args) => await (await import('./commands/headers.ts')).mark(context, args[0] as EntryId, args[1] ?? ''),
    (command) => command.argument('<id>').argument('<mark>'),
  );
  add(
    'suspend',
    'neither send nor receive through a session, or through any',
    async (context, args) => await (await import('./commands/sessions.ts')).suspend(context, 'suspend', args[0]),
    (command) => command.argument('[session]'),
  );
  add(
    'resume',
    'go on after suspend',
    async (context, args) => await (await import('./commands/sessions.ts')).suspend(context, 'resume', args[0]),
    (command) => command.argument('[session]'),
  );
}

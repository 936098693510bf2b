// The commands that look after a store, and those that look after the command line itself. Commands are loaded when they run.
import { type Command, Option } from 'commander';
import { listArgument, timeArgument } from './arguments.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

export type Run = (context: Context, args: readonly string[], flags: never) => Promise<ExitCode>;

/** Declares a command; `define` adds its arguments and options. */
export type Add = (name: string, description: string, run: Run, define?: (command: Command) => Command) => void;

export function addCompletion(add: Add, program: Command): void {
  add(
    'completion',
    'what bash, zsh or fish needs to complete this command line: eval "$(mailspool completion bash)"',
    async (context, args, flags) => await (await import('./commands/completion.ts')).completion(context, program, args, flags),
    (command) => command.argument('[words...]', 'bash, zsh or fish').option('--words', 'what may come next after these words; the shells ask it'),
  );
}

export function addAccounts(add: Add): void {
  add(
    'accounts',
    'the accounts, their sessions in transport order, and what each carries',
    async (context, _, flags) => await (await import('./commands/accounts.ts')).accounts(context, flags),
    (command) =>
      command.option(
        '--order <sessions>',
        'set the transport order: every session, the first to be asked first; with commas or repeated',
        listArgument,
      ),
  );
}

export function addStore(add: Add, filtered: (command: Command) => Command): void {
  add(
    'verify',
    'look whether the store is what it should be, without writing; ends with 1 if something is wrong',
    async (context) => await (await import('./commands/store.ts')).verify(context),
  );
  add(
    'compact',
    'give free space of the store back to the disk; no spooler may run on it',
    async (context) => await (await import('./commands/store.ts')).compact(context),
  );
  add(
    'export',
    'write messages to a file or folder that does not exist yet, or - for standard output',
    async (context, args, flags) => await (await import('./commands/store.ts')).exportAll(context, args[0] ?? '-', flags),
    (command) =>
      filtered(command.argument('<target>'))
        .addOption(new Option('--format <format>', 'default: by the name of the target').choices(['eml', 'mbox', 'jsonl']))
        .option('--since <time>', 'only what was submitted or received then or later', timeArgument),
  );
}

export function addCreate(add: Add): void {
  add(
    'provider',
    'the folder of a new transport provider, with its conformance suite: `npm install && npm test` passes in it',
    async (context, args) => await (await import('./commands/create.ts')).provider(context, args[0] ?? ''),
    (command) => command.argument('<name>', 'small letters, digits and hyphens; also the name of the folder'),
  );
}

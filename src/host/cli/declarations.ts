// The commands that look after a store, and those that look after the command line itself. Commands are loaded when they run.
import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

export type Run = (context: Context, args: readonly string[], flags: never) => Promise<ExitCode>;

/** Declares a command; `define` adds its arguments and options. */
export type Add = (name: string, description: string, run: Run, define?: (command: Command) => Command) => void;

export function addCreate(add: Add): void {
  add(
    'provider',
    'the folder of a new transport provider, with its conformance suite: `npm install && npm test` passes in it',
    async (context, args) => await (await import('./commands/create.ts')).provider(context, args[0] ?? ''),
    (command) => command.argument('<name>', 'small letters, digits and hyphens; also the name of the folder'),
  );
}

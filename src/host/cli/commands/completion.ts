// `mailspool completion`: the script that a shell reads, and what that script asks.
import type { Command } from 'commander';
import { MailspoolError } from '../../../errors.ts';
import { completions, scripts, shells } from '../completing.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';

export async function completion(
  { output }: Context,
  program: Command,
  args: readonly string[],
  flags: { readonly words?: boolean },
): Promise<ExitCode> {
  if (flags.words === true) {
    const found = completions(program, args);
    await output.bytes(found.map(({ word, description }) => `${word}\t${description}\n`).join(''));
    return 0;
  }
  const shell = shells.find((each) => each === args[0]);
  if (shell === undefined || args.length > 1)
    throw new MailspoolError('EINVALID', `there is no completion for ${args.length === 0 ? 'no shell' : JSON.stringify(args.join(' '))}`, {
      field: 'shell',
      remedy: `Write ${shells.join(', ')}: mailspool completion bash`,
    });
  await output.bytes(scripts[shell]);
  return 0;
}

// A person at the prompt of a shell in a real terminal, with mailspool on the path.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Terminal } from '../mail-client/terminal.ts';
import { executable } from './mailspool.ts';

export interface Shown {
  readonly code: number;
  /** What stood on the screen behind the command. */
  readonly text: string;
}

/** Names of the commands that were run, with their subcommand. */
export const driven = new Set<string>();

/** How each shell starts without its owner's settings. */
const starts = { bash: ['bash', '--norc', '--noprofile', '-i'], zsh: ['zsh', '-f', '-i'], fish: ['fish', '--no-config', '--private', '-i'] } as const;

export class Prompt implements AsyncDisposable {
  readonly terminal: Terminal;
  #commands = 0;

  private constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** In `folder`, which is also its runtime directory. */
  static async open(folder: string, shell: keyof typeof starts = 'bash'): Promise<Prompt> {
    return new Prompt(await inTerminal(folder, starts[shell]));
  }

  /** Runs one command line of mailspool to its end. */
  async run(line: string): Promise<Shown> {
    const number = ++this.#commands;
    note(line);
    // The echoed command line has the words, not the digits; and a screen that has scrolled still has both.
    await this.terminal.type(`: begin ${number}; mailspool ${line}; echo "[${number} ended: $?]"`);
    const ended = new RegExp(`^\\[${number} ended: (\\d+)\\]$`, 'm');
    const screen = await this.terminal.shows(ended);
    const from = screen.lastIndexOf(`: begin ${number};`);
    const found = ended.exec(screen);
    return { code: Number(found?.[1]), text: screen.slice(from, found?.index) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]();
  }
}

/** A command that goes on until it is interrupted, in a terminal of its own. */
export async function started(folder: string, line: string): Promise<Terminal> {
  note(line);
  return await inTerminal(folder, ['mailspool', ...line.split(' ')]);
}

function note(line: string): void {
  const [name = '', next = ''] = line.split(' ');
  driven.add(['store', 'create', 'mailslot'].includes(name) ? `${name} ${next}` : name);
}

async function inTerminal(folder: string, command: readonly string[]): Promise<Terminal> {
  const programs = join(folder, 'bin');
  await mkdir(programs, { recursive: true });
  const program = join(programs, 'mailspool');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${executable}' "$@"\n`);
  await chmod(program, 0o755);
  const settings = [`PATH=${programs}:${process.env['PATH'] ?? ''}`, `XDG_RUNTIME_DIR=${folder}`, `HOME=${folder}`, 'PS1=$ ', 'HISTFILE=/dev/null'];
  return await Terminal.start(['env', ...settings, ...command], folder);
}

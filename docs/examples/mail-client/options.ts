// What the client is told when it is started.
import { parseArgs } from 'node:util';
import type { Client } from './client.ts';

export interface Options extends Pick<Client, 'undoMs' | 'receipts'> {
  readonly folder: string;
  readonly config: string | undefined;
  readonly offline: boolean;
  readonly help: boolean;
}

export const optionLines: readonly string[] = [
  '  --folder <path>          where it keeps its mail (./mail-client)',
  '  --config <file>          your accounts, as for the command line of mailspool; without it, a sandbox in the process',
  '  --undo <seconds>         how long a message can be taken back (10)',
  '  --receipts <answer>      what becomes of requests for read receipts: ask, always or never (ask)',
  '  --offline                begin offline',
];

/** @throws Error that names the option */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string', default: './mail-client' },
      config: { type: 'string' },
      undo: { type: 'string', default: '10' },
      receipts: { type: 'string', default: 'ask' },
      offline: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { folder, config, undo, receipts, offline, help } = values;
  if (!/^\d+$/.test(undo)) throw new Error(`--undo ${undo} is no number of seconds`);
  if (receipts !== 'ask' && receipts !== 'always' && receipts !== 'never') throw new Error(`--receipts ${receipts} is none of ask, always and never`);
  return { folder, config, undoMs: Number(undo) * 1_000, receipts, offline, help };
}

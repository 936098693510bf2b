// What every command of the client is handed: the spooler, the screen, and the little that the client itself knows.
import type { Spooler, SpoolerOptions } from 'mailspool';
import type { Numbers } from './numbers.ts';
import type { Screen } from './screen.ts';

export interface Client {
  readonly spooler: Spooler;
  readonly screen: Screen;
  /** The first is written from where nothing else is said. */
  readonly accounts: NonNullable<SpoolerOptions['accounts']>;
  readonly numbers: Numbers;
  /** How long a message can be taken back. */
  readonly undoMs: number;
  /** What becomes of a request for a read receipt. */
  readonly receipts: 'ask' | 'always' | 'never';
  /** What runs beside the prompt until it is done: it is told to end, and waited for, at quit. */
  readonly background: Background;
}

export interface Background {
  readonly signal: AbortSignal;
  run(task: (signal: AbortSignal) => Promise<void>): void;
}

export interface Command {
  readonly usage: string;
  readonly help: string;
  run(client: Client, args: readonly string[]): void | Promise<void>;
}

// What a module gives that keeps data in a database: tables, and procedures that run beside them in the worker. It
// exports it as `program`; its address goes to `openDatabase`.
import type { Instant } from '../time/clock.ts';
import type { Connection } from './driver.ts';

export interface DatabaseProgram {
  /** The format that this program writes, from 1. It stands in the file as `user_version`. */
  readonly format: number;
  /** Brings a file from an older format (0: an empty file) to this one, inside a transaction. */
  migrate(connection: Connection, from: number, context: ProgramContext): void;
  start(connection: Connection, context: ProgramContext): Procedures;
}

export interface ProgramContext {
  readonly directory: string;
  /** As given to `openDatabase`. */
  readonly options: unknown;
}

/** What is handed to a procedure beside its input. */
export interface Call {
  readonly now: Instant;
  readonly bytes: readonly Uint8Array[];
}

export interface Reply {
  /** Plain JSON. */
  readonly value?: unknown;
  readonly bytes?: readonly Uint8Array[];
}

/** `input` is plain JSON that this call alone has. */
export type Procedure = (input: never, call: Call) => Reply;

export interface Procedures {
  /** What the opener is told. */
  readonly greeting?: unknown;
  /** Many run in one transaction. One that throws is taken out and the others are run again: nothing it did remains. */
  readonly writes: Readonly<Record<string, Procedure>>;
  /** Names of writes that run after the others of their round, although called before them: they see what came with them. */
  readonly last?: ReadonlySet<string>;
  /** Run between transactions: they see what is on disk and write nothing. */
  readonly reads: Readonly<Record<string, Procedure>>;
  /** The last chance to write something into the transaction. */
  beforeCommit?(): void;
  /** It is on disk. */
  committed?(): void;
  /** Nothing since the last commit has happened: forget it. */
  rolledBack?(): void;
  /** Asked at the end of each round; what is returned goes to `onNews`. */
  news?(): unknown;
  /** The file was closed after a failure and is read anew from here on. */
  reopened?(connection: Connection): void;
  /** In a transaction of its own, before the file is closed. */
  closing?(): void;
}

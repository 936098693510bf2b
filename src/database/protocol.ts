// The heads of what the program's thread and the worker say to each other.
import type { Instant } from '../time/clock.ts';

export interface WorkerData {
  /** The module with the `program`. */
  readonly program: string;
  readonly directory: string;
  /** The name of the database file. */
  readonly file: string;
  readonly options: unknown;
}

/** Its content is the input. */
export type CallHead = readonly [id: number, name: string, now: Instant];

/** The content is the value, an ErrorRecord, or the news. Id 0 answers the opening. */
export type AnswerHead = readonly [id: number, kind: 'value' | 'error' | 'news'];

/** Asks the worker to finish what it was given, to close and to end. */
export const bye = 'bye';

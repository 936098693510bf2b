// What a look at a store found: problems with what to do about them, and how much was looked at.

/** What is wrong: the database file, a record, what waits where, content, names, keys, the change feed, a counter. */
export type ProblemKind =
  | 'file'
  | 'format'
  | 'message'
  | 'schedule'
  | 'claim'
  | 'content'
  | 'name'
  | 'reference'
  | 'idempotencyKey'
  | 'section'
  | 'feed'
  | 'counter';

export interface StoreProblem {
  readonly kind: ProblemKind;
  /** The message, content, key or file, where there is one. */
  readonly subject?: string;
  /** One sentence. */
  readonly text: string;
  readonly remedy: string;
}

export interface StoreVerification {
  readonly directory: string;
  readonly messages: number;
  readonly contents: number;
  /** Bytes of content whose digest was computed. */
  readonly contentBytes: number;
  /** Damaged messages that the store had set aside before. */
  readonly setAside: number;
  /** Content files that no row names: they go when the store is opened. */
  readonly orphanFiles: number;
  readonly problems: readonly StoreProblem[];
  /** Problems beyond the first 1000, which are only counted. */
  readonly furtherProblems: number;
}

export interface VerificationProgress {
  readonly phase: 'file' | 'messages' | 'contents';
  readonly done: number;
  readonly total: number;
}

export const remedies = {
  backup: 'Keep a copy of the directory, and restore the store from a backup; `sqlite3 store.db .recover` saves what can be read.',
  message: 'The store sets it aside when it meets it, and the others go on; restore the message from a backup.',
  schedule: 'Hold the message and release it: that writes anew where it waits.',
  surplus: 'It costs nothing but a look; report it, with a copy of the store.',
  content: 'The message cannot be sent or read any more: cancel it, and submit it again from its source.',
  space: 'It only takes space; report it, with a copy of the store.',
  report: 'Stop the spooler, keep a copy of the directory, and report it.',
} as const;

const mostProblems = 1000;

export class Problems {
  readonly found: StoreProblem[] = [];
  further = 0;

  add(kind: ProblemKind, subject: string | undefined, text: string, remedy: string): void {
    if (this.found.length >= mostProblems) this.further += 1;
    else this.found.push({ kind, ...(subject !== undefined && { subject }), text, remedy });
  }
}

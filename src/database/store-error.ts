// What SQLite and the file system say, as an error of the catalogue (U-012): what is temporary and what to do about it.
import { MailspoolError } from '../errors.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
export const sqlite = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** SQLite's primary result code; undefined for any other error. */
export function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'errcode' in error ? error.errcode : 'rawCode' in error ? error.rawCode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Nothing more fits. */
export const isDiskFull = (error: unknown): boolean =>
  resultCodeOf(error) === sqlite.full || ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');

/** After these the file must be read anew: what a failed sync left in memory cannot be trusted (T-004). */
export const isInputOutputError = (error: unknown): boolean => resultCodeOf(error) === sqlite.ioError;

/** An error of the catalogue passes unchanged. `what` begins the sentence: 'writing to /var/spool/x'. */
export function storeError(error: unknown, what: string): MailspoolError {
  if (error instanceof MailspoolError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new MailspoolError('ESTORE', `${what}: ${reason}`, { cause: error, ...kindOf(error) });
}

function kindOf(error: unknown): { temporary?: boolean; remedy?: string } {
  if (isDiskFull(error)) return { temporary: true, remedy: 'Free space on the disk; the store goes on by itself.' };
  switch (resultCodeOf(error)) {
    case sqlite.busy:
      return { temporary: true, remedy: 'Another program is writing to the database file; let it end.' };
    case sqlite.ioError:
      return { temporary: true, remedy: 'Nothing was acknowledged. Look at the disk; the store reads its file anew before it goes on.' };
    case sqlite.readOnly:
    case sqlite.cannotOpen:
      return { remedy: 'Make the directory and its files writable for this process.' };
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return { remedy: 'The database file is damaged; keep a copy, and restore it from a backup.' };
    default:
      return isAccess(error) ? { remedy: 'Make the directory and its files writable for this process.' } : {};
  }
}

const isAccess = (error: unknown): boolean => ['EACCES', 'EPERM', 'EROFS'].includes(systemCodeOf(error) ?? '');

const systemCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** An error as it crosses from the worker. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  readonly temporary: boolean;
  readonly remedy: string;
  readonly field?: string;
  readonly cause?: string;
}

export const toRecord = ({ code, message, temporary, remedy, field, cause }: MailspoolError): ErrorRecord => ({
  code,
  message,
  temporary,
  remedy,
  ...(field !== undefined && { field }),
  ...(cause instanceof Error && { cause: cause.stack ?? cause.message }),
});

export function fromRecord({ code, message, temporary, remedy, field, cause }: ErrorRecord): MailspoolError {
  const options = { temporary, remedy, ...(field !== undefined && { field }), ...(cause !== undefined && { cause }) };
  return new MailspoolError(code as ConstructorParameters<typeof MailspoolError>[0], message, options);
}

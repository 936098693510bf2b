// The exit codes of the command line: documented in --help and in docs/reference/cli.md, compared by a test.
import { isMailspoolError } from '../../errors.ts';

export const exitCodes = {
  0: 'done; what was submitted is on disk',
  1: 'failed',
  2: 'wrong usage, input or configuration; nothing was changed',
  3: 'there is no such message or mailslot',
  4: 'not possible now, try again: the store is owned by another process, the disk is full, the connection broke, something is still marked',
  5: 'not delivered to every recipient (submit --wait), or too late (cancel, reschedule)',
  130: 'interrupted (SIGINT); 143: terminated (SIGTERM). What was accepted stays queued',
} as const;

export type ExitCode = keyof typeof exitCodes | 143;

const byCode: Readonly<Record<string, ExitCode>> = {
  EINVALID: 2,
  ECONFIG: 2,
  ENORECIPIENTS: 2,
  EDUPLICATE: 2,
  ETOOLARGE: 2,
  EBADNETPATH: 2,
  EUNKNOWNFLAGS: 2,
  ESTOREACCESS: 2,
  ESTOREVERSION: 2,
  ENOTFOUND: 3,
  ESTORE: 4,
  ESTORELOCKED: 4,
  ETOOLATE: 5,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (!isMailspoolError(error)) return 1;
  return byCode[error.code] ?? (error.temporary ? 4 : 1);
}

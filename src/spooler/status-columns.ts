// What a session says of itself, looked at before it is shown: a row has every column, each with a value of its kind
// (M-095). A provider in plain JavaScript learns here what it got wrong, not whoever reads the table.
import { MailspoolError } from '../errors.ts';
import type { StatusColumns } from '../provider/status.ts';

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const kinds: { readonly [column in keyof StatusColumns]: { readonly fits: (value: unknown) => boolean; readonly kind: string } } = {
  displayName: { fits: isText, kind: 'a string' },
  statusText: { fits: isText, kind: 'a string' },
  gate: {
    fits: (value) => value === null || (isRecord(value) && isText(value['reason']) && (value['until'] === undefined || isNumber(value['until']))),
    kind: 'null or { reason, until? }',
  },
  progress: {
    fits: (value) => value === null || (isRecord(value) && isNumber(value['done']) && (value['total'] === undefined || isNumber(value['total']))),
    kind: 'null or { done, total? }',
  },
  remoteValidateOk: { fits: (value) => typeof value === 'boolean', kind: 'true or false' },
  flags: { fits: isRecord, kind: 'an object of flags' },
};

/** Without what is given as undefined. @throws EINVALID naming the column */
export function checkedColumns(given: Partial<StatusColumns>): Partial<StatusColumns> {
  const columns = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [column, value] of columns) {
    if (!Object.hasOwn(kinds, column)) throw new MailspoolError('EINVALID', `a status row has no column ${column}`, { field: column });
    const { fits, kind } = kinds[column as keyof StatusColumns];
    if (!fits(value)) throw new MailspoolError('EINVALID', `the status column ${column} must be ${kind}`, { field: column });
  }
  return Object.fromEntries(columns);
}

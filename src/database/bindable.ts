// What may be bound to a statement, the same for every driver.
import { MailspoolError } from '../errors.ts';
import type { Value } from './driver.ts';

/**
 * Hands the values back. libsql ends the process when it is given anything else, and reads text up to its first NUL.
 * @throws EINVALID
 */
export function bindable(values: readonly Value[]): readonly Value[] {
  for (const value of values) {
    if (typeof value === 'string') refuseNul(value);
    else if (value !== null && typeof value !== 'number' && !(value instanceof Uint8Array)) {
      throw new MailspoolError('EINVALID', `a ${typeof value} cannot be stored in a column`);
    }
  }
  return values;
}

function refuseNul(text: string): void {
  if (text.includes('\0')) throw new MailspoolError('EINVALID', 'text with a NUL character cannot be stored');
}

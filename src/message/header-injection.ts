// No text that a program hands over may start a header line of its own. Refusing beats repairing: a line
// break in a name is a mistake or an attack, and the program should hear of it.
import { MailspoolError } from '../errors.ts';

// What some reader takes for the end of a line or of a text: NUL, LF, VT, FF, CR, NEL, LS, PS.
const breaks = /[\0\n\v\f\r\u0085\u2028\u2029]/;
// RFC 5322 2.2: printable ASCII without the colon
const fieldName = /^[!-9;-~]{1,120}$/;

/** @throws EINVALID naming `field` if the text would end its line */
export function singleLine(text: string, field: string): string {
  if (breaks.test(text)) throw new MailspoolError('EINVALID', `${field} contains a line break or a NUL`, { field });
  return text;
}

/** @throws EINVALID if the text cannot name a header */
export function headerName(text: string, field = 'headers'): string {
  if (!fieldName.test(text)) throw new MailspoolError('EINVALID', `${field}: ${JSON.stringify(text.slice(0, 100))} is no header name`, { field });
  return text;
}

/** Checks every string in a value of any shape: options, lists, descriptors. Contents (buffers, streams) are not text. */
export function singleLines(value: unknown, field: string, depth = 0): void {
  if (typeof value === 'string') singleLine(value, field);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Date) return;
  if (depth > 8) throw new MailspoolError('EINVALID', `${field} is nested too deeply`, { field });
  for (const [key, item] of Object.entries(value)) {
    singleLine(key, field);
    singleLines(item, Array.isArray(value) ? `${field}[${key}]` : `${field}.${key}`, depth + 1);
  }
}

// Colours by meaning, on a terminal only; NO_COLOR and FORCE_COLOR are honoured (no-color.org).
import { styleText } from 'node:util';

const formats = {
  good: 'green',
  waiting: 'yellow',
  bad: 'red',
  name: 'cyan',
  faint: 'dim',
  strong: 'bold',
} as const;

export type Tone = keyof typeof formats;
export type Paint = (tone: Tone | undefined, text: string) => string;

export const plain: Paint = (_, text) => text;

/** The validation of newer Node versions would ask stdout even for what goes to stderr; the decision is ours. */
export const coloured: Paint = (tone, text) => (tone === undefined || text === '' ? text : styleText(formats[tone], text, { validateStream: false }));

export function paintFor(stream: { readonly isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): Paint {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return plain;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return coloured;
  return stream.isTTY === true && env['TERM'] !== 'dumb' ? coloured : plain;
}

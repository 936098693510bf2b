// Makes foreign text safe to print: whatever a peer or a sender wrote may hold sequences that a terminal obeys. All
// output for people passes through here; a reader sees the escape, the terminal does not.

/** Controls (C0, DEL, C1), format characters (bidi, zero width, tags), line separators and lone surrogates. */
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** The joiners of emoji and of Persian and Indic scripts steer nothing. */
const harmless = new Set(['\u200c', '\u200d']);
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of printable text; everything else appears as `\n`, `\x1b` or `\u202e`. */
export const printable = (text: string): string => text.replace(obeyed, (char) => (harmless.has(char) ? char : (named[char] ?? escaped(char))));

/** The same for text of several lines, such as a message's source: line ends and tabs stay. */
export const printableLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');

/** JSON that a terminal cannot obey either: the escapes are JSON's own, so the data are the same. */
export const printableJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, undefined, indent) ?? 'null').replace(obeyed, (char) => (char === '\n' ? char : jsonEscaped(char)));

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

const jsonEscaped = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

// Reads what an IMAP server says, line by line with its literals, into tokens (RFC 9051 section 4). For answers.ts, which
// writes them in one form, whichever of the permitted ones the server chose.

/** An atom as it stands, a string whether quoted or literal, a list. */
export type Token = string | { readonly text: string } | readonly Token[];

/** A whole response: text with a literal's bytes behind its announcement. Latin-1, one character for each byte. */
export interface Response {
  /** `*`, `+` or a tag. */
  readonly tag: string;
  readonly rest: string;
}

/** Takes the first whole response from what has arrived; undefined if it has not arrived to its end. */
export function takeResponse(arrived: string): { readonly response: Response; readonly left: string } | undefined {
  for (let at = 0; ;) {
    const end = arrived.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const [, count] = /\{(\d+)\}$/.exec(arrived.slice(at, end)) ?? [];
    if (count === undefined) {
      const whole = arrived.slice(0, end);
      const space = whole.includes(' ') ? whole.indexOf(' ') : whole.length;
      return { response: { tag: whole.slice(0, space), rest: whole.slice(space + 1) }, left: arrived.slice(end + 2) };
    }
    at = end + 2 + Number(count);
    if (arrived.length < at) return undefined;
  }
}

/** The words of a response. A section such as `BODY[HEADER.FIELDS (TO)]<0>` is one atom. */
export function tokens(text: string): Token[] {
  const reader = { text, at: 0 };
  const found: Token[] = [];
  while (reader.at < text.length) found.push(token(reader));
  return found;
}

interface Reader {
  readonly text: string;
  at: number;
}

function token(reader: Reader): Token {
  const { text } = reader;
  while (text[reader.at] === ' ') reader.at++;
  if (text[reader.at] === '(') return list(reader);
  const quoted = /"((?:[^"\\]|\\["\\])*)"/y;
  const literal = /\{(\d+)\}\r\n/y;
  const atom = /[^ ()[\]"{]*(?:\[[^\]]*\](?:<\d+>)?)?[^ ()"]*/y;
  for (const pattern of [quoted, literal, atom]) pattern.lastIndex = reader.at;
  const string = quoted.exec(text);
  if (string) {
    reader.at = quoted.lastIndex;
    return { text: (string[1] ?? '').replace(/\\(["\\])/g, '$1') };
  }
  const announced = literal.exec(text);
  if (announced) {
    const from = literal.lastIndex;
    reader.at = from + Number(announced[1]);
    return { text: text.slice(from, reader.at) };
  }
  const word = atom.exec(text)?.[0] ?? '';
  if (word === '') throw new Error(`not a response: ${JSON.stringify(text.slice(reader.at, reader.at + 40))}`);
  reader.at += word.length;
  return word;
}

function list(reader: Reader): Token[] {
  const items: Token[] = [];
  for (reader.at++; ;) {
    while (reader.text[reader.at] === ' ') reader.at++;
    if (reader.text[reader.at] === ')') break;
    if (reader.at >= reader.text.length) throw new Error('a list without an end');
    items.push(token(reader));
  }
  reader.at++;
  return items;
}

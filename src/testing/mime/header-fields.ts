// The header of a message as a list of fields, by position (RFC 5322 section 2.2). For what IMAP says about messages;
// works on the stored bytes, so that nothing is lost.

export interface HeaderField {
  readonly name: string;
  /** With its line end, folds and all. */
  readonly bytes: Buffer;
}

/** Where the header of what lies between `from` and `to` ends: behind the empty line, or at `to` if there is none. */
export function headerEnd(raw: Buffer, from: number, to: number): number {
  for (let at = from; at < to;) {
    const lineEnd = raw.indexOf(10, at);
    if (lineEnd < 0 || lineEnd >= to) return to;
    if (lineEnd === at || (lineEnd === at + 1 && raw[at] === 13)) return lineEnd + 1;
    at = lineEnd + 1;
  }
  return to;
}

export function headerFields(header: Buffer): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let at = 0; at < header.length;) {
    const end = fieldEnd(header, at);
    const bytes = header.subarray(at, end);
    const colon = bytes.indexOf(58);
    if (colon > 0) fields.push({ name: bytes.toString('latin1', 0, colon).trim(), bytes });
    at = end;
  }
  return fields;
}

/** A field goes on as long as the next line begins with white space. */
function fieldEnd(header: Buffer, from: number): number {
  for (let at = from; ;) {
    const lineEnd = header.indexOf(10, at);
    if (lineEnd < 0) return header.length;
    at = lineEnd + 1;
    if (header[at] !== 32 && header[at] !== 9) return at;
  }
}

/** The unfolded value of the first field of that name; encoded words stay encoded. */
export function fieldValue(fields: readonly HeaderField[], name: string): string | undefined {
  const field = fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
  return field && valueOf(field);
}

export const valueOf = ({ bytes }: HeaderField): string =>
  bytes
    .subarray(bytes.indexOf(58) + 1)
    .toString('utf8')
    .replace(/\r?\n(?=[ \t])/g, '')
    .trim();

export interface Parameterised {
  /** As it came: `text/plain`, `attachment`. */
  readonly value: string;
  /** Names in capitals, in their order. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** `text/plain; charset="utf-8"` (RFC 2045 section 5.1). */
export function parameterised(text: string): Parameterised {
  const parameters: [string, string][] = [];
  const [, value = '', rest = ''] = /^\s*([^\s;]*)([^]*)$/.exec(text) ?? [];
  for (const [, name = '', quoted, bare] of rest.matchAll(/;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s;]*))/g)) {
    parameters.push([name.toUpperCase(), quoted === undefined ? (bare ?? '') : quoted.replace(/\\([^])/g, '$1')]);
  }
  return { value, parameters };
}

// How IMAP writes values (RFC 9051 section 4), and the lines that go to a client, gathered so that they leave in one
// write. For everything in the fake that answers.
import type { Wire } from '../net/wire.ts';

/** A piece of a line: text as it stands, or bytes. */
export type Piece = string | Uint8Array;

/** More than this is written before the command has ended. */
const gatheredBytes = 256 * 1024;

export class Responses {
  readonly #wire: Wire;
  #gathered: Uint8Array[] = [];
  #size = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** `* …` */
  untagged(...pieces: readonly Piece[]): void {
    this.line('* ', ...pieces);
  }

  line(...pieces: readonly Piece[]): void {
    for (const piece of [...pieces, '\r\n']) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      this.#gathered.push(bytes);
      this.#size += bytes.length;
    }
  }

  get full(): boolean {
    return this.#size >= gatheredBytes;
  }

  async flush(): Promise<void> {
    if (this.#size === 0) return;
    const bytes = Buffer.concat(this.#gathered, this.#size);
    this.#gathered = [];
    this.#size = 0;
    await this.#wire.write(bytes);
  }
}

/** A string: quoted if it can be, a literal otherwise. */
export function string(text: string): Piece[] {
  if (/^[\x20-\x7e]{0,500}$/.test(text)) return [quote(text)];
  return literal(Buffer.from(text));
}

export const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

export const nstring = (text: string | undefined): Piece[] => (text === undefined ? ['NIL'] : string(text));

export const literal = (bytes: Uint8Array): Piece[] => [`{${bytes.length}}\r\n`, bytes];

/** `(a b)` */
export const parenthesised = (items: readonly (readonly Piece[])[]): Piece[] => [
  '(',
  ...items.flatMap((item, index) => (index === 0 ? item : [' ', ...item])),
  ')',
];

export const flagList = (flags: Iterable<string>): string => `(${[...flags].join(' ')})`;

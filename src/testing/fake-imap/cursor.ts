// Reads the arguments of one IMAP command from left to right (RFC 9051 section 9). For the grammar in command.ts.
import { canonicalFlag, systemFlags } from '../mailboxes/mailbox.ts';
import { decodeMailboxName } from './mailbox-name.ts';
import { parseSequenceSet, type SequenceSet } from './sequence-set.ts';

/** What a client sent is not IMAP; the answer is BAD. */
export class SyntaxProblem extends Error {}

/** Deeper nesting is refused. */
const deepest = 50;

const atom = /[^(){ %*"\\\]\0-\x1f\x7f]+/y;
const astringAtom = /[^(){ %*"\\\0-\x1f\x7f]+/y;
const listAtom = /[^(){ "\\\0-\x1f\x7f]+/y;
const quoted = /"((?:[^"\\\r\n]|\\["\\])*)"/y;
const literal = /\{\d+\+?\}/y;
const flag = /\\\*|\\?[^(){ %*"\\\]\0-\x1f\x7f]+/y;
const digits = /\d{1,19}/y;
const set = /[\d:*,]+/y;

export class Cursor {
  readonly #text: string;
  readonly #literals: Buffer[];
  #at = 0;
  #depth = 0;

  /** `literals` are those announced in `text`, in their order. */
  constructor(text: string, literals: readonly Buffer[]) {
    this.#text = text;
    this.#literals = [...literals];
  }

  /** Whether this comes next, in whatever case. */
  sees(text: string): boolean {
    return this.#text.slice(this.#at, this.#at + text.length).toUpperCase() === text;
  }

  /** Whether a set of numbers comes next. */
  seesSet(): boolean {
    return /^[1-9*]$/.test(this.#text.charAt(this.#at));
  }

  /** Steps over it if it comes next. */
  takes(text: string): boolean {
    const seen = this.sees(text);
    if (seen) this.#at += text.length;
    return seen;
  }

  expect(text: string): void {
    if (!this.takes(text)) throw new SyntaxProblem(`expected ${JSON.stringify(text)} at ${this.#near()}`);
  }

  space(): void {
    this.expect(' ');
  }

  end(): void {
    if (this.#at < this.#text.length) throw new SyntaxProblem(`unexpected ${this.#near()}`);
  }

  /** In capitals. */
  keyword(): string {
    return this.#match(atom, 'a word')[0].toUpperCase();
  }

  number(): number {
    return Number(this.#match(digits, 'a number')[0]);
  }

  /** A flag to search for: any name. */
  flag(): string {
    return this.#match(flag, 'a flag')[0];
  }

  /** A flag that a client can give a message: a keyword, or a system flag other than \Recent (RFC 9051 section 2.3.2). */
  settableFlag(): string {
    const found = canonicalFlag(this.flag());
    if (found.startsWith('\\') && !systemFlags.includes(found)) throw new SyntaxProblem(`${found} cannot be set`);
    return found;
  }

  sequenceSet(): SequenceSet {
    const text = this.#match(set, 'a set')[0];
    const parsed = parseSequenceSet(text);
    if (!parsed) throw new SyntaxProblem(`not a set: ${text}`);
    return parsed;
  }

  bytes(): Buffer {
    if (this.sees('{')) return this.#literal();
    return Buffer.from(this.#match(quoted, 'a string')[1]?.replace(/\\(["\\])/g, '$1') ?? '');
  }

  astring(): string {
    return this.#string(astringAtom);
  }

  listPattern(): string {
    return decodeMailboxName(this.#string(listAtom));
  }

  mailbox(): string {
    return decodeMailboxName(this.astring());
  }

  nstring(): string | undefined {
    return this.takes('NIL') ? undefined : this.bytes().toString('utf8');
  }

  /** `(a b c)`, with at least one item. */
  someOf<T>(item: () => T): T[] {
    const items = this.list(item);
    if (items.length === 0) throw new SyntaxProblem('an empty list');
    return items;
  }

  /** `(a b c)` */
  list<T>(item: () => T): T[] {
    if (++this.#depth > deepest) throw new SyntaxProblem('nested too deep');
    this.expect('(');
    const items: T[] = [];
    while (!this.takes(')')) {
      if (items.length > 0) this.space();
      items.push(item());
    }
    this.#depth--;
    return items;
  }

  /** What is left, as it is. */
  rest(): string {
    const rest = this.#text.slice(this.#at);
    this.#at = this.#text.length;
    return rest;
  }

  #string(bare: RegExp): string {
    if (this.sees('"') || this.sees('{')) return this.bytes().toString('utf8');
    return this.#match(bare, 'a string')[0];
  }

  #literal(): Buffer {
    this.#match(literal, 'a literal');
    const bytes = this.#literals.shift();
    if (!bytes) throw new SyntaxProblem('a literal ends its line');
    return bytes;
  }

  #match(pattern: RegExp, what: string): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) throw new SyntaxProblem(`expected ${what} at ${this.#near()}`);
    this.#at = pattern.lastIndex;
    return match;
  }

  #near(): string {
    return this.#at < this.#text.length ? JSON.stringify(this.#text.slice(this.#at, this.#at + 20)) : 'the end';
  }
}

// Where a command writes: answers to stdout, remarks and errors to stderr; for people or, with --json, for programs.
import type { Writable } from 'node:stream';
import { isMailspoolError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import { paintFor, plain, type Paint } from './rendering/colours.ts';
import { printable, printableJson } from './rendering/printable.ts';
import { pairs, table, type Cell, type Column, type Page } from './rendering/table.ts';

export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command runs in: the process, or a test. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly clock: Clock;
}

const defaultWidth = 100;

export class Output {
  readonly json: boolean;
  /** Whether a person reads along. */
  readonly isTerminal: boolean;
  readonly paint: Paint;
  readonly #paintError: Paint;
  readonly #terminal: Terminal;
  readonly #verbose: boolean;

  constructor(terminal: Terminal, options: { readonly json: boolean; readonly colour: boolean; readonly verbose: boolean }) {
    this.json = options.json;
    this.isTerminal = !options.json && terminal.stdout.isTTY === true;
    this.paint = options.colour && !options.json ? paintFor(terminal.stdout, terminal.env) : plain;
    this.#paintError = options.colour ? paintFor(terminal.stderr, terminal.env) : plain;
    this.#terminal = terminal;
    this.#verbose = options.verbose;
  }

  get page(): Page {
    return { paint: this.paint, ...(this.isTerminal ? { width: this.#terminal.stdout.columns ?? defaultWidth } : {}) };
  }

  /** A line for people; the caller has made it printable. */
  line(text = ''): void {
    if (!this.json) this.#terminal.stdout.write(`${text}\n`);
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text);
  }

  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
    this.lines(table(columns, rows, this.page));
  }

  pairs(entries: readonly (readonly [string, Cell | undefined])[]): void {
    this.lines(pairs(entries, this.page));
  }

  /** The one JSON document of a command. */
  document(value: unknown): void {
    if (this.json) this.#terminal.stdout.write(`${printableJson(value, 2)}\n`);
  }

  /** One of many: a line of JSON. */
  record(value: unknown): void {
    if (this.json) this.#terminal.stdout.write(`${printableJson(value)}\n`);
  }

  /** Bytes as they are, with back-pressure. */
  async bytes(chunk: Uint8Array | string): Promise<void> {
    const { stdout } = this.#terminal;
    if (stdout.write(chunk)) return;
    await new Promise<void>((resolve) => {
      stdout.once('drain', resolve);
      stdout.once('close', resolve);
    });
  }

  /** A remark beside the answer: never on stdout, never in the way of a program. */
  remark(text: string): void {
    if (!this.json) this.#terminal.stderr.write(`${this.#paintError('faint', printable(text))}\n`);
  }

  /** `error: <sentence> (<CODE>)`, the remedy below it; the stack only where it was asked for. */
  error(error: unknown): void {
    const { stderr } = this.#terminal;
    if (this.json) return void stderr.write(`${printableJson({ error: described(error) })}\n`);
    const { code, message, remedy } = described(error);
    stderr.write(`${this.#paintError('bad', 'error:')} ${printable(message)}${code === undefined ? '' : ` (${code})`}\n`);
    if (remedy !== undefined && remedy !== '') stderr.write(`${printable(remedy)}\n`);
    if (this.#verbose && error instanceof Error) stderr.write(`${stackOf(error)}\n`);
  }

  /** A line on stderr that is drawn over, for a terminal; nothing elsewhere. */
  progress(): Progress {
    return new Progress(this.#terminal, !this.json && this.#terminal.stderr.isTTY === true);
  }
}

const redrawMs = 100;

export class Progress {
  readonly #terminal: Terminal;
  readonly #shown: boolean;
  #last = 0;
  #drawn = false;

  constructor(terminal: Terminal, shown: boolean) {
    this.#terminal = terminal;
    this.#shown = shown;
  }

  show(text: () => string): void {
    const now = this.#terminal.clock.now();
    if (!this.#shown || now - this.#last < redrawMs) return;
    this.#last = now;
    this.#drawn = true;
    this.#terminal.stderr.write(`\r\u001b[2K${printable(text())}`);
  }

  clear(): void {
    if (this.#drawn) this.#terminal.stderr.write('\r\u001b[2K');
    this.#drawn = false;
  }
}

interface Described {
  readonly code?: string;
  readonly message: string;
  readonly field?: string;
  readonly remedy?: string;
  readonly temporary?: boolean;
}

function described(error: unknown): Described {
  if (!isMailspoolError(error))
    return { message: error instanceof Error ? error.message : String(error), remedy: 'This should not happen; --verbose shows where.' };
  const { code, message, field, remedy, temporary } = error;
  return { code, message, ...(field === undefined ? {} : { field }), remedy, temporary: temporary === true };
}

function stackOf(error: Error): string {
  const own = (error.stack ?? error.message).split('\n').map(printable).join('\n');
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}

// The terminal: lines that scroll by, views that stay above the prompt and change in place, and the prompt itself.
// Where there is no terminal, a view is written as lines whenever it changes.
import { clearScreenDown, createInterface, cursorTo, moveCursor, type Interface } from 'node:readline';

export class Screen {
  readonly #readline: Interface;
  readonly #isTerminal = process.stdout.isTTY;
  readonly #views = new Map<string, readonly string[]>();
  readonly #typed: string[] = [];
  #drawn = 0;
  #reader: ((line: string | undefined) => void) | undefined;
  #ended = false;

  constructor() {
    this.#readline = createInterface({ input: process.stdin, output: process.stdout, terminal: this.#isTerminal, prompt: '' });
    this.#readline.on('line', (line) => this.#entered(line));
    this.#readline.on('SIGINT', () => this.end());
    this.#readline.once('close', () => this.end());
  }

  /** The next line that is typed; undefined when the person leaves (Ctrl-C, Ctrl-D) or `end` is called. */
  async line(prompt: string): Promise<string | undefined> {
    const early = this.#typed.shift();
    if (early !== undefined || this.#ended) return early;
    this.#around(() => this.#readline.setPrompt(prompt));
    return await new Promise((resolve) => (this.#reader = resolve));
  }

  say(...lines: readonly string[]): void {
    this.#around(() => process.stdout.write(lines.map((line) => `${line}\n`).join('')));
  }

  /** Shows a view, or changes it; without lines it goes away. */
  view(name: string, lines: readonly string[] | undefined): void {
    if (lines?.join('\n') === this.#views.get(name)?.join('\n')) return;
    this.#around(() => (lines ? this.#views.set(name, lines) : this.#views.delete(name)));
    if (!this.#isTerminal && lines) this.say(...lines);
  }

  end(): void {
    if (this.#ended) return;
    this.#views.clear();
    this.#around(() => this.#readline.setPrompt(''));
    this.#ended = true;
    this.#readline.close();
    this.#reader?.(undefined);
  }

  #entered(line: string): void {
    const prompt = this.#readline.getPrompt();
    if (this.#isTerminal && !this.#ended) {
      // Enter has left the views and the line behind: the line becomes part of what scrolls by.
      const rows = Math.floor(widthOf(prompt + line) / process.stdout.columns) + 1;
      this.#erase(this.#drawn + rows);
      process.stdout.write(`${prompt}${line}\n`);
      this.#readline.setPrompt('');
      this.#draw(0);
    }
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) reader(line);
    else this.#typed.push(line);
  }

  /** Takes views and prompt away, lets something be written there, and puts them back below it. */
  #around(change: () => void): void {
    if (!this.#isTerminal || this.#ended) return change();
    const { rows } = this.#readline.getCursorPos();
    this.#erase(this.#drawn + rows);
    change();
    this.#draw(rows);
  }

  #erase(rows: number): void {
    moveCursor(process.stdout, 0, -rows);
    cursorTo(process.stdout, 0);
    clearScreenDown(process.stdout);
  }

  /** `rows`: where readline believes the cursor to be, below the first row of the prompt. */
  #draw(rows: number): void {
    const lines = [...this.#views.values()].flat();
    process.stdout.write(lines.map((line) => `${cut(line, process.stdout.columns - 1)}\n`).join('') + '\n'.repeat(rows));
    this.#drawn = lines.length;
    this.#readline.prompt(true);
  }
}

/** Columns that a text takes: two for the characters of East Asia and for pictures. */
const widthOf = (text: string): number => Array.from(text).reduce((width, character) => width + (wide.test(character) ? 2 : 1), 0);
const wide = /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;

/** A line that wraps would shift the views. */
function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  while (widthOf(characters.join('')) > columns) characters.pop();
  return characters.join('');
}

/** Mail from strangers may hold escape sequences: only what shows as itself goes to the terminal. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');

import { describe, expect, it } from 'vitest';
import { coloured, paintFor, plain } from '../../../src/host/cli/rendering/colours.ts';
import { printable, printableJson, printableLines } from '../../../src/host/cli/rendering/printable.ts';
import { table } from '../../../src/host/cli/rendering/table.ts';
import { shortened, widthOf } from '../../../src/host/cli/rendering/width.ts';

/** Whatever a terminal would obey instead of showing it. */
// oxlint-disable-next-line no-control-regex
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

describe('text of others on a terminal', () => {
  it.each([
    ['ESC', '\u001b[2J\u001b[31mred', '\\x1b[2J\\x1b[31mred'],
    ['OSC with BEL', '\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['C1 CSI', '\u009b31m', '\\x9b31m'],
    ['C1 OSC and ST', '\u009d8;;http://x\u009c', '\\x9d8;;http://x\\x9c'],
    ['CR', 'paid\rnot paid', 'paid\\rnot paid'],
    ['LF', 'a\nb', 'a\\nb'],
    ['right-to-left override', 'a\u202ecod.exe', 'a\\u202ecod.exe'],
    ['isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['line separator', 'a\u2028b', 'a\\u2028b'],
    ['NUL and backspace', '\u0000\b', '\\x00\\x08'],
    ['tags', '\u{e0041}', '\\u{e0041}'],
    ['a lone surrogate', '\ud800', '\\ud800'],
  ])('X-046 %s appears escaped', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('X-046 no code point that steers a terminal passes', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const char = String.fromCodePoint(code);
      if (obeyed.test(char) || code === 10) expect(printable(char)).not.toContain(char);
    }
  });

  it('leaves the languages of the world alone', () => {
    const text = 'Grüße, Ἑλλάς, مرحبا, נושא, 你好, می\u200cخواهم, 👩\u200d🚀, \\\\host\\mailslot\\x';
    expect(printable(text)).toBe(text);
  });

  it('X-046 JSON output is escaped as well, and holds the same data', () => {
    const value = { subject: '\u001b[2J\u009b1m\u202e\u007f', nested: ['a\u2028b'] };
    const text = printableJson(value, 2);
    expect(text).not.toMatch(obeyed);
    expect(JSON.parse(text)).toEqual(value);
  });

  it('keeps line ends and tabs of a source, and nothing else', () => {
    expect(printableLines('a\tb\r\nc\u001b[m\r\n')).toBe('a\tb\nc\\x1b[m\n');
  });

  it('X-046 cells of a table are printed escaped', () => {
    const lines = table([{ title: 'SUBJECT' }], [['\u001b]0;x\u0007'], [{ text: 'a\rb', tone: 'bad' }]], { paint: plain });
    expect(lines).toEqual(['SUBJECT', '\\x1b]0;x\\x07', 'a\\rb']);
  });
});

describe('tables', () => {
  it('align by what a terminal shows, not by code units', () => {
    expect(widthOf('你好')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    const [, first, second] = table(
      [{ title: 'A' }, { title: 'B' }],
      [
        ['你好', 'x'],
        ['abcd', 'y'],
      ],
      { paint: plain },
    );
    expect(first).toBe('你好  x');
    expect(second).toBe('abcd  y');
  });

  it('cut only flexible columns, and only for a terminal', () => {
    const columns = [{ title: 'ID' }, { title: 'SUBJECT', flexible: true as const }];
    const rows = [['0123456789', 'a subject that is longer than the page']];
    expect(table(columns, rows, { paint: plain })[1]).toBe('0123456789  a subject that is longer than the page');
    expect(table(columns, rows, { paint: plain, width: 30 })[1]).toBe('0123456789  a subject that is…');
    expect(shortened('你好吗', 5)).toBe('你好…');
  });

  it('colours do not move columns', () => {
    const rows = [[{ text: 'failed', tone: 'bad' as const }, 'x']];
    const [, line] = table([{ title: 'STATE' }, { title: 'B' }], rows, { paint: coloured });
    expect(line?.replace(/\u001b\[\d+m/g, '')).toBe('failed  x');
  });
});

describe('colours', () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
    [{ isTTY: true }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('on %j with %j: %s', (stream, env, colours) => {
    expect(paintFor(stream, env)).toBe(colours ? coloured : plain);
  });
});

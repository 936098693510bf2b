// Tables and name–value lists: aligned columns, two spaces apart, no borders. Cells are made printable here.
import { printable } from './printable.ts';
import type { Paint, Tone } from './colours.ts';
import { padded, paddedLeft, shortened, widthOf } from './width.ts';

export type Cell = string | { readonly text: string; readonly tone: Tone };

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** May be cut where the terminal is narrow; the others keep their width. */
  readonly flexible?: true;
}

export interface Page {
  readonly paint: Paint;
  /** Columns of the terminal; undefined: nothing is cut. */
  readonly width?: number;
}

const gap = '  ';
const narrowest = 8;

export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], page: Page): string[] {
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)));
  const widths = fit(columns, [columns.map(({ title }) => title), ...texts], page.width);
  const line = (cells: readonly string[], tone: (at: number) => Tone | undefined): string =>
    columns
      .map((column, at) => {
        const text = shortened(cells[at] ?? '', widths[at] ?? 0);
        const space = (column.align === 'right' ? paddedLeft : padded)(text, widths[at] ?? 0);
        return space.replace(text, () => page.paint(tone(at), text));
      })
      .join(gap)
      .trimEnd();
  const head = line(
    columns.map(({ title }) => title),
    () => 'faint',
  );
  return [head, ...texts.map((cells, row) => line(cells, (at) => toneOf(rows[row]?.[at])))];
}

/** `name  value` lines, names faint and aligned. */
export function pairs(entries: readonly (readonly [name: string, value: Cell | undefined])[], page: Page): string[] {
  const given = entries.flatMap(([name, value]): [string, Cell][] => (value === undefined ? [] : [[printable(name), value]]));
  const width = Math.max(0, ...given.map(([name]) => widthOf(name)));
  return given.map(([name, value]) => {
    const text = printable(typeof value === 'string' ? value : value.text);
    return `${page.paint('faint', padded(name, width))}${gap}${page.paint(toneOf(value), text)}`;
  });
}

const toneOf = (cell: Cell | undefined): Tone | undefined => (cell === undefined || typeof cell === 'string' ? undefined : cell.tone);

/** Natural widths; what is too much for the page is taken from the flexible columns, the widest first. */
function fit(columns: readonly Column[], lines: readonly (readonly string[])[], page: number | undefined): number[] {
  const widths = columns.map((_, at) => lines.reduce((widest, line) => Math.max(widest, widthOf(line[at] ?? '')), 0));
  if (page === undefined) return widths;
  const total = () => widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1));
  while (total() > page) {
    const widest = columns.reduce(
      (best, column, at) => (column.flexible && (widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
      columns.findIndex((column) => column.flexible),
    );
    const width = widths[widest];
    if (width === undefined || width <= narrowest) break;
    widths[widest] = Math.max(narrowest, width - (total() - page > 8 ? 4 : 1));
  }
  return widths;
}

// The numbered behaviours of docs/reference/behaviours, and the tests whose titles carry their numbers.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

export interface Behaviour {
  /** `M-042`. */
  readonly number: string;
  /** `4. Outbound loop`. */
  readonly section: string;
  readonly level: 'core' | 'extended';
  readonly text: string;
}

export interface Coverage extends Behaviour {
  readonly tests: readonly TestTitle[];
}

export interface TestTitle {
  readonly file: string;
  readonly line: number;
  readonly title: string;
}

/** The systems that are built: their [core] behaviours must have tests. */
export const built: readonly string[] = ['mapi', 'mailslots'];

/** @throws if there is no such page */
export function behavioursOf(system: string): Behaviour[] {
  const page = readFileSync(join(root, 'docs/reference/behaviours', `${system}.md`), 'utf8');
  return page.split(/^## /m).flatMap((section) =>
    [...section.matchAll(/^- \*\*([A-Z]-\d+)\*\* (.*)$/gm)].flatMap(([, number = '', text = '']) => {
      // In front of the text or behind it; of two, as for a choice, the first.
      const [mark = '', level] = /\[(core|extended)\];? ?/.exec(text) ?? [];
      if (level === undefined) return [];
      return {
        number,
        section: section.slice(0, section.indexOf('\n')),
        level: level as Behaviour['level'],
        text: text
          .replace(mark, '')
          .replaceAll(/ *`[^`]*`(, `[^`]*`)*$/g, '')
          .trim(),
      };
    }),
  );
}

/** Titles that begin with numbers: of tests, of cases of the suites, and of rows of tables of tests. */
export function testTitles(): TestTitle[] {
  const files = ['test', 'src/testing'].flatMap((folder) =>
    (readdirSync(join(root, folder), { recursive: true }) as string[]).map((file) => join(folder, file)),
  );
  return files
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((text, index) =>
          [...text.matchAll(/(['"`])((?:[A-Z]-\d{2,3} )+(?:(?!\1).)*)\1/g)].map(([, , title = '']) => ({ file, line: index + 1, title })),
        ),
    );
}

export function coverage(system: string, titles: readonly TestTitle[] = testTitles()): Coverage[] {
  return behavioursOf(system).map((behaviour) => ({ ...behaviour, tests: titles.filter(({ title }) => carries(title, behaviour.number)) }));
}

/** Whether the title begins with the number, alone or among others. */
export const carries = (title: string, number: string): boolean => (/^(?:[A-Z]-\d{2,3} )+/.exec(title)?.[0] ?? '').split(' ').includes(number);

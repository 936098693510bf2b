// The page for people who come from MAPI names only what is exported, and pages that the behaviours are drawn from.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCatalogue } from 'mailspool';
import { typeCheck } from '../types/type-check.ts';
import { root } from './pages.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const page = read('docs/guides/coming-from-mapi.md');
const behaviours = read('docs/reference/behaviours/mapi.md');

const tables = page.slice(page.indexOf('## Transport providers'));
const rows = tables
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (MAPI|---) /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
const names = [...new Set(rows.flatMap((row) => quoted(row.length > 4 ? row[3] : row[2])))];
const pages = [...new Set(rows.filter((row) => row.length > 4).flatMap((row) => quoted(row[2])))];

/** A program that compiles only if the name is there. */
function use(name: string): string {
  const [, type = '', member, value] = /^(\w+)(?:\.([\w$]+)(?: '(\w+)')?)?$/.exec(name) ?? [];
  const entry = exported('src/provider/index.ts').has(type) ? 'mailspool/provider' : 'mailspool';
  const begin = `import type { ${type} } from '${entry}';\n`;
  if (member === undefined) return `${begin}export type Used = ${type};`;
  const used = `${begin}export type Used = NonNullable<Required<${type}>['${member}']>;`;
  return value === undefined ? used : `${used}\nexport const one: Used = '${value}';`;
}

const exported = (path: string): ReadonlySet<string> => new Set(read(path).match(/\b\w+\b/g));

describe('coming from MAPI', () => {
  const types = names.filter((name) => !(name in errorCatalogue));
  const problems = typeCheck([...types.map(use), use('TransportSession.pole'), use("StopOptions.mode 'never'"), use('IXPLogon')]);

  it('names more than eighty things', () => {
    expect(names.length).toBeGreaterThan(80);
  });

  it.each(types.map((name, index) => ({ name, index })))('$name is exported', ({ index }) => {
    expect(problems[index]).toEqual([]);
  });

  it('a name that is not there is found out', () => {
    expect(problems.slice(types.length).map((each) => each.length > 0)).toEqual([true, true, true]);
  });

  it('each error code of MAPI stands for one of the catalogue', () => {
    expect(names.filter((name) => /^E[A-Z]+$/.test(name) && !(name in errorCatalogue))).toEqual([]);
  });

  it('each page is one that the behaviours are drawn from', () => {
    expect(pages.length).toBeGreaterThan(40);
    expect(pages.filter((name) => !behaviours.includes(`\`${name}\``))).toEqual([]);
  });

  it('each row of the name map in the behaviours has its place here', () => {
    const map = behaviours.slice(behaviours.indexOf('## Name map'), behaviours.indexOf('## Flows'));
    const mapped = map
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (MAPI|---) /.test(line))
      .map((line) => /\b(?:\w+::)?([A-Z]\w+)/.exec(line.slice(2))?.[1] ?? '');
    expect(mapped.length).toBeGreaterThan(20);
    expect(mapped.filter((name) => !page.includes(name))).toEqual([]);
  });
});

// Pages speak of what exists: links lead somewhere, words of the glossary stand in the sources, and the numbers in test
// titles stand in the behaviours.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allPages, filesBelow, root } from './pages.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the pages', () => {
  it.each(allPages().map(({ path, text }) => ({ path, text })))('$path links only to what exists', ({ path, text }) => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '').filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([]);
  });

  it('each word of the glossary stands in the sources', () => {
    const sources = ['src', 'providers']
      .flatMap((room) => filesBelow(room, '.ts'))
      .map(read)
      .join('\n');
    const rows = read('docs/reference/glossary.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    const words = rows.flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? ''));
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word) => !sources.includes(word))).toEqual([]);
  });
});

describe('the behaviours', () => {
  const pages = filesBelow('docs/reference/behaviours', '.md').map(read).join('\n');
  const defined = [...pages.matchAll(/^- (?:\*\*)?([MUSQRTX]-\d{3})/gm)].map(([, number]) => number ?? '');
  const faults = [...pages.matchAll(/^\|(\d{2})\|/gm)].map(([, number]) => `F-${number}`);

  it('each number stands once', () => {
    const twice = [...defined, ...faults].filter((number, index, all) => all.indexOf(number) !== index);
    expect(defined.length).toBeGreaterThan(300);
    expect(twice).toEqual([]);
  });

  it('each number in the title of a test is a behaviour', () => {
    const known = new Set([...defined, ...faults]);
    const unknown = filesBelow('test', '.test.ts').flatMap((path) =>
      [...read(path).matchAll(/\b(?:it|test|describe)(?:\.\w+)*\(\s*['"`]((?:[A-Z]-\d{2,3}[ ,]*(?:and|to)?\s*)+)/g)]
        .flatMap(([, numbers = '']) => numbers.match(/[A-Z]-\d{2,3}/g) ?? [])
        .filter((number) => !known.has(number))
        .map((number) => `${path}: ${number}`),
    );
    expect(unknown).toEqual([]);
  });
});

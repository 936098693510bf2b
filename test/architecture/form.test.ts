// The form of the code that no linter knows: files say what they are for, nothing is left half done.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));

const sources = [...below('src'), ...below('providers')];
const tests = below('test').filter((path) => path.endsWith('.test.ts'));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the form of the code', () => {
  it('each source file opens with what lives there', () => {
    expect(sources.filter((path) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)))).toEqual([]);
  });

  it('a file is named by its noun, not utils, helpers, manager or service', () => {
    expect(sources.filter((path) => /\b(utils?|helpers?|managers?|services?|misc|common)\b/.test(basename(path)))).toEqual([]);
  });

  it('nothing is left for later: no TODO, FIXME or XXX', () => {
    expect([...sources, ...tests].filter((path) => /\b(TODO|FIXME|XXX)\b/.test(read(path)) && !path.endsWith('form.test.ts'))).toEqual([]);
  });

  it('no test is left out or run alone without a reason', () => {
    expect(tests.filter((path) => /\b(it|test|describe)\.(only|todo|skip)\(/.test(read(path)) && !path.includes('count-reporter'))).toEqual([]);
  });

  it('nobody prints, exits or installs signal handlers but the command line', () => {
    const library = sources.filter((path) => !path.startsWith('src/host/cli/'));
    const offends = (path: string) =>
      /\bprocess\.(exit|abort|kill)\(|\bprocess\.(on|once)\(|\bconsole\.\w+\(|\bprocess\.(stdout|stderr)\.write/.test(read(path));
    expect(library.filter(offends)).toEqual([]);
  });
});

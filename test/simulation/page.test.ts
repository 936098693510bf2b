import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { invariants } from './checks.ts';
import { mutants } from './mutants.ts';

const page = await readFile(new URL('../../docs/reference/simulation.md', import.meta.url), 'utf8');

test('the page of the simulation names each invariant as it is, and each mutant', () => {
  const flat = page.replaceAll(/\s+/g, ' ');
  expect(Object.entries(invariants).filter(([name, meaning]) => !flat.includes(`| ${name} | ${meaning} |`))).toEqual([]);
  expect(mutants.filter(({ name }) => !flat.includes(name))).toEqual([]);
});

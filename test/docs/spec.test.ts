// The behaviours that are promised, and the tests that show them (`npm run spec`).
import { expect, test } from 'vitest';
import { behavioursOf, built, coverage } from '../spec/behaviours.ts';

test.each(built)('every [core] behaviour of %s has a test whose title carries its number', (system) => {
  expect(behavioursOf(system).length).toBeGreaterThanOrEqual(40);
  const missing = coverage(system).filter(({ level, tests }) => level === 'core' && tests.length === 0);
  expect(missing.map(({ number, text }) => `${number} ${text}`)).toEqual([]);
});

test('a number in the midst of a title, or of another system, does not count', () => {
  const at = { file: 'a.test.ts', line: 1 };
  const titles = ['M-001 M-003 shown', 'it is like M-004', 'M-0055 is not M-005'].map((title) => ({ ...at, title }));
  const shown = coverage('mapi', titles).filter(({ tests }) => tests.length > 0);
  expect(shown.map(({ number }) => number)).toEqual(['M-001', 'M-003']);
});

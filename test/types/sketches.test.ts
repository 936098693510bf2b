// The sketches compile: whoever changes a contract sees here whose program it breaks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typeCheck } from './type-check.ts';

const sketches = ['provider-sketches.ts', 'program-sketches.ts'];

describe('sketches', () => {
  const problems = typeCheck(sketches.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')));

  it.each(sketches.map((name, index) => ({ name, index })))('$name compiles', ({ index }) => {
    expect(problems[index]).toEqual([]);
  });
});

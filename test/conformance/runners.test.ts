// The suites need no particular test runner: under node:test, and under one that has describe and it and nothing else,
// the same cases pass and fail as under Vitest.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'suites-program.mjs');

const run = (...options: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env;
    execFile(process.execPath, options, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr }),
    );
  });

const counts = (output: string): string[] => [...output.matchAll(/\d+ passed, \d+ failed, \d+ not shown/g)].map(([text]) => text);

test('the suites run under node:test and under the least runner that there can be, with the same result', async () => {
  const [nodeTest, own] = await Promise.all([run('--test-reporter=tap', program), run(program, '--own')]);
  expect([nodeTest.code, own.code], nodeTest.output.match(/^ *not ok.*$/gm)?.join('\n')).toEqual([0, 0]);
  expect(nodeTest.output).toMatch(/^# fail 0$/m);
  expect(nodeTest.output).toMatch(/ok \d+ - M-023 U-056/);
  expect(nodeTest.output).toMatch(/\(not shown: nothing is slow here\) # SKIP/);
  expect(own.output).toMatch(/^ok M-023 U-056/m);
  expect(own.output).toContain('not shown: a memory is gone');
  expect(counts(own.output)).toHaveLength(1);
  expect(counts(nodeTest.output)).toEqual(counts(own.output));
});

test('what is wrong fails under either, by the name of the case', async () => {
  const [nodeTest, own] = await Promise.all([run('--test-reporter=tap', program, '--wrong'), run(program, '--own', '--wrong')]);
  expect([nodeTest.code, own.code]).toEqual([1, 1]);
  expect(nodeTest.output).toMatch(/not ok \d+ - M-023 U-056/);
  expect(nodeTest.output).toMatch(/^# fail 1$/m);
  expect(own.output.match(/^not ok .*$/gm)).toHaveLength(1);
  expect(own.output).toMatch(/^not ok M-023 U-056/m);
});

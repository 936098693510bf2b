// What the last lines of a test run say, shown on a small run of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'mailspool-count-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a run ends with each reason for skipping and each test that had to be repeated, then the counts; a file that does not load and a hook that fails are failures', () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'broken.test.ts'), "import './nowhere.ts';");
  writeFileSync(
    join(folder, 'some.test.ts'),
    `import { beforeAll, describe, expect, it } from 'vitest';
it('passes', () => expect(1).toBe(1));
let tries = 0;
it('is unsteady', { retry: 1 }, () => expect(++tries).toBe(2));
it('fails', () => expect(1).toBe(2));
it('skips', (context) => context.skip('no smtp-sink: real hand-over is not shown'));
describe.skip('no dovecot: real reception is not shown', () => {
  describe('inside', () => { it('one', () => {}); it('two', () => {}); });
});
describe('a hook that fails', () => {
  beforeAll(() => expect(1).toBe(2));
  it('is not run', () => {});
});`,
  );
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporter = join(root, 'test/reporters/count-reporter.ts');
  const run = spawnSync(process.execPath, [vitest, 'run', '--root', folder, `--reporter=${reporter}`], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect(run.stdout.trim().split('\n').slice(-5)).toEqual([
    'skipped 1: no smtp-sink: real hand-over is not shown',
    'skipped 2: no dovecot: real reception is not shown',
    'skipped 1: is not run',
    'passed when it was repeated: some.test.ts > is unsteady: expected 1 to be 2 // Object.is equality',
    '2 passed, 3 failed',
  ]);
  expect(run.status).toBe(1);
});

// Builds once before the tests of the documentation: examples run against what a user gets.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export function setup(): void {
  const run = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--pretty', 'false'], { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`the build failed\n${run.stdout}`);
}

// Builds before tests that start a worker: Node starts workers from JavaScript only, and finds it in dist.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const once = Symbol.for('mailspool.built');

/** Once for all projects of a run; only what changed is written anew. */
export function setup(): void {
  const marks = globalThis as { [once]?: true };
  if (marks[once]) return;
  marks[once] = true;
  const state = join(root, 'node_modules/.cache/mailspool.tsbuildinfo');
  const parameters = ['-p', 'tsconfig.build.json', '--incremental', '--tsBuildInfoFile', state, '--pretty', 'false'];
  const run = spawnSync(join(root, 'node_modules/.bin/tsc'), parameters, { cwd: root, encoding: 'utf8' });
  // It emits all the same, and `npm run check` is the place where types fail.
  if (run.status !== 0) process.stderr.write(`the build has type errors:\n${run.stdout}`);
}

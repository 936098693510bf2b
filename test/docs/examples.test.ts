// Examples are true: blocks in pages type-check against the sources, what the README shows is a file, and the files
// under docs/examples run against the build as a reader would run them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeCheck } from '../types/type-check.ts';
import { allPages, blocksOf, filesBelow, root } from './pages.ts';

const scratch = mkdtempSync(join(tmpdir(), 'mailspool-docs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const blocks = allPages().flatMap(blocksOf);

describe('examples in pages', () => {
  const shown = blocks.flatMap((block) =>
    [...block.before.matchAll(/^<!-- (docs\/examples\/\S+) -->$/g)].map(([, file = '']) => ({ ...block, file })),
  );

  it.each(shown)('$page:$line is $file', ({ code, file }) => {
    expect(code).toBe(readFileSync(join(root, file), 'utf8'));
  });

  it('the README shows a program', () => {
    expect(shown.map(({ page }) => page)).toContain('README.md');
  });

  const checked = blocks.filter(({ language, code }) => language === 'ts' && /^(\/\/ example:|import )/.test(code));
  const problems = typeCheck(checked.map(({ code }) => code));

  it.each(checked.map((block, index) => ({ ...block, index })))('$page:$line type-checks', ({ index }) => {
    expect(problems[index]).toEqual([]);
  });
});

/** What each running example says; every file has a row. */
const says: Record<string, RegExp> = {
  'hello.mjs': /^accepted: \[ 'bob@example.org' \]\nnew mail in Inbox\n$/,
  'mailslot-beacon.ts': /^printer of PRINTER at 127\.0\.0\.3:631\nframes of a stranger were dropped\n$/,
  'mailslot-presence.ts': /^Bob sees ANN, BOB, CLEO\nBob sees ANN, BOB\n$/,
  'own-provider.ts': /^kitchen: Tea is ready\ndelivered\n$/,
  'test-greylisting.ts': /^\S+ pass 2\n\S+ fail 0\n/m,
  'test-imap-reconnect.ts': /^\S+ pass 1\n\S+ fail 0\n/m,
  'test-lost-after-data.ts': /^\S+ pass 6\n\S+ fail 0\n/m,
  'test-own-provider.ts': /^\S+ pass [1-9]\d\n\S+ fail 0\n/m,
  'test-signup-mail.ts': /^\S+ pass 2\n\S+ fail 0\n/m,
  'undo-send.ts': /^bob@example.org: cancelled\ncarol@example.org: relayed\n$/,
};

describe('running examples', () => {
  const files = filesBelow('docs/examples', '.mjs', '.ts').filter((path) => path.split('/').length === 3);
  beforeAll(() => expect(compile('tsconfig.build.json')).toBe(''), 60_000);

  it('every example has its expectation', () => {
    expect(files.map((path) => basename(path))).toEqual(Object.keys(says).sort());
  });

  it.each(files)('%s runs and ends by itself', async (path) => {
    const { code, stdout, stderr } = await run(join(root, path));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(says[basename(path)] ?? /^never$/);
  });

  it('U-062 the examples run where there is no network but the loopback', async ({ skip }) => {
    if (spawnSync('unshare', ['-n', 'true']).status !== 0) skip('no network namespace is permitted: that the examples need no network is not shown');
    const alone = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
    const ran = await Promise.all(files.map(async (path) => ({ path, ...(await run(join(root, path), alone)) })));
    for (const { path, code, stdout } of ran) {
      expect(code, path).toBe(0);
      expect(stdout).toMatch(says[basename(path)] ?? /^never$/);
    }
  });

  it('the injectable provider is built with its own tsconfig, made by the container and given a message', async () => {
    expect(compile('docs/examples/injectable')).toBe('');
    const program = join(root, 'docs/examples/injectable/dist/program.js');
    expect(await run(program)).toEqual({ code: 0, stderr: '', stdout: 'kitchen: Tea is ready\n' });
  });
});

/** What tsc has to say. */
function compile(project: string): string {
  const tsc = join(root, 'node_modules/.bin/tsc');
  return spawnSync(tsc, ['-p', join(root, project), '--pretty', 'false'], { cwd: root, encoding: 'utf8' }).stdout;
}

/** Runs an example in an empty directory, against the build; TypeScript by way of tsx. `before`: a command that runs it. */
function run(file: string, before: readonly string[] = []): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const tsx = file.endsWith('.ts') ? ['--import', join(root, 'node_modules/tsx/dist/loader.mjs')] : [];
  const [command, ...args] = [...before, process.execPath, ...tsx, file];
  const cwd = mkdtempSync(join(scratch, 'run-'));
  const child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' }, timeout: 30_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

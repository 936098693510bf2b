// Lints planted files as if they stood in the repository at the given paths, with the repository's own configuration.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const oxlint = join(root, 'node_modules/.bin/oxlint');

export interface Planted {
  readonly path: string;
  readonly source: string;
}

/**
 * What oxlint prints about each file, all in one run: one line for each problem. Rules that need types are left out,
 * since a planted file has no project.
 */
export function lintPlanted(files: readonly Planted[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'planted-'));
  try {
    writeFileSync(join(directory, '.oxlintrc.json'), JSON.stringify(configuration()));
    const names = files.map(({ path, source }, index) => plant(directory, path.replace(/\.ts$/, `-${index}.ts`), source));
    const run = spawnSync(oxlint, ['--format', 'unix', 'src', 'providers', 'docs', 'test'], { cwd: directory, encoding: 'utf8', maxBuffer: 1e8 });
    if (run.error !== undefined) throw run.error;
    if (run.stdout === '') throw new Error(`oxlint said nothing: ${run.stderr}`);
    const lines = run.stdout.split('\n');
    return names.map((name) => lines.filter((line) => line.startsWith(`${name}:`)).join('\n'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function plant(directory: string, name: string, source: string): string {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), source);
  return name;
}

function configuration(): object {
  const {
    options: _typeAware,
    $schema: _schema,
    jsPlugins,
    ...rest
  } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
    options: object;
    $schema: string;
    jsPlugins: string[];
  };
  return { ...rest, jsPlugins: jsPlugins.map((path) => resolve(root, path)) };
}

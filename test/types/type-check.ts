// Type-checks programs as a user of the package writes them: in a folder of their own, the package by its name. The
// name leads to the sources.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What tsc says about each program, one line for each error; all in one run. */
export function typeCheck(programs: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'mailspool-types-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration()));
    programs.forEach((program, index) => writeFileSync(join(folder, `program-${index}.ts`), `${program}\nexport {};\n`));
    const run = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
    if (run.error !== undefined) throw run.error;
    const lines = run.stdout.split('\n').filter((line) => line.includes('error TS'));
    const strange = lines.filter((line) => !line.startsWith('program-') && !line.startsWith('../'));
    if (strange.length > 0) throw new Error(strange.join('\n'));
    return programs.map((_, index) => lines.filter((line) => line.startsWith(`program-${index}.ts`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configuration(): object {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { 'mailspool-source'?: string }> };
  const paths: Record<string, string[]> = {};
  for (const [entry, { 'mailspool-source': source }] of Object.entries(manifest.exports)) {
    if (source !== undefined) paths[entry.replace('.', 'mailspool')] = [join(root, source)];
  }
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: true, rootDir: '/', paths, typeRoots: [join(root, 'node_modules/@types')] },
    include: ['program-*.ts'],
    exclude: [],
  };
}

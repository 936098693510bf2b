// Sources that are broken on purpose, to see that a test notices: a copy of the repository's folders, and patches of it.
// The product has no switch for this.
import { copyFile, cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export interface Patch {
  /** Says which, where it does not fit. */
  readonly name: string;
  readonly file: string;
  /** What stands there once, and what stands there instead. */
  readonly replace: readonly (readonly [string, string])[];
}

/** A new directory with these folders and files, and the installed packages. Whoever asks for it removes it. */
export async function copyOf(paths: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-mutant-'));
  for (const path of paths) await cp(join(root, path), join(directory, path), { recursive: true });
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** @throws if the code that it was made for has moved */
export async function applyPatch(directory: string, patch: Patch): Promise<void> {
  await writeFile(join(directory, patch.file), await patchedSource(patch));
}

export async function withdrawPatch(directory: string, { file }: Patch): Promise<void> {
  await copyFile(join(root, file), join(directory, file));
}

/** @throws if the code that it was made for has moved */
export async function patchedSource({ name, file, replace }: Patch): Promise<string> {
  let source = await readFile(join(root, file), 'utf8');
  for (const [there, instead] of replace) {
    const times = source.split(there).length - 1;
    if (times !== 1) throw new Error(`${name}: ${file} has ${JSON.stringify(there)} ${times} times, not once`);
    source = source.replace(there, () => instead);
  }
  return source;
}

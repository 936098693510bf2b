// Where the code of a worker lies: Node starts workers from JavaScript only.
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * The module as JavaScript. A `.ts` address is one of a checkout that runs from its sources (under vitest): there it is
 * the twin in `dist`, which the tests build first. A `.ts` module without a twin stays what it is: newer Nodes run it.
 */
export function compiledModule(url: URL): URL {
  const file = fileURLToPath(url);
  if (!file.endsWith('.ts')) return url;
  const root = packageRoot(dirname(file));
  const twin = join(root, 'dist', relative(root, file).replace(/\.ts$/, '.js'));
  return existsSync(twin) ? pathToFileURL(twin) : url;
}

function packageRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json')) || dirname(directory) === directory) return directory;
  return packageRoot(dirname(directory));
}

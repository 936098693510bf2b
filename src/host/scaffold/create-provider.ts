// Makes the folder of a new provider: a package of its own whose tests pass from the beginning. Nothing is there until all
// of it is there.
import { lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { MailspoolError } from '../../errors.ts';
import { providerFiles, type Sources } from './provider-files.ts';
import { providerNames } from './provider-name.ts';

export interface CreateProviderOptions {
  /** Small letters, digits and single hyphens: it becomes part of the session's name, for ever. */
  readonly name: string;
  /** The new folder. Default: `name` in the working directory. It must not exist, and the one around it must. */
  readonly directory?: string;
}

export interface CreatedProvider {
  readonly directory: string;
  /** Paths below it. */
  readonly files: readonly string[];
}

/**
 * A folder with package, compiler settings, the provider template under the new name, and the conformance suite:
 * `npm install && npm test` passes in it.
 * @throws EINVALID if the name cannot be one, if the folder exists, or if it cannot be made
 */
export async function createProvider({ name, directory = name }: CreateProviderOptions): Promise<CreatedProvider> {
  const sources = await sourcesOfThisPackage();
  const names = providerNames(name, sources.template + sources.underTest);
  const target = resolve(directory);
  await refuseExisting(target);
  const files = providerFiles(names, sources);
  await written(target, files);
  return { directory: target, files: Object.keys(files) };
}

async function sourcesOfThisPackage(): Promise<Sources> {
  const packageFile = createRequire(import.meta.url).resolve('mailspool/package.json');
  const text = async (path: string) => await readFile(join(dirname(packageFile), path), 'utf8');
  const { version, devDependencies } = JSON.parse(await text('package.json')) as Pick<Sources, 'version' | 'devDependencies'>;
  return { template: await text('providers/template/index.ts'), underTest: await text('providers/template/under-test.ts'), version, devDependencies };
}

async function refuseExisting(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined);
  if (found === undefined) return;
  throw new MailspoolError('EINVALID', `${target} exists already`, { field: 'name', remedy: 'Choose another name, or move it away.' });
}

async function written(target: string, files: Readonly<Record<string, string>>): Promise<void> {
  let draft: string | undefined;
  try {
    draft = await mkdtemp(join(dirname(target), '.mailspool-'));
    const folder = join(draft, 'made');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await rename(folder, target);
  } catch (error) {
    throw new MailspoolError('EINVALID', `${target} cannot be made: ${error instanceof Error ? error.message : String(error)}`, {
      field: 'name',
      cause: error,
      remedy: 'Run it in a folder in which you may write.',
    });
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true });
  }
}

// Reads a configuration file: JavaScript modules are imported, JSON is parsed. Whatever goes wrong names the file.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MailspoolError } from '../../errors.ts';

/** @throws ECONFIG if it cannot be read */
export async function readConfigurationFile(path: string): Promise<unknown> {
  switch (extname(path)) {
    case '.json':
      return parsed(path, await text(path));
    case '.ts':
    case '.mts':
      refuseWithoutTypeStripping(path);
      return await imported(path);
    case '.js':
    case '.mjs':
    case '.cjs':
      return await imported(path);
    default:
      throw new MailspoolError('ECONFIG', `${path} is not a configuration: its name ends in none of .js, .mjs, .ts and .json`, {
        remedy: 'Name it mailspool.config.js, .mjs, .ts or .json.',
      });
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function parsed(path: string, source: string): unknown {
  try {
    return JSON.parse(source.replace(/^\ufeff/, ''), withoutPrototype) as unknown;
  } catch (cause) {
    throw new MailspoolError('ECONFIG', `${path} is not valid JSON: ${messageOf(cause)}`, {
      cause,
      remedy: 'Correct the syntax; JSON has no comments and no trailing commas.',
    });
  }
}

/** `__proto__` in JSON is a plain key that later copying would turn into a prototype. */
function withoutPrototype(this: unknown, key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** A module's default export; a function is called. */
async function imported(path: string): Promise<unknown> {
  await text(path);
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    const value = module.default;
    return typeof value === 'function' ? await (value as () => unknown)() : (value ?? missingDefault(path));
  } catch (cause) {
    if (cause instanceof MailspoolError) throw cause;
    throw new MailspoolError('ECONFIG', `${path} cannot be loaded: ${messageOf(cause)}`, {
      cause,
      remedy: 'Correct the file; `node` on it shows the same error.',
    });
  }
}

function missingDefault(path: string): never {
  throw new MailspoolError('ECONFIG', `${path} has no default export`, { remedy: 'Write `export default { … }`.' });
}

/** Node 22.18 and later read TypeScript by themselves; older ones do not. */
function refuseWithoutTypeStripping(path: string): void {
  const features = process.features as { readonly typescript?: unknown };
  if (features.typescript) return;
  throw new MailspoolError('ECONFIG', `${path} is TypeScript, which Node ${process.versions.node} cannot read`, {
    remedy: 'Use Node 22.18 or later, or rename the file to mailspool.config.mjs and leave the types out.',
  });
}

function unreadable(path: string, cause: unknown): MailspoolError {
  const code = (cause as NodeJS.ErrnoException).code;
  const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : messageOf(cause);
  return new MailspoolError('ECONFIG', `${path} cannot be read: ${why}`, { cause, remedy: 'Check the path and the permissions of the file.' });
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

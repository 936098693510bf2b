// From an entry of the configuration to a transport provider: by URL, by the published name, or by the path of a module.
import { isAbsolute } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isMailspoolError, MailspoolError } from '../../errors.ts';
import type { TransportProvider } from '../../provider/transport-provider.ts';
import type { CheckedConfiguration } from './schema.ts';
import { refuseUnknownSettings, urlRemedy, withUrl } from './settings.ts';

export type ProviderEntry = NonNullable<CheckedConfiguration['providers']>[number];
type Module = Readonly<Record<string, unknown>>;
type Factory = (settings: unknown) => unknown;

/** What comes with mailspool, loaded when it is configured. */
const published: Readonly<Record<string, () => Promise<Module>>> = {
  smtp: () => import('mailspool/providers/smtp'),
  imap: () => import('mailspool/providers/imap'),
  mailslot: () => import('mailspool/providers/mailslot'),
  loopback: () => import('mailspool/providers/loopback'),
};

const schemes: Readonly<Record<string, string>> = {
  'smtp:': 'smtp',
  'smtps:': 'smtp',
  'lmtp:': 'smtp',
  'imap:': 'imap',
  'imaps:': 'imap',
  'loopback:': 'loopback',
};

/**
 * `field` names the entry in errors; relative module paths are seen from `base`, the folder of the configuration.
 * @throws ECONFIG
 */
export async function loadProvider(entry: ProviderEntry, field: string, base: string): Promise<TransportProvider> {
  if (typeof entry === 'string') return await fromUrl(entry, field);
  if (isProvider(entry)) return entry;
  const { use, ...given } = entry as { use: string };
  const load = published[use];
  if (load === undefined) return made(factoryOf(await foreign(use, field, base), use, field), given, field);
  const settings = withUrl(given, field);
  refuseUnknownSettings(use, settings, field);
  return made(factoryOf(await load(), use, field), settings, field);
}

async function fromUrl(text: string, field: string): Promise<TransportProvider> {
  const name = schemes[schemeOf(text)];
  const load = name === undefined ? undefined : published[name];
  if (name === undefined || load === undefined || !URL.canParse(text)) {
    throw new MailspoolError('ECONFIG', `${field}: ${name === undefined ? 'no provider for this kind of URL' : 'the URL cannot be read'}`, {
      field,
      remedy: urlRemedy,
    });
  }
  return made(factoryOf(await load(), name, field), name === 'loopback' ? undefined : text, field);
}

const schemeOf = (text: string): string => /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase() ?? '';

async function foreign(use: string, field: string, base: string): Promise<Module> {
  try {
    const target =
      use.startsWith('.') || isAbsolute(use)
        ? new URL(use, pathToFileURL(`${base}/`)).href
        : pathToFileURL(createRequire(`${base}/`).resolve(use)).href;
    return (await import(target)) as Module;
  } catch (cause) {
    throw new MailspoolError(
      'ECONFIG',
      `${field}.use: the provider ${JSON.stringify(use)} cannot be loaded: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`,
      {
        cause,
        field: `${field}.use`,
        remedy: `Write ${Object.keys(published).join(', ')}, the name of an installed package, or a path that begins with ./`,
      },
    );
  }
}

/** The default export, the export of the provider's name, or the only function there is. */
function factoryOf(module: Module, use: string, field: string): Factory {
  const name = camelCase(
    use
      .split('/')
      .at(-1)
      ?.replace(/\.[cm]?[jt]s$/, '') ?? use,
  );
  const functions = Object.values(module).filter((value) => typeof value === 'function');
  const found = [module['default'], module[name], functions.length === 1 ? functions[0] : undefined].find((value) => typeof value === 'function');
  if (found !== undefined) return found as Factory;
  throw new MailspoolError('ECONFIG', `${field}.use: ${JSON.stringify(use)} has no provider to offer`, {
    field: `${field}.use`,
    remedy: `Let it export a function by default or under the name ${name}; the function gets the settings and returns the provider.`,
  });
}

const camelCase = (name: string): string => name.replace(/[^a-zA-Z0-9]+(.)/g, (_, next: string) => next.toUpperCase());

function made(factory: Factory, settings: unknown, field: string): TransportProvider {
  try {
    const provider = factory(settings);
    if (isProvider(provider)) return provider;
  } catch (cause) {
    if (!isMailspoolError(cause))
      throw new MailspoolError('ECONFIG', `${field}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, field });
    const inner = cause.field === undefined ? field : `${field}.${cause.field}`;
    throw new MailspoolError('ECONFIG', `${inner}: ${cause.message}`, { cause, field: inner, remedy: cause.remedy });
  }
  throw new MailspoolError('ECONFIG', `${field}: what it makes is not a provider`, { field, remedy: 'A provider has a name and a function logon.' });
}

const isProvider = (value: unknown): value is TransportProvider =>
  typeof value === 'object' &&
  value !== null &&
  'logon' in value &&
  typeof value.logon === 'function' &&
  'name' in value &&
  typeof value.name === 'string';

// Where settings come from: the file, the environment, the flags of the command line. Later ones win, field by field.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MailspoolError } from '../../errors.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { CheckedConfiguration } from './schema.ts';

/** The same three everywhere, so that a flag can be tried before it is written down. */
export interface Overrides {
  readonly directory?: string;
  /** `smtp(s)://user:password@host:port`: replaces the SMTP providers of the file that belong to no account. */
  readonly smtp?: string;
  readonly imap?: string;
  readonly offline?: boolean;
  readonly reports?: 'store' | 'wire';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const variables = {
  MAILSPOOL_CONFIG: 'file',
  MAILSPOOL_DIRECTORY: 'directory',
  MAILSPOOL_SMTP: 'smtp',
  MAILSPOOL_IMAP: 'imap',
  MAILSPOOL_OFFLINE: 'offline',
  MAILSPOOL_REPORTS: 'reports',
} as const;

export const configurationNames = ['mailspool.config.js', 'mailspool.config.mjs', 'mailspool.config.ts', 'mailspool.config.json'] as const;

/** @throws ECONFIG for a value that cannot be read, or a variable whose name is nearly one of ours */
export function fromEnvironment(env: Environment): Overrides & { readonly file?: string } {
  refuseNearMisses(env);
  const value = (name: keyof typeof variables): string | undefined => (env[name] === '' ? undefined : env[name]);
  const found = {
    file: value('MAILSPOOL_CONFIG'),
    directory: value('MAILSPOOL_DIRECTORY'),
    smtp: value('MAILSPOOL_SMTP'),
    imap: value('MAILSPOOL_IMAP'),
    offline: flag('MAILSPOOL_OFFLINE', value('MAILSPOOL_OFFLINE')),
    reports: reports(value('MAILSPOOL_REPORTS')),
  };
  return Object.fromEntries(Object.entries(found).filter(([, given]) => given !== undefined));
}

/** A misspelt variable would be ignored in silence. Others may use the prefix (Kubernetes sets MAILSPOOL_PORT for a service of that name). */
function refuseNearMisses(env: Environment): void {
  const known = Object.keys(variables);
  for (const name of Object.keys(env)) {
    const meant = name.startsWith('MAILSPOOL_') && !known.includes(name) ? didYouMean(name, known) : undefined;
    if (meant !== undefined)
      throw new MailspoolError('ECONFIG', `${name} in the environment: there is no such setting`, { field: name, remedy: `Did you mean ${meant}?` });
  }
}

function flag(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (['1', 'true', 'yes', 'on'].includes(value.toLowerCase())) return true;
  if (['0', 'false', 'no', 'off'].includes(value.toLowerCase())) return false;
  throw new MailspoolError('ECONFIG', `${name} in the environment: expected true or false, found ${JSON.stringify(value)}`, {
    field: name,
    remedy: 'Write true or false.',
  });
}

function reports(value: string | undefined): 'store' | 'wire' | undefined {
  if (value === undefined || value === 'store' || value === 'wire') return value;
  throw new MailspoolError('ECONFIG', `MAILSPOOL_REPORTS in the environment: expected store or wire, found ${JSON.stringify(value)}`, {
    field: 'MAILSPOOL_REPORTS',
    remedy: 'Write store or wire.',
  });
}

/** The configuration file of a directory, if it has one. @throws ECONFIG if it has several */
export async function findFile(directory: string): Promise<string | undefined> {
  const there = await Promise.all(configurationNames.map(async (name) => ((await isFile(resolve(directory, name))) ? name : undefined)));
  const [first, second] = there.filter((name) => name !== undefined);
  if (second !== undefined) {
    throw new MailspoolError('ECONFIG', `${directory} has both ${first} and ${second}`, { remedy: 'Keep one, or name one with --config.' });
  }
  return first === undefined ? undefined : resolve(directory, first);
}

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The file's settings with the overrides on top. */
export function overridden(file: CheckedConfiguration, overrides: Overrides): CheckedConfiguration {
  const { directory, smtp, imap, offline, reports: reportsTo } = overrides;
  return {
    ...file,
    ...(directory === undefined ? {} : { directory }),
    ...(offline === undefined ? {} : { offline }),
    ...(reportsTo === undefined ? {} : { reports: reportsTo }),
    providers: replaced(replaced(file.providers ?? [], 'smtp', smtp), 'imap', imap),
  };
}

type ProviderEntry = NonNullable<CheckedConfiguration['providers']>[number];

/** In the place of the first of its kind, so that the transport order stays. */
function replaced(providers: readonly ProviderEntry[], kind: 'smtp' | 'imap', url: string | undefined): ProviderEntry[] {
  if (url === undefined) return [...providers];
  const place = providers.findIndex((entry) => kindOf(entry) === kind);
  const others = providers.filter((entry) => kindOf(entry) !== kind);
  return place === -1 ? [...others, url] : [...others.slice(0, place), url, ...others.slice(place)];
}

export function kindOf(entry: ProviderEntry): string {
  if (typeof entry === 'string')
    return (
      /^(?:(smtp)s?|(imap)s?|(lmtp)|([a-z]+)):/i
        .exec(entry)
        ?.slice(1)
        .find((kind) => kind !== undefined)
        ?.toLowerCase()
        .replace('lmtp', 'smtp') ?? ''
    );
  if ('use' in entry && typeof entry['use'] === 'string') return entry['use'];
  return 'name' in entry && typeof entry.name === 'string' ? entry.name : '';
}

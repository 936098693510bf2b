// The configuration of a spooler: flags before environment before mailspool.config.* before defaults. For the command
// line, and for programs that want to share its file. Nothing is connected or written here.
import { dirname, resolve } from 'node:path';
import { MailspoolError } from '../errors.ts';
import type { Logger } from '../provider/spooler-support.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import type { AccountOptions, GroupOptions, RetryPolicy, SpoolerOptions } from '../spooler/contract.ts';
import { defaultRetry, retryPolicy, type RetryOptions } from '../spooler/retry.ts';
import type { Retention } from '../store/message-store.ts';
import { defaultRetention } from '../spooler/housekeeping.ts';
import { systemRandom } from '../time/random.ts';
import { masked, type EffectiveConfiguration } from './configuration/effective.ts';
import { readConfigurationFile } from './configuration/file.ts';
import { loadProvider } from './configuration/providers.ts';
import { checked, type CheckedConfiguration } from './configuration/schema.ts';
import { findFile, fromEnvironment, kindOf, overridden, type Environment, type Overrides } from './configuration/sources.ts';

export type { EffectiveConfiguration, Overrides };

/** A connection URL, settings under a provider's name or module path, or a provider made by the file itself. */
export type ProviderConfiguration = string | { readonly use: string; readonly [setting: string]: unknown } | TransportProvider;

/** What `mailspool.config.*` exports. Every field has a default. */
export interface Configuration {
  /** Where the embedded store lies; relative to the file. Default `./spool`. */
  readonly directory?: string;
  /** In transport order. */
  readonly providers?: readonly ProviderConfiguration[];
  readonly accounts?: readonly AccountConfiguration[];
  /** Accounts that are sent from and fetched from together, in their own time. */
  readonly groups?: readonly GroupOptions[];
  /** A changed schedule, or a policy of your own. */
  readonly retry?: RetryConfiguration | RetryPolicy;
  /** How long finished mail stays, in ms. */
  readonly retention?: Partial<Retention>;
  /** `store` (default): reports for senders on this host are received mail; `wire`: they are sent. */
  readonly reports?: 'store' | 'wire';
  readonly offline?: boolean;
  readonly logger?: boolean | Logger;
}

export interface AccountConfiguration extends Pick<AccountOptions, 'name' | 'identities' | 'connections' | 'wanted'> {
  readonly providers: readonly ProviderConfiguration[];
  readonly credentials?:
    | AccountOptions['credentials']
    | { readonly user: string; readonly pass: string }
    | { readonly user: string; readonly accessToken: string; readonly expiresAt?: number };
}

export type RetryConfiguration = Partial<Omit<RetryOptions, 'later'>> & { readonly later?: Partial<RetryOptions['later']> };

/** Gives the checker's and the editor's help in a configuration file; returns what it is given. */
export const defineConfiguration = (configuration: Configuration): Configuration => configuration;

export interface ConfigurationSources {
  /** The file to read; without it MAILSPOOL_CONFIG, then `mailspool.config.*` in `workingDirectory`. */
  readonly file?: string;
  readonly workingDirectory?: string;
  /** Default `process.env`. */
  readonly environment?: Environment;
  /** What was said on the command line. */
  readonly overrides?: Overrides;
}

export interface LoadedConfiguration {
  readonly file?: string;
  /** Absolute. */
  readonly directory: string;
  readonly effective: EffectiveConfiguration;
  /** Whether any provider is configured. */
  readonly hasProviders: boolean;
  /** The settings of the first provider of that published name, where it is given with `use`. */
  settingsOf(use: string): Readonly<Record<string, unknown>> | undefined;
  /** Loads the providers; give it a store and hand it to `createSpooler`. @throws ECONFIG naming the provider's field */
  options(): Promise<Omit<SpoolerOptions, 'store'>>;
}

/** @throws ECONFIG: the file cannot be read or a field is wrong; `field` and `remedy` say which and what to do */
export async function loadConfiguration(sources: ConfigurationSources = {}): Promise<LoadedConfiguration> {
  const cwd = sources.workingDirectory ?? process.cwd();
  const { file: named, ...environment } = fromEnvironment(sources.environment ?? process.env);
  const file = await fileToRead(sources.file ?? named, cwd);
  const written = file === undefined ? {} : checked(await readConfigurationFile(file), file);
  const overrides = { ...absolute(environment, cwd), ...absolute(sources.overrides ?? {}, cwd) };
  const base = file === undefined ? cwd : dirname(file);
  const settings = checked(overridden(absolute(written, base), overrides), file ?? 'the configuration');
  const directory = settings.directory ?? resolve(cwd, 'spool');
  return {
    ...(file === undefined ? {} : { file }),
    directory,
    effective: effective(settings, directory, file, overrides),
    hasProviders: [settings, ...(settings.accounts ?? [])].some(({ providers }) => providers !== undefined && providers.length > 0),
    settingsOf: (use) => settingsOf(use, [settings, ...(settings.accounts ?? [])]),
    options: async () => await spoolerOptions(settings, base),
  };
}

const fileToRead = async (named: string | undefined, cwd: string): Promise<string | undefined> =>
  named === undefined ? await findFile(cwd) : resolve(cwd, named);

/** A relative directory is seen from where it was written. */
const absolute = <T extends { readonly directory?: string | undefined }>(settings: T, base: string): T =>
  settings.directory === undefined ? settings : { ...settings, directory: resolve(base, settings.directory) };

async function spoolerOptions(settings: CheckedConfiguration, base: string): Promise<Omit<SpoolerOptions, 'store'>> {
  const { groups, retry, retention, reports, offline, logger } = settings;
  const providers = await Promise.all((settings.providers ?? []).map(async (entry, at) => await loadProvider(entry, `providers[${at}]`, base)));
  const accounts = await Promise.all((settings.accounts ?? []).map(async (account, at) => await accountOptions(account, `accounts[${at}]`, base)));
  refuseRepeatedNames(accounts);
  return {
    providers,
    accounts,
    ...(groups === undefined ? {} : { groups }),
    ...(retry === undefined ? {} : { retry: isPolicy(retry) ? retry : retryPolicy(systemRandom, schedule(retry)) }),
    ...(retention === undefined ? {} : { retention }),
    ...(reports === undefined ? {} : { reports }),
    ...(offline === undefined ? {} : { offline }),
    ...(logger === undefined ? {} : { logger: logger as boolean | Logger }),
  };
}

type CheckedAccount = NonNullable<CheckedConfiguration['accounts']>[number];

async function accountOptions(account: CheckedAccount, field: string, base: string): Promise<AccountOptions> {
  const { name, identities, connections, wanted, credentials } = account;
  return {
    name,
    providers: await Promise.all(account.providers.map(async (entry, at) => await loadProvider(entry, `${field}.providers[${at}]`, base))),
    ...(identities === undefined ? {} : { identities }),
    ...(connections === undefined ? {} : { connections }),
    ...(wanted === undefined ? {} : { wanted }),
    ...(credentials === undefined ? {} : { credentials: source(credentials as NonNullable<AccountConfiguration['credentials']>) }),
  };
}

const source = (given: NonNullable<AccountConfiguration['credentials']>): NonNullable<AccountOptions['credentials']> =>
  'get' in given ? given : { get: () => Promise.resolve(given) };

function refuseRepeatedNames(accounts: readonly AccountOptions[]): void {
  const at = accounts.findIndex(({ name }, index) => accounts.findIndex((other) => other.name === name) !== index);
  const twice = accounts[at];
  if (twice === undefined) return;
  throw new MailspoolError('ECONFIG', `accounts[${at}].name: another account is called ${twice.name} already`, {
    field: `accounts[${at}].name`,
    remedy: 'Give each account a name of its own.',
  });
}

function settingsOf(use: string, groups: readonly Pick<CheckedConfiguration, 'providers'>[]): Readonly<Record<string, unknown>> | undefined {
  const entries = groups.flatMap(({ providers }) => providers ?? []) as readonly (string | { readonly use?: unknown })[];
  const found = entries.find((entry) => typeof entry === 'object' && entry.use === use);
  if (typeof found !== 'object') return undefined;
  const { use: _use, ...settings } = found;
  return settings;
}

const isPolicy = (retry: object): retry is RetryPolicy => 'next' in retry && typeof retry.next === 'function';

const schedule = (retry: object): RetryOptions => {
  const { later, ...rest } = retry as RetryConfiguration;
  return { ...defaultRetry, ...rest, later: { ...defaultRetry.later, ...later } };
};

function effective(settings: CheckedConfiguration, directory: string, file: string | undefined, overrides: Overrides): EffectiveConfiguration {
  const { retry, retention, logger } = settings;
  return {
    file: file ?? null,
    directory,
    providers: (settings.providers ?? []).map(describedProvider),
    accounts: (settings.accounts ?? []).map(({ providers, ...account }) => ({
      ...(masked(account) as object),
      providers: providers.map(describedProvider),
    })),
    groups: settings.groups ?? [],
    retry: retry !== undefined && isPolicy(retry) ? 'custom' : schedule(retry ?? {}),
    retention: { ...defaultRetention, ...retention },
    reports: settings.reports ?? 'store',
    offline: settings.offline ?? false,
    logger: typeof logger === 'object' ? 'custom' : (logger ?? false),
    overridden: Object.keys(overrides),
  };
}

const describedProvider = (entry: NonNullable<CheckedConfiguration['providers']>[number]): unknown =>
  typeof entry === 'string' ? { use: kindOf(entry), url: masked(entry) } : masked(entry);

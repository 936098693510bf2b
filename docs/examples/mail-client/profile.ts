// Who the person is to mail servers: the accounts of a configuration file, or two in a sandbox.
import { loadConfiguration, type SpoolerOptions } from 'mailspool';
import { startSandbox } from './sandbox.ts';

export interface Profile {
  readonly about: string;
  readonly options: Omit<SpoolerOptions, 'store'>;
  close(): Promise<void>;
}

/** @throws ECONFIG naming the file and the field */
export async function openProfile(file: string | undefined): Promise<Profile> {
  const configuration = await loadConfiguration(file === undefined ? {} : { file });
  if (!configuration.hasProviders) return await startSandbox();
  const options = await configuration.options();
  const names = (options.accounts ?? []).map(({ name, identities = [] }) => `${name} (${identities.join(', ')})`);
  return { about: `Accounts: ${names.join(' and ')}.`, options, close: () => Promise.resolve() };
}

// The profile: which sessions there are, by what names. A name means the same after a restart (M-011).
import { MailspoolError } from '../errors.ts';
import type { SessionKey } from '../message/recipient.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import { Account } from './account.ts';
import type { AccountOptions } from './contract.ts';
import { Session } from './session.ts';

/** In order of addition: providers without an account, then accounts. @throws EINVALID for names that cannot be kept apart */
export function sessionsOf(providers: readonly TransportProvider[], accounts: readonly AccountOptions[]): Session[] {
  const own = providers.map((provider) => new Session(nameOf(provider) as SessionKey, new Account(provider.name), provider));
  const inAccounts = accounts.flatMap((options) => {
    const account = new Account(options.name, options);
    return options.providers.map((provider) => new Session(`${options.name}/${nameOf(provider)}` as SessionKey, account, provider));
  });
  return distinct([...own, ...inAccounts]);
}

function nameOf({ name }: TransportProvider): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    throw new MailspoolError('EINVALID', `a provider's name is lower-case letters, digits, dots and hyphens, not ${JSON.stringify(name)}`, {
      field: 'providers.name',
    });
  }
  return name;
}

function distinct(sessions: readonly Session[]): Session[] {
  const seen = new Set<string>();
  for (const { key } of sessions) {
    if (seen.has(key)) {
      throw new MailspoolError('EINVALID', `two providers are called ${key}; give one another name, or put them into accounts`, {
        field: 'providers',
      });
    }
    seen.add(key);
  }
  return [...sessions];
}

// This computer as the commands for mailslots see it: the mailslot provider's settings in the configuration, and what the
// flags say in their place.
import type { MailslotHostOptions, MailslotNetwork } from 'mailspool/providers/mailslot';
import { MailspoolError } from '../../errors.ts';

/** What every command for mailslots has. */
export interface MailslotFlags {
  readonly host?: string;
  readonly domain?: string;
  readonly network?: readonly string[];
  readonly port?: number;
  readonly format?: 'native' | 'ms-mail';
  readonly peer?: readonly string[];
  readonly broadcast?: string;
  readonly multicast?: boolean;
  readonly slots?: string;
}

/** @throws EINVALID */
export function hostSettings(configured: Readonly<Record<string, unknown>> | undefined, flags: MailslotFlags): MailslotHostOptions {
  const { name, primaryDomain, memberOf, directory, network } = (configured ?? {}) as MailslotHostOptions;
  const own = networkOf(flags, network);
  return {
    ...given({ name: flags.host ?? name, primaryDomain: flags.domain ?? primaryDomain, memberOf, directory: flags.slots ?? directory }),
    ...(own && { network: own }),
  };
}

function networkOf({ network: addresses, port, format, peer, broadcast, multicast }: MailslotFlags, configured: MailslotNetwork | undefined) {
  const flags = given({
    addresses,
    port,
    format,
    broadcast,
    multicast,
    hosts: peer && { ...configured?.hosts, ...Object.fromEntries(peer.map(peerOf)) },
  });
  return Object.keys(flags).length === 0 ? configured : { ...configured, ...flags };
}

function peerOf(text: string): [string, string] {
  const [, name, address] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined)
    throw new MailspoolError('EINVALID', `--peer ${text}: expected NAME=ADDRESS`, { field: '--peer', remedy: 'Write --peer BETA=192.0.2.8.' });
  return [name, address];
}

/** Without what nobody said. */
const given = <T extends object>(values: T): { readonly [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { readonly [K in keyof T]?: NonNullable<T[K]> };

// Where the computers are that a name means: a table, a multicast group, or a broadcast.
import { createHash } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { MailspoolError } from 'mailspool/provider';
import type { Destination } from './link.ts';
import { type MailslotAddress, formatMailslotName, sameTarget } from '../name.ts';

export interface MailslotDirectory {
  /** Name → address, or address:port (IPv6 in brackets). */
  readonly hosts: Readonly<Record<string, string>>;
  /** Domain → its members: names of `hosts`, or addresses. */
  readonly domains: Readonly<Record<string, readonly string[]>>;
  /** Names that the tables do not have are asked for here, of everybody. */
  readonly broadcast?: string;
  /** Domains that the table does not have are multicast groups. */
  readonly multicast: boolean;
  /** Of groups: those with an address of this computer. */
  readonly families: readonly (4 | 6)[];
  readonly port: number;
}

/** 239.255.0.0/16 and ff12::/16: groups of a site and of a link (RFC 2365, RFC 4291 section 2.7). */
export function groupsOf(domain: string, families: readonly (4 | 6)[]): string[] {
  const digest = createHash('sha256').update(domain.toLowerCase()).digest();
  const words = [0, 2, 4, 6].map((at) => digest.readUInt16BE(at).toString(16));
  return families.map((family) => (family === 4 ? `239.255.${digest[0]}.${digest[1]}` : `ff12::${words.join(':')}`));
}

/** @throws EDNS if nothing says where the target is */
export function destinationsOf(address: MailslotAddress, target: string, directory: MailslotDirectory): Destination[] {
  const { domains, hosts, broadcast, multicast, families, port } = directory;
  const isHost = address.scope === 'host';
  const known = isHost ? entry(hosts, target) : entry(domains, target)?.map((member) => entry(hosts, member)?.[0] ?? member);
  if (known) return known.map((place) => unicast(place, port));
  if (!isHost && multicast) return groupsOf(target, families).map((group) => ({ address: group, port, kind: 'multicast' }));
  if (broadcast !== undefined) return [{ address: broadcast, port, kind: 'broadcast' }];
  throw new MailspoolError('EDNS', `nothing says where ${target} is, for ${formatMailslotName(address)}`, {
    field: 'name',
    remedy: `Name it in network.${isHost ? 'hosts' : 'domains'}, or set network.broadcast${isHost ? '' : ' or network.multicast'}.`,
  });
}

function entry<Value extends string | readonly string[]>(table: Readonly<Record<string, Value>>, name: string): readonly string[] | undefined {
  const found = Object.keys(table).find((key) => sameTarget(key, name));
  const value = found === undefined ? undefined : table[found];
  return typeof value === 'string' ? [value] : value;
}

/** @throws ECONFIG */
export function unicast(place: string, defaultPort: number): Destination {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(place) ?? [];
  const address = isIPv6(place) ? place : (bracketed ?? plain ?? '');
  if (isIP(address) === 0)
    throw new MailspoolError('ECONFIG', `${place} is no IP address; names of computers are those of network.hosts`, { field: 'network.hosts' });
  return { address, port: isIPv6(place) || port === undefined ? defaultPort : Number(port), kind: 'unicast' };
}

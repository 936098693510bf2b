// What a computer has beside its slots: the hub that listens, and the senders of datagrams. Without a network it is the
// only computer there is.
import { type Clock, type Logger, MailspoolError, type Random } from 'mailspool/provider';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { KeyRing, type MailslotAuthentication } from '../wire/authentication.ts';
import { destinationsOf, groupsOf, type MailslotDirectory, unicast } from './destinations.ts';
import { Hub } from './hub.ts';
import { type Destination, type Link, type Network, udpNetwork } from './link.ts';
import type { LocalDelivery } from '../local/local-delivery.ts';
import { msMailFormat } from '../wire/ms-mail-frame.ts';
import { type MailslotAddress, sameTarget } from '../name.ts';
import { nativeFormat } from '../wire/native-frame.ts';
import { netbiosDatagramPort } from '../wire/netbios-datagram.ts';
import { networkOfOne } from './network-of-one.ts';
import { remoteWriter } from './remote-writer.ts';
import type { WireFormat } from '../wire/wire-format.ts';
import type { MailslotWriter } from '../writer.ts';

export interface MailslotNetwork {
  /** `native`, the default: frames of our own. `ms-mail`: the Remote Mailslot Protocol that Windows and Samba speak. */
  readonly format?: 'native' | 'ms-mail';
  /** Of this computer, to listen at and to send from, one of each family; default `['127.0.0.1']`, so that nothing leaves it. */
  readonly addresses?: readonly string[];
  /** UDP; the same on all computers. Default 5138, with ms-mail 138. */
  readonly port?: number;
  /** Where computers are: name → address, or address:port. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Who is in a domain: domain → names of `hosts`, or addresses. */
  readonly domains?: Readonly<Record<string, readonly string[]>>;
  /** A broadcast address for names that the tables do not have. */
  readonly broadcast?: string;
  /** Domains that the table does not have are multicast groups, derived from their names. */
  readonly multicast?: boolean;
  /** How many routers a multicast may pass; default 1: the own subnet, 0: this computer. */
  readonly ttl?: number;
  /** Native frames only (S-040). Default: none is looked at. */
  readonly authentication?: MailslotAuthentication;
  /** What becomes of repeats of a datagram; default `drop`. The original delivers them (S-029). */
  readonly duplicates?: 'drop' | 'deliver';
  /** Default: UDP. */
  readonly transport?: Network;
}

export interface NetworkedHostOptions {
  readonly host: string;
  readonly primaryDomain: string | undefined;
  readonly domains: readonly string[];
  readonly network: MailslotNetwork | undefined;
  readonly delivery: LocalDelivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class NetworkedHost {
  readonly hub: Hub;
  readonly #options: NetworkedHostOptions;
  readonly #transport: Network;
  readonly #format: WireFormat;
  readonly #addresses: readonly string[];
  readonly #ttl: number;
  readonly #directory: MailslotDirectory;
  #started: Promise<void> | undefined;
  #sender: Promise<Link> | undefined;

  /** @throws ECONFIG */
  constructor(options: NetworkedHostOptions) {
    const { host, domains, network = {}, delivery, clock, random, logger } = options;
    const keys = network.authentication && new KeyRing(network.authentication);
    this.#options = options;
    this.#transport = network.transport ?? (options.network ? udpNetwork : networkOfOne());
    this.#addresses = network.addresses ?? ['127.0.0.1'];
    this.#ttl = network.ttl ?? 1;
    if (network.format === 'ms-mail' && keys)
      throw new MailspoolError('ECONFIG', 'network.authentication: the Remote Mailslot Protocol has none; use the native format', {
        field: 'network.authentication',
      });
    this.#format =
      network.format === 'ms-mail'
        ? msMailFormat(random, { sourceAddress: sourceAddressOf(this.#addresses), sourcePort: network.port ?? netbiosDatagramPort })
        : nativeFormat(keys);
    const port = network.port ?? this.#format.defaultPort;
    const families = [...new Set(this.#addresses.map((address) => (isIPv6(address) ? 6 : 4)))];
    this.#directory = {
      hosts: network.hosts ?? {},
      domains: network.domains ?? {},
      multicast: network.multicast ?? false,
      ...(network.broadcast !== undefined && { broadcast: network.broadcast }),
      families,
      port,
    };
    for (const place of Object.values(this.#directory.hosts)) unicast(place, port);
    const groups = network.multicast ? domains.flatMap((domain) => groupsOf(domain, families)) : [];
    const broadcast = network.broadcast === undefined ? {} : { broadcast: network.broadcast };
    this.hub = new Hub({
      network: this.#transport,
      listen: { addresses: this.#addresses, ttl: this.#ttl, port, groups, ...broadcast },
      format: this.#format,
      names: [host, ...domains],
      duplicates: network.duplicates ?? 'drop',
      windowMs: keys?.windowMs ?? 0,
      delivery,
      clock,
      logger,
    });
  }

  /** What a name may mean that is no computer. */
  get domains(): readonly string[] {
    return [...this.#options.domains, ...Object.keys(this.#directory.domains)];
  }

  /** The hub listens, or knows that another process does. */
  start(): Promise<void> {
    this.#started ??= this.hub.start();
    return this.#started;
  }

  /** @throws EDNS, EINVALID */
  writer(address: MailslotAddress): MailslotWriter {
    const { host, clock, random } = this.#options;
    const target = this.#targetOf(address);
    return remoteWriter({
      address,
      target,
      source: host,
      destinations: this.#destinations(address, target),
      format: this.#format,
      link: () => this.#link(),
      clock,
      random,
    });
  }

  async close(): Promise<void> {
    await this.#started?.catch(() => undefined);
    await this.hub.stop();
    await (await this.#sender?.catch(() => undefined))?.close();
  }

  #targetOf({ scope, target }: MailslotAddress): string {
    const name = scope === 'primary-domain' ? this.#options.primaryDomain : target;
    if (name === undefined)
      throw new MailspoolError('EINVALID', '\\\\*\\ means the primary domain, and this computer has none', {
        field: 'name',
        remedy: 'Set primaryDomain, or name the domain.',
      });
    return name;
  }

  /** A domain that this computer is in includes it (S-026). */
  #destinations(address: MailslotAddress, target: string): Destination[] {
    const { host, domains } = this.#options;
    const own = this.#ownPlace();
    if (sameTarget(target, host)) return [own];
    const isMember = domains.some((domain) => sameTarget(domain, target));
    const alone = this.#options.network === undefined;
    const found = alone && isMember ? [] : destinationsOf(address, target, this.#directory);
    const hearsItself = found.some((one) => one.kind !== 'unicast' || (one.address === own.address && one.port === own.port));
    return isMember && !hearsItself ? [...found, own] : found;
  }

  #ownPlace(): Destination {
    const [first = '127.0.0.1'] = this.#addresses;
    const address = first === '0.0.0.0' ? '127.0.0.1' : first === '::' ? '::1' : first;
    return { address, port: this.#directory.port, kind: 'unicast' };
  }

  #link(): Promise<Link> {
    this.#sender ??= this.#transport.sender({ addresses: this.#addresses, ttl: this.#ttl });
    return this.#sender;
  }
}

/** What NetBIOS datagrams say of where they come from (RFC 1002 section 4.4.1). */
function sourceAddressOf(addresses: readonly string[]): string {
  const loopback = '127.0.0.1';
  const own = addresses.find((address) => !isIPv6(address)) ?? loopback;
  if (own !== '0.0.0.0') return own;
  const outward = Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ family, internal }) => family === 'IPv4' && !internal));
  return outward[0]?.address ?? loopback;
}

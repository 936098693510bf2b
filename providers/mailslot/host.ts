// This computer, as mailslots see it: its slots, its names, and its network, if it has one.
import { hostname } from 'node:os';
import { type Clock, type Logger, MailspoolError, type Random, systemClock, systemRandom } from 'mailspool/provider';
import { MailslotExistsError, MailslotNotFoundError } from './errors.ts';
import type { HubCounters } from './network/hub.ts';
import { LocalDelivery } from './local/local-delivery.ts';
import { checkedTimeout, type Mailslot, OwnerHandle } from './mailslot.ts';
import { type MailslotAddress, maxTargetLength, parseMailslotName, slotKey } from './name.ts';
import { type MailslotNetwork, NetworkedHost } from './network/networked-host.ts';
import { type MailslotAccess, type ReadTimeout, Slot } from './slot.ts';
import { slotServer } from './local/slot-server.ts';
import { defaultDirectory, SocketDirectory } from './local/socket-directory.ts';
import { directWriter, type MailslotWriter, SocketWriter } from './writer.ts';

export interface MailslotHostOptions {
  /** What others call this computer: 1 to 15 ASCII characters. Default: the system's host name up to the first dot. */
  readonly name?: string;
  /** What `\\*\` means. */
  readonly primaryDomain?: string;
  /** Further domains that it is a member of. */
  readonly memberOf?: readonly string[];
  /** Where the sockets of slots are; whoever shares it shares slots. Default: `mailslots` in the user's runtime directory. */
  readonly directory?: string;
  /** Without one nothing leaves this computer. */
  readonly network?: MailslotNetwork;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** `CreateMailslot`. Sizes in bytes. */
export interface CreateMailslotOptions {
  /** Of one message; default 0: any size, or `maxQueuedBytes` where others than the owner may write. */
  readonly maxMessageSize?: number;
  /** How long a read waits for a message: ms or `forever`, the default. */
  readonly readTimeout?: ReadTimeout;
  /** Who on this computer may write; default `owner`. */
  readonly access?: MailslotAccess;
  /** Where datagrams begin to be dropped, and local writers to wait; defaults 10,000 messages and 64 MiB. */
  readonly maxQueuedMessages?: number;
  readonly maxQueuedBytes?: number;
}

export interface MailslotHost extends AsyncDisposable {
  readonly name: string;
  /** @throws EEXIST, EINVALID, ECONFIG */
  createMailslot(name: string, options?: CreateMailslotOptions): Promise<Mailslot>;
  /** Local names must exist; of others nothing is known (S-018, S-019). @throws ENOTFOUND, EINVALID, EDNS */
  openMailslot(address: string | MailslotAddress): Promise<MailslotWriter>;
  /** What came from the network to this process, and what became of it. */
  readonly hub: { readonly state: 'listening' | 'elsewhere'; readonly counters: HubCounters };
  /** Closes the hub and the senders; slots live on until their handles are closed. */
  close(): Promise<void>;
}

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** @throws ECONFIG */
export function mailslotHost(options: MailslotHostOptions = {}): MailslotHost {
  return new Host(options);
}

class Host implements MailslotHost {
  readonly name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #directory: SocketDirectory;
  readonly #slots = new Map<string, Slot>();
  readonly #delivery: LocalDelivery;
  readonly #networked: NetworkedHost;

  constructor({
    name,
    primaryDomain,
    memberOf = [],
    directory,
    network,
    clock = systemClock,
    random = systemRandom,
    logger = quiet,
  }: MailslotHostOptions) {
    this.name = checkedName('name', name ?? (hostname().split('.')[0] as string).slice(0, maxTargetLength));
    this.#clock = clock;
    this.#logger = logger;
    this.#directory = new SocketDirectory(directory ?? defaultDirectory(), random);
    this.#delivery = new LocalDelivery(this.#slots, this.#directory, clock);
    const domains = [
      ...(primaryDomain === undefined ? [] : [checkedName('primaryDomain', primaryDomain)]),
      ...memberOf.map((one) => checkedName('memberOf', one)),
    ];
    this.#networked = new NetworkedHost({ host: this.name, primaryDomain, domains, network, delivery: this.#delivery, clock, random, logger });
  }

  get hub(): MailslotHost['hub'] {
    return this.#networked.hub;
  }

  async createMailslot(name: string, options: CreateMailslotOptions = {}): Promise<Mailslot> {
    const address = parseMailslotName(name);
    if (address.scope !== 'local')
      throw new MailspoolError('EINVALID', `${name} is not on this computer: slots are created as \\\\.\\mailslot\\name`, { field: 'name' });
    const slot = new Slot(address, settingsOf(options), this.#clock);
    if (this.#slots.has(slot.key)) throw new MailslotExistsError(address);
    // From here on nobody else of this process gets the name.
    this.#slots.set(slot.key, slot);
    try {
      const release = await this.#directory.claim(slot.key, slotServer(slot, this.#logger), slot.settings.access);
      if (!release) throw new MailslotExistsError(address);
      slot.release = release;
      await this.#networked.start();
    } catch (error) {
      await this.#vanish(slot);
      throw error;
    }
    return new OwnerHandle(slot, this.#clock, async () => await this.#vanish(slot));
  }

  async openMailslot(address: string | MailslotAddress): Promise<MailslotWriter> {
    const parsed = typeof address === 'string' ? parseMailslotName(address, { domains: this.#networked.domains }) : address;
    if (parsed.scope !== 'local') return this.#networked.writer(parsed);
    const key = slotKey(parsed.path);
    const slot = this.#slots.get(key);
    if (slot) return directWriter(slot);
    const socket = await this.#directory.connect(key);
    if (!socket) throw new MailslotNotFoundError(parsed);
    return await SocketWriter.open(parsed, socket);
  }

  async close(): Promise<void> {
    await this.#networked.close();
    this.#delivery.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #vanish(slot: Slot): Promise<void> {
    slot.end();
    await slot.release();
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
  }
}

function settingsOf({
  maxMessageSize = 0,
  readTimeout = 'forever',
  access = 'owner',
  maxQueuedMessages = 10_000,
  maxQueuedBytes = 64 * 2 ** 20,
}: CreateMailslotOptions): Slot['settings'] {
  const sizes = { maxMessageSize, maxQueuedMessages, maxQueuedBytes };
  for (const [field, value] of Object.entries(sizes))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new MailspoolError('EINVALID', `${field} must be a whole number, 0 or more, not ${value}`, { field });
  if (!['owner', 'group', 'everyone'].includes(access))
    throw new MailspoolError('EINVALID', `access must be owner, group or everyone, not ${access as string}`, { field: 'access' });
  // Whoever else may write cannot fill this process's memory with one message.
  const isBounded = access !== 'owner' && maxMessageSize === 0;
  return { ...sizes, ...(isBounded && { maxMessageSize: maxQueuedBytes }), readTimeout: checkedTimeout(readTimeout), access };
}

function checkedName(field: string, name: string): string {
  try {
    parseMailslotName(`\\\\${name}\\mailslot\\x`);
    return name;
  } catch (error) {
    throw new MailspoolError('ECONFIG', `${field}: ${name} is no name of a computer or domain; 1 to ${maxTargetLength} ASCII letters and digits`, {
      field,
      cause: error,
    });
  }
}

// What the transport provider is told, checked before anything is opened.
import { MailspoolError } from 'mailspool/provider';
import { type CreateMailslotOptions, mailslotHost, type MailslotHost, type MailslotHostOptions } from '../host.ts';
import { formatMailslotName, type MailslotAddress, parseMailslotName, slotKey } from '../name.ts';
import type { MailslotNetwork } from '../network/networked-host.ts';

/** A slot for mail: its name, `inbox` or `\\.\mailslot\inbox`, or that with settings of the slot. */
export type MailslotInboxOptions = string | ({ readonly name: string } & Pick<CreateMailslotOptions, InboxSetting>);

type InboxSetting = 'access' | 'maxMessageSize' | 'maxQueuedMessages' | 'maxQueuedBytes';

export interface MailslotOptions extends Pick<MailslotHostOptions, 'name' | 'primaryDomain' | 'memberOf' | 'directory' | 'network'> {
  /** The provider's name; default `mailslot`. */
  readonly providerName?: string;
  /** Where mail for this program arrives; it owns these slots. Default: none, it only sends. */
  readonly inboxes?: readonly MailslotInboxOptions[];
  /** A host that the program has already, instead of the five settings above. It is not closed by the provider. */
  readonly host?: MailslotHost;
  /** Larger mail is not offered to datagrams at all; default 2,048 bytes. What then still does not fit is left to the next match. */
  readonly maxDatagramMailBytes?: number;
}

export interface Inboxed {
  readonly address: MailslotAddress;
  readonly options: CreateMailslotOptions;
}

export interface MailslotSettings {
  readonly providerName: string;
  readonly inboxes: readonly Inboxed[];
  readonly maxDatagramMailBytes: number;
  readonly host: MailslotHost | undefined;
  readonly hostOptions: MailslotHostOptions;
}

const known: Readonly<Record<keyof MailslotOptions, true>> = {
  name: true,
  primaryDomain: true,
  memberOf: true,
  directory: true,
  network: true,
  providerName: true,
  inboxes: true,
  host: true,
  maxDatagramMailBytes: true,
};

const knownOfNetwork: Readonly<Record<keyof MailslotNetwork, true>> = {
  format: true,
  addresses: true,
  port: true,
  hosts: true,
  domains: true,
  broadcast: true,
  multicast: true,
  ttl: true,
  authentication: true,
  duplicates: true,
  transport: true,
};

const knownOfInbox: Readonly<Record<'name' | InboxSetting, true>> = {
  name: true,
  access: true,
  maxMessageSize: true,
  maxQueuedMessages: true,
  maxQueuedBytes: true,
};

const hostSettings = ['name', 'primaryDomain', 'memberOf', 'directory', 'network'] as const;

/** @throws ECONFIG naming the field */
export function mailslotSettings(options: MailslotOptions): MailslotSettings {
  refuseUnknown(options, known, '');
  if (options.network) refuseUnknown(options.network, knownOfNetwork, 'network.');
  const { providerName = 'mailslot', inboxes = [], host, maxDatagramMailBytes = 2_048 } = options;
  if (!/^[a-z][a-z0-9-]*$/.test(providerName)) wrong('providerName', 'must be small letters, digits and hyphens');
  if (!Number.isSafeInteger(maxDatagramMailBytes) || maxDatagramMailBytes < 1) wrong('maxDatagramMailBytes', 'must be a number of bytes above 0');
  if (host !== undefined && typeof host.createMailslot !== 'function') wrong('host', 'must be what mailslotHost() returns');
  const hostOptions = Object.fromEntries(hostSettings.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
  const [given] = Object.keys(hostOptions);
  if (host && given !== undefined) wrong(given, 'contradicts host, which has it already; give one of them');
  // It opens nothing, and says what is wrong with its settings.
  if (!host) mailslotHost(hostOptions);
  const checked = inboxes.map((inbox, at) => inboxed(inbox, `inboxes[${at}]`));
  const twice = checked.findIndex(({ address }, at) => checked.findIndex((other) => slotKey(other.address.path) === slotKey(address.path)) !== at);
  if (twice >= 0) wrong(`inboxes[${twice}]`, 'is there twice');
  return { providerName, inboxes: checked, maxDatagramMailBytes, host, hostOptions };
}

/** What a person writes for a slot of this computer: `notices` stands for `\\.\mailslot\notices`. */
export const localName = (name: string): string => (/^[\\/]{2}/.test(name) ? name : `\\\\.\\mailslot\\${name}`);

function inboxed(inbox: MailslotInboxOptions, field: string): Inboxed {
  if (typeof inbox !== 'string') refuseUnknown(inbox, knownOfInbox, `${field}.`);
  const { name, ...options } = typeof inbox === 'string' ? { name: inbox } : inbox;
  if (typeof name !== 'string') return wrong(field, 'must be the name of a slot, or an object with its name');
  const address = parsed(localName(name), field);
  if (address.scope !== 'local') wrong(field, `is ${formatMailslotName(address)}; mail arrives in slots of this computer only`);
  return { address, options };
}

function parsed(name: string, field: string): MailslotAddress {
  try {
    return parseMailslotName(name);
  } catch (error) {
    return wrong(field, `is no name of a slot: ${(error as Error).message}`);
  }
}

function refuseUnknown(given: object, names: Readonly<Record<string, true>>, prefix: string): void {
  const found = Object.keys(given).find((name) => !Object.hasOwn(names, name));
  if (found !== undefined) wrong(`${prefix}${found}`, `is no setting; there are ${Object.keys(names).join(', ')}`);
}

function wrong(field: string, what: string): never {
  throw new MailspoolError('ECONFIG', `mailslot: ${field} ${what}`, { field });
}

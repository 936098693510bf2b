// Mailslots: one-way messages to one computer or to every computer of a domain, without receipt. An API of its own, and a
// transport provider for the address type MAILSLOT.
import { type CreateMailslotOptions, mailslotHost, type MailslotHost } from './host.ts';
import type { Mailslot } from './mailslot.ts';
import type { MailslotAddress } from './name.ts';
import type { MailslotWriter } from './writer.ts';

export type { MailslotAuthentication, MailslotKey } from './wire/authentication.ts';
export {
  MailslotBufferTooSmallError,
  MailslotClosedError,
  MailslotExistsError,
  MailslotMessageTooLargeError,
  MailslotNotFoundError,
} from './errors.ts';
export { mailslotHost, type CreateMailslotOptions, type MailslotHost, type MailslotHostOptions } from './host.ts';
export type { HubCounters } from './network/hub.ts';
export { udpNetwork, type Destination, type Link, type LinkOptions, type ListenOptions, type Network, type OnFrame } from './network/link.ts';
export type { Mailslot, MailslotInfo, ReadOptions } from './mailslot.ts';
export type { DatagramOrigin, MailslotMessage } from './message.ts';
export { formatMailslotName, parseMailslotName, type MailslotAddress, type MailslotScope, type ParseMailslotNameOptions } from './name.ts';
export type { MailslotNetwork } from './network/networked-host.ts';
export { receiveMailslot, type PassedOnMailslot } from './passed-on.ts';
export type { MailslotInboxOptions, MailslotOptions } from './mail/options.ts';
export { mailslot } from './mail/provider.ts';
export type { MailslotAccess, ReadTimeout } from './slot.ts';
export { maxDatagramBytes, type DropReason } from './wire/wire-format.ts';
export type { MailslotWriter, MailslotWritten } from './writer.ts';

let ofThisProcess: MailslotHost | undefined;

/** The computer without a network, and with the directory of this user: what the two functions below use. */
const here = (): MailslotHost => (ofThisProcess ??= mailslotHost());

/**
 * Creates `\\.\mailslot\name`. For slots that are reached from other computers see {@link mailslotHost}.
 * @throws EEXIST, EINVALID, ECONFIG
 */
export const createMailslot = (name: string, options?: CreateMailslotOptions): Promise<Mailslot> => here().createMailslot(name, options);

/** Opens a slot of this computer for writing. @throws ENOTFOUND, EINVALID */
export const openMailslot = (address: string | MailslotAddress): Promise<MailslotWriter> => here().openMailslot(address);

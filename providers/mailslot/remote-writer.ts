// Writes datagrams to a slot of another computer, or of every computer of a domain. Opening one contacts nobody (S-019).
import { type Clock, MailspoolError, type Random } from 'mailspool/provider';
import { MailslotClosedError, MailslotMessageTooLargeError } from './errors.ts';
import type { Destination, Link } from './link.ts';
import { formatMailslotName, type MailslotAddress } from './name.ts';
import type { Datagram, WireFormat } from './wire-format.ts';
import type { MailslotWriter } from './writer.ts';

export interface RemoteWriterOptions {
  readonly address: MailslotAddress;
  /** As the frame names it: the primary domain has its own name there. */
  readonly target: string;
  readonly source: string;
  readonly destinations: readonly Destination[];
  readonly format: WireFormat;
  readonly link: () => Promise<Link>;
  readonly clock: Clock;
  readonly random: Random;
}

export function remoteWriter({ address, target, source, destinations, format, link, clock, random }: RemoteWriterOptions): MailslotWriter {
  const { path } = address;
  const maxMessageSize = format.maxDataBytes(path);
  const scope: Datagram['scope'] = address.scope === 'host' ? 'host' : 'domain';
  let closed: Error | undefined;
  const close = () => {
    closed ??= new MailslotClosedError(address);
    return Promise.resolve();
  };
  return {
    address,
    maxMessageSize,
    write: async (given, { signal } = {}) => {
      signal?.throwIfAborted();
      if (closed) throw closed;
      const data = typeof given === 'string' ? Buffer.from(given) : given;
      if (data.length > maxMessageSize) throw new MailslotMessageTooLargeError('EBADNETPATH', address, data.length, maxMessageSize);
      const id = Buffer.from(random.bytes(16)).toString('hex');
      const frame = format.encode({ id, sentAt: clock.now(), source, scope, target, path, data });
      await handedOver(await link(), frame, destinations, address);
      return { bytes: data.length, outcome: 'relayed' };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** To each; it is enough that the network took one. @throws ENETWORK */
async function handedOver(link: Link, frame: Buffer, destinations: readonly Destination[], address: MailslotAddress): Promise<void> {
  const [first] = destinations;
  if (destinations.length === 1 && first) return await link.send(frame, first).catch((error: unknown) => refused(address, error));
  const sent = await Promise.allSettled(destinations.map((destination) => link.send(frame, destination)));
  const refusals = sent.filter((one) => one.status === 'rejected');
  if (refusals.length === sent.length) refused(address, refusals[0]?.reason);
}

function refused(address: MailslotAddress, cause: unknown): never {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  throw new MailspoolError('ENETWORK', `the network did not take a datagram to ${formatMailslotName(address)}${why}`, { cause });
}

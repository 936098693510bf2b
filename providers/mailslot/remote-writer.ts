// Writes datagrams to a slot of another computer, or of every computer of a domain. Opening one contacts nobody (S-019).
import type { Clock, Random } from 'mailspool/provider';
import { MailslotClosedError, MailslotMessageTooLargeError } from './errors.ts';
import type { Destination, Link } from './link.ts';
import type { MailslotAddress } from './name.ts';
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
      const open = await link();
      await Promise.all(destinations.map(async (destination) => await open.send(frame, destination)));
      return { bytes: data.length, outcome: 'relayed' };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

// Writes datagrams to a slot of another computer, or of every computer of a domain. Opening one contacts nobody (S-019).
import { type Clock, MailspoolError, type Random } from 'mailspool/provider';
import { MailslotClosedError, MailslotMessageTooLargeError } from '../errors.ts';
import type { Destination, Link } from './link.ts';
import { formatMailslotName, type MailslotAddress } from '../name.ts';
import type { WireFormat } from '../wire/wire-format.ts';
import type { MailslotWriter } from '../writer.ts';

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
  const encode = format.encoder({ source, scope: address.scope === 'host' ? 'host' : 'domain', target, path });
  const only = destinations.length === 1 ? destinations[0] : undefined;
  let closed: Error | undefined;
  let open: Link | undefined;
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
      const frame = encode({ id: random.bytes(16), sentAt: clock.now(), data });
      open ??= await link();
      try {
        await (only ? open.send(frame, only) : sentToEach(open, frame, destinations));
      } catch (cause) {
        const why = cause instanceof Error ? `: ${cause.message}` : '';
        throw new MailspoolError('ENETWORK', `the network did not take a datagram to ${formatMailslotName(address)}${why}`, { cause });
      }
      return { bytes: data.length, outcome: 'relayed' };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** It is enough that the network took one. @throws what the network said of the first, if it took none */
async function sentToEach(link: Link, frame: Buffer, destinations: readonly Destination[]): Promise<void> {
  const sent = await Promise.allSettled(destinations.map((destination) => link.send(frame, destination)));
  const refusals = sent.filter((one) => one.status === 'rejected');
  if (refusals.length === sent.length) throw refusals[0]?.reason;
}

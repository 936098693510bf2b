// What carries frames between computers: UDP, or what a test puts in its place.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface Destination {
  readonly address: string;
  readonly port: number;
  /** One address for many computers. */
  readonly kind: 'unicast' | 'broadcast' | 'multicast';
}

export interface LinkOptions {
  /** Addresses of this computer; datagrams leave from the one of their family. */
  readonly addresses: readonly string[];
  /** Time to live of multicast; 0 does not leave this computer. */
  readonly ttl: number;
}

export interface ListenOptions extends LinkOptions {
  readonly port: number;
  /** Multicast groups to be a member of. */
  readonly groups: readonly string[];
  /** Also for what is sent to broadcast addresses. */
  readonly broadcast?: string;
}

/** Nothing that is sent is answered for. */
export interface Link {
  /** Resolves when the frame was handed to the network. */
  send(frame: Buffer, to: Destination): Promise<void>;
  close(): Promise<void>;
}

export type OnFrame = (frame: Buffer, from: Pick<RemoteInfo, 'address' | 'port'>) => void;

export interface Network {
  /** @throws EADDRINUSE (the system's) while another process listens */
  listen(options: ListenOptions, onFrame: OnFrame): Promise<Link>;
  sender(options: LinkOptions): Promise<Link>;
}

export const udpNetwork: Network = {
  listen: async ({ addresses, port, groups, ttl, broadcast }, onFrame) => {
    const sockets = new Map<string, Socket>();
    try {
      for (const address of addresses) sockets.set(address, await openSender(address, port, ttl));
      // A socket that is bound to one address hears neither broadcasts nor groups: those have sockets of their own.
      if (broadcast !== undefined && !sockets.has(anyIpv4)) sockets.set(broadcast, await openSocket(broadcast, port));
      for (const group of groups) {
        const home = addresses.find((address) => isIPv6(address) === isIPv6(group));
        if (home === undefined) continue;
        const heardAt = interfaceOf(home);
        // Groups of a link are one on each link: the address says which.
        const socket =
          (isAny(home) ? sockets.get(home) : undefined) ?? (await openSocket(isIPv6(home) ? `${group}${heardAt?.slice(2) ?? ''}` : group, port));
        sockets.set(isAny(home) ? home : group, socket);
        socket.addMembership(group, heardAt);
      }
    } catch (error) {
      await Promise.all([...sockets.values()].map(closed));
      throw error;
    }
    for (const socket of sockets.values()) socket.on('message', onFrame);
    return linkOf(
      addresses.map((address) => [address, sockets.get(address) as Socket]),
      [...sockets.values()],
    );
  },
  sender: async ({ addresses, ttl }) => {
    const sockets: [string, Socket][] = [];
    for (const address of addresses) sockets.push([address, await openSender(address, 0, ttl)]);
    for (const [, socket] of sockets) socket.unref();
    return linkOf(
      sockets,
      sockets.map(([, socket]) => socket),
    );
  },
};

const anyIpv4 = '0.0.0.0';
const anyIpv6 = '::';
const isAny = (address: string): boolean => address === anyIpv4 || address === anyIpv6;

function linkOf(senders: readonly (readonly [string, Socket])[], all: readonly Socket[]): Link {
  const ofFamily = (six: boolean) => senders.find(([address]) => isIPv6(address) === six)?.[1];
  const [four, six] = [ofFamily(false), ofFamily(true)];
  return {
    send: (frame, { address, port }) =>
      new Promise((resolve, reject) => {
        const socket = address.includes(':') ? six : four;
        if (!socket) return reject(new Error(`no address of this computer is of the family of ${address}`));
        socket.send(frame, port, address, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => void (await Promise.all(all.map(closed))),
  };
}

/** Bound to an address of this computer. */
async function openSender(address: string, port: number, ttl: number): Promise<Socket> {
  const socket = await openSocket(address, port);
  socket.setBroadcast(true);
  socket.setMulticastTTL(ttl);
  socket.setMulticastLoopback(true);
  const multicastInterface = interfaceOf(address);
  if (multicastInterface !== undefined) socket.setMulticastInterface(multicastInterface);
  return socket;
}

async function openSocket(address: string, port: number): Promise<Socket> {
  // Without reuseAddr: two sockets on one port do not share, one of them gets everything.
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 4 * 1_024 * 1_024 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
  // Errors of datagrams under way concern nobody: there is no receipt (S-027).
  socket.on('error', () => undefined);
  return socket;
}

/** What groups are joined on and multicast leaves by, `::%name` in IPv6; `undefined` is the system's choice. */
function interfaceOf(address: string): string | undefined {
  if (isAny(address)) return undefined;
  if (!isIPv6(address)) return address;
  const [plain, zone] = address.split('%');
  const name = zone ?? Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === plain?.toLowerCase()))?.[0];
  return name === undefined ? undefined : `::%${name}`;
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));

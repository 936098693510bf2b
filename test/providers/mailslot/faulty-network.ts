// A network in the process that loses, repeats and swaps frames, drawn from a seed. Frames arrive at once, or later by
// the clock; who listens where is as with UDP: one process at each address and port.
import { fraction } from '../../../src/time/random.ts';
import type { Clock, Random } from 'mailspool/provider';
import type { Destination, Link, ListenOptions, Network, OnFrame } from 'mailspool/providers/mailslot';

export interface Faults {
  /** Shares of frames, 0 to 1. */
  readonly loss?: number;
  readonly repeats?: number;
  /** Frames arrive up to so much later, each by itself. */
  readonly delayMs?: number;
}

export interface SentFrame {
  readonly frame: Buffer;
  readonly to: Destination;
}

export interface FaultyNetwork {
  /** What a computer with that address has. */
  at(address: string): Network;
  faults: Faults;
  /** Everything that was handed to it. */
  readonly sent: readonly SentFrame[];
  /** As if somebody at that address had sent it. */
  inject(frame: Buffer, to: Omit<Destination, 'kind'>, from?: string): void;
}

interface Listener {
  readonly options: ListenOptions;
  readonly onFrame: OnFrame;
}

export function faultyNetwork(clock: Clock, random: Random): FaultyNetwork {
  const listeners = new Set<Listener>();
  const sent: SentFrame[] = [];
  const hears = ({ options }: Listener, { address, port }: Omit<Destination, 'kind'>) =>
    options.port === port && [...options.addresses, ...options.groups, options.broadcast].includes(address);
  const arrives = (frame: Buffer, to: Omit<Destination, 'kind'>, from: string) => {
    for (const listener of listeners) if (hears(listener, to)) listener.onFrame(Buffer.from(frame), { address: from, port: to.port });
  };
  const carried = async (frame: Buffer, to: Destination, from: string) => {
    const { delayMs = 0 } = network.faults;
    if (delayMs > 0) await clock.sleep(1 + fraction(random) * delayMs);
    arrives(frame, to, from);
  };
  const linkAt = (from: string, whenClosed = () => {}): Link => ({
    send: async (frame, to) => {
      sent.push({ frame: Buffer.from(frame), to });
      const { loss = 0, repeats = 0 } = network.faults;
      if (fraction(random) < loss) return;
      void carried(frame, to, from);
      if (fraction(random) < repeats) void carried(frame, to, from);
    },
    close: async () => whenClosed(),
  });
  const network: FaultyNetwork = {
    faults: {},
    sent,
    inject: (frame, to, from = '192.0.2.99') => arrives(frame, to, from),
    at: (address) => ({
      listen: async (options, onFrame) => {
        const taken = [...listeners].some(({ options: other }) => other.port === options.port && other.addresses.includes(address));
        if (taken) throw Object.assign(new Error(`${address} is in use`), { code: 'EADDRINUSE' });
        const listener = { options, onFrame };
        listeners.add(listener);
        return linkAt(address, () => listeners.delete(listener));
      },
      sender: async () => linkAt(address),
    }),
  };
  return network;
}

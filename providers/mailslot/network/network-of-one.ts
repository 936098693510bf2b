// The network of a computer that has none: what it sends to itself arrives, and there is nobody else.
import type { Link, Network, OnFrame } from './link.ts';

export function networkOfOne(): Network {
  let receive: OnFrame | undefined;
  const link: Link = {
    send: async (frame) => receive?.(frame, { address: '127.0.0.1', port: 0 }),
    close: async () => undefined,
  };
  return {
    listen: async (_options, onFrame) => {
      receive = onFrame;
      return link;
    },
    sender: async () => link,
  };
}

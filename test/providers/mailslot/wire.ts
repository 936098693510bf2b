// A wire between hosts of one process: it carries each frame to whoever listens at its address, at once and in order.
import type { MailslotNetwork, Network, OnFrame } from 'mailspool/providers/mailslot';

/** Each call is a wire of its own, to which hosts are attached by their addresses. */
export function attached(addresses: Readonly<Record<string, string>>): (name: string) => MailslotNetwork {
  const listening = new Map<string, OnFrame>();
  const transport = (own: string): Network => {
    const link = {
      send: async (frame: Buffer, to: { readonly address: string }) => listening.get(to.address)?.(Buffer.from(frame), { address: own, port: 5138 }),
      close: async () => undefined,
    };
    return {
      listen: async (_options, onFrame) => {
        listening.set(own, onFrame);
        return { ...link, close: async () => void listening.delete(own) };
      },
      sender: async () => link,
    };
  };
  return (name) => ({ addresses: [addresses[name] as string], hosts: addresses, transport: transport(addresses[name] as string) });
}

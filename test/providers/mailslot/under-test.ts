// The mailslot provider as the conformance suite wants it. The other side is another host: its slots, which a reader
// empties, and a writer to the inbox.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mailslot, mailslot, type MailslotHost, mailslotHost } from 'mailspool/providers/mailslot';
import type { Delivered, ProviderCapabilities, ProviderFactory } from 'mailspool/testing';
import { decodeEnvelope, encodeEnvelope } from '../../../providers/mailslot/mail/envelope.ts';
import { attached } from './wire.ts';

const noConnection = 'it keeps no connection: a slot has the whole message, or nothing of it';
const noCredentials = 'it takes no credentials';

export const mailslotCapabilities: ProviderCapabilities = {
  send: true,
  receive: true,
  notify: true,
  delivered: true,
  refuse: true,
  stall: true,
  arrive: true,
  waiting: 'who reads a slot takes the message out of it: it waits in the provider then',
  remoteAccess: 'slots are read whole',
  verify: 'nobody can ask a slot what came into it',
  breakOff: noConnection,
  loseReply: noConnection,
  goDown: noConnection,
  connections: noConnection,
  dropConnections: noConnection,
  breakReception: noConnection,
  refuseCredentials: noCredentials,
  expireToken: noCredentials,
  password: noCredentials,
  hold: 'it keeps nothing back',
  report: 'nothing comes back from a slot',
};

const noReply = 'a datagram has no reply';
/** Of hosts in a network. */
export const datagramCapabilities: ProviderCapabilities = {
  ...mailslotCapabilities,
  refuse: noReply,
  stall: noReply,
  breakOff: noReply,
  loseReply: noReply,
  goDown: noReply,
};

const maxQueuedMessages = 20;
const slotName = (n: number | string): string => `\\\\.\\mailslot\\bob${n}`;
let count = 0;

/** `datagrams`: between two computers. */
export const mailslotUnderTest =
  ({ datagrams = false }: { readonly datagrams?: boolean } = {}): ProviderFactory =>
  async (clock) => {
    const network = datagrams ? attached({ here: '127.0.0.2', there: '127.0.0.3' }) : undefined;
    const directory = mkdtempSync(join(tmpdir(), 'slots-'));
    const hostOf = (name: string): MailslotHost =>
      mailslotHost({ name, clock, directory: join(directory, datagrams ? name : 'all'), ...(network && { network: network(name) }) });
    const here = hostOf('here');
    const there = datagrams ? hostOf('there') : here;
    const provider = mailslot({ host: here, inboxes: ['inbox'] });
    const slots = new Map<string, Mailslot>();
    const create = async (name: string, maxMessageSize = 0) =>
      void slots.set(name, await there.createMailslot(name, { maxMessageSize, maxQueuedMessages, readTimeout: 0 }));
    for (const n of [1, 2, 3]) await create(slotName(n));
    const inbox = datagrams ? '\\\\here\\mailslot\\inbox' : '\\\\.\\mailslot\\inbox';
    const taken: (Delivered & { readonly recipients: string[] })[] = [];
    const collect = async (): Promise<void> => {
      for (const slot of slots.values())
        for (let next = await slot.read(); next; next = await slot.read()) {
          const envelope = decodeEnvelope(next.data);
          if (!envelope) continue;
          const bytes = Buffer.from(envelope.content);
          const same = taken.find((one) => Buffer.from(one.bytes).equals(bytes));
          if (same) same.recipients.push(envelope.recipient);
          else taken.push({ bytes, recipients: [envelope.recipient] });
        }
    };
    return {
      provider: () => provider,
      maxRecipients: 3,
      ...(datagrams && { maxMailBytes: 2_000 }),
      recipient: (n) => ({ type: 'MAILSLOT', address: datagrams ? `\\\\there\\mailslot\\bob${n}` : slotName(n) }),
      delivered: async () => {
        await collect();
        return taken;
      },
      refuse: async ({ address }, how) => {
        await slots.get(address)?.close();
        slots.delete(address);
        if (how === 'forGood') await create(address, 1);
      },
      stall: async () => {
        for (const [name, slot] of slots) {
          const filler = await there.openMailslot(name);
          while (slot.info().messageCount < maxQueuedMessages) await filler.write('full');
        }
        return collect;
      },
      arrive: async (content) => {
        const id = Buffer.alloc(12);
        id.writeUInt32BE(++count);
        const envelope = { id: id.toString('hex'), recipient: inbox, content };
        await using writer = await there.openMailslot(inbox);
        await writer.write(encodeEnvelope(envelope, { packed: datagrams }));
      },
      dispose: async () => {
        await provider.shutdown?.();
        for (const slot of slots.values()) await slot.close();
        await here.close();
        await there.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  };

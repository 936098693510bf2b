// Providers of every shape that the contract must carry, checked by `npm run types` and never run. Each is as its author
// would write it.
import { TransportError, type InboundMessage, type OutboundMessage, type TransportProvider } from 'mailspool/provider';

/** The smallest that sends. */
export const webhook = (url: string): TransportProvider => ({
  name: 'webhook',
  logon: async () => ({
    addressTypes: ['HTTP'],
    async submitMessage(message, signal) {
      const reply = await fetch(url, { method: 'POST', body: Buffer.from(await message.content.bytes()), signal });
      if (!reply.ok) throw new TransportError('EMESSAGE', `${reply.status}`, { outcome: 'notSent' });
      return { outcome: 'accepted' };
    },
  }),
});

interface Wire {
  open(user: string, password: string): Promise<Connection>;
}
interface Connection {
  rcpt(address: string): Promise<{ code: number; text: string }>;
  body(source: AsyncIterable<Uint8Array>): Promise<void>;
  dot(): Promise<{ code: number; text: string }>;
}

/** Per-recipient outcomes, phases, a destination for each MX group, credentials and a place in the budget. */
export const wire = (net: Wire): TransportProvider => ({
  name: 'wire',
  contract: { min: 1, max: 1 },
  logon: async (support, { signal }) => {
    const login = await support.account.credentials(signal);
    if (!('pass' in login)) throw new TransportError('EUNCONFIGURED', 'a password is needed');
    return {
      addressTypes: { types: ['SMTP'], uids: [] },
      limits: { outbound: 20, recipientsPerMessage: 100, messageSizeBytes: 10_000_000 },
      destination: ({ address }) => address.split('@').at(-1) ?? '',
      async submitMessage(message: OutboundMessage, abort) {
        using _place = await support.account.connection(abort);
        const connection = await net.open(login.user, login.pass);
        const refused = new Map<number, string>();
        for (const { id, address } of message.recipients) {
          const { code, text } = await connection.rcpt(address);
          if (code >= 500) refused.set(id, text);
        }
        await connection.body(message.content.stream());
        await message.handingOver();
        const reply = await connection.dot();
        return message.recipients.map(({ id }) => {
          const text = refused.get(id);
          if (text === undefined) return { recipient: id, outcome: 'accepted', response: reply.text };
          return { recipient: id, outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text, phase: 'rcpt' } };
        });
      },
      verifyMessage: async (message) =>
        message.recipients.map(({ id }) => ({ recipient: id, outcome: 'notSent', diagnostic: { code: 'EUNCERTAIN', text: 'not there' } })),
    };
  },
});

interface Folder {
  onNews(news: () => void): void;
  next(after: number): Promise<{ uid: number; validity: number; body: AsyncIterable<Uint8Array> } | undefined>;
  flag(uid: number): Promise<void>;
}

/** Notifies, keeps its position in the commit of the message, acknowledges afterwards. */
export const mailbox = (folder: Folder): TransportProvider => ({
  name: 'mailbox',
  logon: async (support) => {
    const position = await support.openProfileSection('position', 'write');
    folder.onNews(() => support.spoolerNotify({ type: 'newMail' }));
    return {
      addressTypes: [''],
      reception: 'notify',
      poll: async () => (await folder.next(Number(position.values['uid'] ?? 0))) !== undefined,
      async startMessage(message: InboundMessage) {
        const mail = await folder.next(Number(position.values['uid'] ?? 0));
        if (mail === undefined) return;
        if ((await message.setReference(`${mail.validity}/${mail.uid}`)) === 'new') {
          await message.setContent(mail.body);
          await message.saveChanges({ section: { key: position.key, values: { uid: mail.uid } } });
        }
        await folder.flag(mail.uid);
      },
    };
  },
});

/** Parks what it cannot send yet, and takes it up again by `sentDeferred` (M-061). */
export const pigeons = (loft: { home: Promise<void> }): TransportProvider => ({
  name: 'pigeons',
  logon: async (support) => ({
    addressTypes: null,
    preferLast: true,
    async submitMessage(message) {
      message.reference = `pigeon ${message.id}`;
      if (!message.deferred) void loft.home.then(() => support.spoolerNotify({ type: 'sentDeferred', entryId: message.id }));
      if (message.deferred) return { outcome: 'accepted', deliveredAt: support.clock.now() };
      return { outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'no pigeon is at home' } };
    },
    endMessage: async () => 'hold',
  }),
});

/** Carries nothing; changes what passes. */
export const footer = (text: string): TransportProvider => ({
  name: 'footer',
  async logon(support) {
    support.registerPreprocessor({
      name: 'footer',
      match: { type: 'SMTP' },
      async preprocess(message) {
        const bytes = await message.content.bytes(1_000_000);
        await message.setContent(Buffer.concat([bytes, Buffer.from(text)]));
      },
    });
    return { addressTypes: [''] };
  },
});

/** Lists headers first, downloads what is marked (M-110). */
export const remote = (list: () => Promise<{ uid: string; headers: Uint8Array; whole: Uint8Array }[]>): TransportProvider => ({
  name: 'remote',
  logon: async (support) => ({
    addressTypes: [''],
    reception: 'poll',
    remoteAccess: true,
    poll: async () => true,
    async startMessage(message) {
      const { headersOnly = false, reference } = message.wanted;
      const known = await support.received((await list()).map(({ uid }) => uid));
      const mail = (await list()).find(({ uid }) => (reference ?? uid) === uid && !known.has(uid));
      if (mail === undefined || (await message.setReference(mail.uid)) === 'alreadyReceived') return;
      await message.setContent(headersOnly ? mail.headers : mail.whole);
      await message.saveChanges({ headersOnly, sizeBytes: mail.whole.byteLength });
    },
  }),
});

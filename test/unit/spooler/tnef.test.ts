import { encodeTnef, type InboundMessage, type TnefMessage, type TransportProvider } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { EntryId } from '../../../src/index.ts';
import { inboundMail } from '../message/tnef-mail.ts';
import { collect, world } from './world.ts';

const berth: TnefMessage = {
  key: 1,
  correlationKey: '<7@harbour.example>',
  properties: { messageClass: 'IPM.Berth', subject: 'other', reportTag: 'tag', named: { berth: 7 } },
  attachments: [{ name: 'plan.txt', contentType: 'text/plain', content: Buffer.from('The plan') }],
  recipients: [{ kind: 'to', type: 'SMTP', address: 'bob@harbour.example', name: 'Bob' }],
};

/** One message, received in pieces of a size. */
async function received(content: Uint8Array, { tnef = true, pieceBytes = content.length }: { tnef?: boolean; pieceBytes?: number } = {}) {
  const pieces = async function* () {
    for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
  };
  let calls = 0;
  const provider: TransportProvider = {
    name: 'line',
    logon: async () => ({
      addressTypes: [''],
      reception: 'poll',
      poll: async () => true,
      startMessage: async (message: InboundMessage) => {
        calls += 1;
        if (calls > 1) return;
        await message.setReference('1');
        await message.setContent(pieceBytes === content.length ? content : pieces(), { tnef });
        await message.saveChanges();
      },
    }),
  };
  const { spooler } = await world({ providers: [provider], receiveFolders: { 'IPM.Berth': 'Berths' }, start: false });
  const arrived = new Promise<EntryId>((resolve) => spooler.newMail$.subscribe(({ id }) => resolve(id)));
  await spooler.start();
  const message = await spooler.get(await arrived);
  if (!message) throw new Error('nothing was received');
  const raw = Buffer.concat(await collect<Uint8Array>(await spooler.raw(message.id)));
  return { message, raw };
}

test('M-048 a provider that asks for it gets mail whose class, tag and named properties are those of its TNEF; headers go first', async () => {
  const { message, raw } = await received(inboundMail(encodeTnef(berth), '<7@harbour.example>'));
  expect(message.properties).toMatchObject({ messageClass: 'IPM.Berth', subject: 'Berth 7', reportTag: 'tag', named: { berth: 7 } });
  expect(message.recipients.map(({ address, name }) => [address, name])).toEqual([['bob@harbour.example', 'Bob']]);
  expect(message.folder).toBe('Berths');
  expect(raw.toString()).toContain('plan.txt');
  expect(raw.toString()).not.toContain('ms-tnef');
});

test('M-048 large mail that comes in pieces is read again only if it may hold TNEF, wherever the pieces are cut', async () => {
  const large = { ...berth, attachments: [{ name: 'chart.bin', content: Buffer.alloc(300_000, 7) }] };
  const mail = inboundMail(encodeTnef(large), '<7@harbour.example>');
  for (const pieceBytes of [1_000, 65_537]) {
    const { message, raw } = await received(mail, { pieceBytes });
    expect(message.properties.messageClass).toBe('IPM.Berth');
    expect(raw.toString('latin1')).toContain('chart.bin');
    expect(message.sizeBytes).toBe(raw.length);
  }
});

test('M-048 TNEF of another message, damaged TNEF, and TNEF that nobody asked for stay as they are', async () => {
  const foreign = inboundMail(encodeTnef(berth), '<8@harbour.example>');
  const damaged = inboundMail(encodeTnef(berth).subarray(0, 90), '<7@harbour.example>');
  const unasked = inboundMail(encodeTnef(berth), '<7@harbour.example>');
  for (const [mail, tnef] of [
    [foreign, true],
    [damaged, true],
    [unasked, false],
  ] as const) {
    const { message, raw } = await received(mail, { tnef });
    expect(raw.equals(mail)).toBe(true);
    expect([message.properties.messageClass, message.folder]).toEqual(['IPM.Note', 'Inbox']);
  }
});

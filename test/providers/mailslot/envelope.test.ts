// One mail as one message of a slot.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEnvelope, encodeEnvelope, envelopeId } from '../../../providers/mailslot/mail/envelope.ts';

const id = '000102030405060708090a0b';
const recipient = '\\\\BETA\\mailslot\\inbox';
const mail = Buffer.from(
  'From: ann@office.example\r\nTo: bob@office.example\r\nSubject: Tea\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is ready.\r\n',
);

test.each([true, false])('a mail comes out with every byte that went in, whatever they are (packed: %s)', (packed) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (content) => {
      const envelope = decodeEnvelope(encodeEnvelope({ id, recipient, content }, { packed }));
      expect(envelope).toMatchObject({ id, recipient });
      expect(Buffer.from(envelope?.content ?? []).equals(Buffer.from(content))).toBe(true);
    }),
  );
});

test('S-037 what is no mail, cut short or changed is no mail, and never an exception', () => {
  const whole = encodeEnvelope({ id, recipient, content: mail }, { packed: true });
  for (let length = 0; length < 17; length++) expect(decodeEnvelope(whole.subarray(0, length))).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(whole);
      changed[at] = byte;
      decodeEnvelope(changed);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void decodeEnvelope(Uint8Array.of(0x4d, 0x53, 1, 1, ...bytes))));
});

test('a datagram that would unpack to more than a megabyte is no mail', () => {
  const bomb = encodeEnvelope({ id, recipient, content: Buffer.alloc(2_000_000) }, { packed: true });
  expect(bomb.length).toBeLessThan(4_000);
  expect(decodeEnvelope(bomb)).toBeUndefined();
});

test('what was packed once can be read for ever: the dictionary stays as it is', () => {
  const packed =
    '4d530101000102030405060708090a0b8b8971720d7144c446665e527e0534bc12f3f21cf2d3d2329353f5522b12730b403e038560527e1286383c4c43521389753b2e377996809252516a624aa51e2f1700';
  const envelope = decodeEnvelope(Buffer.from(packed, 'hex'));
  expect(envelope).toMatchObject({ id, recipient });
  expect(Buffer.from(envelope?.content ?? []).toString()).toBe(mail.toString());
});

test('S-029 the identifier is the same for each attempt and for names that differ in letter case, and another for each slot and message', () => {
  const subject = { entryId: 'm1', path: ['inbox'], content: mail };
  expect(envelopeId(subject)).toMatch(/^[0-9a-f]{24}$/);
  expect(envelopeId({ ...subject, path: ['INBOX'] })).toBe(envelopeId(subject));
  const others = [{ entryId: 'm2' }, { path: ['other'] }, { path: ['in', 'box'] }, { content: Buffer.from('x') }];
  expect(new Set([subject, ...others.map((other) => ({ ...subject, ...other }))].map(envelopeId)).size).toBe(5);
});

// The short way of composing a plain text, compared with the way over nodemailer's tree: an empty list of attachments
// changes nothing in a message, and is enough to send it there.
import { describe, expect, it } from 'vitest';
import { plainMessage } from '../../../src/message/plain-text.ts';
import type { SubmitMessage } from '../../../src/message/submit-message.ts';
import { fc, test } from './property.ts';
import { composed, context } from './support.ts';

const bothWays = async (message: SubmitMessage) => {
  const [short, long] = [await composed(message), await composed({ ...message, attachments: [] })];
  expect(short.text).toBe(long.text);
  expect(short).toEqual(long);
};

const note: SubmitMessage = { from: 'Ann <ann@harbour.example>', to: 'bob@pier.example', subject: 'Berth 4', text: 'Free from noon.\n' };

const word = fc.constantFrom(
  'a',
  'Berth',
  '4',
  "O'Neil",
  '"',
  '\\',
  ',',
  '=?',
  '=?utf-8?Q?=C3?=',
  'ä',
  '.',
  '@',
  'x'.repeat(80),
  '\t',
  ' ',
  '\u00a0',
  '\u007f',
);
const words = fc.array(word, { maxLength: 12 }).map((list) => list.join(' '));
const name = fc.oneof(words, fc.string({ maxLength: 30 })).filter((text) => !/[\0\n\v\f\r\u0085\u2028\u2029]/.test(text));
const mailbox = fc.constantFrom(
  'bob@pier.example',
  'B.o+b@Pier.Example',
  '"b b"@pier.example',
  'bäb@pier.example',
  'bob@küste.example',
  'bob@xn--kste-0ra.example',
  'bob@[127.0.0.1]',
);
const address = fc.oneof(mailbox, fc.record({ name, address: mailbox }));
const line = fc.oneof(
  words,
  fc.string({ maxLength: 100 }),
  fc.integer({ min: 70, max: 80 }).map((length) => 'y'.repeat(length)),
);
const text = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r', '')), { maxLength: 8 }).map((lines) => lines.flat().join(''));

describe('a plain text', () => {
  it('is written without nodemailer where nothing needs it, and only there', () => {
    const header = {
      from: [],
      sender: [],
      to: [],
      cc: [],
      replyTo: [],
      inReplyTo: undefined,
      references: undefined,
      subject: 'Berth 4',
      messageId: '<a@b>',
      date: 'today',
    };
    expect(plainMessage(note, header)).toBeInstanceOf(Uint8Array);
    for (const change of [{ html: '<p>' }, { text: 'Grüße' }, { text: 'x'.repeat(77) }, { headers: { a: 'b' } }, { list: { help: 'a@b.example' } }]) {
      expect(plainMessage({ ...note, ...change }, header)).toBeUndefined();
    }
    expect(plainMessage(note, { ...header, subject: 'Grüße' })).toBeUndefined();
    expect(plainMessage(note, { ...header, to: [{ name: 'crew', group: [] }] })).toBeUndefined();
  });

  it.each([
    [
      'all fields',
      {
        cc: ['Smith, J <c@pier.example>'],
        replyTo: 'desk@harbour.example',
        sender: 'Clerk <d@harbour.example>',
        inReplyTo: '<a@b>',
        references: ['<a@b>', 'c@d'],
        bcc: 'e@pier.example',
      },
    ],
    ['many recipients, folded', { to: Array.from({ length: 30 }, (_, index) => `Sailor Number ${index} <s${index}@pier.example>`) }],
    ['a subject of 900 letters', { subject: 'x'.repeat(950) }],
    ['a date and an id of its own', { date: new Date(0), messageId: 'x@y.example' }],
    ['high importance', { priority: 'high' }],
    ['importance as a property', { properties: { importance: 'low' } }],
    ['an empty text', { text: '' }],
    ['no text', { text: undefined }],
    ['recipients of other types', { recipients: [{ type: 'FAX', address: '+49 40 1', kind: 'to' }] }],
  ] as [string, SubmitMessage][])('gives the bytes that nodemailer gives: %s', async (_, changes) => await bothWays({ ...note, ...changes }));

  test(
    'T-013 gives the bytes that nodemailer gives, whatever the fields are',
    name,
    fc.array(address, { minLength: 1, maxLength: 4 }),
    fc.array(address, { maxLength: 2 }),
    text,
    async (subject, to, cc, body) => {
      const message = { from: note.from, subject, to, cc, text: body };
      const refused = await composed(message).then(
        () => false,
        () => true,
      );
      if (refused) await expect(composed({ ...message, attachments: [] }, context())).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
      else await bothWays(message);
    },
  );
});

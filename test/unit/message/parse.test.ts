// Ready messages: who they go to, what is taken out and put in, and that the body is left alone.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { SubmitMessage } from '../../../src/message/submit-message.ts';
import { fc, test as propertyTest } from './property.ts';
import { composed, headerNames, refusal } from './support.ts';

const eml = (...lines: string[]) => lines.join('\r\n');
const letter = eml(
  'From: ann@harbour.example',
  'To: bob@pier.example',
  'Cc: Carl <carl@pier.example>',
  'Bcc: dora@pier.example,',
  ' emil@pier.example',
  'Subject: Berth',
  '',
  'Free.',
  '',
);

const addresses = ({ recipients }: { recipients: readonly { kind: string; address: string }[] }) =>
  recipients.map(({ kind, address }) => `${kind} ${address}`);

describe('a ready message', () => {
  it('goes to To, Cc and Bcc; Bcc is not sent', async () => {
    const result = await composed({ raw: letter });
    expect(addresses(result)).toEqual(['to bob@pier.example', 'cc carl@pier.example', 'bcc dora@pier.example', 'bcc emil@pier.example']);
    expect(headerNames(result.text)).toEqual(['from', 'to', 'cc', 'subject', 'date', 'message-id']);
    expect(result.text).not.toMatch(/dora|emil/);
    expect(result.text.endsWith('\r\n\r\nFree.\r\n')).toBe(true);
  });

  it.each([
    ['Return-Path', eml('Return-Path: <bounce@harbour.example>', 'Sender: desk@harbour.example', letter), 'bounce@harbour.example'],
    ['Sender', eml('Sender: Desk <desk@harbour.example>', letter), 'desk@harbour.example'],
    ['From', letter, 'ann@harbour.example'],
    ['the first of From', letter.replace('ann@harbour.example', 'ann@harbour.example, zoe@harbour.example'), 'ann@harbour.example'],
    ['an empty Return-Path', eml('Return-Path: <>', letter), undefined],
    [
      'Resent-From',
      eml('Return-Path: <bounce@harbour.example>', 'Resent-From: fred@quay.example', 'Resent-To: gina@quay.example', letter),
      'fred@quay.example',
    ],
  ])('its sender is %s', async (_, raw, address) => {
    expect((await composed({ raw })).envelope.from?.address).toBe(address);
  });

  it('the newest Resent block says who it goes to now (RFC 5322 3.6.6)', async () => {
    const raw = eml(
      'Resent-To: gina@quay.example',
      'Resent-Bcc: hugo@quay.example',
      'Resent-From: fred@quay.example',
      'Resent-To: old@quay.example',
      'Resent-From: x@quay.example',
      letter,
    );
    const result = await composed({ raw });
    expect(addresses(result)).toEqual(['to gina@quay.example', 'bcc hugo@quay.example']);
    expect(result.text).not.toMatch(/hugo|dora/);
    expect(result.text).toContain('Resent-To: old@quay.example');
  });

  it("nodemailer's envelope goes before all headers, and headers may then hold anything", async () => {
    const result = await composed({
      raw: 'From: nobody\nTo: bob@pier.example, ???\n\nx',
      envelope: { from: 'a@harbour.example', to: ['zoe@pier.example'] },
    });
    expect(result.envelope.from?.address).toBe('a@harbour.example');
    expect(addresses(result)).toEqual(['bcc zoe@pier.example']);
  });

  it('fields beside raw speak for the envelope', async () => {
    const result = await composed({ raw: letter, from: 'x@harbour.example', to: 'y@pier.example' });
    expect([result.envelope.from?.address, ...addresses(result)]).toEqual(['x@harbour.example', 'to y@pier.example']);
    expect(result.text).toContain('To: bob@pier.example');
  });

  it('Message-ID and Date that are there stay, byte for byte', async () => {
    const raw = eml('Message-Id:  <own@harbour.example> ', 'DATE: yesterday', letter);
    const { text, messageId } = await composed({ raw });
    expect(messageId).toBe('<own@harbour.example>');
    expect(text.startsWith('Message-Id:  <own@harbour.example> \r\nDATE: yesterday\r\nFrom:')).toBe(true);
    expect(headerNames(text).filter((name) => name === 'message-id' || name === 'date')).toHaveLength(2);
  });

  it.each([
    ['no recipient', 'From: a@harbour.example\n\nx', 'ENORECIPIENTS', 'to'],
    ['an address that is none', 'From: a@harbour.example\nTo: bob at pier\n\nx', 'EINVALID', 'to'],
    ['two readings of an address', 'From: a@harbour.example\nTo: a@b.example c@d.example\n\nx', 'EINVALID', 'to'],
    ['nothing', '', 'ENORECIPIENTS', 'to'],
    ['only a body', '\r\nTo: bob@pier.example\r\n', 'ENORECIPIENTS', 'to'],
  ])('%s is refused', async (_, raw, code, field) => {
    expect(await refusal(() => composed({ raw }))).toMatchObject({ code, field });
  });

  it.each([
    ['a bare CR', 'From: a@harbour.example\rBcc: dora@pier.example\rTo: bob@pier.example\r\rx'],
    ['a blank before the colon', 'From: a@harbour.example\nBcc : dora@pier.example\nTo: bob@pier.example\n\nx'],
    ['capitals', 'From: a@harbour.example\nBCC: dora@pier.example\nTo: bob@pier.example\n\nx'],
    ['folding', 'From: a@harbour.example\nTo: bob@pier.example\nBcc:\n\tdora@pier.example\n\nx'],
    ['a line that is no header', 'From: a@harbour.example\nTo: bob@pier.example\nno header\nBcc: dora@pier.example\n\nx'],
    ['the last line, without an end', 'From: a@harbour.example\nTo: bob@pier.example\nBcc: dora@pier.example'],
  ])('T-030 Bcc behind %s is seen and not sent', async (_, raw) => {
    const result = await composed({ raw });
    expect(addresses(result)).toContain('bcc dora@pier.example');
    expect(result.text).not.toContain('dora');
  });

  it('a Bcc inside the body is none of our business', async () => {
    expect((await composed({ raw: `${letter}\r\nBcc: kept@pier.example\r\n` })).text).toContain('Bcc: kept@pier.example');
  });

  it('headers without end are refused, and not read to the end (X-012)', async () => {
    let made = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          made++;
          yield 'x'.repeat(65_536);
        }
      })(),
      { objectMode: false },
    );
    for (const raw of [endless, 'To: b@pier.example\n'.repeat(100_000)] as SubmitMessage['raw'][]) {
      expect(await refusal(() => composed({ raw }))).toMatchObject({ code: 'EINVALID', field: 'raw' });
    }
    expect(made).toBeLessThan(40);
  });

  propertyTest(
    'T-030 streamed in any chunks it is the same',
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 80, maxLength: 200 }),
    async (sizes) => {
      const raw = letter.replaceAll('\r\n', '\n');
      let at = 0;
      const chunks = sizes.map((size) => Buffer.from(raw.slice(at, (at += size))));
      const streamed = await composed({ raw: Readable.from([...chunks, Buffer.from(raw.slice(at))]) });
      const whole = await composed({ raw });
      expect(streamed.text).toBe(whole.text);
      expect(streamed.recipients).toEqual(whole.recipients);
    },
  );

  propertyTest(
    'U-052 whatever the bytes, there is a message or an error with a code',
    fc.string({ unit: 'binary', maxLength: 200 }),
    async (text) => {
      const raw = Buffer.from(`To: bob@pier.example\r\n${text}`, 'latin1');
      try {
        const { bytes } = await composed({ raw, from: 'a@harbour.example' });
        expect(bytes.toString('latin1')).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^E(INVALID|NORECIPIENTS)$/) as string });
      }
    },
  );
});

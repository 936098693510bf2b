// Delivery reports: what a sender reads, what machines read, and what never leaves the house.
import PostalMime from 'postal-mime';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { inboundProperties } from '../../../src/message/inbound-properties.ts';
import type { Diagnostic } from '../../../src/message/outcome.ts';
import type { Recipient } from '../../../src/message/recipient.ts';
import { deliveryReport, type ReportedRecipient, type ReportFacts } from '../../../src/reports/delivery-report.ts';
import { mayReport, reportAddressee, wantsReport } from '../../../src/reports/report-policy.ts';
import { recognise } from '../../../src/reports/recognise.ts';
import { fc, test as propertyTest } from '../message/property.ts';
import { context, hasBareLineEnd, headerNames, longestLine, octets } from '../message/support.ts';

const sentAt = Date.UTC(2024, 2, 1, 8);
const to = (address: string, changes: Partial<Recipient> = {}): Recipient => ({ id: 1, kind: 'to', type: 'SMTP', address, ...changes });
const refused: Diagnostic = {
  code: 'EENVELOPE',
  text: 'refused',
  phase: 'rcpt',
  responseCode: 550,
  enhancedCode: '5.1.1',
  response: '550 5.1.1 <bob@pier.example> no such user',
};
const bob: ReportedRecipient = { recipient: to('bob@pier.example', { name: 'Bob' }), status: 'failed', diagnostic: refused, at: sentAt + 60_000 };
const original =
  'From: ann@harbour.example\r\nTo: bob@pier.example\r\nSubject: Berth 4\r\nMessage-ID: <m1@harbour.example>\r\nX-Tide: hoch \u00fc\r\n\r\nThe body.\r\n';

const facts = (changes: Partial<ReportFacts> = {}): ReportFacts => ({
  kind: 'nonDelivery',
  original: {
    properties: { subject: 'Berth 4', messageId: '<m1@harbour.example>', importance: 'high', reportTag: 'tag-7', clientSubmitTime: sentAt },
    submitTime: sentAt,
    envelopeId: 'env-1',
    recipients: [to('bob@pier.example', { name: 'Bob' }), to('carl@pier.example', { id: 2, kind: 'cc' })],
  },
  rows: [bob],
  returned: { part: 'full', bytes: Buffer.from(original) },
  reportingMta: 'spool.harbour.example',
  to: { type: 'SMTP', address: 'ann@harbour.example' },
  now: sentAt + 120_000,
  random: context().random,
  ...changes,
});

async function written(changes: Partial<ReportFacts> = {}) {
  const report = deliveryReport(facts(changes));
  const bytes = await octets(report.source);
  return { ...report, bytes, text: bytes.toString('utf8') };
}

describe('a non-delivery report', () => {
  it('T-044 is a multipart/report with the null return path, marked as automatic', async () => {
    const { text, envelope, properties } = await written();
    expect(envelope.from).toBeNull();
    expect(envelope.to).toMatchObject([{ address: 'ann@harbour.example' }]);
    expect(text).toContain('Auto-Submitted: auto-replied\r\n');
    expect(text).toMatch(/^Content-Type: multipart\/report; report-type=delivery-status;/m);
    expect([...text.matchAll(/^Content-Type: ([^;\r\n]+)/gm)].map(([, type]) => type)).toEqual([
      'multipart/report',
      'text/plain',
      'message/delivery-status',
      'message/rfc822',
    ]);
    expect(inboundProperties(Buffer.from(text)).properties.messageClass).toBe(properties.messageClass);
  });

  it('T-044 says in plain words what happened to whom and why', async () => {
    const { text } = await PostalMime.parse((await written()).bytes);
    expect(text).toContain('Your message "Berth 4" of Fri, 01 Mar 2024 08:00:00 +0000 could not be delivered to one recipient:');
    expect(text).toContain('Bob <bob@pier.example>');
    expect(text).toContain('The next system replied: 550 5.1.1 <bob@pier.example> no such user');
  });

  it('T-044 has the fields of RFC 3464', async () => {
    const { text } = await written({ rows: [{ ...bob, recipient: to('bob@pier.example', { originalRecipient: 'rfc822;crew@harbour.example' }) }] });
    const part = /message\/delivery-status\r\n\r\n([\s\S]*?)\r\n--/.exec(text)?.[1];
    expect(part).toBe(
      [
        'Original-Envelope-Id: env-1',
        'Reporting-MTA: dns; spool.harbour.example',
        'Arrival-Date: Fri, 01 Mar 2024 08:00:00 +0000',
        '',
        'Original-Recipient: rfc822;crew@harbour.example',
        'Final-Recipient: rfc822; bob@pier.example',
        'Action: failed',
        'Status: 5.1.1',
        'Diagnostic-Code: smtp; 550 5.1.1 <bob@pier.example> no such user',
        'Last-Attempt-Date: Fri, 01 Mar 2024 08:01:00 +0000',
        '',
      ].join('\r\n'),
    );
  });

  it('M-066 attaches the message as it was at submit', async () => {
    expect((await written()).text).toContain(`Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${original}`);
    const streamed = await written({ returned: { part: 'full', bytes: Readable.from([original]) } });
    expect(streamed.source).not.toBeInstanceOf(Uint8Array);
    expect(streamed.text).toContain(original);
  });

  it('M-066 or its headers, where those are wanted', async () => {
    const { text } = await written({ returned: { part: 'headers', bytes: Buffer.from(original) } });
    expect(text).toContain('Content-Type: text/rfc822-headers');
    expect(text).toContain('X-Tide: hoch =C3=BC');
    expect(text).not.toContain('The body.');
  });

  it.each([
    ['delivery', 'REPORT.IPM.Note.DR'],
    ['nonDelivery', 'REPORT.IPM.Note.NDR'],
    ['delay', 'REPORT.IPM.Note.Delayed.DR'],
  ] as const)('M-067 a %s report is of class %s', async (kind, messageClass) => {
    expect((await written({ kind })).properties.messageClass).toBe(messageClass);
  });

  it('M-067 the class of the original stands in it', async () => {
    const given = facts();
    const { properties } = await written({
      original: { ...given.original, properties: { ...given.original.properties, messageClass: 'IPM.Note.Tide' } },
    });
    expect(properties.messageClass).toBe('REPORT.IPM.Note.Tide.NDR');
  });

  it('M-068 carries original subject, submit time, display lists, conversation, text and time', async () => {
    const { properties, text } = await written();
    expect(properties).toMatchObject({
      subject: 'Undeliverable: Berth 4',
      named: {
        originalSubject: 'Berth 4',
        originalSubmitTime: sentAt,
        originalDisplayTo: 'Bob',
        originalDisplayCc: 'carl@pier.example',
        originalMessageId: '<m1@harbour.example>',
        reportTime: sentAt + 120_000,
        diagnosticCode: '5.1.1',
      },
    });
    expect(properties.named?.['reportText']).toContain('could not be delivered');
    expect(text).toContain('In-Reply-To: <m1@harbour.example>\r\nReferences: <m1@harbour.example>\r\n');
  });

  it('M-068 no delivery time in a non-delivery report, no failure code in a delivery report', async () => {
    expect((await written()).properties.named).not.toHaveProperty('originalDeliveryTime');
    const delivered = await written({
      kind: 'delivery',
      rows: [{ recipient: bob.recipient, status: 'delivered', at: sentAt + 5000, diagnostic: refused }],
    });
    expect(delivered.properties.named).toMatchObject({ originalDeliveryTime: sentAt + 5000 });
    expect(delivered.properties.named).not.toHaveProperty('diagnosticCode');
  });

  it('M-069 repeats importance and tag', async () => {
    const { properties, text } = await written();
    expect(properties).toMatchObject({ importance: 'high', reportTag: 'tag-7' });
    expect(text).toContain('Importance: high\r\n');
  });

  it('U-056 lists each recipient, in words and in fields', async () => {
    const rows = Array.from({ length: 7 }, (_, index): ReportedRecipient => ({ ...bob, recipient: to(`crew${index}@pier.example`) }));
    const { bytes } = await written({ rows });
    const { text } = await PostalMime.parse(bytes);
    for (let index = 0; index < 7; index++) expect(text).toContain(`crew${index}@pier.example`);
    expect(recognise(bytes)?.rows.map(({ recipient }) => recipient)).toEqual(rows.map(({ recipient }) => recipient.address));
  });

  it.each([
    ['our own words', { code: 'ESTORE', text: "ENOENT: no such file or directory, open '/var/spool/mail/secret'" }, '5.0.0'],
    ['a password in a URL', { ...refused, response: '550 5.1.1 see smtps://ann:hunter2@relay.example/' }, '5.1.1'],
    [
      'what followed AUTH',
      { ...refused, response: '535 5.7.8 AUTH PLAIN AGFubgBodW50ZXIy refused', responseCode: 535, enhancedCode: '5.7.8' },
      '5.7.8',
    ],
    ['a token', { ...refused, response: '550 5.1.1 token=hunter2 expired' }, '5.1.1'],
  ] as [string, Diagnostic, string][])('T-044 does not tell %s', async (_, diagnostic, status) => {
    const { text } = await written({ rows: [{ ...bob, diagnostic }] });
    expect(text).not.toMatch(/hunter2|AGFubgBodW50ZXIy|secret|\/var\//);
    expect(text).toContain(`Status: ${status}`);
  });

  it.each([
    [{ code: 'EENVELOPE', text: 'x', responseCode: 452 }, 'failed', '4.0.0'],
    [{ code: 'EENVELOPE', text: 'x', responseCode: 554 }, 'failed', '5.0.0'],
    [{ code: 'EEXPIRED', text: 'x' }, 'failed', '4.4.7'],
    [{ code: 'ENOROUTE', text: 'x' }, 'failed', '5.1.2'],
    [{ code: 'ETIMEDOUT', text: 'x' }, 'delayed', '4.0.0'],
    [undefined, 'delivered', '2.0.0'],
    [{ ...refused, enhancedCode: '5.1.1\r\nX: y' }, 'failed', '5.0.0'],
  ] as [Diagnostic | undefined, ReportedRecipient['status'], string][])(
    'T-044 %j of a recipient %s has the status %s',
    async (diagnostic, status, expected) => {
      const { bytes } = await written({ rows: [{ recipient: bob.recipient, status, ...(diagnostic ? { diagnostic } : {}) }] });
      expect(recognise(bytes)?.rows[0]).toMatchObject({ action: status, status: expected });
    },
  );

  it('other address types and other alphabets come through in ASCII', async () => {
    const rows = [to('jörg@häfen.example'), to('DIRECT=OS:h\\private$\\q', { type: 'MSMQ' })].map((recipient): ReportedRecipient => ({
      ...bob,
      recipient,
    }));
    const { bytes, text } = await written({ rows });
    expect(text).toContain('Final-Recipient: utf-8; j\\x{F6}rg@h\\x{E4}fen.example\r\n');
    expect(text).toContain('Final-Recipient: x-msmq; DIRECT=OS:h\\private$\\q\r\n');
    expect(recognise(bytes)?.rows[0]?.recipient).toBe('jörg@häfen.example');
  });

  const hostile = fc.string({
    unit: fc.oneof(fc.constantFrom('\r\n', '\n', '\r', '\0', '\u2028', ': ', '\r\n\r\n', '--'), fc.string({ unit: 'grapheme', maxLength: 3 })),
    maxLength: 30,
  });

  propertyTest('X-008 no subject, name, reply or identifier starts a header or a field', hostile, async (text) => {
    const given = facts();
    const report = await written({
      original: { ...given.original, properties: { subject: text, messageId: '<a@b>' }, envelopeId: text },
      rows: [{ ...bob, recipient: to('bob@pier.example', { name: text, originalRecipient: text }), diagnostic: { ...refused, response: text } }],
    });
    const expected = 'from to subject message-id date auto-submitted in-reply-to references mime-version content-type'.split(' ');
    expect(headerNames(report.text)).toEqual(expected);
    expect(hasBareLineEnd(report.bytes)).toBe(false);
    expect(longestLine(report.bytes)).toBeLessThanOrEqual(998);
    const part = /message\/delivery-status\r\n\r\n([\s\S]*?)\r\n--/.exec(report.text)?.[1] ?? '';
    const fields = new Set(
      'Original-Envelope-Id Reporting-MTA Arrival-Date Original-Recipient Final-Recipient Action Status Diagnostic-Code Last-Attempt-Date'.split(' '),
    );
    expect([...part.matchAll(/^([^\s:]+):/gm)].map(([, name]) => name ?? '').filter((name) => !fields.has(name))).toEqual([]);
    expect(recognise(report.bytes)?.rows).toHaveLength(1);
  });
});

describe('a delivery report', () => {
  it('M-066 does not attach the message', async () => {
    const { text } = await written({ kind: 'delivery', rows: [{ recipient: bob.recipient, status: 'delivered', at: sentAt }] });
    expect(text).not.toMatch(/message\/rfc822|rfc822-headers|The body/);
    expect(text).toContain('Action: delivered\r\n');
  });
});

describe('a delay report', () => {
  it('T-047 says until when attempts go on, and returns headers only', async () => {
    const rows: ReportedRecipient[] = [
      {
        ...bob,
        status: 'delayed',
        willRetryUntil: sentAt + 86_400_000,
        diagnostic: { ...refused, responseCode: 451, enhancedCode: '4.7.1', response: '451 4.7.1 later' },
      },
    ];
    const { text } = await written({ kind: 'delay', rows, returned: { part: 'full', bytes: Buffer.from(original) } });
    expect(text).toContain('Will-Retry-Until: Sat, 02 Mar 2024 08:00:00 +0000\r\n');
    expect(text).toContain('text/rfc822-headers');
    expect(text).not.toContain('The body.');
  });
});

describe('who gets a report', () => {
  const ann = { type: 'SMTP', address: 'ann@harbour.example' };
  const zoe = { type: 'SMTP', address: 'zoe@harbour.example' };

  it.each([
    ['a message', { returnPath: ann, properties: { messageClass: 'IPM.Note' } }, true],
    ['a message without a class', { returnPath: ann, properties: {} }, true],
    ['a null sender', { returnPath: null, properties: { messageClass: 'IPM.Note' } }, false],
    ['a null sender with a report addressee', { returnPath: null, properties: { reportTo: zoe } }, false],
    ['a report', { returnPath: ann, properties: { messageClass: 'REPORT.IPM.Note.NDR' } }, false],
    ['a report in small letters', { returnPath: ann, properties: { messageClass: 'Report.IPM.Note.DR' } }, false],
  ])('T-045 %s: %j may be reported: %j', (_, message, expected) => {
    expect(mayReport(message)).toBe(expected);
    if (!expected) expect(reportAddressee(message)).toBeNull();
  });

  it('M-067 the report addressee if set, else the sender', () => {
    expect(reportAddressee({ returnPath: ann, properties: { reportTo: zoe } })).toBe(zoe);
    expect(reportAddressee({ returnPath: ann, properties: {} })).toBe(ann);
  });

  it.each([
    ['delivery', {}, {}, false],
    ['delivery', { delivery: true }, {}, true],
    ['delivery', {}, { report: { delivery: true } }, true],
    ['delivery', { delivery: true }, { report: { delivery: false } }, false],
    ['nonDelivery', {}, {}, true],
    ['nonDelivery', { nonDelivery: false }, {}, false],
    ['nonDelivery', { nonDelivery: false }, { report: { nonDelivery: true } }, true],
    ['delay', {}, {}, true],
    ['delay', { delay: false }, {}, false],
    ['delay', { nonDelivery: false }, {}, false],
  ] as const)('M-065 %s with %j and %j: %j', (kind, message, recipient, expected) => {
    expect(wantsReport(kind, message, recipient)).toBe(expected);
  });
});

// Read and non-read reports: what whoever asked is told, and who is not answered at all.
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../../src/message/recipient.ts';
import { readReport, type ReadReportFacts } from '../../../src/reports/read-report.ts';
import { receiptRequest } from '../../../src/reports/receipt-policy.ts';
import { reportClass } from '../../../src/reports/report-class.ts';
import { recognise } from '../../../src/reports/recognise.ts';
import { context, hasBareLineEnd, headerNames, longestLine, octets } from '../message/support.ts';

const smtp = (address: string, name?: string): Address => ({ type: 'SMTP', address, ...(name && { name }) });
const readAt = Date.UTC(2024, 2, 1, 10);
const original = [
  'Return-Path: <ann@harbour.example>',
  'From: Ann <ann@harbour.example>',
  'To: bob@pier.example',
  'Subject: Berth 4',
  'Message-ID: <m1@harbour.example>',
  'Disposition-Notification-To: Ann <ann@harbour.example>',
];
const bytes = (...lines: string[]) => Buffer.from([...lines, '', 'The body.', ''].join('\r\n'));

const facts = (changes: Partial<ReadReportFacts> = {}): ReadReportFacts => ({
  kind: 'read',
  consent: 'policy',
  original: {
    properties: { subject: 'Berth 4', messageId: '<m1@harbour.example>', importance: 'high', reportTag: 'tag-7', clientSubmitTime: readAt - 60_000 },
    recipients: [{ id: 1, kind: 'to', type: 'SMTP', address: 'bob@pier.example', name: 'Bob' }],
    head: bytes(...original),
    originalRecipient: 'rfc822;crew@pier.example',
  },
  reader: smtp('bob@pier.example', 'Bob'),
  to: [smtp('ann@harbour.example')],
  hostname: 'spool.pier.example',
  now: readAt,
  random: context().random,
  ...changes,
});

async function written(changes: Partial<ReadReportFacts> = {}) {
  const report = readReport(facts(changes));
  const source = await octets(report.source);
  return { ...report, bytes: source, text: source.toString('utf8') };
}

describe('a read report', () => {
  it('T-048 is a multipart/report of RFC 8098, from the reader to whoever asked, with the null return path', async () => {
    const { text, envelope, ...report } = await written();
    expect(envelope).toMatchObject({ from: null, to: [{ address: 'ann@harbour.example' }] });
    expect([...text.matchAll(/^Content-Type: ([^\r\n]+)/gm)].map(([, type]) => type?.split(';')[0])).toEqual([
      'multipart/report',
      'text/plain',
      'message/disposition-notification',
      'text/rfc822-headers',
    ]);
    expect(text).toMatch(/^Content-Type: multipart\/report; report-type=disposition-notification;/m);
    for (const line of [
      'From: bob@pier.example',
      'To: ann@harbour.example',
      'Auto-Submitted: auto-replied',
      'Reporting-UA: spool.pier.example; mailspool',
      'Original-Recipient: rfc822;crew@pier.example',
      'Final-Recipient: rfc822; bob@pier.example',
      'Original-Message-ID: <m1@harbour.example>',
      'Disposition: manual-action/MDN-sent-automatically; displayed',
    ])
      expect(text).toContain(`\r\n${line}\r\n`.slice(line.startsWith('From') ? 2 : 0));
    expect(headerNames(text)).not.toContain('disposition-notification-to');
    expect(hasBareLineEnd(report.bytes)).toBe(false);
    expect(longestLine(report.bytes)).toBeLessThanOrEqual(998);
  });

  it('T-048 says whether a person agreed', async () => {
    expect((await written({ consent: 'person' })).text).toContain('Disposition: manual-action/MDN-sent-manually; displayed\r\n');
  });

  it.each([
    ['read', 'REPORT.IPM.Note.IPNRN', 'displayed', 'Read: Berth 4'],
    ['notRead', 'REPORT.IPM.Note.IPNNRN', 'deleted', 'Not read: Berth 4'],
  ] as const)('M-067 %s is of class %s, and is received as such', async (kind, messageClass, disposition, subject) => {
    const report = await written({ kind });
    expect(report.properties).toMatchObject({ messageClass, subject });
    expect(report.text).toContain(`; ${disposition}\r\n`);
    expect(reportClass('REPORT.IPM.Note.IPNRN', report.bytes)).toBe(messageClass);
  });

  it('M-068 M-069 carries subject, submit time, display list, conversation, time, importance and tag of the original', async () => {
    const { properties, text } = await written();
    expect(properties).toMatchObject({
      importance: 'high',
      reportTag: 'tag-7',
      named: {
        reportKind: 'read',
        reportTime: readAt,
        originalSubject: 'Berth 4',
        originalSubmitTime: readAt - 60_000,
        originalMessageId: '<m1@harbour.example>',
        originalDisplayTo: 'Bob',
      },
    });
    expect(text).toContain('In-Reply-To: <m1@harbour.example>\r\n');
  });

  it('M-066 does not attach the message, only its headers', async () => {
    const { text } = await written();
    expect(text).not.toContain('The body.');
    expect(text).toContain('Subject: Berth 4\r\nMessage-ID: <m1@harbour.example>\r\n');
  });

  it('M-070 is recognised when it arrives', async () => {
    expect(recognise((await written()).bytes)).toEqual({
      messageId: '<m1@harbour.example>',
      rows: [],
      disposition: { type: 'displayed', recipient: 'bob@pier.example', originalRecipient: 'crew@pier.example' },
    });
  });

  it('X-008 no text of the original starts a field of its own', async () => {
    const { text } = await written({
      original: {
        ...facts().original,
        properties: { subject: 'a\r\nBcc: x@y.example', messageId: '<m1@harbour.example>' },
        originalRecipient: 'rfc822;a\r\nDisposition: x',
      },
    });
    expect(text).not.toMatch(/^Bcc:/m);
    expect([...text.matchAll(/^Disposition: /gm)]).toHaveLength(1);
    expect((await PostalMime.parse(text)).subject).toBe('Read: a Bcc: x@y.example');
  });

  it.each(['dispatched', 'processed', 'denied', 'failed'])('M-070 %s says nothing about reading', async (word) => {
    const { text } = await written();
    expect(recognise(Buffer.from(text.replace('; displayed', `; ${word}`)))?.disposition?.type).toBe('other');
  });
});

describe('whether a message is answered', () => {
  const [, ...withoutReturnPath] = original;
  const withReturnPath = (path: string) => [`Return-Path: ${path}`, ...withoutReturnPath];
  it.each([
    ['by the one who sent it', original, undefined, undefined],
    ['domains regardless of case', withReturnPath('<ann@HARBOUR.example>'), undefined, undefined],
    ['nobody asks', original.slice(0, -1), 'notRequested', 'notRequested'],
    ['a header with nobody in it', [...original.slice(0, -1), 'Disposition-Notification-To: nobody'], 'notRequested', 'notRequested'],
    ['the null return path', withReturnPath('<>'), 'nullReturnPath', 'nullReturnPath'],
    ['a receipt', [...original, 'Content-Type: multipart/report; report-type=disposition-notification; boundary=x'], 'isReport', 'isReport'],
    ['a bounce', [...original, 'Content-Type: multipart/report; report-type=delivery-status; boundary=x'], 'isReport', 'isReport'],
    ['an option that must be understood', [...original, 'Disposition-Notification-Options: x=required,1'], 'requiredOption', 'requiredOption'],
    ['an option that need not be', [...original, 'Disposition-Notification-Options: x=optional,required'], undefined, undefined],
    ['no return path', withoutReturnPath, 'noReturnPath', undefined],
    ['another return path', withReturnPath('<list-bounces@harbour.example>'), 'otherReturnPath', undefined],
    ['local parts with regard to case', withReturnPath('<Ann@harbour.example>'), 'otherReturnPath', undefined],
    [
      'two addresses',
      [...original.slice(0, -1), 'Disposition-Notification-To: ann@harbour.example, cleo@harbour.example'],
      'severalAddresses',
      undefined,
    ],
    ['two headers', [...original, 'Disposition-Notification-To: cleo@harbour.example'], 'severalAddresses', undefined],
    ['a mailing list', [...original, 'List-Id: <crew.harbour.example>'], 'mailingList', undefined],
    ['bulk mail', [...original, 'Precedence: bulk'], 'mailingList', undefined],
    ['automatic mail', [...original, 'Auto-Submitted: auto-generated'], 'automatic', undefined],
    ['mail that says it is not automatic', [...original, 'Auto-Submitted: no'], undefined, undefined],
  ])('T-048 %s: without a person %j, with one %j', (_, lines, byPolicy, byPerson) => {
    expect(receiptRequest(bytes(...lines), 'policy').refusal).toBe(byPolicy);
    expect(receiptRequest(bytes(...lines), 'person').refusal).toBe(byPerson);
  });

  it('T-048 goes to whoever asks', () => {
    const { to, originalRecipient } = receiptRequest(bytes(...original, 'Original-Recipient: rfc822;crew@pier.example'), 'policy');
    expect(to).toMatchObject([{ address: 'ann@harbour.example' }]);
    expect(originalRecipient).toBe('rfc822;crew@pier.example');
  });
});

// What received mail says of itself, from well-made headers and from garbage.
import { describe, expect, it } from 'vitest';
import { inboundProperties } from '../../../src/message/inbound-properties.ts';
import { fc, test as propertyTest } from './property.ts';
import { growth, linear } from './growth.ts';

const read = (text: string) => inboundProperties(Buffer.from(text));

describe('received headers', () => {
  it('M-071 say whether their sender wants to know that it was read, and whom to tell', () => {
    expect(read('From: ann@harbour.example\r\nDisposition-Notification-To: Office <office@harbour.example>\r\n\r\n')).toMatchObject({
      properties: { reportTo: { type: 'SMTP', address: 'office@harbour.example', name: 'Office' } },
      report: { read: true },
    });
    expect(read('From: ann@harbour.example\r\n\r\n').report).toBeUndefined();
  });

  it('give properties, recipients and return path', () => {
    const text = [
      'Return-Path: <bounce@pier.example>',
      'From: =?utf-8?Q?J=C3=B6rg?= <joerg@pier.example>',
      'To: ann@harbour.example, Crew: bob@harbour.example, Carl <carl@harbour.example>;',
      'Cc: Ann@Harbour.example, IMCEAFAX-+2B49@harbour.example',
      'Subject: =?utf-8?B?R3LDvMOf?= =?utf-8?B?ZQ==?=',
      'Message-ID: <m1@pier.example>',
      'Date: Fri, 1 Mar 2024 09:30:00 +0100 (CET)',
      'X-Priority: 1 (Highest)',
      '',
      'To: not@harbour.example',
    ];
    expect(read(text.join('\r\n'))).toEqual({
      properties: {
        messageClass: 'IPM.Note',
        messageId: '<m1@pier.example>',
        subject: 'Grüße',
        importance: 'high',
        sender: { type: 'SMTP', address: 'joerg@pier.example', name: 'Jörg' },
        clientSubmitTime: Date.UTC(2024, 2, 1, 8, 30),
      },
      recipients: [
        { id: 1, kind: 'to', type: 'SMTP', address: 'ann@harbour.example' },
        { id: 2, kind: 'to', type: 'SMTP', address: 'bob@harbour.example' },
        { id: 3, kind: 'to', type: 'SMTP', address: 'carl@harbour.example', name: 'Carl' },
        { id: 4, kind: 'cc', type: 'FAX', address: '+49' },
      ],
      returnPath: { type: 'SMTP', address: 'bounce@pier.example' },
    });
  });

  it('M-084 only complete addresses become recipients, each once', () => {
    expect(read('To: bob, x@, @y.example, a@b.example, A@B.EXAMPLE\n\n').recipients.map(({ address }) => address)).toEqual(['a@b.example']);
  });

  it.each([
    ['multipart/report; report-type=delivery-status; boundary=x', 'Undelivered Mail Returned to Sender', 'REPORT.IPM.Note.NDR'],
    ['Multipart/Report; boundary="x;y"; Report-Type="Delivery-Status"', 'Successful Mail Delivery Report', 'REPORT.IPM.Note.DR'],
    ['multipart/report; report-type=delivery-status', 'Delivery Status Notification (Delay)', 'REPORT.IPM.Note.Delayed.DR'],
    ['multipart/report; report-type=delivery-status', 'Not delivered', 'REPORT.IPM.Note.NDR'],
    ['multipart/report; report-type=disposition-notification', 'Read', 'REPORT.IPM.Note.IPNRN'],
    ['multipart/report; report-type=feedback-report', 'Abuse', 'IPM.Note'],
    ['multipart/mixed; x="report-type=delivery-status"', 'x', 'IPM.Note'],
  ])('M-067 Content-Type %s with subject %s is of class %s', (type, subject, messageClass) => {
    expect(read(`From: a@b.example\nContent-Type: ${type}\nSubject: ${subject}\n\n`).properties.messageClass).toBe(messageClass);
  });

  it.each([
    ['Return-Path: <>\nFrom: a@b.example\n\n', null],
    ['From: a@b.example\n\n', 'a@b.example'],
    ['Content-Type: multipart/report; report-type=delivery-status\nFrom: mailer-daemon@b.example\n\n', null],
    ['\n', null],
  ])('T-045 %j has the return path %j', (text, address) => {
    expect(read(text).returnPath?.address ?? null).toBe(address);
  });

  it('U-052 control characters do not come out of a subject', () => {
    expect(read('Subject: a=?utf-8?Q?=1B[2J=0D=0ABcc:_x?=\u001b]0;x\u0007b\n\n').properties.subject).not.toMatch(/[\p{Cc}]/u);
  });

  propertyTest(
    'U-052 whatever the bytes, there is an answer',
    fc.uint8Array({ maxLength: 400 }),
    fc.constantFrom('', 'To: ', 'From: =?', 'Content-Type: ', 'Subject: =?utf-8?q?'),
    (bytes, start) => {
      expect(inboundProperties(Buffer.concat([Buffer.from(start), bytes])).properties.messageClass).toBeDefined();
    },
  );

  const shapes: [string, (size: number) => string][] = [
    ['addresses', (size) => `To: ${'a@b.example, '.repeat(size / 13)}`],
    ['names', (size) => `To: ${'a '.repeat(size / 2)}`],
    ['comments', (size) => `From: ${'('.repeat(size)}`],
    ['quotes', (size) => `From: ${'"\\'.repeat(size / 2)}`],
    ['groups', (size) => `To: ${'a:'.repeat(size / 2)}`],
    ['angle brackets', (size) => `To: ${'<'.repeat(size)}`],
    ['at signs', (size) => `To: ${'@'.repeat(size)}`],
    ['encoded words', (size) => `Subject: ${'=?utf-8?q?a?= '.repeat(size / 15)}`],
    ['openings of encoded words', (size) => `Subject: ${'=?'.repeat(size / 2)}`],
    ['encoded names', (size) => `To: ${'=?utf-8?q?a?= '.repeat(size / 15)}<a@b.example>`],
    ['folds', (size) => `Subject: ${'\r\n x'.repeat(size / 4)}`],
    ['fields', (size) => 'X: y\r\n'.repeat(size / 6)],
    ['addressed fields', (size) => 'To: a@b.example\r\n'.repeat(size / 17)],
    ['parameters', (size) => `Content-Type: multipart/report${'; a=b'.repeat(size / 5)}`],
    ['open parameters', (size) => `Content-Type: multipart/report; a="${'\\"'.repeat(size / 2)}`],
    ['blanks', (size) => `Date: ${' '.repeat(size)}x\nMessage-ID: ${' '.repeat(size)}\nReturn-Path: ${' '.repeat(size)}x`],
    ['identifiers', (size) => `Message-ID: ${'<'.repeat(size)}`],
    ['a line without end', (size) => 'x'.repeat(size)],
  ];

  it.each(shapes)('X-011 %s cost in proportion to their size', (_, make) => {
    expect(growth((size) => void inboundProperties(Buffer.from(make(size))))).toBeLessThan(linear);
  });

  it('X-012 a hundred megabytes of header are read no further than the limit', () => {
    const late = Buffer.alloc(100 * 1024 * 1024, 'x\r\n');
    late.write('\r\nSubject: beyond\r\n\r\n', late.byteLength - 100);
    expect(inboundProperties(late).properties.subject).toBeUndefined();
  });

  it('X-012 100,000 recipients: the rows are bounded', () => {
    const text = `To: ${Array.from({ length: 30_000 }, (_, index) => `a${index}@b.example`).join(',')}\r\n`;
    expect(read(text + text).recipients.length).toBeLessThanOrEqual(10_000);
  });
});

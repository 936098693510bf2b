// Reports of other systems, shaped as those systems write them.
import { describe, expect, it } from 'vitest';
import { recognise } from '../../../src/reports/recognise.ts';
import { fc, test as propertyTest } from '../message/property.ts';

const lines = (...text: string[]) => Buffer.from(text.join('\r\n'));

const report = (status: string[], options: { headers?: string[]; returned?: string[]; type?: string; encoding?: string } = {}) =>
  lines(
    'Return-Path: <>',
    'From: MAILER-DAEMON@mx.pier.example',
    'MIME-Version: 1.0',
    ...(options.headers ?? ['Content-Type: multipart/report; report-type=delivery-status;', '\tboundary="9B095B5ADSN=_01.mx.pier.example"']),
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--9B095B5ADSN=_01.mx.pier.example',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'I am sorry.',
    '',
    '--9B095B5ADSN=_01.mx.pier.example',
    `Content-Type: ${options.type ?? 'message/delivery-status'}`,
    ...(options.encoding ? [`Content-Transfer-Encoding: ${options.encoding}`] : []),
    '',
    ...status,
    '',
    '--9B095B5ADSN=_01.mx.pier.example',
    ...(options.returned ?? ['Content-Type: message/rfc822', '', 'Message-ID: <m1@harbour.example>', 'Subject: Berth', '', 'x']),
    '',
    '--9B095B5ADSN=_01.mx.pier.example--',
    '',
  );

describe('a report from elsewhere', () => {
  it('U-055 as Postfix writes it: alias and final recipient', () => {
    const status = [
      'Reporting-MTA: dns; mx.pier.example',
      'X-Postfix-Queue-ID: 4F2A51C0',
      'X-Postfix-Sender: rfc822; ann@harbour.example',
      'Original-Envelope-Id: env-1',
      'Arrival-Date: Fri,  1 Mar 2024 08:00:00 +0000 (UTC)',
      '',
      'Final-Recipient: rfc822; bob.smith@pier.example',
      'Original-Recipient: rfc822;crew@pier.example',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; store.pier.example',
      'Diagnostic-Code: smtp; 550 5.1.1 <bob.smith@pier.example>: Recipient address',
      '    rejected: User unknown',
    ];
    expect(recognise(report(status))).toEqual({
      envelopeId: 'env-1',
      messageId: '<m1@harbour.example>',
      rows: [
        {
          recipient: 'bob.smith@pier.example',
          originalRecipient: 'crew@pier.example',
          action: 'failed',
          status: '5.1.1',
          diagnostic: {
            code: 'EENVELOPE',
            text: '550 5.1.1 <bob.smith@pier.example>: Recipient address rejected: User unknown',
            enhancedCode: '5.1.1',
            responseCode: 550,
            response: '550 5.1.1 <bob.smith@pier.example>: Recipient address rejected: User unknown',
          },
        },
      ],
    });
  });

  it('U-055 as a hosted service writes it: base64 throughout, capitals, several recipients', () => {
    const fields =
      'Reporting-MTA: dns;EX1.pier.example\r\nReceived-From-MTA: dns;harbour.example\r\n\r\nFinal-Recipient: RFC822;<bob@pier.example>\r\nAction: Failed\r\nStatus: 5.2.2 (mailbox full)\r\nDiagnostic-Code: SMTP;552 5.2.2 over quota\r\n\r\nFinal-Recipient: rfc822;dora@pier.example\r\nAction: relayed (to mailing list)\r\nStatus: 2.0.0\r\n';
    const found = recognise(report([Buffer.from(fields).toString('base64')], { encoding: 'BASE64' }));
    expect(found?.rows.map(({ recipient, action, status }) => [recipient, action, status])).toEqual([
      ['bob@pier.example', 'failed', '5.2.2'],
      ['dora@pier.example', 'relayed', '2.0.0'],
    ]);
  });

  it('U-055 with headers only, quoted-printable, a longer boundary inside, and no ENVID', () => {
    const returned = [
      'Content-Type: text/rfc822-headers',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Subject: x',
      'Message-ID: <m2=',
      '@harbour.example>',
    ];
    const found = recognise(
      report(
        [
          'Reporting-MTA: dns; mx',
          '',
          'Final-Recipient: rfc822;bob@pier.example',
          'Action: delayed',
          'Status: 4.4.1',
          'Will-Retry-Until: Sat, 2 Mar 2024 08:00:00 +0000',
        ],
        { returned },
      ),
    );
    expect(found).toMatchObject({ messageId: '<m2@harbour.example>', rows: [{ action: 'delayed', status: '4.4.1' }] });
    expect(found).not.toHaveProperty('envelopeId');
  });

  it('U-055 international: message/global-delivery-status', () => {
    const found = recognise(
      report(['Reporting-MTA: dns; mx', '', 'Final-Recipient: utf-8;jörg@häfen.example', 'Action: failed', 'Status: 5.1.1'], {
        type: 'message/global-delivery-status',
      }),
    );
    expect(found?.rows[0]?.recipient).toBe('jörg@häfen.example');
  });

  it('U-055 a row that names only the alias is about nobody', () => {
    expect(
      recognise(report(['Reporting-MTA: dns; mx', '', 'Original-Recipient: rfc822;crew@pier.example', 'Action: failed', 'Status: 5.1.1']))?.rows,
    ).toEqual([]);
  });

  it.each([
    ['another multipart', { headers: ['Content-Type: multipart/mixed; boundary="9B095B5ADSN=_01.mx.pier.example"'] }],
    ['a report without boundary', { headers: ['Content-Type: multipart/report; report-type=delivery-status'] }],
    ['a read report that does not say what was done', { type: 'message/disposition-notification' }],
  ])('%s is no delivery report', (_, options) => {
    expect(recognise(report(['Final-Recipient: rfc822;bob@pier.example', 'Action: failed'], options))).toBeUndefined();
  });

  it('X-012 a million parts and recipients are bounded', () => {
    const parts = '--9B095B5ADSN=_01.mx.pier.example\r\n\r\n'.repeat(30_000);
    recognise(report([parts]));
    const many = recognise(
      report(['Reporting-MTA: dns; mx', ...Array.from({ length: 20_000 }, () => '\r\nFinal-Recipient: rfc822;b@c.example\r\nAction: failed')]),
    );
    expect(many?.rows.length).toBeLessThanOrEqual(1000);
  });

  propertyTest(
    'U-052 whatever the bytes, there is an answer',
    fc.array(
      fc.constantFrom(
        '--9B095B5ADSN=_01.mx.pier.example',
        '\r\n',
        '\n',
        'Final-Recipient: ',
        'Action: failed',
        'Original-Message-ID: <',
        'Disposition: a/b; ',
        'Content-Transfer-Encoding: base64',
        ':',
        '=',
        '\\x{110000}',
        ';',
      ),
    ),
    (parts) => {
      for (const type of ['message/delivery-status', 'message/disposition-notification'])
        expect(() => recognise(report([parts.join('')], { type }))).not.toThrow();
    },
  );
});

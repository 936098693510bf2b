// Composing: what goes into the bytes, what does not, and what is refused before anything is composed.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import PostalMime from 'postal-mime';
import { afterAll, describe, expect, it } from 'vitest';
import { compose } from '../../../src/message/compose.ts';
import type { SubmitMessage } from '../../../src/message/submit-message.ts';
import { fc, test as propertyTest } from './property.ts';
import { composed, context, hasBareLineEnd, headerNames, headersOf, longestLine, octets, refusal } from './support.ts';

const note: SubmitMessage = { from: 'Ann <ann@harbour.example>', to: 'bob@pier.example', subject: 'Berth 4', text: 'Free from noon.' };

describe('composing', () => {
  it('makes a message of nodemailer fields', async () => {
    const { text, envelope, properties, messageId } = await composed({
      ...note,
      cc: ['Carl <carl@pier.example>'],
      replyTo: 'desk@harbour.example',
      html: '<p>Free</p>',
    });
    expect(headerNames(text)).toEqual(['from', 'to', 'cc', 'reply-to', 'subject', 'message-id', 'date', 'mime-version', 'content-type']);
    expect(await PostalMime.parse(text)).toMatchObject({
      from: { name: 'Ann', address: 'ann@harbour.example' },
      to: [{ address: 'bob@pier.example' }],
      cc: [{ name: 'Carl', address: 'carl@pier.example' }],
      subject: 'Berth 4',
      date: '2024-03-01T08:30:00.000Z',
      messageId,
    });
    expect(envelope).toMatchObject({
      from: { address: 'ann@harbour.example' },
      to: [{ address: 'bob@pier.example' }, { address: 'carl@pier.example' }],
    });
    expect(properties).toEqual({
      messageClass: 'IPM.Note',
      subject: 'Berth 4',
      sender: { type: 'SMTP', address: 'ann@harbour.example', name: 'Ann' },
      clientSubmitTime: context().now,
      messageId,
    });
  });

  it("gives the same bytes as nodemailer's stream, only in one go", async () => {
    const rich: SubmitMessage = {
      ...note,
      text: 'Grüße vom Kai\n.\nfrom the pier \n',
      html: '<b>ä</b>',
      attachments: [
        { filename: 'Gezeiten ä.csv', content: 'a;b\n'.repeat(100) },
        { filename: 'x.bin', content: Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256)) },
        { cid: 'logo@harbour', filename: 'logo.png', content: Buffer.from('png') },
      ],
    };
    const streamed = { ...rich, text: { content: Readable.from([Buffer.from('Grüße vom Kai\n.\nfrom the pier \n')]) } };
    const [once, inChunks] = [await composed(rich), await composed(streamed)];
    expect(once.source).toBeInstanceOf(Uint8Array);
    expect(inChunks.source).not.toBeInstanceOf(Uint8Array);
    expect(once.text).toBe(inChunks.text);
  });

  it('T-013 the same input gives the same bytes, whatever its parts', async () => {
    const rich: SubmitMessage = {
      ...note,
      html: '<i>x</i>',
      attachments: [{ filename: 'a.txt', content: 'x' }],
      icalEvent: { content: 'BEGIN:VCALENDAR\nEND:VCALENDAR\n' },
    };
    expect((await composed(rich)).text).toBe((await composed(rich)).text);
  });

  it('T-013 Message-ID, Date and boundaries are drawn from what is handed in', async () => {
    const rich: SubmitMessage = { ...note, html: '<i>x</i>' };
    const other = await composed(rich, { random: { bytes: (count) => new Uint8Array(count).fill(7) } });
    expect(other.messageId).not.toBe((await composed(rich)).messageId);
    expect(other.text).toMatch(/boundary="[^"]*0707070707070707/);
    expect((await composed(rich, { now: 0 })).text).toContain('Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n');
  });

  it('what the program says of Message-ID and Date holds', async () => {
    const { text, messageId } = await composed({
      ...note,
      messageId: 'own@harbour.example',
      date: new Date(0),
      references: ['<a@b>', '<c@d>'],
      inReplyTo: '<c@d>',
    });
    expect(messageId).toBe('<own@harbour.example>');
    expect(text).toContain('Message-ID: <own@harbour.example>\r\n');
    expect(text).toContain('References: <a@b> <c@d>\r\n');
    expect(text).toContain('Date: Thu, 01 Jan 1970');
  });

  it('the message is the program’s and is not written to', async () => {
    const message: SubmitMessage = {
      ...note,
      text: { content: 'x' },
      attachments: [Object.freeze({ path: 'data:text/plain,abc' })],
      icalEvent: { content: Buffer.from('BEGIN:VCALENDAR') },
    };
    const before = JSON.stringify(message);
    await composed(message);
    expect(JSON.stringify(message)).toBe(before);
  });

  it('writes priority, list and X-Mailer headers as nodemailer does', async () => {
    const { text, properties } = await composed({
      ...note,
      priority: 'high',
      xMailer: 'harbour',
      list: { unsubscribe: { url: 'http://harbour.example/u', comment: 'go (now)' }, id: 'tides.harbour.example' },
    });
    expect(text).toContain('Importance: High\r\n');
    expect(text).toContain('X-Mailer: harbour\r\n');
    expect(text).toContain('List-Unsubscribe: <http://harbour.example/u> (go \\(now\\))\r\n');
    expect(text).toContain('List-ID: <tides.harbour.example>\r\n');
    expect(properties.importance).toBe('high');
  });

  it.each([
    ['text with long lines', { text: 'x'.repeat(5000) }],
    ['html with long lines', { html: `<p>${'ä'.repeat(5000)}</p>` }],
    ['a subject without spaces', { subject: 'x'.repeat(3000) }],
    [
      'a 7bit attachment with long lines',
      { attachments: [{ content: 'x'.repeat(5000), contentTransferEncoding: '7bit', contentType: 'application/x' }] },
    ],
    [
      'a binary attachment with bare line ends',
      { attachments: [{ content: Buffer.from('a\rb\nc'), contentTransferEncoding: 'binary', contentType: 'application/x' }] },
    ],
    ['text with every line end', { text: 'a\nb\rc\r\nd' }],
    ['many recipients', { to: Array.from({ length: 500 }, (_, index) => `crew${index}@pier.example`) }],
  ] satisfies [string, SubmitMessage][])('T-030 %s: line ends in pairs, lines of at most 998', async (_, fields) => {
    const { bytes } = await composed({ ...note, ...fields });
    expect(hasBareLineEnd(bytes)).toBe(false);
    expect(longestLine(bytes)).toBeLessThanOrEqual(998);
    expect(bytes.subarray(-2).toString()).toBe('\r\n');
  });

  it('T-030 what lies in a labelled attachment comes out as it went in', async () => {
    const content = Buffer.from('a\rb\nc\r\n');
    const { text } = await composed({
      ...note,
      attachments: [{ filename: 'x', content, contentTransferEncoding: 'binary', contentType: 'application/x' }],
    });
    const [attachment] = (await PostalMime.parse(text)).attachments;
    expect(Buffer.from(attachment?.content as ArrayBuffer)).toEqual(content);
  });

  it('a header that cannot be folded is refused', async () => {
    expect(await refusal(() => composed({ ...note, headers: { 'X-Long': 'x'.repeat(2000) } }))).toMatchObject({ code: 'EINVALID', field: 'headers' });
  });

  it('no sender: the default, or a refusal; other address types need none', async () => {
    const { from: _, ...nobody } = note;
    expect(await refusal(() => composed(nobody))).toMatchObject({ code: 'EINVALID', field: 'from' });
    expect((await composed(nobody, { defaultFrom: 'desk@harbour.example' })).text).toContain('From: desk@harbour.example\r\n');
    expect((await composed({ text: 'x', to: '[MAILSLOT:\\\\h\\mailslot\\x]' })).envelope.from).toBeNull();
  });
});

describe('further fields of nodemailer', () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const dkim = { domainName: 'harbour.example', keySelector: 'k', privateKey };

  it.each([
    ['at hand', note],
    ['streamed', { ...note, text: Readable.from([Buffer.from('x\n')]) }],
    ['ready', { raw: 'From: ann@harbour.example\nTo: bob@pier.example\n\nx\n.\n' }],
  ] satisfies [string, SubmitMessage][])('dkim signs what is %s', async (_, message) => {
    const { text, bytes } = await composed({ ...message, dkim });
    expect(text.startsWith('DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=harbour.example;')).toBe(true);
    expect(hasBareLineEnd(bytes)).toBe(false);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(text.replace(/\s/g, '')).toContain(`bh=${createHash('sha256').update(body).digest('base64')};`);
  });

  it('a key that cannot sign is refused', async () => {
    expect(await refusal(() => composed({ ...note, dkim: { ...dkim, privateKey: 'none' } }))).toMatchObject({ code: 'EINVALID', field: 'dkim' });
  });

  it('T-013 attachDataUrls makes attachments of images, the same each time', async () => {
    const html = '<p><img alt="x" src="data:image/png;base64,cG5n"></p>';
    const { text } = await composed({ ...note, html, attachDataUrls: true });
    expect((await composed({ ...note, html, attachDataUrls: true })).text).toBe(text);
    const parsed = await PostalMime.parse(text);
    expect(parsed.attachments).toMatchObject([{ filename: 'image-1.png', mimeType: 'image/png', related: true }]);
    expect(parsed.html).toContain(`src="cid:${parsed.attachments[0]?.contentId?.slice(1, -1)}"`);
  });

  it.each([
    [
      { id: 'env-7', return: 'headers', notify: ['success', 'failure'] },
      { envelopeId: 'env-7', report: { delivery: true, nonDelivery: true, delay: false, returns: 'headers' } },
    ],
    [{ notify: 'never' }, { report: { delivery: false, nonDelivery: false, delay: false } }],
    [
      { ret: 'FULL', envid: 'e' },
      { envelopeId: 'e', report: { returns: 'full' } },
    ],
  ])('M-065 dsn %j asks for %j', async (dsn, requested) => {
    expect((await composed({ ...note, dsn })).requested).toEqual(requested);
  });

  it.each([{ notify: 'sometimes' }, { notify: ['never', 'delay'] }, { return: 'half' }, { id: 'a\r\nb' }])('dsn %j is refused', async (dsn) => {
    expect(await refusal(() => composed({ ...note, dsn }))).toMatchObject({ code: 'EINVALID', field: expect.stringMatching(/^dsn\./) as string });
  });
});

describe('recipients', () => {
  it('M-032 stand in the order to, cc, bcc, recipients, without duplicates', async () => {
    const { recipients } = await composed({
      ...note,
      to: ['bob@pier.example', 'BOB@pier.example'],
      cc: 'carl@pier.example, bob@pier.example',
      bcc: 'dora@pier.example',
      recipients: [
        { type: 'smtp', address: 'Carl@Pier.example', report: { delivery: true } },
        { type: 'FAX', address: '+49', kind: 'cc' },
      ],
    });
    expect(recipients.map(({ id, kind, type, address }) => [id, kind, type, address])).toEqual([
      [1, 'to', 'SMTP', 'bob@pier.example'],
      [2, 'cc', 'SMTP', 'carl@pier.example'],
      [3, 'bcc', 'SMTP', 'dora@pier.example'],
      [4, 'cc', 'FAX', '+49'],
    ]);
    expect(recipients[1]?.report).toEqual({ delivery: true });
  });

  it('M-015 of another type are in headers encapsulated, in the envelope as they are', async () => {
    const { text, recipients } = await composed({
      ...note,
      to: 'bob@pier.example, Queue <[MSMQ:DIRECT=OS:h\\q]>',
      recipients: [{ type: 'FAX', address: '+49 40' }],
    });
    expect(headersOf(text).replace(/\r\n /g, ' ')).toContain(
      'To: bob@pier.example, Queue <IMCEAMSMQ-DIRECT=OS+3Ah+5Cq@harbour.example>, IMCEAFAX-+2B49+2040@harbour.example',
    );
    expect(recipients.map(({ type }) => type)).toEqual(['SMTP', 'MSMQ', 'FAX']);
  });

  it('M-033 rows already sent to are shown, rows sent to again are not', async () => {
    const { text, recipients, envelope } = await composed({
      from: 'ann@harbour.example',
      text: 'x',
      recipients: [
        { type: 'SMTP', address: 'bob@pier.example', submitted: true },
        { type: 'SMTP', address: 'bob@pier.example', kind: 'p1' },
      ],
    });
    expect(recipients).toHaveLength(2);
    expect(envelope.to.map(({ address }) => address)).toEqual(['bob@pier.example']);
    expect(text.match(/bob@pier\.example/g)).toHaveLength(1);
  });

  it.each([
    ['none', {}],
    ['empty fields', { to: '', cc: [] }],
    ['an empty group', { to: 'Undisclosed recipients:;' }],
    ['only rows that were sent to', { recipients: [{ type: 'SMTP', address: 'bob@pier.example', submitted: true as const }] }],
  ] satisfies [string, SubmitMessage][])('M-025 %s: ENORECIPIENTS', async (_, fields) => {
    expect(await refusal(() => composed({ from: 'ann@harbour.example', text: 'x', ...fields }))).toMatchObject({ code: 'ENORECIPIENTS' });
  });

  it('M-032 a list that nobody expanded is refused', async () => {
    expect(await refusal(() => composed({ ...note, recipients: [{ list: 'crew' }] }))).toMatchObject({ code: 'EINVALID', field: 'recipients[0]' });
  });

  it("nodemailer's envelope goes before the fields", async () => {
    const { recipients, envelope } = await composed({
      ...note,
      envelope: { from: 'bounce@harbour.example', to: ['bob@pier.example', 'dora@pier.example'] },
    });
    expect(envelope.from).toMatchObject({ address: 'bounce@harbour.example' });
    expect(recipients.map(({ kind, address }) => [kind, address])).toEqual([
      ['to', 'bob@pier.example'],
      ['bcc', 'dora@pier.example'],
    ]);
  });

  it('M-065 whoever wants to know that it was read asks by header: the sender, or another address', async () => {
    const asked = await composed(note, { readReceiptTo: true });
    expect(asked.text).toContain('Disposition-Notification-To: <ann@harbour.example>\r\n');
    expect(asked.requested).toEqual({ report: { read: true } });
    const other = await composed({ ...note, html: '<p>Free</p>' }, { readReceiptTo: { type: 'FAX', address: '+49' } });
    expect(other.text).toContain('Disposition-Notification-To: <IMCEAFAX-+2B49@harbour.example>\r\n');
    expect((await composed(note)).text).not.toContain('Disposition-Notification-To');
    const injecting = { type: 'SMTP', address: 'ann@harbour.example>\r\nBcc: <x@y.example' };
    expect(await refusal(async () => await composed(note, { readReceiptTo: injecting }))).toMatchObject({ code: 'EINVALID', field: 'reportTo' });
  });

  it('M-065 a header that asks already, in fields or in a ready message, is the request', async () => {
    const field = { headers: { 'Disposition-Notification-To': 'office@harbour.example' } };
    const raw = { raw: 'From: ann@harbour.example\r\nTo: bob@pier.example\r\nDisposition-Notification-To: office@harbour.example\r\n\r\nFree.\r\n' };
    for (const message of [{ ...note, ...field }, raw]) {
      const { text, requested } = await composed({ ...message, dsn: { notify: 'success' } }, { readReceiptTo: true });
      expect(text.match(/^Disposition-Notification-To: .*$/gm)).toEqual(['Disposition-Notification-To: office@harbour.example']);
      expect(requested?.report).toMatchObject({ read: true, delivery: true });
    }
    const added = await composed({ raw: raw.raw.replace(/Disp.*\r\n/, '') }, { readReceiptTo: true });
    expect(added.text).toContain('Disposition-Notification-To: <ann@harbour.example>\r\n');
  });

  it.each([[''], [null], [false], ['<>']])('T-044 an envelope from %j has the null return path', async (from) => {
    expect((await composed({ ...note, envelope: { from: from as string, to: 'bob@pier.example' } })).envelope.from).toBeNull();
  });

  propertyTest(
    'Bcc never appears in what is sent',
    fc.array(fc.tuple(fc.constantFrom('bcc', 'Bcc', 'BCC', 'Resent-Bcc'), fc.nat({ max: 999 })), { minLength: 1, maxLength: 4 }),
    async (blind) => {
      const headers = blind.map(([key, number]) => ({ key, value: `hidden${number}@pier.example` }));
      const { text } = await composed({ ...note, bcc: blind.map(([, number]) => `hidden${number}@pier.example`), headers });
      expect(text).not.toMatch(/hidden|bcc/i);
      const raw = `${blind.map(([key, number]) => `${key}: hidden${number}@pier.example`).join('\n')}\nFrom: ann@harbour.example\nTo: bob@pier.example\n\nx\n`;
      const ready = await composed({ raw });
      expect(ready.text).not.toMatch(/hidden|bcc/i);
    },
  );
});

describe('header injection', () => {
  const evil = 'x\r\nBcc: evil@evil.example';
  const places: [string, string, (text: string) => SubmitMessage][] = [
    ['subject', 'subject', (text) => ({ subject: text })],
    ['a display name', 'to.name', (text) => ({ to: { name: text, address: 'bob@pier.example' } })],
    ['an address', 'to', (text) => ({ to: { name: '', address: text } })],
    ['an address text', 'from', (text) => ({ from: text })],
    ['a group name', 'to[0].name', (text) => ({ to: [{ name: text, group: [{ address: 'bob@pier.example' }] }] as never })],
    ['a typed address', 'recipients[0]', (text) => ({ recipients: [{ type: 'FAX', address: text }] })],
    ['a type', 'recipients[0]', (text) => ({ recipients: [{ type: text, address: 'x' }] })],
    ['replyTo', 'replyTo', (text) => ({ replyTo: text })],
    ['envelope.from', 'envelope.from', (text) => ({ envelope: { from: text, to: 'bob@pier.example' } })],
    ['envelope.to', 'envelope.to', (text) => ({ envelope: { from: 'a@b.example', to: [text] } })],
    ['messageId', 'messageId', (text) => ({ messageId: text })],
    ['inReplyTo', 'inReplyTo', (text) => ({ inReplyTo: text })],
    ['references', 'references', (text) => ({ references: ['<a@b>', text] })],
    ['date', 'date', (text) => ({ date: text })],
    ['a header value', 'headers', (text) => ({ headers: { 'X-A': text } })],
    ['a prepared header value', 'headers', (text) => ({ headers: { 'X-A': { prepared: true, value: text } } })],
    ['one of several header values', 'headers', (text) => ({ headers: [{ key: 'X-A', value: ['ok', text] as never }] })],
    ['a header name', 'headers', (text) => ({ headers: { [text]: 'x' } })],
    ['a file name', 'attachments[0].filename', (text) => ({ attachments: [{ filename: text, content: 'x' }] })],
    ['a content type', 'attachments[0].contentType', (text) => ({ attachments: [{ contentType: text, content: 'x' }] })],
    ['a content id', 'attachments[0].cid', (text) => ({ attachments: [{ cid: text, content: 'x' }] })],
    ['a part header', 'attachments[0].headers', (text) => ({ attachments: [{ content: 'x', headers: { 'X-A': text } }] })],
    ['a part header name', 'attachments[0].headers', (text) => ({ attachments: [{ content: 'x', headers: { [text]: 'x' } }] })],
    ['an alternative type', 'alternatives[0].contentType', (text) => ({ alternatives: [{ contentType: text, content: 'x' }] })],
    ['a calendar method', 'icalEvent.method', (text) => ({ icalEvent: { method: text, content: 'x' } })],
    ['a list comment', 'list', (text) => ({ list: { help: { url: 'http://a.example', comment: text } } })],
    ['a list url', 'list', (text) => ({ list: { help: text } })],
    ['a list name', 'list', (text) => ({ list: { [text]: 'http://a.example' } })],
    ['xMailer', 'xMailer', (text) => ({ xMailer: text })],
    ['a boundary', 'message', (text) => ({ html: 'x', boundaryPrefix: text })],
    ['properties', 'properties', (text) => ({ properties: { messageClass: text } })],
  ];

  it.each(places)('X-008 in %s is refused, and %s is named', async (_, field, make) => {
    for (const text of [evil, 'x\nBcc: e', 'x\rBcc: e', 'x\0', 'x\u2028y', 'x\u2029y', 'x\u0085y', '\r\n\r\nbody']) {
      const error = await refusal(() => composed({ ...note, ...make(text) }));
      expect(error.code).toBe('EINVALID');
      expect(error.field).toMatch(new RegExp(`^${field.replace(/[[\].]/g, String.raw`\$&`)}`));
    }
  });

  propertyTest(
    'X-008 whatever text is given, only the expected headers come out',
    fc.constantFrom(...places),
    fc.string({ unit: 'binary', maxLength: 60 }),
    async ([, , make], text) => {
      const plain = headerNames((await composed({ ...note, ...make('x@y.example') }).catch(() => ({ text: '\r\n\r\n' }))).text);
      let result: Awaited<ReturnType<typeof composed>>;
      try {
        result = await composed({ ...note, ...make(text) });
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^E(INVALID|NORECIPIENTS)$/) as string });
        return;
      }
      const allowed = new Set([...plain, ...expectedNames, ...[text, `list-${text}`].map((name) => name.trim().toLowerCase())]);
      expect(headerNames(result.text).filter((name) => !allowed.has(name))).toEqual([]);
      expect(hasBareLineEnd(result.bytes)).toBe(false);
    },
  );

  const expectedNames =
    'from sender reply-to to cc subject message-id in-reply-to references date mime-version content-type content-transfer-encoding content-disposition content-id x-a x-mailer list-help'.split(
      ' ',
    );
});

describe('files and URLs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mailspool-compose-'));
  const path = join(directory, 'canary.txt');
  writeFileSync(path, 'canary');
  afterAll(() => rmSync(directory, { recursive: true }));

  const places: [string, (value: { path: string } | { href: string }) => SubmitMessage][] = [
    ['attachments', (value) => ({ attachments: [value] })],
    ['alternatives', (value) => ({ alternatives: [value] })],
    ['text', (value) => ({ text: value })],
    ['html', (value) => ({ html: value })],
    ['watchHtml', (value) => ({ watchHtml: value })],
    ['amp', (value) => ({ amp: value })],
    ['icalEvent', (value) => ({ icalEvent: value })],
    ['an attachment’s content', (value) => ({ attachments: [{ content: value }] })],
    ['an attachment’s raw', (value) => ({ attachments: [{ raw: value }] })],
    ['raw', (value) => ({ raw: value })],
  ];

  it.each(places)('X-016 %s reads no file and no URL unless it may', async (_, make) => {
    for (const value of [{ path }, { href: 'http://127.0.0.1:9/' }, { path: 'http://127.0.0.1:9/' }, { path: 'file:///etc/passwd' }]) {
      const refused = { code: 'EINVALID', field: expect.stringMatching(/(?:path|href|raw)$/) as string };
      expect(await refusal(() => compose({ ...note, ...make(value) }, context()))).toMatchObject(refused);
      const closed = { ...note, ...make(value), disableFileAccess: true, disableUrlAccess: true };
      expect(await refusal(() => compose(closed, context({ fileAccess: true })))).toMatchObject(refused);
    }
  });

  it('X-016 the program itself may attach files', async () => {
    const { source, text } = await composed({ ...note, attachments: [{ path }] }, { fileAccess: true });
    expect(source).not.toBeInstanceOf(Uint8Array);
    expect(text).toContain(Buffer.from('canary').toString('base64'));
  });

  it('a file that is not there is an error with a code, when the bytes are read', async () => {
    const { source } = await compose({ ...note, attachments: [{ path: join(directory, 'absent') }] }, context({ fileAccess: true }));
    expect(await refusal(() => octets(source))).toMatchObject({ code: 'EINVALID' });
  });

  it('large and streamed contents are not held in memory', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let made = 0;
    const content = Readable.from(
      (function* () {
        for (; made < 800; made++) yield chunk;
      })(),
      { objectMode: false },
    );
    const { source } = await compose({ ...note, attachments: [{ filename: 'big', content }] }, context());
    let read = 0;
    let ahead = 0;
    for await (const piece of source as AsyncIterable<Uint8Array>) {
      read += piece.length;
      ahead = Math.max(ahead, made * chunk.length - (read * 3) / 4);
    }
    expect(read).toBeGreaterThan(50 * 1024 * 1024);
    expect(ahead).toBeLessThan(2 * 1024 * 1024);
  });
});

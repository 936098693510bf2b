import { Readable } from 'node:stream';
import { seededRandom } from 'mailspool/testing';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { Content } from '../../../src/message/message.ts';
import { withTnef } from '../../../src/message/tnef/attach.ts';
import { Damaged } from '../../../src/message/tnef/byte-reader.ts';
import { decompressedRtf } from '../../../src/message/tnef/compressed-rtf.ts';
import { decodeTnef } from '../../../src/message/tnef/decode.ts';
import { encodeTnef } from '../../../src/message/tnef/encode.ts';
import { expandTnef } from '../../../src/message/tnef/expand.ts';
import { contentOf, leaves } from '../../../src/message/tnef/mime-parts.ts';
import type { TnefMessage } from '../../../src/message/tnef/tnef-message.ts';
import { growth, linear } from './growth.ts';
import { fc, test } from './property.ts';
import { inboundMail as winmail } from './tnef-mail.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const empty: TnefMessage = { key: 1, properties: {}, attachments: [], recipients: [] };

const inner: TnefMessage = {
  ...empty,
  properties: { messageClass: 'IPM.Note', subject: 'The tide', sender: { type: 'SMTP', address: 'cara@harbour.example', name: 'Cara' } },
  text: 'High water at six.\n',
};

const full: TnefMessage = {
  key: 7,
  correlationKey: '<7@harbour.example>',
  properties: {
    messageClass: 'IPM.Berth.Request',
    messageId: '<7@harbour.example>',
    subject: 'Berth 7 – größer',
    importance: 'high',
    sender: { type: 'EX', address: '/o=Harbour/cn=ann', name: 'Ann' },
    reportTag: 'tag é',
    clientSubmitTime: 1_800_000_000_000,
    deferredDeliveryAt: 1_800_000_001_000,
    latestDeliveryAt: 1_800_000_002_000,
    expiresAt: 1_800_000_003_000,
    named: { berth: 7, free: true, depth: 4.5, pilot: 'Bo ✓' },
  },
  text: 'The pilot boards at noon.\r\n',
  html: '<p>The pilot boards at <b>noon</b>. ✓</p>',
  rtf: bytes('{\\rtf1 The pilot boards at noon.}'),
  attachments: [
    { name: 'Plan größer.png', contentType: 'image/png', contentId: 'plan@harbour', content: Buffer.of(0, 1, 2, 255, 13, 10) },
    { name: 'The tide', content: encodeTnef(inner), message: inner },
  ],
  recipients: [
    { kind: 'to', type: 'SMTP', address: 'bob@harbour.example', name: 'Bob', status: { reasonCode: 1, diagnosticCode: 5, text: 'no such berth' } },
    { kind: 'cc', type: 'FAX', address: '+49 40 1', status: { deliveredAt: 1_800_000_004_000 } },
  ],
};

async function expanded(message: Uint8Array) {
  const result = await expandTnef(message);
  if (result.result !== 'expanded') throw new Error(JSON.stringify(result));
  return { ...result, mail: await new PostalMime().parse(result.content), raw: Buffer.from(result.content).toString('latin1') };
}

describe('a TNEF stream', () => {
  it('M-048 carries class, subject, texts, RTF, attachments, messages, recipients and their status, tag, times and named properties', () => {
    expect(decodeTnef(encodeTnef(full))).toEqual({ result: 'decoded', message: full });
    expect(decodeTnef(encodeTnef(empty))).toEqual({ result: 'decoded', message: empty });
  });

  it('M-048 the same message gives the same bytes', () => {
    expect(encodeTnef(full)).toEqual(encodeTnef(structuredClone(full)));
  });

  it('M-048 classes that the attribute writes in the old way are read and written', () => {
    for (const messageClass of ['IPM.Note', 'REPORT.IPM.Note.NDR', 'REPORT.IPM.Note.IPNRN', 'IPM.Schedule.Meeting.Request']) {
      const stream = Buffer.from(encodeTnef({ ...empty, properties: { messageClass } }));
      expect(stream.includes('IPM.Microsoft ')).toBe(true);
      expect(decodeTnef(stream)).toMatchObject({ message: { properties: { messageClass } } });
    }
  });

  it('M-048 compressed RTF is unpacked: the example of [MS-OXRTFCP] 3.1', () => {
    const example = '2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0';
    expect(Buffer.from(decompressedRtf(Buffer.from(example.replace(' ', ''), 'hex'))).toString()).toBe(
      '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
    );
  });

  it('M-048 RTF that claims more than its bytes can hold is damaged, before memory is taken', () => {
    const bomb = Buffer.alloc(20);
    bomb.writeUInt32LE(16, 0);
    bomb.writeUInt32LE(0xfffffff0, 4);
    bomb.writeUInt32LE(0x75465a4c, 8);
    expect(() => decompressedRtf(bomb)).toThrow(Damaged);
  });

  it('M-048 text that cannot stand in a header is left out, or made one line', () => {
    const properties = { messageClass: 'IPM.Note\r\nX-Evil: 1', subject: 'a\r\nBcc: eve@x.test', messageId: '<a b>' };
    const decoded = decodeTnef(encodeTnef({ ...empty, properties }));
    expect(decoded).toEqual({ result: 'decoded', message: { ...empty, properties: { subject: 'a Bcc: eve@x.test' } } });
  });

  it('M-048 whatever the bytes are there is an answer, and every wrong checksum is noticed', () => {
    const stream = encodeTnef(full);
    for (let length = 0; length < stream.length; length += 1) expect(['decoded', 'damaged']).toContain(decodeTnef(stream.subarray(0, length)).result);
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const mutated = Buffer.from(stream);
      const random = Buffer.from(seededRandom(seed).bytes(48));
      for (let at = 0; at < (random[0] ?? 0) % 11; at += 1) mutated[random.readUInt32LE(4 + 4 * at) % mutated.length] = random[at + 1] ?? 0;
      const { result } = decodeTnef(mutated);
      if (mutated.equals(stream)) expect(result).toBe('decoded');
      else expect([seed, result]).toEqual([seed, expect.stringMatching(/decoded|damaged/)]);
    }
    const flipped = Buffer.from(stream);
    flipped[stream.length - 8] = (flipped.at(-8) ?? 0) ^ 1;
    expect(decodeTnef(flipped).result).toBe('damaged');
  });

  it('M-048 mutations behind right checksums are survived, too', () => {
    const stream = Buffer.from(encodeTnef(full));
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const random = Buffer.from(seededRandom(`props ${seed}`).bytes(48));
      const mutated = Buffer.from(stream);
      for (let at = 0; at < 1 + ((random[0] ?? 0) % 8); at += 1)
        mutated[6 + (random.readUInt32LE(4 + 4 * at) % (mutated.length - 6))] = random[at + 1] ?? 0;
      expect([seed, decodeTnef(withChecksums(mutated)).result]).toEqual([seed, expect.stringMatching(/decoded|damaged/)]);
    }
  });

  test('M-048 arbitrary bytes behind the signature are survived', fc.uint8Array({ maxLength: 300 }), (tail) => {
    expect(['decoded', 'damaged']).toContain(decodeTnef(Buffer.concat([Buffer.from('789f3e220100', 'hex'), tail])).result);
  });
});

/** Puts the checksums right, as far as the attributes can be followed. */
function withChecksums(stream: Buffer): Buffer {
  for (let at = 6; at + 11 <= stream.length;) {
    const end = at + 9 + stream.readUInt32LE(at + 5);
    if (end + 2 > stream.length) break;
    stream.writeUInt16LE(
      stream.subarray(at + 9, end).reduce((sum, byte) => (sum + byte) & 0xffff, 0),
      end,
    );
    at = end + 2;
  }
  return stream;
}

describe('a message with winmail.dat', () => {
  it('M-048 is as if it had been sent without: its parts stand where the attachment was, the rest is untouched', async () => {
    const message = winmail(encodeTnef(full), full.correlationKey);
    const { mail, properties, recipients, raw } = await expanded(message);
    expect(mail.text).toMatch(/^Hello\n/);
    expect(mail.html).toContain('The pilot boards at <b>noon</b>. ✓');
    expect(mail.attachments.map(({ filename, mimeType }) => [filename, mimeType])).toEqual([
      ['message.rtf', 'application/rtf'],
      ['Plan größer.png', 'image/png'],
      ['The tide.eml', 'message/rfc822'],
    ]);
    expect(new Uint8Array(mail.attachments[1]?.content as ArrayBuffer)).toEqual(Uint8Array.of(0, 1, 2, 255, 13, 10));
    const [tide] = mail.attachments.slice(2).map(({ content }) => (typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer)));
    const attached = await new PostalMime().parse(tide ?? '');
    expect([attached.subject, attached.from?.address, attached.text?.trim(), attached.date]).toEqual([
      'The tide',
      'cara@harbour.example',
      'High water at six.',
      undefined,
    ]);
    expect(properties).toEqual(full.properties);
    expect(recipients).toEqual(full.recipients);
    const place = message.toString('latin1').indexOf('Content-Type: APPLICATION');
    expect(raw.slice(0, place)).toBe(message.toString('latin1').slice(0, place));
    expect(raw.endsWith('\r\n--b--\r\nepilogue\r\n')).toBe(true);
    expect(raw).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
  });

  it("M-048 its key must equal the one in the header, unless either is absent; else it is another message's and stays", async () => {
    const keyed = encodeTnef(full);
    const { correlationKey: _key, ...rest } = full;
    const results = [
      await expandTnef(winmail(keyed, '<7@harbour.example>')),
      await expandTnef(winmail(keyed, '<8@harbour.example>')),
      await expandTnef(winmail(keyed)),
      await expandTnef(winmail(encodeTnef(rest), '<8@harbour.example>')),
      await expandTnef(winmail(encodeTnef(rest))),
    ];
    expect(results.map(({ result }) => result)).toEqual(['expanded', 'foreign', 'expanded', 'expanded', 'expanded']);
  });

  it('M-048 a message that is nothing but TNEF becomes one of parts', async () => {
    const head =
      'From: ann@harbour.example\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: binary\r\nX-Last: 1\r\n\r\n';
    const { mail } = await expanded(Buffer.concat([bytes(head), encodeTnef(full)]));
    expect(mail.text).toContain('The pilot boards at noon.');
    expect(mail.html).toContain('<b>noon</b>');
    expect(mail.attachments).toHaveLength(3);
    expect(mail.headers.map(({ key }) => key)).toEqual(['from', 'x-last', 'mime-version', 'content-type']);
  });

  it('M-048 a part that held nothing but properties is gone', async () => {
    const { mail, raw } = await expanded(winmail(encodeTnef({ ...empty, properties: { messageClass: 'IPM.Berth' } })));
    expect(mail.attachments).toEqual([]);
    expect(raw).toMatch(/\r\n--b\r\nContent-Type: text\/plain\r\n\r\nHello\r\n\r\n--b--\r\nepilogue/);
  });

  it('M-048 what is damaged, signed or no TNEF stays as it is', async () => {
    expect(await expandTnef(winmail(encodeTnef(full).subarray(0, 100)))).toMatchObject({ result: 'damaged' });
    expect(await expandTnef(winmail(bytes('no TNEF at all')))).toMatchObject({ result: 'damaged' });
    expect(await expandTnef(bytes('Subject: x\r\n\r\napplication/ms-tnef\r\n'))).toEqual({ result: 'none' });
    const signed = bytes(winmail(encodeTnef(full)).toString('latin1').replace('multipart/mixed', 'multipart/signed'));
    expect(await expandTnef(signed)).toEqual({ result: 'none' });
  });

  it('M-048 a part in quoted-printable is read', async () => {
    const quoted = (text: string) => `Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${text}`;
    const hex = [...encodeTnef({ ...empty, properties: { messageClass: 'IPM.Berth' } })].map(
      (byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`,
    );
    expect(await expandTnef(bytes(quoted(hex.join('').replaceAll(/.{75}/g, '$&=\r\n'))))).toMatchObject({
      properties: { messageClass: 'IPM.Berth' },
    });
  });

  it('M-048 a hostile message takes no longer than its length', () => {
    const head = 'Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n';
    const parts = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
    for (const [first, piece] of [
      [head, ' '],
      [head, '= '],
      [head, '=\t'],
      [head, '=\r\n'],
      [parts, '--b\r\n'],
      [parts, '--b \r\n\r\n'],
      [parts, `--b\r\n${parts}`],
    ] as const) {
      const read = (size: number) => {
        const message = bytes(first + piece.repeat(size / piece.length));
        for (const part of leaves(message).slice(0, 1)) decodeTnef(contentOf(message, part));
      };
      expect([piece, growth(read) < linear]).toEqual([piece, true]);
    }
  });

  it('M-048 mutated messages are survived', async () => {
    const message = winmail(encodeTnef(full));
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = Buffer.from(seededRandom(`mime ${seed}`).bytes(48));
      const mutated = Buffer.from(message);
      for (let at = 0; at < 6; at += 1) mutated[random.readUInt32LE(4 + 4 * at) % mutated.length] = random[at] ?? 0;
      const { result } = await expandTnef(mutated);
      expect([seed, result]).toEqual([seed, expect.stringMatching(/expanded|none|foreign|damaged/)]);
    }
  });
});

describe('a message on its way out', () => {
  const content = (raw: string): Content => ({
    sizeBytes: raw.length,
    stream: () => Readable.from(raw.match(/[\s\S]{1,7}/g)?.map(bytes) ?? [], { objectMode: false }),
    bytes: async () => bytes(raw),
  });
  const plain = 'From: ann@harbour.example\r\nMessage-ID: <1@x.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n';
  const read = async (given: Content | undefined) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of given?.stream() ?? []) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  };

  it('M-048 gets TNEF for what Internet mail has no field for, and for nothing else', async () => {
    const properties = {
      subject: 'Berth 7',
      messageClass: 'IPM.Berth',
      importance: 'high',
      expiresAt: 9,
      reportTag: 't',
      named: { berth: 7 },
    } as const;
    const made = await withTnef({ properties, content: content(plain) });
    const whole = await read(made);
    expect(whole.length).toBe(made?.sizeBytes);
    expect(Buffer.from((await made?.bytes()) ?? [])).toEqual(whole);
    expect(await read(await withTnef({ properties, content: content(plain) }))).toEqual(whole);
    const mail = await new PostalMime().parse(whole);
    expect(mail.text?.trim()).toBe('Hello');
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['winmail.dat']);
    const { content: back, properties: carried, raw } = await expanded(whole);
    expect(carried).toEqual({ messageClass: 'IPM.Berth', reportTag: 't', named: { berth: 7 } });
    expect(raw).toContain('X-MS-TNEF-Correlator: <1@x.test>\r\n');
    expect((await new PostalMime().parse(back)).attachments).toEqual([]);
    for (const ordinary of [
      {},
      { messageClass: 'IPM.Note', subject: 'x', importance: 'high' },
      { messageClass: 'REPORT.IPM.Note.DR' },
      { expiresAt: 9 },
    ] as const)
      expect(await withTnef({ properties: ordinary, content: content(plain) })).toBeUndefined();
  });

  it('M-048 signed, encrypted and report mail goes as it is', async () => {
    const properties = { messageClass: 'IPM.Berth' };
    for (const type of ['multipart/signed; boundary=x', 'multipart/encrypted; boundary=x', 'multipart/report; boundary=x', 'application/pkcs7-mime'])
      expect(await withTnef({ properties, content: content(plain.replace(/text\/plain.*/, type)) })).toBeUndefined();
    expect(await withTnef({ properties, content: content(`DKIM-Signature: v=1\r\n${plain}`) })).toBeUndefined();
  });
});

// The SMTP provider against a server that is not ours.
import { Readable } from 'node:stream';
import { seededRandom } from 'mailspool/testing';
import { describe, expect, test } from 'vitest';
import { collect, outboundMessage, summary } from '../../../src/testing/provider-suite/outbound-message.ts';
import { loggedOn } from '../../providers/smtp/logged-on.ts';
import { hasSmtpSink, startSmtpSink } from './smtp-sink.ts';

/** The documented canonical form, with the sink's line ends. */
const canonical = (raw: Buffer): string =>
  raw
    .toString('latin1')
    .replace(/\r\n|\r|\n/g, '\n')
    .replace(/(?<!\n)$/, '\n');

/** A message of a random shape: line lengths, dots, odd line ends, 8-bit bytes, sizes up to some 100 KB. */
function generated(id: number, random: { bytes(count: number): Uint8Array }): Buffer {
  const [shape = 0, lines = 0, ...rest] = random.bytes(64);
  const ends = ['\r\n', '\r\n', '\r\n', '\n', '\r'];
  const pieces = ['.', '..', 'text', '.text', '', 'x'.repeat(900), shape % 2 ? 'B\u00fccher' : 'buecher', 'From here', '\t'];
  const body = Array.from({ length: lines * (shape % 7 === 0 ? 8 : 1) }, (_, line) => {
    const dice = (rest[line % rest.length] ?? 0) + line;
    return (pieces[dice % pieces.length] ?? '') + (shape % 3 === 0 ? '\r\n' : (ends[dice % ends.length] ?? ''));
  });
  return Buffer.from(`Message-ID: <${id}@mailspool.test>\r\nSubject: ${shape}\r\n\r\n${body.join('')}`);
}

describe.skipIf(!hasSmtpSink('that what is sent arrives byte for byte'))('smtp-sink', () => {
  test('T-029 T-030 U-021 500 messages of every shape arrive once each, byte for byte after canonicalisation', async () => {
    await using sink = await startSmtpSink();
    await using provider = await loggedOn(sink, { connections: 10 });
    const random = seededRandom(2);
    const raws = Array.from({ length: 500 }, (_, id) => generated(id, random));
    const outcomes = await Promise.all(
      raws.map(async (raw, id) => {
        const message = outboundMessage({
          from: id % 10 === 0 ? null : 'ann@mailspool.test',
          to: [`r${id}@x.test`, `s${id}@x.test`],
          ...(id % 2 ? { raw } : { raw: () => Readable.from(cut(raw)), sizeBytes: 1_000_000 }),
        });
        return summary(message, await provider.submit(message));
      }),
    );
    expect(new Set(outcomes.flat())).toEqual(new Set(['1:accepted', '2:accepted']));

    const sunk = new Map((await sink.messages()).map(({ rcptTo, content }) => [rcptTo.join(' '), content.toString('latin1')]));
    expect(sunk.size).toBe(500);
    for (const [id, raw] of raws.entries()) expect(sunk.get(`<r${id}@x.test> <s${id}@x.test>`)).toBe(canonical(raw));
  });

  test('U-039 a large message goes through as a stream', async () => {
    await using sink = await startSmtpSink();
    await using provider = await loggedOn(sink);
    const line = Buffer.from(`${'x'.repeat(74)}\r\n`);
    const chunk = Buffer.concat(Array.from({ length: 800 }, () => line));
    const source = () => Readable.from(Array.from({ length: 400 }, () => chunk));
    const message = outboundMessage({ raw: source, sizeBytes: 400 * chunk.length });
    expect(summary(message, await provider.submit(message))).toEqual(['1:accepted']);
    const [sunk] = await sink.messages();
    expect(sunk?.content.equals(Buffer.from((await collect(source())).toString().replaceAll('\r\n', '\n')))).toBe(true);
  });

  test('T-038 LMTP is delivered', async () => {
    await using sink = await startSmtpSink(['-L']);
    await using provider = await loggedOn(sink, { lmtp: true });
    const result = await provider.submit(outboundMessage({ to: ['bob@x.test', 'eve@x.test'] }));
    expect(result).toMatchObject([{ deliveredAt: expect.any(Number) as number }, { deliveredAt: expect.any(Number) as number }]);
  });

  test('F-11 a soft refusal is tried again, a hard one is final', async () => {
    for (const [flag, outcome] of [
      ['-r', 'notSent'],
      ['-f', 'rejected'],
    ] as const) {
      for (const command of ['MAIL', 'RCPT', 'DATA', '.']) {
        await using sink = await startSmtpSink([flag, command]);
        await using provider = await loggedOn(sink);
        const message = outboundMessage();
        expect([command, ...summary(message, await provider.submit(message))]).toEqual([command, `1:${outcome}`]);
      }
    }
  });

  test('U-016 F-14 a disconnect at the final dot leaves the outcome unknown', async () => {
    await using sink = await startSmtpSink(['-q', '.']);
    await using provider = await loggedOn(sink);
    const message = outboundMessage();
    expect(summary(message, await provider.submit(message))).toEqual(['1:unknown']);
  });
});

function* cut(raw: Buffer): Generator<Buffer> {
  for (let at = 0, length = 1; at < raw.length; at += length, length = (length * 7 + 3) % 1021 || 1) yield raw.subarray(at, at + length);
}

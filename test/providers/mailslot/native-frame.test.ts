// The native frame, byte by byte.
import { expect, test } from 'vitest';
import { KeyRing } from '../../../providers/mailslot/wire/authentication.ts';
import { nativeFormat } from '../../../providers/mailslot/wire/native-frame.ts';
import type { Datagram } from '../../../providers/mailslot/wire/wire-format.ts';

const datagram: Datagram = {
  id: '00112233445566778899aabbccddeeff',
  sentAt: 1_900_000_000_123,
  source: 'ann',
  scope: 'domain',
  target: 'Office',
  path: ['news', 'Kitchen'],
  data: Buffer.from('the kettle is on'),
};
const keys = new KeyRing({ mode: 'accept', keys: [{ id: 'k1', secret: 'a secret of some length' }] });
const plain = nativeFormat();
const signing = nativeFormat(keys);

test('a frame is what the reference says, byte by byte', () => {
  const expected = Buffer.concat([
    Buffer.from('MSLT\x01\x00', 'latin1'),
    Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
    Buffer.alloc(8),
    Buffer.of(1),
    Buffer.from('\x06Office\x03ann\x0cnews\\Kitchen', 'latin1'),
    Buffer.of(0, 16),
    Buffer.from('the kettle is on'),
  ]);
  expected.writeBigUInt64BE(1_900_000_000_123n, 22);
  expect(plain.encode(datagram).toString('hex')).toBe(expected.toString('hex'));
});

test('what is encoded is decoded, with and without a tag', () => {
  expect(plain.decode(plain.encode(datagram))).toEqual(datagram);
  expect(signing.decode(signing.encode(datagram))).toEqual({ ...datagram, keyId: 'k1' });
  // Whoever has no keys reads signed frames as unsigned ones.
  expect(plain.decode(signing.encode(datagram))).toEqual(datagram);
});

test('S-022 S-025 data of 0 and of 424 bytes pass, of 425 not', () => {
  const sized = (bytes: number) => plain.decode(plain.encode({ ...datagram, data: Buffer.alloc(bytes, 7) }));
  expect(sized(0)).toMatchObject({ data: Buffer.alloc(0) });
  expect(sized(424)).toMatchObject({ data: Buffer.alloc(424, 7) });
  expect(sized(425)).toBe('oversized');
});

test('the largest frame there is stays below 1,200 bytes, so that it is never fragmented', () => {
  const longKey = new KeyRing({ mode: 'require', keys: [{ id: 'k'.repeat(32), secret: 'a secret of some length' }] });
  const largest = { ...datagram, source: 's'.repeat(15), target: 't'.repeat(15), path: ['p'.repeat(255)], data: Buffer.alloc(424) };
  const frame = nativeFormat(longKey).encode(largest);
  expect(frame.length).toBeLessThan(1_200);
  expect(nativeFormat(longKey).decode(frame)).toMatchObject({ path: largest.path });
  expect(plain.decode(Buffer.alloc(1_201))).toBe('oversized');
});

test('S-037 a frame that is cut anywhere, or has a byte behind it, is malformed', () => {
  for (const format of [plain, signing]) {
    const frame = format.encode(datagram);
    for (let length = 0; length < frame.length; length += 1)
      expect([length, format.decode(frame.subarray(0, length))]).toEqual([length, 'malformed']);
    expect(format.decode(Buffer.concat([frame, Buffer.of(0)]))).toBe('malformed');
  }
});

test.each<[string, (frame: Buffer) => unknown]>([
  ['another magic', (frame) => (frame[0] = 0x6d)],
  ['another version', (frame) => (frame[4] = 2)],
  ['a flag that is not known', (frame) => (frame[5] = 2)],
  ['a scope that is not known', (frame) => (frame[30] = 2)],
  ['a time that no date has', (frame) => frame.fill(0xff, 22, 30)],
  ['a control character in the target', (frame) => (frame[32] = 0x1b)],
  ['a byte outside ASCII in the source', (frame) => (frame[39] = 0xe9)],
  ['an empty segment in the path', (frame) => (frame[43] = 0x5c)],
  ['no target', (frame) => ((frame[31] = 0), frame)],
])('S-037 %s is malformed', (_what, change) => {
  const frame = plain.encode(datagram);
  change(frame);
  expect(plain.decode(frame)).toBe('malformed');
});

test('what was decoded never reaches beyond the frame that came', () => {
  // As the data of the system do: the frame is part of a larger piece of memory.
  const memory = Buffer.alloc(2_000, 0x41);
  const frame = plain.encode(datagram);
  memory.set(frame, 100);
  memory.writeUInt16BE(400, 100 + frame.length - 18);
  expect(plain.decode(memory.subarray(100, 100 + frame.length))).toBe('malformed');
});

// MS-MAIL over NetBIOS datagrams, against bytes that other implementations write.
import { seededRandom } from 'mailspool/testing';
import { describe, expect, test } from 'vitest';
import { encodeMailslotWrite, maxWriteBytes } from '../../../providers/mailslot/wire/mailslot-write.ts';
import { msMailFormat } from '../../../providers/mailslot/wire/ms-mail-frame.ts';
import { decodeNetbiosDatagram } from '../../../providers/mailslot/wire/netbios-datagram.ts';
import type { Datagram } from '../../../providers/mailslot/wire/wire-format.ts';

const format = msMailFormat(seededRandom(1), { sourceAddress: '192.0.2.7', sourcePort: 138 });
const datagram: Datagram = { source: 'ANN', scope: 'host', target: 'BOB', path: ['taxes', 'Bob'], data: Buffer.from('due today') };
const nameOf = (path: readonly string[]) => `\\MAILSLOT\\${path.join('\\')}`;

/** A name in first-level encoding (RFC 1001 section 14.1), padded with spaces. */
const encoded = (name: string, suffix: number) =>
  [...Buffer.from(`${name.padEnd(15)}${String.fromCharCode(suffix)}`, 'latin1')]
    .map((byte) => String.fromCharCode(0x41 + (byte >> 4), 0x41 + (byte & 15)))
    .join('');

describe('the NetBIOS datagram', () => {
  test('has the fields of RFC 1002 section 4.4.1, and both names', () => {
    const frame = format.encode(datagram);
    const smb = frame.subarray(14 + 2 * 34);
    expect(frame.toString('hex', 0, 2)).toBe('1002');
    expect([...frame.subarray(4, 8)]).toEqual([192, 0, 2, 7]);
    expect([frame.readUInt16BE(8), frame.readUInt16BE(10), frame.readUInt16BE(12)]).toEqual([138, frame.length - 14, 0]);
    expect(frame.toString('latin1', 14, 14 + 34)).toBe(`\x20${encoded('ANN', 0)}\0`);
    expect(frame.toString('latin1', 48, 48 + 34)).toBe(`\x20${encoded('BOB', 0)}\0`);
    expect(smb.toString('latin1', 0, 5)).toBe('\xffSMB%');
  });

  test('S-003 names are upper case on the wire, and compared without case', () => {
    const frame = format.encode({ ...datagram, target: 'bob' });
    expect(frame.toString('latin1', 48, 48 + 34)).toBe(`\x20${encoded('BOB', 0)}\0`);
    expect(format.decode(frame)).toMatchObject({ target: 'BOB', path: ['taxes', 'Bob'] });
  });

  test('a scope behind the names is passed over', () => {
    const frame = format.encode(datagram);
    const scope = Buffer.from('\x06office\x04test\0', 'latin1');
    const scoped = Buffer.concat([frame.subarray(0, 47), scope, frame.subarray(48, 81), scope, frame.subarray(82)]);
    scoped.writeUInt16BE(scoped.length - 14, 10);
    expect(format.decode(scoped)).toMatchObject({ source: 'ANN', target: 'BOB' });
  });

  test.each<[string, (frame: Buffer) => unknown]>([
    ['a type that carries no data', (frame) => (frame[0] = 0x14)],
    ['a first fragment of several', (frame) => (frame[1] = 0x03)],
    ['a later fragment', (frame) => frame.writeUInt16BE(100, 12)],
    ['a length beyond the packet', (frame) => frame.writeUInt16BE(frame.length, 10)],
    ['a name that is no half bytes', (frame) => (frame[20] = 0x5a)],
    ['a name with a compression pointer', (frame) => (frame[47] = 0xc0)],
    ['another SMB command', (frame) => (frame[82 + 4] = 0x72)],
    ['no mailslot write but another transaction', (frame) => frame.writeUInt16LE(2, 82 + 33 + 28)],
    ['data before the name', (frame) => frame.writeUInt16LE(10, 82 + 33 + 24)],
    ['data beyond the request', (frame) => (frame.writeUInt16LE(400, 82 + 33 + 22), frame.writeUInt16LE(400, 82 + 33 + 2))],
    ['another name space than \\MAILSLOT\\', (frame) => (frame[82 + 69 + 1] = 0x50)],
  ])('S-037 %s is malformed', (_what, change) => {
    const frame = format.encode(datagram);
    change(frame);
    expect(format.decode(frame)).toBe('malformed');
  });

  test('S-037 a frame that is cut anywhere is malformed', () => {
    const frame = format.encode(datagram);
    for (let length = 0; length < frame.length; length += 1)
      expect([length, format.decode(frame.subarray(0, length))]).toEqual([length, 'malformed']);
  });

  test('what a sender calls itself cannot drive a terminal', () => {
    expect(format.decode(format.encode({ ...datagram, source: 'A\u001b[2J' }))).toMatchObject({ source: 'A?[2J' });
  });
});

describe('the mailslot write', () => {
  test('has the words of MS-MAIL 2.2.1', () => {
    const request = encodeMailslotWrite(datagram);
    const words = Array.from({ length: 17 }, (_, word) => request.readUInt16LE(33 + 2 * word));
    const offset = 69 + nameOf(datagram.path).length + 1;
    const aligned = Math.ceil(offset / 4) * 4;
    expect(request[32]).toBe(17);
    // TotalDataCount, DataCount and DataOffset, three setup words: the opcode, the priority, the class.
    expect(words).toEqual([0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, aligned, 3, 1, 0, 2]);
    expect(request.readUInt16LE(67)).toBe(request.length - 69);
    expect(request.toString('latin1', 69, offset)).toBe(`${nameOf(datagram.path)}\0`);
    expect(request.toString('latin1', aligned)).toBe('due today');
  });

  test.each([
    [1, 428],
    [4, 428],
    [5, 424],
    [8, 424],
    [9, 420],
    [12, 420],
    [13, 416],
    [16, 416],
  ])('S-024 a name of %i characters leaves %i bytes for the data', (length, bytes) => {
    const path = ['n'.repeat(length)];
    expect(maxWriteBytes(path)).toBe(bytes);
    const largest = { ...datagram, path, data: Buffer.alloc(bytes, 1) };
    expect(encodeMailslotWrite(largest)).toHaveLength(512);
    expect(format.decode(format.encode(largest))).toMatchObject({ path, data: largest.data });
    expect(format.decode(format.encode({ ...largest, data: Buffer.alloc(bytes + 1) }))).toBe('oversized');
  });

  test('S-024 name and data are never more than 443 bytes, the request never more than 512', () => {
    for (let length = 1; length <= 255; length += 1) {
      const path = ['n'.repeat(length)];
      const data = Buffer.alloc(maxWriteBytes(path));
      expect(nameOf(path).length + 1 + data.length).toBeLessThanOrEqual(443);
      expect(encodeMailslotWrite({ path, data }).length).toBeLessThanOrEqual(512);
    }
  });

  test('S-039 priority and class say nothing', () => {
    for (const [priority, kind] of [
      [0, 2],
      [9, 1],
      [5, 0xffff],
    ] as const) {
      const frame = format.encode(datagram);
      frame.writeUInt16LE(priority, 82 + 33 + 30);
      frame.writeUInt16LE(kind, 82 + 33 + 32);
      expect(format.decode(frame)).toMatchObject({ path: ['taxes', 'Bob'], data: Buffer.from('due today') });
    }
  });
});

describe('the sixteenth byte of the destination follows from the mailslot and the frame of the browser (MS-BRWS 2.2)', () => {
  const destination = (path: string[], first: number) => {
    const frame = format.encode({ ...datagram, scope: 'domain', target: 'Office', path, data: Buffer.of(first, 0) });
    const { type, destination: name } = decodeNetbiosDatagram(frame) ?? {};
    return [type, name?.name, name?.suffix];
  };

  test.each<[string, string[], number, string, number]>([
    ['HostAnnouncement', ['browse'], 0x01, 'OFFICE', 0x1d],
    ['AnnouncementRequest', ['BROWSE'], 0x02, 'OFFICE', 0x00],
    ['RequestElection', ['browse'], 0x08, 'OFFICE', 0x1e],
    ['GetBackupListRequest', ['browse'], 0x09, 'OFFICE', 0x1d],
    ['BecomeBackup', ['browse'], 0x0b, 'OFFICE', 0x1e],
    ['DomainAnnouncement', ['browse'], 0x0c, '\x01\x02__MSBROWSE__\x02', 0x01],
    ['LocalMasterAnnouncement', ['browse'], 0x0f, 'OFFICE', 0x1e],
    ['a logon request', ['net', 'netlogon'], 0x00, 'OFFICE', 0x1c],
    ['anything else', ['news'], 0x01, 'OFFICE', 0x00],
  ])('%s', (_what, path, first, name, suffix) => {
    expect(destination(path, first)).toEqual([0x11, name, suffix]);
  });

  test('frames to __MSBROWSE__ and to * are for everybody', () => {
    expect(format.decode(format.encode({ ...datagram, scope: 'domain', path: ['browse'], data: Buffer.of(0x0c) }))).toMatchObject({ target: '*' });
    expect(format.decode(format.encode({ ...datagram, target: '*' }))).toMatchObject({ target: '*' });
  });
});

// The mailslot write message: SMB_COM_TRANSACTION with the opcode for mailslots (MS-MAIL 2.2.1, MS-CIFS 2.2.4.33).
// Integers are little-endian.
import type { DropReason } from './wire-format.ts';

export interface MailslotWrite {
  /** Without `\MAILSLOT\`, as it was written. */
  readonly path: readonly string[];
  readonly data: Uint8Array;
}

const headerBytes = 32;
const wordCount = 17;
/** Where the name begins: the header, the word count, the words, the byte count. */
const nameAt: number = headerBytes + 1 + 2 * wordCount + 2;
const prefix = '\\MAILSLOT\\';
const transaction = 0x25;
const writeMailslot = 1;
const unreliable = 2;

/** A whole request is no longer (MS-MAIL 2.1). */
export const maxRequestBytes = 512;

const alignedTo4 = (bytes: number): number => (bytes + 3) & ~3;

/** The data begin on a multiple of four. */
const dataOffsetOf = (path: readonly string[]): number => alignedTo4(nameAt + prefix.length + path.join('\\').length + 1);

/** How much data fits beside the name (S-024). */
export const maxWriteBytes = (path: readonly string[]): number => Math.max(0, maxRequestBytes - dataOffsetOf(path));

export function encodeMailslotWrite({ path, data }: MailslotWrite): Buffer {
  const dataOffset = dataOffsetOf(path);
  const request = Buffer.alloc(dataOffset + data.length);
  request.write('\xffSMB', 0, 'latin1');
  request[4] = transaction;
  const words = headerBytes + 1;
  request[headerBytes] = wordCount;
  request.writeUInt16LE(data.length, words + 2);
  request.writeUInt16LE(data.length, words + 22);
  request.writeUInt16LE(dataOffset, words + 24);
  request[words + 26] = 3;
  request.writeUInt16LE(writeMailslot, words + 28);
  // Priority is 0, and means nothing to whoever receives it (S-039).
  request.writeUInt16LE(unreliable, words + 32);
  request.writeUInt16LE(request.length - nameAt, nameAt - 2);
  request.write(`${prefix}${path.join('\\')}`, nameAt, 'latin1');
  request.set(data, dataOffset);
  return request;
}

export function decodeMailslotWrite(request: Buffer): MailslotWrite | DropReason {
  if (request.length > maxRequestBytes) return 'oversized';
  const words = headerBytes + 1;
  const isWrite =
    request.length > nameAt &&
    request.toString('latin1', 0, 4) === '\xffSMB' &&
    request[4] === transaction &&
    request[headerBytes] === wordCount &&
    request[words + 26] === 3 &&
    request.readUInt16LE(words + 28) === writeMailslot;
  if (!isWrite) return 'malformed';
  const count = request.readUInt16LE(words + 22);
  const offset = request.readUInt16LE(words + 24);
  const nameEnd = request.indexOf(0, nameAt);
  if (nameEnd < 0 || request.readUInt16LE(words + 2) !== count) return 'malformed';
  if (count > 0 && (offset <= nameEnd || offset + count > request.length)) return 'malformed';
  const name = request.toString('latin1', nameAt, nameEnd);
  const path = name.slice(prefix.length).split('\\');
  if (name.slice(0, prefix.length).toUpperCase() !== prefix || path.includes('') || !/^[\u0020-\u007e]+$/.test(name)) return 'malformed';
  return { path, data: count > 0 ? request.subarray(offset, offset + count) : Buffer.alloc(0) };
}

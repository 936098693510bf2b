// The native frame. Integers are big-endian; texts are a length byte and ASCII.
//
//   'MSLT'  version 1  flags 1  id 16  sentAt 8 (ms since 1970)  scope 1  target  source  path  dataLength 2  data
//   with flag 1:  keyId  tag 32 (HMAC-SHA-256 of everything before it)
import type { KeyRing } from './authentication.ts';
import { maxKeyIdBytes, tagBytes } from './authentication.ts';
import { type Datagram, type DropReason, maxDatagramBytes, type WireFormat } from './wire-format.ts';

const magic = Buffer.from('MSLT');
const version = 1;
const signed = 1;
const scopes = ['host', 'domain'] as const;
const fixedBytes = 31;
/** Never fragmented, on any path. */
const maxFrameBytes = 1_200;

/** With `keys` frames are signed, and looked at. */
export const nativeFormat = (keys?: KeyRing): WireFormat => ({
  name: 'native',
  defaultPort: 5_138,
  maxFrameBytes,
  maxDataBytes: () => maxDatagramBytes,
  encode: (datagram) => encode(datagram, keys),
  decode: (frame) => decode(frame, keys),
});

function encode({ id = '', sentAt = 0, scope, target, source, path, data }: Datagram, keys: KeyRing | undefined): Buffer {
  const name = path.join('\\');
  const keyId = keys?.signingId;
  const bodyBytes = fixedBytes + target.length + source.length + name.length + 3 + 2 + data.length;
  const frame = Buffer.alloc(keyId === undefined ? bodyBytes : bodyBytes + 1 + keyId.length + tagBytes);
  magic.copy(frame);
  frame[4] = version;
  frame[5] = keys ? signed : 0;
  frame.write(id, 6, 16, 'hex');
  frame.writeBigUInt64BE(BigInt(sentAt), 22);
  frame[30] = scopes.indexOf(scope);
  let at = fixedBytes;
  for (const text of [target, source, name]) at = writeText(frame, text, at);
  at = frame.writeUInt16BE(data.length, at);
  frame.set(data, at);
  if (!keys || keyId === undefined) return frame;
  at = writeText(frame, keyId, at + data.length);
  frame.set(keys.tag(keyId, frame.subarray(0, at)), at);
  return frame;
}

/** Returns where what follows begins. */
function writeText(frame: Buffer, text: string, at: number): number {
  frame[at] = text.length;
  return at + 1 + frame.write(text, at + 1, 'latin1');
}

function decode(frame: Buffer, keys: KeyRing | undefined): Datagram | DropReason {
  if (frame.length > maxFrameBytes) return 'oversized';
  if (frame.length < fixedBytes || !frame.subarray(0, 4).equals(magic) || frame[4] !== version) return 'malformed';
  const flags = frame[5] as number;
  const scope = scopes[frame[30] as number];
  if ((flags & ~signed) !== 0 || scope === undefined) return 'malformed';
  const reader = new Reader(frame, fixedBytes);
  const [target, source, path] = [reader.text(), reader.text(), reader.text()];
  const dataLength = reader.uint16();
  const data = reader.bytes(dataLength);
  const keyId = flags & signed ? reader.text() : undefined;
  const body = frame.subarray(0, reader.at);
  const tag = flags & signed ? reader.bytes(tagBytes) : undefined;
  if (!reader.isAtEnd || target === '' || path === '' || path.split('\\').includes('')) return 'malformed';
  if (dataLength > maxDatagramBytes) return 'oversized';
  const verdict = verified(keys, keyId, body, tag);
  if (verdict !== undefined) return verdict;
  const sentAt = frame.readBigUInt64BE(22);
  // Beyond what a Date can be.
  if (sentAt > 8_640_000_000_000_000n) return 'malformed';
  return {
    id: frame.toString('hex', 6, 22),
    sentAt: Number(sentAt),
    scope,
    target,
    source,
    path: path.split('\\'),
    data,
    ...(keys && keyId !== undefined && { keyId }),
  };
}

function verified(keys: KeyRing | undefined, keyId: string | undefined, body: Buffer, tag: Buffer | undefined): DropReason | undefined {
  if (keyId === undefined || tag === undefined) return keys?.required ? 'unauthenticated' : undefined;
  if (keyId.length > maxKeyIdBytes) return 'malformed';
  return keys && !keys.verifies(keyId, body, tag) ? 'forged' : undefined;
}

/** Reads on; past the end it gives nothing and remembers. */
class Reader {
  at: number;
  readonly #frame: Buffer;
  #failed = false;

  constructor(frame: Buffer, at: number) {
    this.#frame = frame;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return !this.#failed && this.at === this.#frame.length;
  }

  bytes(count: number): Buffer {
    const end = this.at + count;
    if (this.#failed || end > this.#frame.length) {
      this.#failed = true;
      return Buffer.alloc(0);
    }
    const bytes = this.#frame.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  uint16(): number {
    const bytes = this.bytes(2);
    return bytes.length === 2 ? bytes.readUInt16BE() : 0;
  }

  /** Printable ASCII; anything else fails. */
  text(): string {
    const [length = 0] = this.bytes(1);
    const value = this.bytes(length).toString('latin1');
    if (!/^[\u0020-\u007e]*$/.test(value)) this.#failed = true;
    return value;
  }
}

// The native frame. Integers are big-endian; texts are a length byte and ASCII.
//
//   'MSLT'  version 1  flags 1  id 16  sentAt 8 (ms since 1970)  scope 1  target  source  path  dataLength 2  data
//   with flag 1:  keyId  tag 32 (HMAC-SHA-256 of everything before it)
import type { KeyRing } from './authentication.ts';
import { maxKeyIdBytes, tagBytes } from './authentication.ts';
import { type Datagram, type DropReason, maxDatagramBytes, type Sent, type Way, type WireFormat } from './wire-format.ts';

/** `MSLT`. */
const magic = 0x4d_53_4c_54;
const version = 1;
const signed = 1;
const scopes = ['host', 'domain'] as const;
const fixedBytes = 31;
const idBytes = 16;
/** Never fragmented, on any path. */
const maxFrameBytes = 1_200;

/** With `keys` frames are signed, and looked at. */
export const nativeFormat = (keys?: KeyRing): WireFormat => ({
  name: 'native',
  defaultPort: 5_138,
  maxFrameBytes,
  maxDataBytes: () => maxDatagramBytes,
  encode: ({ id = '', sentAt = 0, data, ...way }) => encoder(way, keys)({ id: Buffer.from(id.padStart(2 * idBytes, '0'), 'hex'), sentAt, data }),
  encoder: (way) => encoder(way, keys),
  decode: (frame) => decode(frame, keys),
});

function encoder({ scope, target, source, path }: Way, keys: KeyRing | undefined): (message: Sent) => Buffer {
  const keyId = keys?.signingId;
  const texts = [target, source, path.join('\\')].map(text);
  const head = Buffer.concat([Buffer.alloc(fixedBytes), ...texts]);
  const tail = keyId === undefined ? Buffer.alloc(0) : text(keyId);
  const tagged = keyId === undefined ? 0 : tagBytes;
  head.writeUInt32BE(magic);
  head[4] = version;
  head[5] = keys ? signed : 0;
  head[30] = scopes.indexOf(scope);
  return ({ id, sentAt, data }) => {
    const dataAt = head.length + 2;
    const end = dataAt + data.length + tail.length;
    // Every byte of it is written.
    const frame = Buffer.allocUnsafe(end + tagged);
    frame.set(head);
    frame.set(id, 6);
    frame.writeUInt32BE(Math.floor(sentAt / 2 ** 32), 22);
    frame.writeUInt32BE(sentAt % 2 ** 32, 26);
    frame.writeUInt16BE(data.length, head.length);
    frame.set(data, dataAt);
    frame.set(tail, dataAt + data.length);
    if (keys && keyId !== undefined) frame.set(keys.tag(keyId, frame.subarray(0, end)), end);
    return frame;
  };
}

const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);

function decode(frame: Buffer, keys: KeyRing | undefined): Datagram | DropReason {
  if (frame.length > maxFrameBytes) return 'oversized';
  if (frame.length < fixedBytes || frame.readUInt32BE() !== magic || frame[4] !== version) return 'malformed';
  const flags = frame[5] as number;
  const scope = scopes[frame[30] as number];
  if ((flags & ~signed) !== 0 || scope === undefined) return 'malformed';
  const reader = new Reader(frame, fixedBytes);
  const [target, source, path] = [reader.text(), reader.text(), reader.text()];
  const dataLength = reader.uint16();
  const data = reader.bytes(dataLength);
  const keyId = flags & signed ? reader.text() : undefined;
  const bodyEnd = reader.at;
  const tag = flags & signed ? reader.bytes(tagBytes) : undefined;
  const segments = path.split('\\');
  if (!reader.isAtEnd || target === '' || segments.includes('')) return 'malformed';
  if (dataLength > maxDatagramBytes) return 'oversized';
  const verdict = verified(keys, keyId, tag && frame.subarray(0, bodyEnd), tag);
  if (verdict !== undefined) return verdict;
  const sentAt = frame.readUInt32BE(22) * 2 ** 32 + frame.readUInt32BE(26);
  // Beyond what a Date can be.
  if (sentAt > 8_640_000_000_000_000) return 'malformed';
  const datagram: Datagram = { id: frame.toString('hex', 6, 22), sentAt, scope, target, source, path: segments, data };
  return keys && keyId !== undefined ? { ...datagram, keyId } : datagram;
}

function verified(keys: KeyRing | undefined, keyId: string | undefined, body: Buffer | undefined, tag: Buffer | undefined): DropReason | undefined {
  if (keyId === undefined || body === undefined || tag === undefined) return keys?.required ? 'unauthenticated' : undefined;
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
    const at = this.#passes(count);
    return at === undefined ? Buffer.alloc(0) : this.#frame.subarray(at, this.at);
  }

  uint16(): number {
    const at = this.#passes(2);
    return at === undefined ? 0 : this.#frame.readUInt16BE(at);
  }

  /** Printable ASCII; anything else fails. */
  text(): string {
    const lengthAt = this.#passes(1);
    const at = lengthAt === undefined ? undefined : this.#passes(this.#frame[lengthAt] as number);
    if (at === undefined) return '';
    const value = this.#frame.toString('latin1', at, this.at);
    if (!/^[\u0020-\u007e]*$/.test(value)) this.#failed = true;
    return value;
  }

  /** Where they begin. */
  #passes(count: number): number | undefined {
    const at = this.at;
    if (at + count > this.#frame.length) this.#failed = true;
    if (this.#failed) return undefined;
    this.at += count;
    return at;
  }
}

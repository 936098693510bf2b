// What goes over the socket of a slot, between processes of one computer: frames of a length, a kind and a body. Each
// write is answered with one byte once it is stored; a datagram that the hub passes on is not.
import { MailspoolError } from 'mailspool/provider';
import type { DatagramOrigin } from '../message.ts';

/** What a frame is, or what became of a write. */
export const kind = { greeting: 0, write: 1, datagram: 2 } as const;
export const reply = { stored: 0, tooLarge: 1 } as const;

const headBytes = 5;

export interface LocalFrame {
  readonly kind: number;
  readonly body: Buffer;
}

export function encodeLocal(frameKind: number, ...parts: readonly Uint8Array[]): Buffer[] {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(parts.reduce((sum, { length }) => sum + length, 0));
  head[4] = frameKind;
  return [head, ...parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))];
}

/** The origin's length, the origin as JSON, the data. */
export function encodeDatagram(origin: DatagramOrigin, data: Uint8Array): Buffer[] {
  const json = Buffer.from(JSON.stringify(origin));
  const length = Buffer.allocUnsafe(2);
  length.writeUInt16BE(json.length);
  return encodeLocal(kind.datagram, length, json, data);
}

export function decodeDatagram(body: Buffer): { readonly origin: DatagramOrigin; readonly data: Buffer } {
  const end = 2 + body.readUInt16BE();
  return { origin: JSON.parse(body.toString('utf8', 2, end)) as DatagramOrigin, data: body.subarray(end) };
}

/** Cuts what comes over a socket into frames. */
export class LocalFrames {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;

  /** `maxBytes`: of a body; 0 is any. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws EPROTOCOL for a frame that is longer than it may be */
  *push(chunk: Buffer): Generator<LocalFrame> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= headBytes) {
      const head = this.#peek(headBytes);
      const length = head.readUInt32BE();
      if (this.#maxBytes > 0 && length > this.#maxBytes)
        throw new MailspoolError('EPROTOCOL', `a frame of ${length} bytes came where ${this.#maxBytes} are allowed`);
      if (this.#size < headBytes + length) return;
      const frame = this.#take(headBytes + length);
      yield { kind: frame[4] as number, body: frame.subarray(headBytes) };
    }
  }

  #peek(count: number): Buffer {
    const [first] = this.#chunks;
    if (first && first.length >= count) return first;
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(count: number): Buffer {
    const all = this.#peek(count);
    const rest = all.subarray(count);
    this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1);
    this.#size -= count;
    return all.subarray(0, count);
  }
}

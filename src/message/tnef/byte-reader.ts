// Reads a TNEF stream, little-endian and within its bounds: whatever reaches beyond them is damage.

/** The stream is not what it says; caught where decoding begins. */
export class Damaged extends Error {}

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  i32(): number {
    return this.take(4).readInt32LE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64LE();
  }

  double(): number {
    return this.take(8).readDoubleLE();
  }

  /** A view of the next bytes. */
  take(length: number): Buffer {
    if (length > this.left) throw new Damaged(`${length} bytes are announced and ${this.left} are there`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The padding of a value to four bytes; at the end of the data it may be missing. */
  skipPadding(length: number): void {
    this.take(Math.min(padding(length), this.left));
  }

  /** How many things follow, none of which can be smaller than `leastBytes`. */
  count(leastBytes: number, most: number): number {
    const count = this.u32();
    if (count > most || count * leastBytes > this.left) throw new Damaged(`${count} values are announced, more than there can be`);
    return count;
  }
}

/** How many bytes are lacking to a multiple of four. */
export const padding = (length: number): number => -length & 3;

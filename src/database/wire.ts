// What crosses between the program's thread and the worker: one message for each turn of the event loop and direction.
// JSON is cheaper here than the structured clone of many small objects; all bytes travel in one buffer that is
// transferred, not cloned.

/** One call or answer: what it is, its content as JSON, and bytes. */
export interface Item<Head> {
  readonly head: Head;
  readonly json: string;
  readonly bytes: readonly Uint8Array[];
}

export interface Packet {
  /** JSON of `[head, length of each of its bytes][]`. */
  readonly heads: string;
  readonly contents: readonly string[];
  readonly bytes?: ArrayBuffer;
}

export function pack(items: readonly Item<unknown>[]): Packet {
  const heads = JSON.stringify(items.map(({ head, bytes }) => [head, bytes.map((each) => each.byteLength)]));
  const contents = items.map(({ json }) => json);
  const total = items.reduce((sum, { bytes }) => sum + sizeOf(bytes), 0);
  if (total === 0) return { heads, contents };
  const buffer = new Uint8Array(new ArrayBuffer(total));
  let at = 0;
  for (const { bytes } of items) {
    for (const each of bytes) {
      buffer.set(each, at);
      at += each.byteLength;
    }
  }
  return { heads, contents, bytes: buffer.buffer };
}

export const sizeOf = (bytes: readonly Uint8Array[]): number => bytes.reduce((sum, each) => sum + each.byteLength, 0);

export const transferable = ({ bytes }: Packet): ArrayBuffer[] => (bytes ? [bytes] : []);

/** The bytes are views of the one buffer. */
export function unpack<Head>({ heads, contents, bytes = new ArrayBuffer(0) }: Packet): Item<Head>[] {
  let at = 0;
  return (JSON.parse(heads) as [Head, number[]][]).map(([head, lengths], index) => ({
    head,
    json: contents[index] ?? 'null',
    bytes: lengths.map((length) => {
      at += length;
      return new Uint8Array(bytes, at - length, length);
    }),
  }));
}

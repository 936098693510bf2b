// Random and mutated bytes, drawn from a seed: lengths and places that parsers get wrong, at the ends of what integers hold.
import type { Random } from 'mailspool/provider';

/** A whole number below `bound`. */
export function below(random: Random, bound: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return Math.floor((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) * (bound / 2 ** 32));
}

const edges = [0x00, 0x01, 0x1f, 0x20, 0x3f, 0x40, 0x5c, 0x7e, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

type Mutation = (frame: Buffer, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  // One bit.
  (frame, random) => changed(frame, random, (byte) => byte ^ (1 << below(random, 8))),
  // One byte.
  (frame, random) => changed(frame, random, () => edges[below(random, edges.length)] ?? 0),
  // Two bytes, as a length or an offset in either order.
  (frame, random) => {
    const other = Buffer.from(frame);
    if (other.length < 2) return other;
    const at = below(random, other.length - 1);
    const value = [0, 1, 0x7fff, 0x8000, 0xffff, other.length, other.length - at, below(random, 0x10000)][below(random, 8)] ?? 0;
    if (below(random, 2) === 0) other.writeUInt16BE(value & 0xffff, at);
    else other.writeUInt16LE(value & 0xffff, at);
    return other;
  },
  // Cut.
  (frame, random) => frame.subarray(0, below(random, frame.length + 1)),
  (frame, random) => frame.subarray(below(random, frame.length + 1)),
  // Longer.
  (frame, random) => Buffer.concat([frame, random.bytes(below(random, 64))]),
  (frame, random) => {
    const at = below(random, frame.length + 1);
    return Buffer.concat([frame.subarray(0, at), random.bytes(1 + below(random, 8)), frame.subarray(at)]);
  },
  // A piece twice, or elsewhere.
  (frame, random) => {
    const from = below(random, frame.length + 1);
    const to = from + below(random, frame.length - from + 1);
    return Buffer.concat([frame.subarray(0, to), frame.subarray(from)]);
  },
];

const changed = (frame: Buffer, random: Random, change: (byte: number) => number): Buffer => {
  const other = Buffer.from(frame);
  if (other.length === 0) return other;
  const at = below(random, other.length);
  other[at] = change(other[at] ?? 0);
  return other;
};

/** Random bytes, a valid frame, or one with a few mutations. */
export function fuzzed(random: Random, valid: () => Buffer): Buffer {
  const [dice = 0] = random.bytes(1);
  if (dice < 16) return Buffer.from(random.bytes(below(random, 1_500)));
  let frame = valid();
  for (let left = dice < 32 ? 0 : 1 + below(random, 4); left > 0; left -= 1)
    frame = (mutations[below(random, mutations.length)] as Mutation)(frame, random);
  return frame;
}

// The only place that reads randomness. A seeded Random (mailspool/testing) replays a run.
import { randomFillSync } from 'node:crypto';

/** A source of random bytes. */
export interface Random {
  bytes(count: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (count) => (count <= poolBytes / 8 ? fromPool(count) : randomFillSync(new Uint8Array(count))) };

/** Small draws come from a pool, since asking the system costs more than the bytes. None is given out twice. */
const poolBytes = 4096;
const pool = new Uint8Array(poolBytes);
let used = poolBytes;

function fromPool(count: number): Uint8Array {
  if (used + count > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += count;
  const drawn = pool.slice(from, used);
  pool.fill(0, from, used);
  return drawn;
}

/** A number in [0, 1). */
export const fraction = (random: Random): number => new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32;

/** `count` random bytes in hexadecimal. */
export const randomHex = (random: Random, count: number): string => Buffer.from(random.bytes(count)).toString('hex');

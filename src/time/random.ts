// The only place that reads randomness. A seeded Random (mailspool/testing) replays a run.
import { randomFillSync } from 'node:crypto';

/** A source of random bytes. */
export interface Random {
  bytes(count: number): Uint8Array;
}

export const systemRandom: Random = {
  bytes: (count) => randomFillSync(new Uint8Array(count)),
};

/** A number in [0, 1). */
export const fraction = (random: Random): number => new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32;

/** `count` random bytes in hexadecimal. */
export const randomHex = (random: Random, count: number): string => Buffer.from(random.bytes(count)).toString('hex');

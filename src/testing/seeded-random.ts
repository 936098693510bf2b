// Randomness that can be replayed: the same seed gives the same bytes on every machine. For tests and simulations;
// never for secrets.
import type { Random } from '../time/random.ts';

export interface SeededRandom extends Random {
  /** Print it when a test fails; the run can then be repeated. */
  readonly seed: number | string;
}

/** A deterministic {@link Random}: xoshiro128**, its state spread from the seed by splitmix32 (Blackman and Vigna). */
export function seededRandom(seed: number | string): SeededRandom {
  const next = xoshiro128(
    typeof seed === 'number' && Number.isInteger(seed) ? [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] : [...Buffer.from(String(seed))],
  );
  return {
    seed,
    bytes(count) {
      const words = new Uint8Array(Math.ceil(count / 4) * 4);
      const view = new DataView(words.buffer);
      for (let at = 0; at < words.length; at += 4) view.setUint32(at, next());
      return words.slice(0, count);
    },
  };
}

function xoshiro128(seed: readonly number[]): () => number {
  const mix = splitmix32(fnv1a(seed));
  let [a, b, c, d] = [mix(), mix(), mix(), mix() | 1];
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result >>> 0;
  };
}

function splitmix32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

const fnv1a = (parts: readonly number[]): number => parts.reduce((hash, part) => Math.imul(hash ^ part, 0x01000193), 0x811c9dc5 | 0);

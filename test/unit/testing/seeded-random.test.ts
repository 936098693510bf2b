import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from 'mailspool/testing';
import { fraction, randomHex } from '../../../src/time/random.ts';

describe('seededRandom', () => {
  it('the same seed gives the same bytes, on every machine', () => {
    expect(randomHex(seededRandom(42), 8)).toBe(randomHex(seededRandom(42), 8));
    expect([randomHex(seededRandom(42), 8), randomHex(seededRandom('42'), 8)]).toMatchInlineSnapshot(`
      [
        "f0a210a4e8f79ab4",
        "91e3068c04fbd01c",
      ]
    `);
  });

  it('different seeds give different bytes, also when they differ in the last bit or only above 32 bits', () => {
    const seeds = [0, 1, 2, 3, 2 ** 32, 2 ** 33, -1, 0.5, '', 'a', 'b', 'ab', 'ba'];
    expect(new Set(seeds.map((seed) => randomHex(seededRandom(seed), 16))).size).toBe(seeds.length);
  });

  it('gives exactly as many bytes as asked for, in a buffer of their own', () => {
    fc.assert(
      fc.property(fc.nat(100), (count) => {
        const bytes = seededRandom(count).bytes(count);
        return bytes.length === count && bytes.byteOffset === 0;
      }),
    );
  });

  it('is spread evenly enough for jitter', () => {
    const random = seededRandom('spread');
    const buckets = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n++) buckets[Math.floor(fraction(random) * 10)]! += 1;
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('tells its seed', () => {
    expect(seededRandom('run 7').seed).toBe('run 7');
  });
});

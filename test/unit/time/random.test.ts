// Randomness from the system: small draws share one call, and no byte is given out twice.
import { expect, it } from 'vitest';
import { systemRandom } from '../../../src/time/random.ts';

it('draws of any size are of that size, own their memory and differ', () => {
  for (const count of [0, 4, 18, 512, 513, 5000]) {
    const drawn = Array.from({ length: 50 }, () => systemRandom.bytes(count));
    expect(drawn.every((bytes) => bytes.byteLength === count && bytes.buffer.byteLength === count)).toBe(true);
    if (count > 4) expect(new Set(drawn.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(50);
  }
});

it('every value of a byte comes about as often as the others', () => {
  const counts = new Array<number>(256).fill(0);
  for (let draw = 0; draw < 20_000; draw++) for (const byte of systemRandom.bytes(16)) counts[byte] = (counts[byte] ?? 0) + 1;
  // 1250 expected, with a deviation of 35
  expect(Math.min(...counts)).toBeGreaterThan(1000);
  expect(Math.max(...counts)).toBeLessThan(1500);
});

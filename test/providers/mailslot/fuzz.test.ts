// Frames that nobody would send, a small share of what `npm run fuzz -- mailslot` tries.
import { expect, test } from 'vitest';
import { fuzzedFormats, fuzzMailslot } from '../../fuzz/mailslot.ts';

test.each(fuzzedFormats)('S-037 50,000 random and mutated frames, %s: nothing throws, and each is counted once', async (format) => {
  const { counters, faults } = await fuzzMailslot(format, 50_000, 1);
  expect(faults).toEqual([]);
  // It reaches both sides of the decoder.
  expect(counters.malformed).toBeGreaterThan(5_000);
  expect(counters.delivered).toBeGreaterThan(500);
});

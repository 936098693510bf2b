import { describe, expect, it } from 'vitest';
import { seededRandom } from 'mailspool/testing';
import { cursorOf, entryIdOf, newStoreTag, placeOf, sequenceOf } from '../../../src/store/entry-id.ts';

describe('ids of messages', () => {
  const tag = newStoreTag(seededRandom(1));

  it('M-028 compare as strings in submit order', () => {
    const sequences = [1, 2, 31, 32, 33, 1_023, 1_024, 999_999, 1_000_000, 2 ** 32, 2 ** 49];
    const ids = sequences.map((sequence) => entryIdOf(tag, sequence));
    expect([...ids].sort()).toEqual(ids);
    expect(ids.map((id) => sequenceOf(tag, id))).toEqual(sequences);
  });

  it.each(['', 'x', `${tag}-`, `${tag}-000000000`, `${tag}-00000000u1`, `${tag}.0000000001`, 'aaaaaa-0000000001'])('refuses %j', (id) => {
    expect(sequenceOf(tag, id)).toBe(undefined);
  });

  it('tells a cursor from an id, and one of another store from its own', () => {
    expect(placeOf(tag, cursorOf(tag, 77))).toBe(77);
    expect(placeOf(tag, entryIdOf(tag, 77))).toBe(undefined);
    expect(placeOf(tag, cursorOf(newStoreTag(seededRandom(2)), 77))).toBe(undefined);
  });
});

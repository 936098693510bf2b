// How stores name messages and places in the change feed: the store's tag and a number in Crockford's base32 of fixed
// width, so that names compare in submit order and a name from another store is recognised as such.
import type { Cursor, EntryId } from '../message/recipient.ts';
import type { Random } from '../time/random.ts';

const digits = '0123456789abcdefghjkmnpqrstvwxyz';
/** 50 bits: a thousand messages a second for 35,000 years. */
const width = 10;
const tagLength = 6;

/** A store's tag, drawn once when it is created. */
export const newStoreTag = (random: Random): string => Array.from(random.bytes(tagLength), (byte) => digits.charAt(byte % 32)).join('');

export const entryIdOf = (tag: string, sequence: number): EntryId => `${tag}-${encode(sequence)}` as EntryId;

/** The number of a message; undefined if the name is not one of this store. */
export const sequenceOf = (tag: string, id: string): number | undefined => decode(tag, '-', id);

export const cursorOf = (tag: string, place: number): Cursor => `${tag}.${encode(place)}` as Cursor;

/** The place in the feed; undefined if the cursor is not one of this store. */
export const placeOf = (tag: string, cursor: string): number | undefined => decode(tag, '.', cursor);

/** The number of content that a store named `c` and `encode(number)`. */
export const contentNumber = (ref: string): number | undefined => decode('', 'c', ref);

/** Fixed width, so that numbers compare as strings. */
export function encode(value: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest = Math.floor(rest / 32)) text = digits.charAt(rest % 32) + text;
  return text;
}

function decode(tag: string, separator: string, name: string): number | undefined {
  if (name.length !== tag.length + 1 + width || !name.startsWith(tag + separator)) return undefined;
  let value = 0;
  for (const character of name.slice(tag.length + 1)) {
    const digit = digits.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return value;
}

// Line ends in one form, whatever comes, in whatever chunks.
import { describe, expect, it } from 'vitest';
import { canonicalChunks, canonicalForm, isCanonical } from '../../../src/message/canonical-form.ts';
import { fc, test as propertyTest } from './property.ts';
import { hasBareLineEnd, octets } from './support.ts';

const form = (text: string) => Buffer.from(canonicalForm(Buffer.from(text, 'latin1'))).toString('latin1');

describe('the canonical form', () => {
  it.each([
    ['', ''],
    ['a', 'a\r\n'],
    ['a\nb\rc\r\nd', 'a\r\nb\r\nc\r\nd\r\n'],
    ['\n.\n', '\r\n.\r\n'],
    ['a\n.\r\nMAIL FROM:<x@y.example>\r\n', 'a\r\n.\r\nMAIL FROM:<x@y.example>\r\n'],
    ['a\r\r\n', 'a\r\n\r\n'],
    ['a\n\r', 'a\r\n\r\n'],
    ['a\r', 'a\r\n'],
    ['\0\xff \t\n', '\0\xff \t\r\n'],
  ])('T-030 %j becomes %j', (given, expected) => {
    expect(form(given)).toBe(expected);
  });

  it('a text in canonical form is not copied', () => {
    const bytes = Buffer.from('a\r\nb\r\n');
    expect(canonicalForm(bytes)).toBe(bytes);
  });

  const text = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', '.', ' ', '\0', '\xe4'), { maxLength: 30 }).map((parts) => parts.join(''));

  propertyTest('T-030 no CR and no LF stands alone, and nothing else is changed', text, (given) => {
    const bytes = Buffer.from(form(given), 'latin1');
    expect(hasBareLineEnd(bytes)).toBe(false);
    expect(isCanonical(bytes)).toBe(true);
    expect(bytes.toString('latin1').replace(/[\r\n]/g, '')).toBe(given.replace(/[\r\n]/g, ''));
    expect(form(bytes.toString('latin1'))).toBe(bytes.toString('latin1'));
  });

  propertyTest(
    'T-029 the chunks in which it comes make no difference',
    text,
    fc.array(fc.nat({ max: 4 }), { maxLength: 40 }),
    async (given, sizes) => {
      const chunks: Uint8Array[] = [];
      let rest = Buffer.from(given, 'latin1');
      for (const size of sizes) {
        chunks.push(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      const streamed = await octets(canonicalChunks([...chunks, rest]));
      expect(streamed.toString('latin1')).toBe(form(given));
    },
  );
});

// The generated messages themselves, through composing: whatever their shape, the envelope is found and nothing but
// what the canonical form names is changed.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { canonicalForm } from '../../../src/message/canonical-form.ts';
import { generateMessages } from '../../fixtures/generate.ts';
import { shapes } from '../../fixtures/shapes.ts';
import { composed, hasBareLineEnd } from './support.ts';

const messages = generateMessages('harbour', shapes.length * 4);

/** What the documentation says becomes of a ready message, done in another way than the code does it. */
function expected(bytes: Buffer): string {
  const text = Buffer.from(canonicalForm(bytes)).toString('latin1');
  const [head = '', ...body] = text.startsWith('\r\n') ? ['', text.slice(2)] : text.split(/(?<=\r\n)\r\n([\s\S]*)/);
  const kept = head.split(/(?<=\r\n)(?![ \t])/).filter((field) => !/^(?:bcc|resent-bcc|return-path)[ \t]*:/i.test(field));
  return `${kept.join('')}\r\n${body.join('')}`;
}

describe('messages of every shape', () => {
  it('the same seed gives the same messages', () => {
    const digest = (seed: string) =>
      generateMessages(seed, 100)
        .reduce((hash, { bytes }) => hash.update(bytes), createHash('sha256'))
        .digest('hex');
    expect(digest('a')).toBe(digest('a'));
    expect(digest('a')).not.toBe(digest('b'));
  });

  it.each(messages)('T-030 $name: right envelope, no Bcc, the rest untouched', async ({ name, bytes, envelope, bcc }) => {
    const result = await composed({ raw: bytes });
    expect(result.envelope.from?.address).toBe(envelope.from);
    expect(result.recipients.map(({ address }) => address).sort()).toEqual([...envelope.to].sort());
    for (const address of bcc) expect(result.bytes.includes(address)).toBe(false);
    expect(hasBareLineEnd(result.bytes)).toBe(false);
    if (name.startsWith('without-id')) expect(result.text).toMatch(/^Message-ID: <.+@harbour\.example>\r$/m);
    else expect(result.bytes.toString('latin1')).toBe(expected(bytes));
  });

  it('T-030 streamed they are the same', async () => {
    for (const { bytes } of messages) {
      const streamed = await composed({ raw: Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]) });
      expect(streamed.bytes.equals((await composed({ raw: bytes })).bytes)).toBe(true);
    }
  });
});

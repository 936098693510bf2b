import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parameterised } from '../../../src/testing/mime/header-fields.ts';
import { messageParts, type MessagePart } from '../../../src/testing/mime/message-part.ts';

const tree = (part: MessagePart): unknown => {
  const inner = [...part.parts, ...(part.message ? [part.message] : [])].map(tree);
  return [`${part.type}/${part.subtype}`, inner.length > 0 ? inner : part.body.toString()];
};
const parts = (text: string): unknown => tree(messageParts(Buffer.from(text)));

describe('messageParts', () => {
  it('takes what says nothing of itself as plain text', () => {
    expect(parts('Subject: x\r\n\r\nBody\r\n')).toEqual(['TEXT/PLAIN', 'Body\r\n']);
    expect(parts('Subject: x')).toEqual(['TEXT/PLAIN', '']);
    expect(parts('\r\nBody')).toEqual(['TEXT/PLAIN', 'Body']);
    expect(parts('Content-Type: nonsense\r\n\r\nBody')).toEqual(['TEXT/PLAIN', 'Body']);
    expect(parts('')).toEqual(['TEXT/PLAIN', '']);
  });

  it('cuts at delimiter lines alone; the line end before one is not content', () => {
    const text =
      'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--bb\r\npreamble --b\r\n--b  \r\n\r\none\r\n--b2\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\n\r\n--b--\r\nepilogue\r\n--b\r\n';
    expect(parts(text)).toEqual([
      'MULTIPART/MIXED',
      [
        ['TEXT/PLAIN', 'one\r\n--b2\r\n'],
        ['A/B', ''],
      ],
    ]);
  });

  it('bears line ends of LF, missing ends and missing parts', () => {
    expect(parts('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo')).toEqual([
      'MULTIPART/MIXED',
      [
        ['TEXT/PLAIN', 'one'],
        ['TEXT/PLAIN', 'two'],
      ],
    ]);
    expect(parts('Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing')).toEqual(['TEXT/PLAIN', 'nothing']);
    expect(parts('Content-Type: multipart/mixed\r\n\r\n--\r\n')).toEqual(['TEXT/PLAIN', '--\r\n']);
  });

  it('looks into messages within messages, and into digests', () => {
    const digest = 'Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nDeep\r\n--b--\r\n';
    expect(parts(digest)).toEqual(['MULTIPART/DIGEST', [['MESSAGE/RFC822', [['TEXT/PLAIN', 'Deep']]]]]);
  });

  it('stops at a depth, and never fails', () => {
    const nested = 'Content-Type: message/rfc822\r\n\r\n'.repeat(10_000);
    expect(JSON.stringify(parts(nested)).length).toBeLessThan(nested.length * 2);
    const piece = fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=b',
      '\r\n',
      '\n',
      '--b',
      '--',
      'message/rfc822',
      ' ',
      ';',
      '"',
      ':',
      'x',
      'Content-Type:',
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => Array.isArray(parts(pieces.join('')))));
  });

  it('reads parameters, quoted or not, over folds', () => {
    expect(parameterised('text/plain; charset="utf-8";\tname="a \\"b\\";c"; x=y')).toEqual({
      value: 'text/plain',
      parameters: [
        ['CHARSET', 'utf-8'],
        ['NAME', 'a "b";c'],
        ['X', 'y'],
      ],
    });
  });
});

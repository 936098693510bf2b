import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/testing/fake-imap/command.ts';
import { Cursor, SyntaxProblem } from '../../../src/testing/fake-imap/cursor.ts';
import { dayOf, formatDateTime, parseDateTime, parseDay, parseMessageDay } from '../../../src/testing/fake-imap/date-time.ts';
import { decodeMailboxName, encodeMailboxName } from '../../../src/testing/fake-imap/mailbox-name.ts';
import { formatSequenceSet, includes, parseSequenceSet } from '../../../src/testing/fake-imap/sequence-set.ts';

const parse = (name: string, text: string, ...literals: string[]): unknown =>
  parseArguments(
    name,
    new Cursor(
      text,
      literals.map((each) => Buffer.from(each)),
    ),
  );
const infinity = Number.POSITIVE_INFINITY;

describe('IMAP grammar', () => {
  it.each([
    ['LOGIN', ' ann secret', [], { user: 'ann', password: 'secret' }],
    ['LOGIN', ' {3} "a \\"b\\" \\\\"', ['a"b'], { user: 'a"b', password: 'a "b" \\' }],
    ['LOGIN', ' {1+} {0}', ['x', ''], { user: 'x', password: '' }],
    ['SELECT', ' "Entw&APw-rfe" (CONDSTORE)', [], { mailbox: 'Entwürfe', condstore: true }],
    ['SELECT', ' INBOX (QRESYNC (9 7))', [], { condstore: false, known: { uidValidity: 9, modseq: 7, uids: undefined } }],
    ['SELECT', ' INBOX (QRESYNC (9 7 1:2 (1,2 3,5)))', [], { known: { uidValidity: 9, modseq: 7, uids: [[1, 2]] } }],
    ['SELECT', ' INBOX (QRESYNC (9 7 (1,2 3,5)))', [], { known: { uidValidity: 9, modseq: 7, uids: undefined } }],
    ['UID SEARCH', ' RETURN (MIN COUNT) CHARSET UTF-8 ALL', [], { uid: true, results: ['MIN', 'COUNT'], charset: 'UTF-8' }],
    ['SEARCH', ' RETURN () ALL', [], { results: ['ALL'] }],
    ['STATUS', ' INBOX (MESSAGES uidnext)', [], { mailbox: 'INBOX', items: ['MESSAGES', 'UIDNEXT'] }],
    ['LIST', ' "" %', [], { reference: '', patterns: ['%'], select: [], status: [] }],
    [
      'LIST',
      ' (SUBSCRIBED) "" ("*" x/%) RETURN (CHILDREN STATUS (UNSEEN))',
      [],
      { patterns: ['*', 'x/%'], select: ['SUBSCRIBED'], status: ['UNSEEN'] },
    ],
    [
      'APPEND',
      ' Sent (\\Seen work) " 7-Feb-1994 21:52:25 -0800" {4}',
      ['mail'],
      { flags: ['\\Seen', 'work'], internalDate: Date.UTC(1994, 1, 8, 5, 52, 25), raw: Buffer.from('mail') },
    ],
    ['APPEND', ' Sent {4+}', ['mail'], { flags: [], internalDate: undefined }],
    [
      'UID STORE',
      ' 1:3,5 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Deleted)',
      [],
      { uid: true, mode: 'add', silent: true, flags: ['\\Deleted'], unchangedSince: 12 },
    ],
    ['STORE', ' 1 flags \\Seen x', [], { uid: false, mode: 'set', silent: false, flags: ['\\Seen', 'x'] }],
    ['UID MOVE', ' 4:* Trash', [], { name: 'MOVE', uid: true, set: [[4, infinity]], mailbox: 'Trash' }],
    ['FETCH', ' 1 FAST', [], { items: [{ item: 'FLAGS' }, { item: 'INTERNALDATE' }, { item: 'RFC822.SIZE' }] }],
    ['UID FETCH', ' 1:* (FLAGS BODY) (CHANGEDSINCE 7)', [], { uid: true, items: [{ item: 'FLAGS' }, { item: 'BODY' }], changedSince: 7 }],
    [
      'FETCH',
      ' 1 BODY.PEEK[1.2.HEADER.FIELDS (Date "From")]<0.65536>',
      [],
      {
        items: [
          {
            item: 'SECTION',
            label: 'BODY[1.2.HEADER.FIELDS (DATE FROM)]<0>',
            section: { path: [1, 2], what: 'FIELDS', names: ['DATE', 'FROM'] },
            peek: true,
            partial: { offset: 0, count: 65_536 },
          },
        ],
      },
    ],
    [
      'FETCH',
      ' 1 (BODY[] RFC822.HEADER BODY[2.MIME])',
      [],
      { items: [{ label: 'BODY[]', peek: false }, { label: 'RFC822.HEADER', peek: true }, { label: 'BODY[2.MIME]' }] },
    ],
    [
      'SEARCH',
      ' CHARSET UTF-8 OR (SEEN SINCE 1-Feb-2030) NOT HEADER X-Y {2} 2:4',
      ['zz'],
      {
        charset: 'UTF-8',
        key: {
          key: 'and',
          each: [
            {
              key: 'or',
              either: [
                {
                  key: 'and',
                  each: [
                    { key: 'flag', flag: '\\Seen', has: true },
                    { key: 'day', of: 'arrival', relation: 'since', day: '2030-02-01' },
                  ],
                },
                { key: 'not', inner: { key: 'header', name: 'X-Y', value: 'zz' } },
              ],
            },
            { key: 'sequence', set: [[2, 4]] },
          ],
        },
      },
    ],
    [
      'UID SEARCH',
      ' UNSEEN UNKEYWORD x SENTBEFORE "3-Mar-2030" MODSEQ "/flags/\\\\Seen" all 9',
      [],
      {
        uid: true,
        key: {
          each: [
            { flag: '\\Seen', has: false },
            { flag: 'x', has: false },
            { of: 'message', relation: 'before', day: '2030-03-03' },
            { key: 'modseq', atLeast: 9 },
          ],
        },
      },
    ],
  ] as const)('reads %s%s', (name, text, literals, expected) => {
    expect(parse(name, text, ...literals)).toMatchObject(expected);
  });

  it.each([
    ['FROB', ''],
    ['FROB', ' x'],
    ['NOOP', ' x'],
    ['LOGIN', ' a'],
    ['LOGIN', ' a b c'],
    ['LOGIN', ' "a b'],
    ['LOGIN', ' {1} {1}'],
    ['SELECT', ' '],
    ['SELECT', ''],
    ['FETCH', ' 0 FLAGS'],
    ['FETCH', ' 1: FLAGS'],
    ['FETCH', ' x FLAGS'],
    ['FETCH', ' 1 FROB'],
    ['FETCH', ' 1 BODY[MIME]'],
    ['FETCH', ' 1 BODY[1'],
    ['FETCH', ' 1 (FLAGS'],
    ['SEARCH', ' SINCE yesterday'],
    ['SEARCH', ' OR SEEN'],
    ['SEARCH', ' ()('],
    ['STORE', ' 1 FROB (x)'],
    ['STATUS', ' INBOX (FROB)'],
    ['COPY', ' 1'],
    ['SEARCH', ` ${'('.repeat(10_000)}`],
    ['SEARCH', ` ${'NOT '.repeat(10_000)}ALL`],
    ['LIST', ' "" {'],
    ['UID', ''],
    ['FETCH', ' 1 ()'],
    ['FETCH', ' 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)'],
    ['SEARCH', ' ()'],
    ['SEARCH', ' RETURN (FROB) ALL'],
    ['SEARCH', ' RETURN (MIN)'],
    ['STATUS', ' INBOX ()'],
    ['SELECT', ' INBOX (QRESYNC (1))'],
    ['SELECT', ' INBOX (FROB)'],
    ['APPEND', ' INBOX (\\Recent) {1}'],
    ['APPEND', ' INBOX "yesterday" {1}'],
    ['STORE', ' 1 +FLAGS (\\Frob)'],
  ])('refuses %s%s', (name, text) => {
    expect(() => parse(name, text)).toThrow(SyntaxProblem);
  });

  it('never fails in another way, whatever is sent', () => {
    const names = ['LOGIN', 'SELECT', 'LIST', 'STATUS', 'APPEND', 'FETCH', 'UID FETCH', 'SEARCH', 'UID STORE', 'ID', 'ENABLE', 'COPY'];
    const word = fc.constantFrom(
      ' ',
      '(',
      ')',
      '"',
      '\\',
      '{1}',
      '*',
      '1:2',
      'BODY[',
      ']',
      '<',
      'OR',
      'NOT',
      'SINCE',
      'a',
      'NIL',
      '%',
      '[',
      'FLAGS',
      'é',
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(word, { maxLength: 15 }), (name, words) => {
        try {
          parse(name, ` ${words.join('')}`, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxProblem);
        }
      }),
    );
  });
});

describe('sequence sets', () => {
  const numbers = (text: string, largest: number): number[] => {
    const set = parseSequenceSet(text);
    return Array.from({ length: 12 }, (_, n) => n + 1).filter((n) => set !== undefined && n <= largest && includes(set, n, largest));
  };

  it.each([
    ['1', 5, [1]],
    ['2:4', 9, [2, 3, 4]],
    ['4:2', 9, [2, 3, 4]],
    ['*', 5, [5]],
    ['9:*', 5, [5]],
    ['*:3', 5, [3, 4, 5]],
    ['1,3,5:6', 9, [1, 3, 5, 6]],
    ['7', 5, []],
  ])('%s of %i', (text, largest, expected) => {
    expect(numbers(text, largest)).toEqual(expected);
  });

  it.each(['', '0', '1:0', ',', '1,', 'a', '1:2:3', '-1'])('%j is none', (text) => {
    expect(parseSequenceSet(text)).toBeUndefined();
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (unsorted) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const set = parseSequenceSet(formatSequenceSet(sorted)) ?? [];
        expect(Array.from({ length: 60 }, (_, n) => n + 1).filter((n) => includes(set, n, 60))).toEqual(sorted);
      }),
    );
  });
});

describe('mailbox names', () => {
  it.each([
    ['Entwürfe', 'Entw&APw-rfe'],
    ['A&B', 'A&-B'],
    ['台北/日本語', '&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
    ['plain', 'plain'],
  ])('%s is written %s (RFC 3501 section 5.1.3)', (name, wire) => {
    expect([encodeMailboxName(name), decodeMailboxName(wire)]).toEqual([wire, name]);
  });

  it('come back as they were', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => decodeMailboxName(encodeMailboxName(name)) === name));
  });
});

describe('dates', () => {
  it('reads and writes date-time in any zone', () => {
    expect(parseDateTime('17-Jul-1996 02:44:25 -0700')).toBe(Date.UTC(1996, 6, 17, 9, 44, 25));
    expect(formatDateTime(Date.UTC(1996, 6, 7, 9, 44, 25))).toBe('07-Jul-1996 09:44:25 +0000');
    expect(parseDateTime('yesterday')).toBeUndefined();
  });

  it('compares days as text', () => {
    expect([parseDay('1-feb-1994'), parseDay('31-Foo-1994'), parseMessageDay('Mon, 7 Jan 2030 23:59:00 -1100'), dayOf(0)]).toEqual([
      '1994-02-01',
      undefined,
      '2030-01-07',
      '1970-01-01',
    ]);
  });
});

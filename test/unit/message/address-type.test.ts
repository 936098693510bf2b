// Addresses and their types: which are equal, which are valid, how they stand in headers.
import { fc, test as propertyTest } from './property.ts';
import { describe, expect, it } from 'vitest';
import { addressType, formatAddress, parseAddress, searchKey } from '../../../src/message/address-type.ts';
import { addressesOf, parseAddressField } from '../../../src/message/address-field.ts';
import { decapsulate, encapsulate } from '../../../src/message/imcea.ts';
import { refusal } from './support.ts';
import { growth, linear } from './growth.ts';

describe('address types', () => {
  it.each([
    ['[MAILSLOT:\\\\harbour\\mailslot\\tide]', { type: 'MAILSLOT', address: '\\\\harbour\\mailslot\\tide' }],
    ['[msmq:DIRECT=OS:harbour\\private$\\berths]', { type: 'MSMQ', address: 'DIRECT=OS:harbour\\private$\\berths' }],
    ['[HTTP:http://[::1]:8080/hook]', { type: 'HTTP', address: 'http://[::1]:8080/hook' }],
    ['bob@harbour.example', { type: 'SMTP', address: 'bob@harbour.example' }],
    ['[SMTP:bob@harbour.example]', { type: 'SMTP', address: 'bob@harbour.example' }],
  ])('M-015 %s is a type and an address', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it('M-015 types are compared whole and in capitals', () => {
    expect(addressType('smtp')).toBe('SMTP');
    expect(addressType('SMTPX')).not.toBe(addressType('SMTP'));
  });

  it.each(['', 'A-B', 'A B', '*', 'SMTP:', 'x'.repeat(33), 'ÄX'])('M-015 %j is no type', async (type) => {
    expect(await refusal(() => parseAddress({ type, address: 'x' }, 'to'))).toMatchObject({ code: 'EINVALID', field: 'to' });
  });

  it('M-084 the search key is the upper-cased TYPE:ADDRESS', () => {
    expect(searchKey({ type: 'smtp', address: 'Bob@Harbour.example' })).toBe('SMTP:BOB@HARBOUR.EXAMPLE');
  });

  it('the string form and the parser undo each other', () => {
    for (const text of ['[FAX:+49 40 123]', 'ann@harbour.example']) expect(formatAddress(parseAddress(text))).toBe(text);
  });
});

describe('SMTP addresses', () => {
  it.each([
    'ann@harbour.example',
    'a.b+tag@sub.harbour.example',
    '"two words"@harbour.example',
    '"a@b"@harbour.example',
    'pier@[192.0.2.1]',
    'pier@[IPv6:2001:db8::1]',
    'root@localhost',
    "o'neil!#$%&*/=?^_`{|}~@harbour.example",
  ])('T-033 %s stays as it is', (address) => {
    expect(parseAddress(address).address).toBe(address);
  });

  it.each([
    ['Ann.B@HARBOUR.Example', 'Ann.B@harbour.example'],
    ['ann@jõgeva.example', 'ann@xn--jgeva-dua.example'],
    ['jörg@häfen.example', 'jörg@xn--hfen-loa.example'],
    ['ann@straße.example', 'ann@xn--strae-oqa.example'],
  ])('T-033 the local part of %s is not rewritten, its domain becomes %s', (given, expected) => {
    expect(parseAddress(given).address).toBe(expected);
  });

  const bad = [
    ...[
      'a@b\r\nRCPT TO:<x@y.example>',
      'a@b.example\n',
      '[FAX:1]\n',
      'a\0@b.example',
      'a@b.example\u2028',
      'a\u0085b@c.example',
      '<a@b.example>',
      'a@b.example>',
      '<>',
    ],
    ...[
      '',
      ' ',
      '@b.example',
      'a@',
      'a',
      'a@@b.example',
      'a@b@c.example',
      '.a@b.example',
      'a.@b.example',
      'a..b@c.example',
      'a b@c.example',
      'a@b c.example',
    ],
    ...[
      'a@-b.example',
      'a@b-.example',
      'a@b..example',
      'a@b.example.',
      'a@.example',
      `a@${'x'.repeat(64)}.example`,
      `${'a'.repeat(250)}@b.example`,
      'a@b_c%.example',
    ],
    ...[
      'a@127.1',
      'a@0x7f.1',
      'a@1.2.3.4',
      'a@[1.2.3.4',
      'a@[x@evil.example]',
      'a@good.example\u00adevil',
      'a@good\u200b.example',
      'a\u202e@good.example',
      'a@ｇood.example',
      'a@good。example',
    ],
    ...['"a"b@c.example', '"a@c.example', 'a\u00a0b@c.example', 'a(x)@c.example', 'a,b@c.example', 'a:b@c.example'],
  ];

  it.each(bad.map((address) => ({ address })))('X-007 $address is refused with the name of its field', async ({ address }) => {
    expect(await refusal(() => parseAddress({ address }, 'envelope.to'))).toMatchObject({ code: 'EINVALID', field: 'envelope.to' });
  });

  it('X-007 an address of another type holds no line break either', async () => {
    for (const address of ['a\rb', 'a\nb', 'a\0b', 'a\u2028b', '', '  ', 'x'.repeat(2049)]) {
      expect(await refusal(() => parseAddress({ type: 'MSMQ', address }))).toMatchObject({ code: 'EINVALID' });
    }
  });

  propertyTest(
    'X-010 what is accepted once is accepted again unchanged',
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.domain(),
    (local, domain) => {
      let address: string;
      try {
        ({ address } = parseAddress({ address: `${local}@${domain}` }));
      } catch {
        return;
      }
      expect(parseAddress({ address }).address).toBe(address);
      expect(address).not.toMatch(/[\r\n\0<>]/);
    },
  );
});

describe('address fields', () => {
  it.each([
    ['a@x.example, b@y.example', ['a@x.example', 'b@y.example']],
    ['Ann <a@x.example>; "Berth, B." <b@y.example>', ['a@x.example', 'b@y.example']],
    ['Crew: a@x.example, Ann <b@y.example>; c@z.example', ['a@x.example', 'b@y.example', 'c@z.example']],
    ['Smith, John <j@x.example>', ['j@x.example']],
    ['ann@x.example <ann@x.example>', ['ann@x.example']],
    ['bob@x.example (Bob (the pilot))', ['bob@x.example']],
    ['"a@evil.example x"@good.example', ['"a@evil.example x"@good.example']],
    ['=?utf-8?Q?a=40evil.example?= <b@good.example>', ['b@good.example']],
    ['Undisclosed recipients:;', []],
    ['a@x.example,, ,b@x.example,', ['a@x.example', 'b@x.example']],
  ])('X-009 %s has one reading', (text, expected) => {
    expect(addressesOf(parseAddressField(text, 'to')).map(({ address }) => address)).toEqual(expected);
  });

  it.each([
    ...[
      'a@good.example(x)evil.example',
      'a@good(x)evil',
      '<a@x.example> <b@x.example>',
      'a@x.example b@x.example',
      'a b@x.example',
      'Bob <bob@x.example',
    ],
    ...[
      'user@victim.example .allowed.example',
      'user @x.example',
      '=?utf-8?Q?a=40evil.example?=',
      '<@relay.example:a@x.example>',
      'bob',
      '<>',
      'Bob <>',
      '"open <a@x.example>',
      '(open a@x.example',
    ],
    ...['a@x.example <b@y.example> c@z.example', '<a@x.example> trailing', 'Crew: [MSMQ:x]; a@x.example', 'a@x.example, junk'],
  ])('X-009 %s has none, or more than one, and is refused', async (text) => {
    expect(await refusal(() => parseAddressField(text, 'cc'))).toMatchObject({ code: 'EINVALID', field: 'cc' });
  });

  it('typed addresses stand among others, with names', () => {
    const field = 'a@x.example, Queue <[MSMQ:DIRECT=OS:h\\q,1]>, "Tide, <B>" <[FAX:+1 (2) 3]>, [HTTP:http://[::1]/x], b@[IPv6:::1]';
    expect(parseAddressField(field, 'to')).toEqual([
      { type: 'SMTP', address: 'a@x.example' },
      { type: 'MSMQ', address: 'DIRECT=OS:h\\q,1', name: 'Queue' },
      { type: 'FAX', address: '+1 (2) 3', name: 'Tide, <B>' },
      { type: 'HTTP', address: 'http://[::1]/x' },
      { type: 'SMTP', address: 'b@[IPv6:::1]' },
    ]);
  });

  it("takes nodemailer's objects, groups and nested lists", () => {
    const field = ['a@x.example', { name: 'Ann', address: 'b@x.example' }, [{ name: 'Crew', group: [{ name: '', address: 'c@x.example' }] }]];
    expect(addressesOf(parseAddressField(field, 'to')).map(({ address }) => address)).toEqual(['a@x.example', 'b@x.example', 'c@x.example']);
  });

  it.each([
    ['a list of addresses', (size: number) => 'a@x.example, '.repeat(size / 13)],
    ['names without end', (size: number) => 'a '.repeat(size / 2)],
    ['opened comments', (size: number) => '('.repeat(size)],
    ['opened angle brackets', (size: number) => '<'.repeat(size)],
    ['opened brackets', (size: number) => '['.repeat(size)],
    ['typed openings', (size: number) => '[A:'.repeat(size / 3)],
    ['at signs', (size: number) => '@'.repeat(size)],
    ['quotes', (size: number) => '"'.repeat(size)],
    ['groups', (size: number) => 'a:'.repeat(size / 2)],
    ['dots', (size: number) => `a${'.a'.repeat(size / 2)}@x.example`],
  ])('X-011 %s cost in proportion to their size', (_, make) => {
    const read = (size: number) => {
      try {
        parseAddressField(make(size), 'to');
      } catch (error) {
        expect(error).toMatchObject({ code: 'EINVALID' });
      }
    };
    expect(growth(read)).toBeLessThan(linear);
  });
});

describe('encapsulated addresses', () => {
  it('keep letters, digits, = and -, and write / as _', () => {
    expect(encapsulate({ type: 'EX', address: '/O=HARBOUR/CN=Ann B' }, 'harbour.example')).toBe('IMCEAEX-_O=HARBOUR_CN=Ann+20B@harbour.example');
  });

  it('an SMTP address is left alone, and what is not encapsulated is not unpacked', () => {
    expect(encapsulate({ type: 'SMTP', address: 'a@x.example' }, 'y.example')).toBe('a@x.example');
    for (const text of ['a@x.example', 'IMCEA-x@y.example', 'IMCEAEX-+00@y.example', 'IMCEAEX-+0D+0Aq@y.example', 'IMCEAEX-+FF@y.example'])
      expect(decapsulate(text)).toBeUndefined();
  });

  propertyTest(
    'M-015 come back as they went, and are valid addresses on the way',
    fc.stringMatching(/^[A-Z0-9_]{1,20}$/).filter((type) => type !== 'SMTP'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/[\p{Cc}\ufffd]/u.test(text)),
    (type, address) => {
      const smtp = encapsulate({ type, address }, 'harbour.example');
      expect(decapsulate(smtp)).toEqual({ type, address });
      if (smtp.length <= 254) expect(parseAddress(smtp).address).toBe(smtp);
    },
  );
});

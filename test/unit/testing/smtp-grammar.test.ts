import { describe, expect, it } from 'vitest';
import { formatReply, parseCommand, parsePath } from '../../../src/testing/fake-smtp/grammar.ts';

describe('SMTP grammar', () => {
  it.each([
    ['FROM:<ann@test>', { address: 'ann@test', args: {} }],
    ['from: <ann@test> SIZE=9 body=8BITMIME SMTPUTF8', { address: 'ann@test', args: { SIZE: '9', BODY: '8BITMIME', SMTPUTF8: true } }],
    ['FROM:<>', { address: '', args: {} }],
    ['FROM:<"a > b\\" c"@test> RET=HDRS', { address: '"a > b\\" c"@test', args: { RET: 'HDRS' } }],
    ['FROM:<@relay,@other:ann@test>', { address: 'ann@test', args: {} }],
    ['FROM:<jürgen@test> ENVID=a=b', { address: 'jürgen@test', args: { ENVID: 'a=b' } }],
  ])('reads %s', (argument, expected) => {
    expect(parsePath('FROM', argument)).toEqual(expected);
  });

  it.each(['', 'FROM', 'FROM:', 'FROM:ann@test', 'TO:<ann@test>', 'FROM:<ann@test', 'FROM:<a b@test>', 'FROM:<ann@test>SIZE=1'])(
    'refuses %j',
    (argument) => {
      expect(parsePath('FROM', argument)).toBeUndefined();
    },
  );

  it('takes the verb in any case and the argument without its margins', () => {
    expect(parseCommand('mail  FROM:<a@b>  ')).toEqual({ verb: 'MAIL', argument: 'FROM:<a@b>' });
    expect(parseCommand('')).toEqual({ verb: '', argument: '' });
  });

  it('writes replies of several lines, the enhanced code in each', () => {
    expect(formatReply({ code: 550, enhancedCode: '5.1.1', message: 'No\nsuch user' })).toBe('550-5.1.1 No\r\n550 5.1.1 such user\r\n');
    expect(formatReply({ code: 250 })).toBe('250 \r\n');
  });
});

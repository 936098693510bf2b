// What replies mean, as a table.
import { expect, test } from 'vitest';
import { extensionsOf } from '../../../providers/smtp/extensions.ts';
import { enhancedCode, isTooManyRecipients, refusal, remoteIdOf, replyCode, statedDelayMs } from '../../../providers/smtp/replies.ts';

test('T-021 a reply is three digits of class 2 to 5, then a blank, a hyphen or nothing', () => {
  expect(['250 ok', '250', '354-more', '550\r\n'].map(replyCode)).toEqual([250, 250, 354, 550]);
  expect(['', '25', '2500 x', '650 x', '150 x', ' 250 ok', 'ok'].map(replyCode)).toEqual(Array(7).fill(undefined));
});

test('T-035 enhanced codes are found where they belong, in the class of the reply', () => {
  expect(['550 5.1.1 x', '550-5.1.1 x\n550 5.1.1 y', '450 4.7.1', '550 4.1.1 x', '250 2.0.0 ok'].map(enhancedCode)).toEqual([
    '5.1.1',
    '5.1.1',
    '4.7.1',
    '5.1.1',
    '2.0.0',
  ]);
  expect(['550 x 5.1.1', '550 5.1 x', '550 5.1.1.1 x', '550 5.1234.1 x', '354 2.0.0 go'].map(enhancedCode)).toEqual(Array(5).fill(undefined));
});

test('T-024 too many recipients are told from a full disk and a full mailbox', () => {
  expect(['452 4.5.3 x', '452 too many recipients', '552 Too many rcpts', '552 5.5.3 x'].map(isTooManyRecipients)).toEqual([true, true, true, true]);
  expect(['452 4.3.1 disk full', '552 5.2.2 mailbox full', '550 too many recipients'].map(isTooManyRecipients)).toEqual([false, false, false]);
});

test('U-036 a stated delay is read in seconds, minutes, hours or as a clock, and nothing absurd is believed', () => {
  const replies = [
    '450 Greylisted for 300 seconds',
    '451 try again in 5 minutes',
    '450 come back in 00:04:59',
    '421 retry after 1 hour',
    '450 wait 30s',
  ];
  expect(replies.map(statedDelayMs)).toEqual([300_000, 300_000, 299_000, 3_600_000, 30_000]);
  expect(['450 later', '450 in 999999 hours', '450 in 0 seconds', '450 see page 300'].map(statedDelayMs)).toEqual(Array(4).fill(undefined));
});

test('U-036 throttling and greylisting are recognised', () => {
  const reasonOf = (response: string) => refusal(response, 'rcpt', 'EENVELOPE').diagnostic.reason;
  expect(
    [
      '450 4.2.0 Recipient address rejected: Greylisted',
      '451 graylisting in effect',
      '421 Too many connections',
      '450 rate limited: Rate limit exceeded',
    ].map(reasonOf),
  ).toEqual(['greylisted', 'greylisted', 'throttled', 'throttled']);
  expect(['550 greylisted', '450 mailbox busy'].map(reasonOf)).toEqual([undefined, undefined]);
});

test('U-057 the name that the server gives the message is kept', () => {
  expect(['250 2.0.0 Ok: queued as 4Xy-Z.1', '250 OK id=1abc-2', '250 fine'].map(remoteIdOf)).toEqual(['4Xy-Z.1', '1abc-2', undefined]);
});

test('what EHLO offers', () => {
  expect(extensionsOf('250-mail.test\n250-SIZE 100\n250-8bitmime\n250-DSN\n250 SMTPUTF8')).toEqual({
    eightBitMime: true,
    smtpUtf8: true,
    dsn: true,
    sizeBytes: 100,
  });
  expect(extensionsOf('250 SIZE 100')).toEqual({ eightBitMime: false, smtpUtf8: false, dsn: false, sizeBytes: 0 });
});

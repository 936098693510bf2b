import { expect, test } from 'vitest';
import { formatMailslotName, parseMailslotName } from 'mailspool/providers/mailslot';

test.each([
  ['\\\\.\\mailslot\\notices', { scope: 'local', path: ['notices'] }],
  ['\\\\.\\mailslot\\taxes\\bob\\today', { scope: 'local', path: ['taxes', 'bob', 'today'] }],
  ['\\\\HARBOUR\\mailslot\\notices', { scope: 'host', target: 'HARBOUR', path: ['notices'] }],
  ['\\\\office\\mailslot\\notices', { scope: 'domain', target: 'office', path: ['notices'] }],
  ['\\\\*\\mailslot\\notices', { scope: 'primary-domain', path: ['notices'] }],
  ['//harbour/MAILSLOT/notices', { scope: 'host', target: 'harbour', path: ['notices'] }],
] as const)('S-002 S-007 %s names what it says, and is written as it was read', (name, address) => {
  const parsed = parseMailslotName(name, { domains: ['Office'] });
  expect(parsed).toEqual(address);
  expect(parseMailslotName(formatMailslotName(parsed), { domains: ['Office'] })).toEqual(parsed);
});

test.each([
  ['\\\\.\\mailslot\\', 'the name part is empty'],
  ['\\\\.\\mailslot\\taxes\\', 'the last segment is empty'],
  ['\\\\.\\mailslot\\taxes\\\\bob', 'a segment is empty'],
  ['\\\\.\\pipe\\notices', 'it is no mailslot'],
  ['\\.\\mailslot\\notices', 'one backslash is missing'],
  ['notices', 'it has no prefix'],
  ['', 'it is empty'],
  ['\\\\.\\mailslot\\what?', 'a character is reserved'],
  ['\\\\.\\mailslot\\two\nlines', 'a character is a control'],
  [`\\\\.\\mailslot\\${'x'.repeat(256)}`, 'it is too long'],
  ['\\\\HARBOUR\\mailslot\\überfällig', 'names on the wire are ASCII'],
  ['\\\\hafenmeisterei-\u00fc\\mailslot\\x', 'a host on the wire is ASCII'],
  ['\\\\SIXTEENLETTERSXX\\mailslot\\x', 'a host has at most 15 characters'],
])('S-004 %s is refused, since %s', (name) => {
  expect(() => parseMailslotName(name)).toThrow(expect.objectContaining({ code: 'EINVALID', field: 'name' }) as Error);
});

test('S-004 on this computer a name may have any letters', () => {
  expect(parseMailslotName('\\\\.\\mailslot\\überfällig').path).toEqual(['überfällig']);
});

test('S-004 an address that was put together is looked at, too', () => {
  expect(() => formatMailslotName({ scope: 'local', path: [] })).toThrow(/empty/);
  expect(() => formatMailslotName({ scope: 'host', path: ['x'] })).toThrow(/host or domain/);
});

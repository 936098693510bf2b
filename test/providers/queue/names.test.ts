import { expect, test } from 'vitest';
import { formatQueuePath, parseFormatName, parseQueuePath, printFormatName } from 'mailspool/providers/queue';

const guid = '12345678-1234-1234-1234-123456789abc';
const illegal = expect.objectContaining({ code: 'EINVALID', field: 'path' }) as Error;

test.each([
  ['HARBOUR\\orders', { host: 'HARBOUR', kind: 'public', name: 'orders' }],
  ['.\\private$\\orders', { host: '.', kind: 'private', name: 'orders' }],
  ['HARBOUR\\system$;DEADLETTER', { host: 'HARBOUR', kind: 'system', name: 'DEADLETTER' }],
] as const)('Q-001 %s is a path, and is written as it was read', (path, parsed) => {
  expect(parseQueuePath(path)).toEqual(parsed);
  expect(formatQueuePath(parseQueuePath(path))).toBe(path);
});

test.each(['orders', '\\orders', 'HARBOUR\\', 'HARBOUR\\private$\\', 'HARBOUR\\system$;OTHER', 'HARBOUR\\a\\b', 'two hosts\\orders', ''])(
  'Q-001 %j is an illegal path',
  (path) => expect(() => parseQueuePath(path)).toThrow(illegal),
);

test('Q-002 a name has 1 to 124 characters without \\ ; + , ", a host 1 to 256', () => {
  expect(parseQueuePath(`h\\${'q'.repeat(124)}`).name).toHaveLength(124);
  expect(() => parseQueuePath(`h\\${'q'.repeat(125)}`)).toThrow(illegal);
  for (const character of ['\\', ';', '+', ',', '"', '\n']) expect(() => parseQueuePath(`h\\a${character}b`)).toThrow(illegal);
  expect(parseQueuePath(`${'h'.repeat(256)}\\q`).host).toHaveLength(256);
  expect(() => parseQueuePath(`${'h'.repeat(257)}\\q`)).toThrow(illegal);
});

test.each([
  'DIRECT=OS:HARBOUR\\orders',
  'DIRECT=OS:.\\private$\\orders',
  'DIRECT=OS:.\\private$\\orders;JOURNAL',
  'DIRECT=TCP:127.0.0.1\\private$\\orders',
  'DIRECT=HTTP:harbour.example\\orders',
  'DIRECT=HTTPS:harbour.example\\private$\\orders',
  'DIRECT=OS:HARBOUR\\SYSTEM$;JOURNAL',
  'DIRECT=OS:HARBOUR\\SYSTEM$;DEADLETTER',
  'DIRECT=OS:HARBOUR\\SYSTEM$;DEADXACT',
  `MACHINE=${guid};DEADLETTER`,
  `PUBLIC=${guid}`,
  `PUBLIC=${guid};JOURNAL`,
  `PRIVATE=${guid}\\0000000f`,
  `PRIVATE=${guid}\\f;JOURNAL`,
  `DL=${guid}@harbour.example`,
  `CONNECTOR=${guid}`,
  `CONNECTOR=${guid};XACTONLY`,
  'MULTICAST=234.1.1.1:8001',
  'DIRECT=OS:HARBOUR\\orders,DIRECT=OS:QUAY\\private$\\orders',
])('Q-003 Q-004 Q-005 %s parses and prints back unchanged', (name) => {
  expect(printFormatName(parseFormatName(name))).toBe(name);
});

test.each([
  'DIRECT=orders',
  'DIRECT=UDP:a\\b',
  'PUBLIC=orders',
  'MACHINE=x;JOURNAL',
  `MACHINE=${guid}`,
  'MULTICAST=a:1',
  'WHAT=x',
  'DIRECT=OS:a\\b,',
])('Q-003 %s is refused', (name) => expect(() => parseFormatName(name)).toThrow(illegal));

test('Q-003 a path name stands for its direct name', () => {
  expect(printFormatName(parseFormatName('HARBOUR\\private$\\orders'))).toBe('DIRECT=OS:HARBOUR\\private$\\orders');
});

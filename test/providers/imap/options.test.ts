// What the IMAP provider accepts as configuration, and how it says what is wrong.
import { describe, expect, test } from 'vitest';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import { settingsOf } from '../../../providers/imap/options.ts';

const host = 'imap.example.test';

describe('options of the IMAP provider', () => {
  test('a URL names server, user, password and folder, percent-decoded', () => {
    expect(settingsOf('imaps://ann%40example.test:p%3Ass@imap.example.test:1993/Lists%2Fone')).toMatchObject({
      host,
      port: 1993,
      secure: true,
      auth: { user: 'ann@example.test', pass: 'p:ss' },
      folders: ['Lists/one'],
    });
    expect(settingsOf('imap://[::1]')).toMatchObject({ host: '::1', port: 143, secure: false, folders: ['INBOX'], auth: undefined });
  });

  test('T-060 without TLS from the start STARTTLS is required, except on the loopback', () => {
    expect(settingsOf({ host, port: 143 })).toMatchObject({ secure: false, requireTLS: true });
    expect(settingsOf({ host: '127.0.0.1', port: 143 })).toMatchObject({ requireTLS: false });
    expect(settingsOf({ host })).toMatchObject({ secure: true, port: 993 });
  });

  test('begin since takes a date, or a text as a configuration file has it', () => {
    const instant = Date.UTC(2026, 1, 3);
    expect(settingsOf({ host, begin: { since: '2026-02-03' } }).begin).toEqual({ sinceMs: instant });
    expect(settingsOf({ host, begin: { since: new Date(instant) } }).begin).toEqual({ sinceMs: instant });
    expect(() => imap({ host, begin: { since: 'last week' } })).toThrow(expect.objectContaining({ code: 'ECONFIG', field: 'begin' }) as Error);
  });

  test('T-053 IDLE is never longer than 29 minutes', () => {
    expect(settingsOf({ host }).idleRenewMs).toBeLessThan(29 * 60_000);
    expect(() => imap({ host, idleRenewMs: 30 * 60_000 })).toThrow(expect.objectContaining({ code: 'ECONFIG', field: 'idleRenewMs' }) as Error);
  });

  test('INBOX is INBOX however it is written, and a folder is watched once', () => {
    expect(settingsOf({ host, folders: ['inbox', 'INBOX', 'Sent'] }).folders).toEqual(['INBOX', 'Sent']);
  });

  test.each<[string, Partial<ImapOptions>]>([
    ['host', { host: '' }],
    ['port', { port: 0 }],
    ['port', { port: 70_000 }],
    ['folders', { folders: [] }],
    ['folders', { folders: ['a\r\nb'] }],
    ['begin', { begin: { since: new Date(Number.NaN) } }],
    ['begin', { begin: 'yesterday' as never }],
    ['after', { after: { flag: '\\Seen \\Deleted' } }],
    ['after', { after: { move: 'a\r\nA1 DELETE b' } }],
    ['after', { after: 'burn' as never }],
    ['after.move', { folders: ['INBOX', 'Done'], after: { move: 'Done' } }],
    ['after.move', { after: { move: 'inbox' } }],
    ['reception', { reception: 'push' as never }],
    ['pollIntervalMs', { pollIntervalMs: 0 }],
    ['maxConnections', { maxConnections: 1.5 }],
    ['deadlines.commandMs', { deadlines: { commandMs: -1 } }],
    ['chunkBytes', { chunkBytes: 10 }],
  ])('X-014 a mistake in %s is an ECONFIG that names it and says what to do: %j', (field, wrong) => {
    expect(() => imap({ host, ...wrong })).toThrow(expect.objectContaining({ code: 'ECONFIG', field }) as Error);
  });

  test.each(['http://x', 'imaps:/', 'nonsense', 'imaps://user:%zz@host/'])('the URL %s is an ECONFIG', (url) => {
    expect(() => imap(url)).toThrow(expect.objectContaining({ code: 'ECONFIG' }) as Error);
  });

  test('it receives and has nothing that sends', () => {
    expect(imap({ host, name: 'second' })).toMatchObject({ name: 'second', contract: { min: 1, max: 1 } });
  });
});

// What smtp(…) takes: an object or a URL, and what a mistake is told.
import { smtp, type SmtpOptions } from 'mailspool/providers/smtp';
import { expect, test } from 'vitest';
import { smtpSettings, tlsRequired } from '../../../providers/smtp/options.ts';
import { logonOptions, testSupport } from '../../../src/testing/provider-suite/support.ts';

test('a URL says what the object says', () => {
  expect(smtpSettings('smtp://ann%40x.test:p%25ss@mail.test:2525?connections=20&requireTLS=true&name=me.test')).toEqual(
    smtpSettings({ host: 'mail.test', port: 2525, auth: { user: 'ann@x.test', pass: 'p%ss' }, connections: 20, requireTLS: true, name: 'me.test' }),
  );
  expect(smtpSettings('smtps://mail.test')).toMatchObject({ host: 'mail.test', port: 465, secure: true });
  expect(smtpSettings('lmtp://[::1]')).toMatchObject({ host: '::1', port: 24, lmtp: true });
  expect(smtpSettings('smtp://mail.test?tls.rejectUnauthorized=false')).toMatchObject({
    port: 587,
    secure: false,
    tls: { rejectUnauthorized: false },
  });
});

const mistakes: readonly [SmtpOptions | string, string][] = [
  ['mail.test', 'url'],
  ['http://mail.test', 'url'],
  ['smtp://ann:50%@mail.test', 'url'],
  ['smtp://mail.test?conections=2', 'conections'],
  ['smtp://mail.test?secure=maybe', 'secure'],
  [{ port: 70_000 }, 'port'],
  [{ host: 'mail.test\r\nX' }, 'host'],
  [{ name: 'me\r\nMAIL FROM:<eve@x.test>' }, 'name'],
  [{ connections: 0 }, 'connections'],
  [{ timeouts: { finalMs: Number.NaN } }, 'timeouts.finalMs'],
  [{ requireTLS: true, ignoreTLS: true }, 'requireTLS'],
  [{ auth: { user: '', pass: 'secret' } }, 'auth.user'],
  [{ auth: { user: 'ann', pass: '' } }, 'auth'],
];
for (const [options, field] of mistakes) {
  test(`X-007 a mistake is refused by the name of its field: ${JSON.stringify(options)}`, () => {
    expect(() => smtp(options)).toThrow(
      expect.objectContaining({ code: 'ECONFIG', field, message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });
}

test('T-060 credentials do not cross a network in the clear unless told to', () => {
  const auth = { user: 'ann', pass: 'secret' };
  const required = (options: SmtpOptions) => tlsRequired(smtpSettings(options), options.auth);
  expect(required({ host: 'mail.test', auth })).toBe(true);
  expect(required({ host: 'mail.test', auth, ignoreTLS: true })).toBe(false);
  expect(required({ host: 'mail.test', auth, requireTLS: false })).toBe(false);
  expect(required({ host: '127.0.0.1', auth })).toBe(false);
  expect(required({ host: 'mail.test' })).toBe(false);
  expect(required({ host: 'mail.test', requireTLS: true })).toBe(true);
});

test('T-025 T-027 a session says its limits, and the deadlines are not below the RFC', async () => {
  const session = await smtp({ host: 'mail.test', messageSizeBytes: 10_000_000 }).logon(testSupport(), logonOptions());
  expect(session).toMatchObject({
    addressTypes: ['SMTP'],
    reception: 'none',
    limits: { outbound: 5, recipientsPerMessage: 100, messageSizeBytes: 10_000_000 },
  });
  const { greetingMs, replyMs, blockMs, finalMs } = smtpSettings({}).timeouts;
  expect([greetingMs, replyMs, blockMs, finalMs].map((ms) => ms / 60_000)).toEqual([5, 5, 3, 10]);
});

test('M-003 logging on connects nowhere', async () => {
  const session = await smtp({ host: 'nowhere.invalid' }).logon(testSupport(), logonOptions({ offline: true }));
  await session.logoff?.();
});

// Other people's SMTP clients send through the fake: swaks, curl, Postfix's smtp-source.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeSmtp, type FakeSmtp } from 'mailspool/testing';
import { hasProgram, run, scratch, type Ran } from './programs.ts';

const message = 'Subject: Hi\r\nFrom: ann@test\r\nTo: bob@test\r\n\r\nHello\r\n.\r\n..dots\r\n';

describe.skipIf(!hasProgram('swaks', 'swaks', 'fakeSmtp with swaks'))('swaks', () => {
  const swaks = (server: FakeSmtp, ...args: readonly string[]): Promise<Ran> =>
    run('swaks', ['--server', server.host, '--port', String(server.port), '--from', 'ann@test', '--to', 'bob@test,carol@test', ...args]);

  it('U-062 sends, and hears a refusal', async () => {
    await using server = await fakeSmtp();
    expect(await swaks(server, '--header', 'Subject: Hi')).toMatchObject({ code: 0 });
    const taken = await server.received({ to: 'carol@test', subject: 'Hi' });
    expect([taken.envelope.rcptTo.length, taken.secure, taken.user]).toEqual([2, false, undefined]);
    server.refuse('bob@test', { code: 550, enhancedCode: '5.1.1', message: 'No such user' });
    server.refuse('carol@test', { code: 451, enhancedCode: '4.7.1', message: 'Later' });
    const refused = await swaks(server);
    expect([refused.code, server.messages().length]).toEqual([24, 1]);
    expect(refused.output).toMatch(/550 5\.1\.1 No such user[^]*451 4\.7\.1 Later/);
  });

  it.each([
    ['--tls', 'starttls'],
    ['--tls-on-connect', 'implicit'],
  ] as const)('U-062 speaks TLS (%s)', async (mode, tls) => {
    await using server = await fakeSmtp({ tls });
    await using directory = await scratch();
    const ca = join(directory.path, 'ca.pem');
    await writeFile(ca, server.certificate);
    expect(await swaks(server, mode, '--tls-verify', '--tls-ca-path', ca)).toMatchObject({ code: 0 });
    expect((await server.received()).secure).toBe(true);
    const stranger = await swaks(server, mode, '--tls-verify');
    expect([stranger.code, server.messages().length]).toEqual([29, 1]);
  });

  it('U-062 finds that TLS is not offered, or fails', async () => {
    await using server = await fakeSmtp();
    expect(await swaks(server, '--tls')).toMatchObject({ code: 29 });
    await using broken = await fakeSmtp({ tls: 'starttls' });
    broken.script({ at: 'handshake', do: { say: 'nonsense' } });
    // Its wish to say QUIT may end it by SIGPIPE.
    expect((await swaks(broken, '--tls')).code).not.toBe(0);
    broken.script({ at: 'STARTTLS', do: { code: 454, message: 'Not now' } });
    expect(await swaks(broken, '--tls')).toMatchObject({ code: 29, output: expect.stringContaining('454 Not now') });
  });

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('U-062 logs on with %s', async (mechanism) => {
    await using server = await fakeSmtp({ users: { ann: 'sec:ret' }, requireAuth: true, tls: 'starttls' });
    const auth = ['--tls', '--auth', mechanism, '--auth-user', 'ann', '--auth-password'];
    expect(await swaks(server, ...auth, 'sec:ret')).toMatchObject({ code: 0 });
    expect((await server.received()).user).toBe('ann');
    const refused = await swaks(server, ...auth, 'guess');
    expect([refused.code, server.messages().length]).toEqual([28, 1]);
    expect(refused.output).toContain('535 5.7.8');
  });
});

describe.skipIf(!hasProgram('curl', 'curl', 'fakeSmtp with curl'))('curl', () => {
  async function curl(server: FakeSmtp, url: string, ...args: readonly string[]): Promise<Ran> {
    await using directory = await scratch();
    await writeFile(join(directory.path, 'ca.pem'), server.certificate);
    await writeFile(join(directory.path, 'message'), message);
    const envelope = ['--mail-from', 'ann@test', '--mail-rcpt', 'bob@test', '--upload-file', 'message'];
    return await run('curl', ['--silent', '--show-error', '--cacert', 'ca.pem', url, ...envelope, ...args], { home: directory.path });
  }

  it.each([undefined, 'starttls', 'implicit'] as const)('U-062 sends a file as it is (tls: %s)', async (tls) => {
    await using server = await fakeSmtp({ ...(tls === undefined ? {} : { tls }) });
    const url = `${tls === 'implicit' ? 'smtps' : 'smtp'}://${server.host}:${server.port}`;
    expect(await curl(server, url, ...(tls === undefined ? [] : ['--ssl-reqd']))).toEqual({ code: 0, output: '' });
    const taken = await server.received({ to: 'bob@test', within: '1s' });
    expect([Buffer.from(taken.raw).toString(), taken.secure]).toEqual([message, tls !== undefined]);
  });

  it.each([
    ['PLAIN', ['--user', 'ann:secret']],
    ['LOGIN', ['--user', 'ann:secret']],
    ['CRAM-MD5', ['--user', 'ann:secret']],
    ['XOAUTH2', ['--user', 'ann:', '--oauth2-bearer', 'fresh']],
    ['OAUTHBEARER', ['--user', 'ann:', '--oauth2-bearer', 'fresh']],
  ] as const)('U-062 logs on with %s, and no longer when that has changed', async (mechanism, credentials) => {
    await using server = await fakeSmtp({ users: { ann: { password: 'secret', token: 'fresh' } }, requireAuth: true, mechanisms: [mechanism] });
    const url = `smtp://${server.host}:${server.port}`;
    const args = ['--login-options', `AUTH=${mechanism}`, ...credentials];
    expect(await curl(server, url, ...args)).toEqual({ code: 0, output: '' });
    expect(server.commands.map(({ line }) => line)).toContainEqual(expect.stringMatching(`^AUTH ${mechanism}`));
    server.mailboxes.setUser('ann', { password: 'other', token: 'newer' });
    expect(await curl(server, url, ...args)).toMatchObject({ code: 67 });
    expect(server.messages().map(({ user }) => user)).toEqual(['ann']);
  });

  it('U-062 hears of a full mailbox after the dot', async () => {
    await using server = await fakeSmtp();
    server.script({ at: 'dot', do: { code: 552, enhancedCode: '5.2.2', message: 'Full' } });
    expect(await curl(server, `smtp://${server.host}:${server.port}`)).toMatchObject({ code: 8 });
    expect(server.messages()).toEqual([]);
  });
});

describe.skipIf(!hasProgram('smtp-source', 'postfix', 'fakeSmtp with smtp-source'))('smtp-source', () => {
  it('U-062 sends hundreds over several connections at once', async () => {
    await using server = await fakeSmtp();
    const where = `inet:${server.host}:${server.port}`;
    const ran = await run('smtp-source', ['-s', '8', '-m', '400', '-l', '20000', '-f', 'ann@test', '-t', 'bob@test', '-N', where]);
    expect(ran).toEqual({ code: 0, output: '' });
    expect([server.messages().length, server.connections.peak]).toEqual([400, expect.toSatisfy((peak: number) => peak > 1 && peak <= 8)]);
    expect(server.messages().every(({ raw }) => raw.length >= 20_000)).toBe(true);
  });
});

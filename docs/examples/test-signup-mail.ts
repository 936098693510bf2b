// Testing that whoever signs up gets a mail, and that signing up does not fail when the mail server does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { fakeSmtp } from 'mailspool/testing';

/** The code under test. */
async function signUp(address: string, mailServer: string): Promise<{ address: string; mailed: boolean }> {
  const link = `https://example.org/confirm/${Buffer.from(address).toString('hex')}`;
  const mail = { from: 'app@example.org', to: address, subject: 'Welcome', text: `Please confirm: ${link}` };
  const mailed = await createTransport(mailServer)
    .sendMail(mail)
    .then(
      () => true,
      () => false,
    );
  return { address, mailed };
}

test('who signs up gets a mail with a link', async (t) => {
  const server = await fakeSmtp();
  t.after(() => server.close());
  await signUp('bob@example.org', server.url);
  const mail = await server.received({ to: 'bob@example.org', subject: 'Welcome', within: '2s' });
  assert.match((await mail.parsed()).text ?? '', /https:\/\/example\.org\/confirm\/\w+/);
});

test('who signs up is not turned away because the mail server is', async (t) => {
  const server = await fakeSmtp();
  t.after(() => server.close());
  server.script({ at: 'greeting', do: { code: 421, message: 'Too busy' } });
  assert.deepEqual(await signUp('bob@example.org', server.url), { address: 'bob@example.org', mailed: false });
  assert.equal(server.messages().length, 0);
});

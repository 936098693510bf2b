// Testing that a mail is tried again after greylisting. Six minutes pass at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { fakeSmtp, virtualTime } from 'mailspool/testing';

/** The code under test: again every two minutes, as long as the server says "later". It is given how to wait. */
async function sendPatiently(mailServer: string, to: string, sleep: (ms: number) => Promise<void>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await createTransport(mailServer).sendMail({ from: 'app@example.org', to, subject: 'Hi', text: 'Hi' });
      return attempt;
    } catch (error) {
      const { responseCode = 0 } = error as { responseCode?: number };
      if (responseCode < 400 || responseCode >= 500 || attempt === 30) throw error;
      await sleep(120_000);
    }
  }
}

test('a greylisted mail is tried again until it is taken', async (t) => {
  const time = virtualTime();
  const begun = time.now();
  const server = await fakeSmtp({ clock: time });
  t.after(() => server.close());
  const refusals = server.script({ at: 'RCPT', greylist: '5m', do: { code: 451, enhancedCode: '4.7.1', message: 'Greylisted' } });
  const attempts = time.work(sendPatiently(server.url, 'bob@example.org', (ms) => time.remote.sleep(ms)));
  await time.advance('10m');
  assert.equal(await attempts, 4);
  assert.equal(refusals.fired, 3);
  assert.equal((await server.received()).receivedAt - begun, 6 * 60_000);
});

test('a mail that is refused for good is not tried again', async (t) => {
  const server = await fakeSmtp();
  t.after(() => server.close());
  server.refuse('bob@example.org', { code: 550, enhancedCode: '5.1.1', message: 'No such user' });
  await assert.rejects(
    sendPatiently(server.url, 'bob@example.org', () => assert.fail('it waits')),
    { responseCode: 550 },
  );
});

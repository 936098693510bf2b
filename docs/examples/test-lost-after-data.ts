// Testing what becomes of a mail when the connection is lost after DATA: the server has it, or it has not, and the
// client cannot know. Sending it again at once would send some of them twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { fakeSmtp, type SmtpFault } from 'mailspool/testing';

/** The code under test: an invoice is `sent`, `failed` (and may be sent again), or `unsure` (and somebody has to look). */
async function sendInvoice(mailServer: string, to: string): Promise<'sent' | 'failed' | 'unsure'> {
  const transport = createTransport({ url: mailServer, socketTimeout: 200 });
  try {
    await transport.sendMail({ from: 'app@example.org', to, subject: 'Invoice', text: '42' });
    return 'sent';
  } catch (error) {
    // A server that answered has not taken it. One that fell silent may have.
    return (error as { responseCode?: number }).responseCode === undefined ? 'unsure' : 'failed';
  }
}

const cases: readonly { fault: SmtpFault; becomes: string; taken: number }[] = [
  { fault: { at: 'dot', do: { code: 452, message: 'Disk full' } }, becomes: 'failed', taken: 0 },
  { fault: { at: 'DATA', do: { dropAtByte: 100 } }, becomes: 'unsure', taken: 0 },
  { fault: { at: 'dot', do: 'drop' }, becomes: 'unsure', taken: 0 },
  { fault: { at: 'dot', do: 'acceptThenDrop' }, becomes: 'unsure', taken: 1 },
  { fault: { at: 'dot', do: 'stall' }, becomes: 'unsure', taken: 1 },
  { fault: { at: 'dot', do: 'replyThenDrop' }, becomes: 'sent', taken: 1 },
];

for (const { fault, becomes, taken } of cases) {
  test(`an invoice is ${becomes} after ${JSON.stringify(fault)}`, async (t) => {
    const server = await fakeSmtp();
    t.after(() => server.close());
    server.script(fault);
    assert.equal(await sendInvoice(server.url, 'bob@example.org'), becomes);
    assert.equal(server.messages().length, taken);
  });
}

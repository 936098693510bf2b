// TNEF on its way through real connections: what Internet mail has no field for goes out with SMTP and comes in with IMAP.
import { createSpooler, memoryStore } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';
import { fakeImap, fakeSmtp } from 'mailspool/testing';
import { expect, test } from 'vitest';

const properties = { messageClass: 'IPM.Berth', reportTag: 'tag', named: { berth: 7, free: true } };
const letter = {
  from: 'ann@harbour.example',
  to: 'bob@harbour.example',
  subject: 'Berth 7',
  text: 'The pilot boards at noon.',
  attachments: [{ filename: 'plan.txt', content: 'The plan' }],
  properties,
};

async function sent(tnef?: boolean): Promise<Uint8Array> {
  await using server = await fakeSmtp();
  const provider = smtp({ host: '127.0.0.1', port: server.port, ...(tnef !== undefined && { tnef }) });
  await using spooler = await createSpooler({ store: memoryStore(), providers: [provider] });
  await spooler.start();
  await spooler.settled((await spooler.submit(letter)).id);
  return (await server.received()).raw;
}

async function received(raw: Uint8Array, tnef?: boolean) {
  await using server = await fakeImap();
  server.deliver('user', 'INBOX', raw);
  const provider = imap({
    host: server.host,
    port: server.port,
    secure: false,
    auth: { user: 'user', pass: 'pass' },
    begin: 'all',
    ...(tnef !== undefined && { tnef }),
  });
  await using spooler = await createSpooler({ store: memoryStore(), providers: [provider] });
  const arrived = new Promise<string>((resolve) => spooler.newMail$.subscribe(({ id }) => resolve(id)));
  await spooler.start();
  const message = await spooler.get((await arrived) as never);
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await spooler.raw(message?.id as never)) as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return { properties: message?.properties, raw: Buffer.concat(chunks).toString('latin1') };
}

test('M-048 what SMTP encodes, because it was asked to, IMAP decodes without being asked', async () => {
  const raw = await sent(true);
  const mail = Buffer.from(raw).toString('latin1');
  expect(mail).toMatch(/^X-MS-TNEF-Correlator: <.+>\r$/m);
  expect(mail).toContain('winmail.dat');
  const back = await received(raw);
  expect(back.properties).toMatchObject(properties);
  expect(back.raw).not.toContain('winmail.dat');
  expect(back.raw).toContain('plan.txt');
});

test('M-048 SMTP encodes nothing unless asked, and IMAP leaves TNEF alone where it is told to', async () => {
  expect(Buffer.from(await sent()).toString('latin1')).not.toContain('winmail.dat');
  const left = await received(await sent(true), false);
  expect(left.properties?.messageClass).toBe('IPM.Note');
  expect(left.raw).toContain('winmail.dat');
});

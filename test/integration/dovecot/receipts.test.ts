// A asks whether her message was read, B reads it, and A's row shows when: two spoolers, SMTP, and Dovecot, which delivers
// as mail servers do, with a Return-Path. Then a bounce by the same way. What we wrote is read by Python's email package.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSpooler, memoryStore, type EntryId, type Message, type Spooler } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';
import { fakeSmtp, type ReceivedMail } from 'mailspool/testing';
import { hasProgram } from '../fakes/programs.ts';
import { hasDovecot, startDovecot, type Dovecot } from './server.ts';

const parser = `
import email, email.policy, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def blocks(part):
    return [dict(block.items()) for block in part.get_payload()]
print(json.dumps({
    'type': message.get_content_type(),
    'report': message.get_param('report-type'),
    'defects': [repr(d) for part in message.walk() for d in part.defects],
    'parts': [part.get_content_type() for part in message.get_payload()],
    'fields': blocks(message.get_payload(1)),
    'text': message.get_payload(0).get_content(),
}))
`;

interface Parsed {
  readonly type: string;
  readonly report: string;
  readonly defects: readonly string[];
  readonly parts: readonly string[];
  readonly fields: readonly Readonly<Record<string, string>>[];
  readonly text: string;
}

async function parsedByPython(bytes: Uint8Array): Promise<Parsed> {
  const python = spawn('python3', ['-c', parser], { stdio: ['pipe', 'pipe', 'inherit'], timeout: 20_000 });
  const ended = once(python, 'exit');
  python.stdin.end(bytes);
  const output = await textOf(python.stdout);
  await ended;
  return JSON.parse(output) as Parsed;
}

const canRun = hasDovecot('receipts over SMTP and IMAP') && hasProgram('python3', 'python3', 'our reports, parsed by Python');

describe.skipIf(!canRun)('receipts over SMTP and IMAP', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await startDovecot();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /** Somebody with a spooler, a mailbox at Dovecot, and an address of its name. */
  async function person(url: string) {
    const { user, pass } = server.newUser();
    const address = `${user}@harbour.example`;
    const inbox = imap({
      host: 'localhost',
      port: server.securePort,
      tls: { ca: server.ca },
      auth: { user, pass },
      begin: 'all',
      pollIntervalMs: 100,
      reception: 'poll',
    });
    const out = smtp(url);
    const spooler = await createSpooler({ store: memoryStore(), accounts: [{ name: 'home', providers: [out, inbox], identities: [address] }] });
    await spooler.start();
    return { address, spooler };
  }

  test('M-065 M-070 M-071 T-048 A asks, B reads, A sees it, and each message is well formed to Python', async () => {
    const delivered: Promise<void>[] = [];
    const onMessage = ({ envelope: { mailFrom, rcptTo }, raw }: ReceivedMail) => {
      for (const { address } of rcptTo) delivered.push(server.deliver(address.split('@')[0] ?? '', mailFrom.address, raw));
    };
    const relay = await fakeSmtp({ onMessage });
    const [ann, bob] = [await person(relay.url), await person(relay.url)];
    try {
      const { id, messageId } = await ann.spooler.submit(
        { from: `Ann <${ann.address}>`, to: bob.address, subject: 'Grüße vom Kai', text: 'The pilot boards at noon.' },
        { report: { read: true } },
      );
      const mail = await arrival(bob.spooler, ({ properties }) => properties.messageId === messageId);
      expect(mail).toMatchObject({ report: { read: true }, returnPath: { address: ann.address } });
      expect(await bob.spooler.markRead(mail.id, 'read')).toMatchObject({ report: 'written' });
      await until(async () => (await row(ann.spooler, id))?.readAt !== undefined);
      const receipt = await arrival(ann.spooler, ({ properties }) => properties.messageClass === 'REPORT.IPM.Note.IPNRN');
      expect(receipt).toMatchObject({ returnPath: null, properties: { subject: 'Read: Grüße vom Kai' } });
      expect(await ann.spooler.markRead(receipt.id, 'read', { consent: 'person' })).toMatchObject({ reason: 'isReport' });

      const sent = relay.messages().find(({ envelope }) => envelope.mailFrom.address === '');
      expect(await parsedByPython(sent?.raw ?? new Uint8Array())).toMatchObject({
        type: 'multipart/report',
        report: 'disposition-notification',
        defects: [],
        parts: ['text/plain', 'message/disposition-notification', 'text/rfc822-headers'],
        fields: [
          {
            'Final-Recipient': `rfc822; ${bob.address}`,
            'Original-Message-ID': messageId,
            Disposition: 'manual-action/MDN-sent-automatically; displayed',
          },
        ],
        text: expect.stringContaining('Grüße vom Kai'),
      });

      relay.refuse('nobody@harbour.example', { code: 550, enhancedCode: '5.1.1' });
      const failing = await ann.spooler.submit({ from: ann.address, to: ['nobody@harbour.example'], subject: 'Grüße', text: 'Hello.' });
      const bounce = await arrival(ann.spooler, ({ properties }) => properties.messageClass === 'REPORT.IPM.Note.NDR');
      expect((await row(ann.spooler, failing.id))?.status.state).toBe('failed');
      expect(await parsedByPython(await textBytes(ann.spooler, bounce.id))).toMatchObject({
        type: 'multipart/report',
        report: 'delivery-status',
        defects: [],
        parts: ['text/plain', 'message/delivery-status', 'message/rfc822'],
        fields: [{}, { 'Final-Recipient': 'rfc822; nobody@harbour.example', Action: 'failed', Status: '5.1.1' }],
      });
      await Promise.all(delivered);
    } finally {
      await Promise.all([ann.spooler.stop({ drainMs: 0 }), bob.spooler.stop({ drainMs: 0 })]);
      await relay.close();
    }
  });
});

const row = async (spooler: Spooler, id: EntryId) => (await spooler.get(id))?.recipients[0];

async function textBytes(spooler: Spooler, id: EntryId): Promise<Uint8Array> {
  return Buffer.from(await textOf(await spooler.raw(id)));
}

async function arrival(spooler: Spooler, isMeant: (message: Message) => boolean): Promise<Message> {
  let found: Message | undefined;
  await until(async () => {
    for await (const message of spooler.list({ direction: 'inbound' })) if (isMeant(message)) found = message;
    return found !== undefined;
  });
  if (!found) throw new Error('it did not arrive');
  return found;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: 15_000, interval: 50 }).toBe(true);
}

// The spooler through which the large attachment goes, in a process of its own: it runs the built code, as a program
// that embeds it does, so that nothing else takes memory here. It tells how much it took at most.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createSpooler, embeddedStore } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';

const { directory, port, mailbox, sizeBytes } = JSON.parse(await text(process.stdin));
/** @param {Record<string, unknown>} news */
const say = (news) => writeSync(3, `${JSON.stringify({ ...news, maxRssMb: process.resourceUsage().maxRSS / 1024 })}\n`);

const { port: imapPort, ca, user, pass } = mailbox;
const spooler = await createSpooler({
  store: embeddedStore({ directory }),
  providers: [smtp({ host: '127.0.0.1', port }), imap({ host: 'localhost', port: imapPort, tls: { ca }, auth: { user, pass }, begin: 'all' })],
});
const arrived = new Promise((resolve) => spooler.newMail$.subscribe(resolve));
await spooler.start();
say({ step: 'started' });

const content = Readable.from(blocks(), { objectMode: false });
const { id } = await spooler.submit({
  from: 'desk@harbour.example',
  to: 'crane@pier.example',
  subject: 'Plans',
  attachments: [{ filename: 'plans.bin', content }],
});
say({ step: 'submitted' });
const { recipients } = await spooler.settled(id);
say({ step: 'sent', state: recipients[0]?.status.state, ...(await measured(id)) });
const news = await arrived;
say({ step: 'received', ...(await measured(news.id)) });
await spooler.stop();

/** Not compressible, and not the same twice. */
function* blocks() {
  const block = Buffer.alloc(65_536);
  for (let left = sizeBytes; left > 0; left -= block.length) {
    for (let at = 0; at < block.length; at += 4) block.writeUInt32LE(Math.imul(left + at, 2_654_435_761) >>> 0, at);
    yield Buffer.from(block.subarray(0, Math.min(left, block.length)));
  }
}

/** @param {import('mailspool').EntryId} entryId */
async function measured(entryId) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of await spooler.raw(entryId)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest('hex') };
}

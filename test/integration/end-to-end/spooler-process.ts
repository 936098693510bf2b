// The program of these tests: a spooler on the embedded store in a process of its own, that sends or receives until
// there is nothing more to do, or until it is killed.
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { createSpooler, embeddedStore, systemClock, type Spooler } from 'mailspool';
import type { TransportProvider } from 'mailspool/provider';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';
import { Fatal } from '../../crash/fatal.ts';
import { digestOf } from '../../crash/letters.ts';
import type { Phase } from '../../crash/phases.ts';
import { generateMessages } from '../../fixtures/generate.ts';
import { buffer } from 'node:stream/consumers';

/** With `dieIn` it is killed there, once so many were sent or received. */
export type Task = { readonly directory: string; readonly dieIn?: Phase; readonly after?: number } & (
  | { readonly send: { readonly port: number; readonly seed: string; readonly count: number } }
  | { readonly receive: { readonly mailbox: Mailbox; readonly reception: 'notify' | 'poll'; readonly count: number } }
);

export interface Mailbox {
  readonly port: number;
  readonly ca: string;
  readonly user: string;
  readonly pass: string;
}

/** `ready`: it sends, or waits for mail. `digest`: of the bytes that the store has, at the end. */
export type News =
  | { readonly ready: true }
  | { readonly dying: Phase }
  | { readonly sent: string; readonly states: readonly string[]; readonly attempts: number; readonly digest: string }
  | { readonly received: string };

const task = JSON.parse(await text(process.stdin)) as Task;
const say = (news: News): number => writeSync(3, `${JSON.stringify(news)}\n`);
const fatal = new Fatal((dying) => say({ dying }));
const spooler = await createSpooler({ store: fatal.store(embeddedStore({ directory: task.directory })), providers: [fatal.provider(provider())] });
dieWhenDue(spooler);
await spooler.start();
if ('send' in task) await send(spooler, task.send);
else await receive(spooler, task.receive.count);
await spooler.stop();

function provider(): TransportProvider {
  if ('send' in task) return smtp({ host: '127.0.0.1', port: task.send.port });
  const { mailbox, reception } = task.receive;
  const { port, ca, ...auth } = mailbox;
  return imap({
    host: 'localhost',
    port,
    tls: { ca },
    auth,
    begin: 'all',
    after: { flag: '\\Seen' },
    reception,
    ...(reception === 'poll' && { pollIntervalMs: 100 }),
  });
}

function dieWhenDue({ events$ }: Spooler): void {
  const { dieIn, after = 0 } = task;
  if (dieIn === undefined) return;
  const counted = 'send' in task ? 'sent' : 'received';
  let count = 0;
  events$.subscribe(({ type }) => {
    if (type === counted) count += 1;
    if (count === after) fatal.arm(dieIn, () => true);
  });
}

/** Submits everything in every life: by its key a message that is there already is not submitted again (T-009). */
async function send(spooler: Spooler, { seed, count }: { readonly seed: string; readonly count: number }): Promise<void> {
  const submitting = generateMessages(seed, count).map(async ({ name, bytes, envelope: { from, to } }) => {
    const { id } = await spooler.submit({ raw: bytes, envelope: { from, to: [...to] } }, { idempotencyKey: name });
    return { id, name };
  });
  const submitted = await Promise.all(submitting);
  say({ ready: true });
  for (const { id, name } of submitted) {
    const { recipients } = await spooler.settled(id);
    const digest = digestOf(await buffer(await spooler.raw(id)));
    say({
      sent: name,
      states: recipients.map(({ status }) => status.state),
      attempts: Math.max(...recipients.map(({ attempts }) => attempts)),
      digest,
    });
  }
}

async function receive(spooler: Spooler, count: number): Promise<void> {
  say({ ready: true });
  for (;;) {
    const ids = [];
    for await (const { id } of spooler.list({ direction: 'inbound' })) ids.push(id);
    if (ids.length >= count) {
      for (const id of ids) say({ received: digestOf(await buffer(await spooler.raw(id))) });
      return;
    }
    await systemClock.sleep(50);
  }
}

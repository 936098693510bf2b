// The program that is killed: a spooler on the embedded store with the SMTP and IMAP providers, under load. What it was
// promised it reports after the promise, synchronously, to the process that keeps the ledger.
import { writeSync } from 'node:fs';
import { buffer, text } from 'node:stream/consumers';
import { createSpooler, embeddedStore, systemClock, type Spooler } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { smtp } from 'mailspool/providers/smtp';
import { Fatal } from './fatal.ts';
import { digestOf, letter } from './letters.ts';
import type { Phase } from './phases.ts';

/** A life: either it ends in a kill, or it drains everything. */
export interface Life {
  readonly epoch: number;
  readonly directory: string;
  readonly smtpPort: number;
  readonly imap: { readonly port: number; readonly ca: string; readonly user: string; readonly pass: string };
  readonly connections: number;
  /** Submits so many before it dies or drains; under load it goes on until it is dead. */
  readonly submits: number;
  readonly dieIn?: Phase;
  /** Received mail that must be there before a drain is over. */
  readonly expected?: number;
}

/** `armed`: the sink is to kill at the next message. */
export type Line =
  | { readonly accepted: number }
  | { readonly armed: number }
  | { readonly dying: Phase; readonly claimed: number }
  | { readonly received: string; readonly digest: string }
  | { readonly drained: { readonly states: Readonly<Record<string, number>>; readonly held: number } };

/** Comes when it is this process's turn. */
const life = JSON.parse(await text(process.stdin)) as Life;
const callers = 16;
/** Accepted and not yet sent; the load waits beyond this. */
const backlog = 60;
const waiting = ['queued', 'claimed', 'deferred', 'held', 'uncertain'] as const;

/** The pipe keeps what was written when the writer is gone. */
const say = (line: Line): number => writeSync(3, `${JSON.stringify(line)}\n`);

const fatal = new Fatal((phase) => say({ dying: phase, claimed: fatal.claimed }));
const spooler = await start();
spooler.events$.subscribe((event) => {
  // The sink takes everything: any other outcome is the spooler's own doing, and the run is over.
  if (event.type !== 'deferred' && event.type !== 'failed' && event.type !== 'uncertain') return;
  process.stderr.write(`${event.type}: ${JSON.stringify(event.outcome ?? event.recipient.last)}\n`);
  process.exit(1);
});
if (life.dieIn === undefined) await drain(spooler);
else await load(spooler, life.dieIn);

async function start(): Promise<Spooler> {
  const { epoch, directory, smtpPort, connections, imap: mailbox } = life;
  const outbound = smtp({ host: '127.0.0.1', port: smtpPort, name: `epoch-${epoch}.crash.example`, connections, ignoreTLS: true });
  const inbound = imap({
    host: 'localhost',
    port: mailbox.port,
    tls: { ca: mailbox.ca },
    auth: { user: mailbox.user, pass: mailbox.pass },
    begin: 'all',
    after: 'delete',
    retry: { firstMs: 20, factor: 2, maxMs: 500, jitter: 0 },
  });
  const started = await createSpooler({
    store: fatal.store(embeddedStore({ directory })),
    providers: [fatal.provider(outbound), fatal.provider(inbound)],
  });
  await started.start();
  return started;
}

/** Never returns. */
async function load(spooler: Spooler, phase: Phase): Promise<void> {
  let number = 0;
  let accepted = 0;
  let sent = 0;
  let armed = false;
  const armWhenDue = (): void => {
    // What the last kill left in flight has gone out by then, so that no message meets kill after kill.
    if (armed || accepted < life.submits || sent < life.submits / 2) return;
    armed = true;
    arm(phase);
  };
  spooler.events$.subscribe(({ type }) => {
    sent += type === 'sent' ? 1 : 0;
    armWhenDue();
  });
  const caller = async (): Promise<void> => {
    for (;;) {
      while (accepted - sent > backlog) await systemClock.sleep(2);
      await submit(spooler, (number += 1));
      accepted += 1;
      armWhenDue();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

function arm(phase: Phase): void {
  if (phase === 'accepted-no-reply') say({ armed: fatal.claimed });
  else fatal.arm(phase);
}

async function submit(spooler: Spooler, number: number): Promise<void> {
  const { raw, envelope } = letter(`${life.epoch}.${number}`, number);
  await spooler.submit({ raw, envelope });
  say({ accepted: number });
}

async function drain(spooler: Spooler): Promise<void> {
  for (let number = 1; number <= life.submits; number += 1) await submit(spooler, number);
  let held = 0;
  for (;;) {
    held += (await spooler.release({ direction: 'outbound', states: ['held'] })).changed.length;
    if ((await count(spooler, 'outbound', waiting)) === 0 && (await count(spooler, 'inbound')) >= (life.expected ?? 0)) break;
    await systemClock.sleep(200);
  }
  const states: Record<string, number> = {};
  for await (const { recipients } of spooler.list({ direction: 'outbound' })) {
    for (const { status } of recipients) states[status.state] = (states[status.state] ?? 0) + 1;
  }
  for await (const { id, properties } of spooler.list({ direction: 'inbound' })) {
    say({ received: properties.messageId ?? '', digest: digestOf(await buffer(await spooler.raw(id))) });
  }
  await spooler.stop();
  say({ drained: { states, held } });
}

async function count(spooler: Spooler, direction: 'inbound' | 'outbound', states?: typeof waiting): Promise<number> {
  let found = 0;
  for await (const _ of spooler.list({ direction, ...(states && { states }) })) found += 1;
  return found;
}

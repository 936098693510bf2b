// Whether every message of the demo came as far as it should: what was sent, what came in, and the report.
import type { EntryId } from '../../message/recipient.ts';
import type { Message } from '../../message/message.ts';
import { isSettled } from '../../message/transitions.ts';
import type { Spooler } from '../../spooler/contract.ts';
import { sleepUntil, type Clock } from '../../time/clock.ts';
import { demoUser, type DemoMessage } from './messages.ts';

export interface SubmittedDemoMessage extends DemoMessage {
  readonly id: EntryId;
}

const lookEveryMs = 50;
export const patienceMs = 30_000;

/** Waits until all is as expected; after `patienceMs` the complaints say what is not. Empty: all is well. */
export async function verdict(spooler: Spooler, submitted: readonly SubmittedDemoMessage[], clock: Clock, signal: AbortSignal): Promise<string[]> {
  const until = clock.now() + patienceMs;
  for (;;) {
    const complaints = await complaintsAbout(spooler, submitted);
    if (complaints.length === 0 || clock.now() >= until || signal.aborted) return complaints;
    await sleepUntil(clock, clock.now() + lookEveryMs, signal).catch(() => undefined);
  }
}

async function complaintsAbout(spooler: Spooler, submitted: readonly SubmittedDemoMessage[]): Promise<string[]> {
  const sent = await Promise.all(submitted.map(async (message) => ({ ...message, found: await spooler.get(message.id) })));
  const received: Message[] = [];
  for await (const message of spooler.list({ direction: 'inbound' })) received.push(message);
  return [
    ...sent.flatMap(({ name, expected, found }) => outboundComplaints(name, expected, found)),
    ...inboundComplaints(
      sent.map(({ found }) => found),
      received,
    ),
  ];
}

function outboundComplaints(name: string, expected: DemoMessage['expected'], message: Message | undefined): string[] {
  if (message === undefined) return [`${name}: it is gone`];
  return message.recipients.flatMap(({ address, status }) => {
    const wanted = expected[address] ?? 'relayed';
    return status.state === wanted ? [] : [`${name}: ${address} is ${status.state}, expected ${wanted}${isSettled(status.state) ? '' : ' by now'}`];
  });
}

/** What was accepted for the demo's user comes back through IMAP; each refused message brings its sender a report. */
function inboundComplaints(sent: readonly (Message | undefined)[], received: readonly Message[]): string[] {
  const isOurs = (address: string) => address.toLowerCase().startsWith(`${demoUser.user}@`);
  const arrivals = sent.filter((message) => message?.recipients.some(({ address, status }) => isOurs(address) && status.state === 'relayed')).length;
  const refusals = sent.filter((message) => message?.recipients.some(({ status }) => status.state === 'failed')).length;
  const reports = received.filter(({ properties }) => properties.messageClass?.startsWith('REPORT')).length;
  const mail = received.length - reports;
  return [
    ...(mail === arrivals ? [] : [`new mail: ${mail} of ${arrivals} arrived`]),
    ...(reports === refusals ? [] : [`non-delivery reports: ${reports}, expected ${refusals}`]),
  ];
}

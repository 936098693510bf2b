// A line for what becomes of a message after it has left the prompt.
import { takeUntil, fromEvent } from 'rxjs';
import type { SpoolerEvent } from 'mailspool';
import type { Client } from './client.ts';
import { printable } from './screen.ts';

export function tellOutcomes({ spooler, screen, numbers, background }: Client): void {
  spooler.events$.pipe(takeUntil(fromEvent(background.signal, 'abort'))).subscribe((event) => {
    const text = said(event);
    if (text !== undefined && 'id' in event) screen.say(`[${numbers.of(event.id)}] ${printable(text)}`);
  });
}

/** undefined: the Outbox and the status table show it, or nobody asked. */
function said(event: SpoolerEvent): string | undefined {
  switch (event.type) {
    case 'relayed':
      return `sent to ${event.recipient.address} by ${event.recipient.route?.session ?? 'this host'}`;
    case 'delivered':
      return `arrived at ${event.recipient.address}`;
    case 'read':
      return `read by ${event.recipient.address}`;
    case 'failed':
    case 'expired':
      return `not delivered to ${event.recipient.address}: ${event.recipient.last?.response ?? event.recipient.last?.text ?? event.type}`;
    case 'uncertain':
      return `may or may not have reached ${event.recipient.address}; retry sends it once more`;
    default:
      return undefined;
  }
}

// One logged-on session of the transport provider.
import type { OutboundMessage, Recipient, SessionLimits, SpoolerSupport, SubmitResult, TransportEvent, TransportSession } from 'mailspool/provider';
import { handOver } from './hand-over.ts';
import type { MailslotHost } from '../host.ts';
import type { Inbox } from './inbox.ts';
import { formatMailslotName, parseMailslotName } from '../name.ts';

export interface SessionOptions {
  readonly support: SpoolerSupport;
  readonly host: MailslotHost;
  /** Absent: it only sends. */
  readonly inbox: Inbox | undefined;
  readonly inbound: boolean;
  readonly maxDatagramMailBytes: number;
}

/** A slot that stays full so long has its mail later. */
const patienceMs = 30_000;

export function mailslotSession({ support, host, inbox, inbound, maxDatagramMailBytes }: SessionOptions): TransportSession {
  const closing = new AbortController();
  let isOpen = inbound;
  let said = '';
  const tell = () => {
    if (!inbox || closing.signal.aborted) return;
    if (inbox.text !== said) support.updateStatus({ statusText: (said = inbox.text) }, { merge: true });
    if (isOpen && inbox.pending) support.spoolerNotify({ type: 'newMail' });
  };
  const leave = inbox?.join(tell);
  const logoff = () => {
    leave?.();
    closing.abort(new Error('the session is logged off'));
    return Promise.resolve();
  };
  tell();
  return {
    addressTypes: ['MAILSLOT'],
    reception: inbox ? 'notify' : 'none',
    limits: limitsOf(maxDatagramMailBytes),
    destination: ({ address }) => slotOf(address),
    submitMessage: async (message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> =>
      await handOver(message, AbortSignal.any([signal, closing.signal]), { host, clock: support.clock, patienceMs }),
    ...(inbox && {
      poll: async () => {
        // Where another process had an inbox when it was to be opened.
        await inbox.open();
        tell();
        return inbox.pending;
      },
      startMessage: async (message) => await inbox.receive(message),
    }),
    transportNotify: async (event: TransportEvent) => {
      if (event.type !== 'inbound' || !inbox) return;
      isOpen = event.on;
      if (!event.on) return;
      await inbox.open();
      tell();
    },
    logoff,
  };
}

/** Each slot is a queue of its own: one that is full holds up no other, and each keeps its order. */
const limitsOf = (maxDatagramMailBytes: number): SessionLimits => ({
  outbound: 8,
  outboundPerDestination: 1,
  submitTimeoutMs: 2 * patienceMs,
  messageSizeBytes: ({ address }: Recipient) => (isOfThisComputer(address) ? Number.POSITIVE_INFINITY : maxDatagramMailBytes),
});

const slotOf = (address: string): string => {
  try {
    return formatMailslotName(parseMailslotName(address)).toLowerCase();
  } catch {
    return address.toLowerCase();
  }
};

const isOfThisComputer = (address: string): boolean => /^[\\/]{2}\.[\\/]/.test(address);

// One hand-over: an envelope for each recipient's slot. What is stored on this computer is delivered; a datagram is
// relayed, and nobody will ever say more of it (S-027).
import {
  type Clock,
  type Diagnostic,
  isMailspoolError,
  type OutboundMessage,
  type Recipient,
  type RecipientOutcome,
  TransportError,
  withDeadline,
} from 'mailspool/provider';
import { encodeEnvelope, envelopeId } from './envelope.ts';
import { MailslotMessageTooLargeError } from '../errors.ts';
import type { MailslotHost } from '../host.ts';
import { type MailslotWriter, SocketWriter } from '../writer.ts';

export interface HandOverOptions {
  readonly host: MailslotHost;
  readonly clock: Clock;
  /** How long a slot may be full. */
  readonly patienceMs: number;
}

type Verdict = { readonly [O in RecipientOutcome as O['outcome']]: Omit<O, 'recipient'> }[RecipientOutcome['outcome']];

interface Ready {
  readonly recipient: Recipient;
  readonly writer: MailslotWriter;
  readonly data: Uint8Array;
}

/** What is not sent now may be sent later, as long as nothing of the message left. @throws TransportError: ECANCEL */
export async function handOver(message: OutboundMessage, signal: AbortSignal, options: HandOverOptions): Promise<RecipientOutcome[]> {
  if (signal.aborted) throw cancelled(signal);
  const content = await message.content.bytes(Number.POSITIVE_INFINITY);
  const outcomes: RecipientOutcome[] = [];
  const ready: Ready[] = [];
  try {
    for (const recipient of message.recipients) {
      const prepared = await prepare(message, recipient, content, options);
      if ('writer' in prepared) ready.push(prepared);
      else outcomes.push({ ...prepared, recipient: recipient.id });
    }
    if (ready.length === 0) return outcomes;
    if (signal.aborted) throw cancelled(signal);
    await message.handingOver();
    for (const one of ready) outcomes.push({ ...(await write(one, signal, options)), recipient: one.recipient.id });
  } finally {
    await Promise.all(ready.map(async ({ writer }) => await writer.close()));
  }
  if (signal.aborted && outcomes.every(({ outcome }) => outcome === 'notSent')) throw cancelled(signal);
  return outcomes;
}

async function prepare({ id }: OutboundMessage, recipient: Recipient, content: Uint8Array, { host }: HandOverOptions): Promise<Ready | Verdict> {
  try {
    const writer = await host.openMailslot(recipient.address);
    const { address, maxMessageSize } = writer;
    const isLocal = address.scope === 'local';
    const envelope = { id: envelopeId({ entryId: id, path: address.path, content }), recipient: recipient.address, content };
    const data = encodeEnvelope(envelope, { packed: !isLocal });
    if (maxMessageSize === 0 || data.length <= maxMessageSize) return { recipient, writer, data };
    await writer.close();
    return verdictOf(new MailslotMessageTooLargeError(isLocal ? 'EMAXSIZE' : 'EBADNETPATH', address, data.length, maxMessageSize));
  } catch (error) {
    return verdictOf(error);
  }
}

async function write({ writer, data }: Ready, signal: AbortSignal, { clock, patienceMs }: HandOverOptions): Promise<Verdict> {
  const isOver = () => ({ outcome: 'notSent' as const, diagnostic: { code: 'ECANCEL', text: 'the hand-over was broken off' } });
  if (signal.aborted) return isOver();
  try {
    const { outcome } = await withDeadline(clock, patienceMs, 'the mailslot, which is full,', signal, async (bounded) =>
      writer.write(data, { signal: bounded }),
    );
    return { outcome: 'accepted', ...(outcome === 'stored' && { deliveredAt: clock.now() }) };
  } catch (error) {
    // What another process was given may be in its slot, or was, unless it said otherwise; a slot of this one has nothing of it.
    if (writer instanceof SocketWriter && diagnosticOf(error).code !== 'EMAXSIZE') return { outcome: 'unknown', diagnostic: diagnosticOf(error) };
    return signal.aborted ? isOver() : verdictOf(error);
  }
}

/** What is certain about an error before anything left. */
function verdictOf(error: unknown): Verdict {
  const diagnostic = diagnosticOf(error);
  switch (diagnostic.code) {
    // Another provider may carry more, or know the way.
    case 'EBADNETPATH':
      return { outcome: 'notMine', diagnostic: { ...diagnostic, enhancedCode: '5.3.4' } };
    case 'EDNS':
      return { outcome: 'notMine', diagnostic: { ...diagnostic, enhancedCode: '5.4.4' } };
    case 'EMAXSIZE':
      return { outcome: 'rejected', diagnostic: { ...diagnostic, enhancedCode: '5.3.4' } };
    case 'EINVALID':
      return { outcome: 'rejected', diagnostic: { ...diagnostic, enhancedCode: '5.1.3' } };
    case 'ENOTFOUND':
      // Slots come and go with their owners.
      return { outcome: 'notSent', diagnostic: { ...diagnostic, enhancedCode: '4.2.1' } };
    default:
      return { outcome: 'notSent', diagnostic };
  }
}

function diagnosticOf(error: unknown): Diagnostic {
  if (isMailspoolError(error)) return { code: error.code, text: error.message };
  return { code: 'ENETWORK', text: error instanceof Error ? error.message : String(error) };
}

const cancelled = (signal: AbortSignal): TransportError =>
  new TransportError('ECANCEL', 'the hand-over was broken off before anything left', { outcome: 'notSent', cause: signal.reason });

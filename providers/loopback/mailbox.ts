// The inbound side of the loopback provider: mail waits here until the spooler has saved it. Shared by all sessions of
// one provider; a message is acknowledged strictly after `saveChanges`, and offered again if that fails. One whose headers
// were listed stays until its mark says what becomes of it (M-110).
import { TransportError, type InboundMessage, type Mark, type RecipientInput, type Wanted } from 'mailspool/provider';

/** Mail that has arrived and is not received yet. */
export interface Arrival {
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly bytes: Uint8Array;
  readonly recipients: readonly RecipientInput[];
}

export class Mailbox {
  readonly acknowledged: string[] = [];
  readonly #remembered: number;
  readonly #news: () => void;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #taken = new Set<string>();
  /** Of these the headers were listed. */
  readonly #listed = new Set<string>();
  #count = 0;

  constructor(remembered: number, news: () => void) {
    this.#remembered = remembered;
    this.#news = news;
  }

  get waiting(): readonly string[] {
    return [...this.#arrivals.keys()];
  }

  push(content: Uint8Array | string, arrival: Partial<Omit<Arrival, 'bytes'>> = {}): string {
    const reference = arrival.reference ?? String(++this.#count);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
    this.#listed.delete(reference);
    this.#arrivals.set(reference, { reference, aliases: arrival.aliases ?? [], bytes, recipients: arrival.recipients ?? [] });
    this.#news();
    return reference;
  }

  /** A new session lists anew, and acknowledges what was received before. */
  begin(): void {
    this.#listed.clear();
  }

  /** Whether there is anything that nobody is receiving yet. */
  get pending(): boolean {
    return this.#next() !== undefined;
  }

  /** One turn of `startMessage`: what the mark says, or the oldest message that is neither being received nor listed. */
  async receive(message: InboundMessage): Promise<void> {
    const { reference, mark } = message.wanted;
    if (reference !== undefined && mark !== undefined) return await this.#marked(message, reference, mark);
    const arrival = this.#next();
    if (arrival === undefined) return;
    this.#taken.add(arrival.reference);
    try {
      const known = await message.setReference(arrival.reference, arrival.aliases);
      const listed = known === 'headersOnly' || (known === 'new' && isHeadersOnly(arrival, message.wanted));
      if (known === 'new') await save(arrival, message, listed);
      if (listed) this.#listed.add(arrival.reference);
      else this.#acknowledge(arrival.reference);
    } finally {
      this.#taken.delete(arrival.reference);
    }
  }

  /** There is nothing to move or to delete beside what is acknowledged: the other side gives up what is received. */
  async #marked(message: InboundMessage, reference: string, mark: Mark): Promise<void> {
    const arrival = this.#arrivals.get(reference);
    if (mark !== 'delete') {
      const known = await message.setReference(reference, arrival?.aliases);
      if (arrival === undefined && known !== 'alreadyReceived') throw new TransportError('ENOTFOUND', `loopback: ${reference} is gone`);
      if (arrival !== undefined && known !== 'alreadyReceived') await save(arrival, message, false);
    }
    if (arrival !== undefined) this.#acknowledge(reference);
  }

  #next(): Arrival | undefined {
    for (const arrival of this.#arrivals.values()) {
      if (!this.#taken.has(arrival.reference) && !this.#listed.has(arrival.reference)) return arrival;
    }
    return undefined;
  }

  #acknowledge(reference: string): void {
    this.#arrivals.delete(reference);
    this.#listed.delete(reference);
    this.acknowledged.push(reference);
    if (this.acknowledged.length > this.#remembered) this.acknowledged.shift();
  }
}

const isHeadersOnly = ({ bytes }: Arrival, { headersOnly = false, maxSizeBytes = Number.POSITIVE_INFINITY }: Wanted): boolean =>
  headersOnly || bytes.byteLength > maxSizeBytes;

async function save({ bytes, recipients }: Arrival, message: InboundMessage, headersOnly: boolean): Promise<void> {
  await message.setContent(headersOnly ? headersOf(bytes) : bytes);
  if (recipients.length > 0) message.setRecipients(recipients);
  await message.saveChanges(headersOnly ? { headersOnly, sizeBytes: bytes.byteLength } : {});
}

/** Up to and with the empty line. */
function headersOf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  return end === null ? bytes : bytes.subarray(0, end.index + end[0].length);
}

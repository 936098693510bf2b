// The inbound side of the loopback provider: mail waits here until the spooler has saved it. Shared by all sessions of
// one provider; a message is acknowledged strictly after `saveChanges`, and offered again if that fails.
import type { InboundMessage, RecipientInput } from 'mailspool/provider';

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
    this.#arrivals.set(reference, { reference, aliases: arrival.aliases ?? [], bytes, recipients: arrival.recipients ?? [] });
    this.#news();
    return reference;
  }

  /** Whether there is anything that nobody is receiving yet. */
  get pending(): boolean {
    return this.#arrivals.size > this.#taken.size;
  }

  /** One turn of `startMessage`: the wanted message, or the oldest. */
  async receive(message: InboundMessage): Promise<void> {
    const arrival = this.#next(message.wanted.reference);
    if (arrival === undefined) return;
    this.#taken.add(arrival.reference);
    try {
      if ((await message.setReference(arrival.reference, arrival.aliases)) !== 'alreadyReceived') {
        await message.setContent(arrival.bytes);
        if (arrival.recipients.length > 0) message.setRecipients(arrival.recipients);
        await message.saveChanges();
      }
      this.#acknowledge(arrival.reference);
    } finally {
      this.#taken.delete(arrival.reference);
    }
  }

  #next(wanted: string | undefined): Arrival | undefined {
    for (const arrival of this.#arrivals.values()) {
      if (!this.#taken.has(arrival.reference) && (wanted === undefined || wanted === arrival.reference)) return arrival;
    }
    return undefined;
  }

  #acknowledge(reference: string): void {
    this.#arrivals.delete(reference);
    this.acknowledged.push(reference);
    if (this.acknowledged.length > this.#remembered) this.acknowledged.shift();
  }
}

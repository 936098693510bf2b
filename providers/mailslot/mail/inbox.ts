// Mail that came into the slots that the provider owns, until the spooler has saved it. Shared by all sessions of one
// provider, and open until it shuts down: what comes while nobody is logged on waits here, in memory.
import type { Clock, InboundMessage, Logger } from 'mailspool/provider';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import type { MailslotHost } from '../host.ts';
import type { Mailslot } from '../mailslot.ts';
import type { MailslotMessage } from '../message.ts';
import { formatMailslotName, parseMailslotName } from '../name.ts';
import type { Inboxed } from './options.ts';

interface Arrival {
  readonly envelope: Envelope;
  readonly message: MailslotMessage;
}

export interface InboxOptions {
  readonly host: MailslotHost;
  readonly inboxes: readonly Inboxed[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So many are taken out of the slots ahead of the spooler; the bounds of the slots hold for the rest. */
const maxTaken = 64;
/** After a slot could not be read, which only happens when it is gone. */
const retryMs = 1_000;

export class Inbox {
  readonly #options: InboxOptions;
  readonly #waiting: Arrival[] = [];
  readonly #receiving = new Set<Arrival>();
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #slots: readonly Mailslot[] = [];
  #opened: Promise<void> | undefined;
  #readers: readonly Promise<void>[] = [];
  #room: (() => void)[] = [];
  /** Messages of the slots that were no mail. */
  #strangers = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Creates the slots, once. @throws EEXIST while another process owns one, and then may be called again */
  async open(): Promise<void> {
    this.#opened ??= this.#create().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    await this.#opened;
  }

  /** `listener` hears that something came; returns how to leave. */
  join(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get pending(): boolean {
    return this.#next() !== undefined;
  }

  /** What the status row says. */
  get text(): string {
    if (this.#slots.length === 0 || this.#closing.signal.aborted) return '';
    const dropped = this.#slots.reduce((sum, slot) => sum + slot.info().dropped, 0);
    return [
      `owns ${this.#slots.map(({ address }) => formatMailslotName(address)).join(', ')}`,
      ...(dropped > 0 ? [`${dropped} dropped for lack of room`] : []),
      ...(this.#strangers > 0 ? [`${this.#strangers} dropped that were no mail`] : []),
    ].join('; ');
  }

  /** The oldest message that nobody is receiving; it is given up once it is saved, and stays if that fails (M-082). */
  async receive(message: InboundMessage): Promise<void> {
    const arrival = this.#next();
    if (!arrival) return;
    this.#receiving.add(arrival);
    try {
      // Whatever brought it twice, a second adapter or a second attempt, it has one name.
      const known = await message.setReference(arrival.envelope.id);
      if (known !== 'alreadyReceived') await save(arrival, message);
      this.#giveUp(arrival);
    } finally {
      this.#receiving.delete(arrival);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#makeRoom();
    await this.#opened?.catch(() => undefined);
    await Promise.all(this.#slots.map(async (slot) => await slot.close()));
    await Promise.all(this.#readers);
  }

  async #create(): Promise<void> {
    const { host, inboxes } = this.#options;
    const slots: Mailslot[] = [];
    try {
      for (const { address, options } of inboxes) slots.push(await host.createMailslot(formatMailslotName(address), options));
    } catch (error) {
      await Promise.all(slots.map(async (slot) => await slot.close()));
      throw error;
    }
    this.#slots = slots;
    this.#readers = slots.map(async (slot) => await this.#read(slot));
  }

  async #read(slot: Mailslot): Promise<void> {
    const { signal } = this.#closing;
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        while (this.#waiting.length >= maxTaken && !signal.aborted) await new Promise<void>((resolve) => this.#room.push(resolve));
        const message = await slot.read({ signal });
        if (message) this.#take(message);
      } catch (error) {
        if (signal.aborted) return;
        logger.error({ error, slot: formatMailslotName(slot.address) }, 'an inbox of the mailslot provider cannot be read');
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  #take(message: MailslotMessage): void {
    const envelope = decodeEnvelope(message.data);
    if (!envelope || !isName(envelope.recipient)) {
      this.#strangers += 1;
      this.#options.logger.warn(
        { from: message.datagram?.address ?? 'this computer', bytes: message.data.length },
        'what came into an inbox was no mail',
      );
    } else {
      this.#waiting.push({ envelope, message });
    }
    for (const listener of this.#listeners) listener();
  }

  #next(): Arrival | undefined {
    return this.#waiting.find((arrival) => !this.#receiving.has(arrival));
  }

  #giveUp(arrival: Arrival): void {
    const at = this.#waiting.indexOf(arrival);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const go of this.#room.splice(0)) go();
  }
}

async function save({ envelope, message: { via, datagram } }: Arrival, message: InboundMessage): Promise<void> {
  await message.setContent(envelope.content);
  message.setRecipients([{ type: 'MAILSLOT', address: envelope.recipient }]);
  message.setProperties({
    named: {
      mailslotVia: via,
      ...(datagram && { mailslotHost: datagram.host, mailslotFrom: datagram.address }),
      ...(datagram?.keyId !== undefined && { mailslotKey: datagram.keyId }),
    },
  });
  await message.saveChanges();
}

function isName(text: string): boolean {
  try {
    parseMailslotName(text);
    return true;
  } catch {
    return false;
  }
}

// TNEF on received mail, for providers that ask for it: the message is written down as it came, and only one that may
// hold TNEF is read again as a whole (M-048). Nothing that is wrong with it stops the reception.
import { type ExpandedTnef, expandTnef } from '../message/tnef/expand.ts';
import { TnefWatch } from '../message/tnef/watch.ts';
import type { Logger } from '../provider/spooler-support.ts';
import type { ContentRef, MessageStore } from '../store/message-store.ts';

/** A larger message stays as it is. */
const mostBytes = 32 * 1024 * 1024;

type Stored = ContentRef | { readonly inline: Uint8Array };

export type OwnTnef = Extract<ExpandedTnef, { result: 'expanded' }>;

export class ReceivedTnef {
  readonly #store: MessageStore;
  readonly #logger: Logger;
  readonly #watch = new TnefWatch();

  constructor(store: MessageStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Each piece of the message, on its way. */
  see(chunk: Uint8Array): void {
    this.#watch.see(chunk);
  }

  /** What the message becomes; undefined: it stays as it is. */
  async own(stored: Stored): Promise<OwnTnef | undefined> {
    const { seen, sizeBytes } = this.#watch;
    if (!seen || sizeBytes > mostBytes) return undefined;
    try {
      const expanded = await expandTnef(await this.#whole(stored));
      if (expanded.result === 'expanded') return expanded;
      if (expanded.result === 'damaged') this.#logger.info({ reason: expanded.reason }, 'a TNEF attachment is damaged; it stays as it is');
    } catch (error) {
      this.#logger.warn({ error }, 'a TNEF attachment could not be read; it stays as it is');
    }
    return undefined;
  }

  async #whole(stored: Stored): Promise<Uint8Array> {
    if ('inline' in stored) return stored.inline;
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#store.readContent(stored) as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}

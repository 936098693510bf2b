// After a message was saved: inbound postprocessors, the final folder, then the news for clients (M-085).
import type { SessionKey } from '../message/recipient.ts';
import type { MessageLookup, StatusRecipient } from '../provider/spooler-support.ts';
import type { Claim } from '../store/message-store.ts';
import { StoredContent } from './content.ts';
import type { Engine } from './engine.ts';
import { filing } from './finishing.ts';
import type { Processors } from './processors.ts';
import type { Settler } from './settler.ts';

interface ArrivalParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly processors: Processors;
  statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'>;
}

export class Arrivals {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  async announce({ lease, message, inline }: Claim, signal: AbortSignal): Promise<void> {
    const { engine, settler, processors } = this.#parts;
    const support = {
      statusRecipients: async (lookup: MessageLookup, rows: readonly StatusRecipient[]) => await this.#parts.statusRecipients(lookup, rows),
    };
    const content = new StoredContent(engine.store, message.content, inline);
    const seen = { ...message, session: message.session ?? ('' as SessionKey), reference: message.reference ?? '', content };
    const wish = await filing({}, processors.post, async (post) => await post.inbound?.(seen, support, signal));
    const announce = message.announce ?? true;
    const settled = await settler.settle({ id: message.id, guard: lease, then: { notifyNewMail: { ...wish, announce } } });
    if (settled.result === 'written') engine.events.emit({ type: 'received', id: message.id, ...(message.session && { session: message.session }) });
  }
}

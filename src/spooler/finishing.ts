// After the last outcome: cleanup of preprocessors, outbound postprocessors, then the filing (M-043, M-055, M-103).
import type { Filing, Preprocessor } from '../provider/processors.ts';
import type { Claim, StoredMessage } from '../store/message-store.ts';
import { StoredContent } from './content.ts';
import { afterSendOf } from './dead-letter.ts';
import type { Engine } from './engine.ts';
import { isSent } from './outcome-news.ts';
import type { Processors } from './processors.ts';
import type { Settler } from './settler.ts';

export class Finishing {
  readonly #engine: Engine;
  readonly #settler: Settler;
  readonly #processors: Processors;

  constructor(engine: Engine, settler: Settler, processors: Processors) {
    this.#engine = engine;
    this.#settler = settler;
    this.#processors = processors;
  }

  /** Whether the message needs this step at all; else the settlement of its last outcome files it. */
  concerns(message: StoredMessage): boolean {
    return this.#cleaners(message).length > 0 || this.#processors.post.some(({ outbound }) => outbound);
  }

  async finish({ lease, message, inline }: Claim, signal: AbortSignal): Promise<void> {
    for (const preprocessor of this.#cleaners(message)) await preprocessor.cleanup?.(message, signal);
    const content = new StoredContent(this.#engine.store, message.content, inline);
    const afterSend = await filing(
      afterSendOf(message),
      this.#processors.post,
      async (post) => await post.outbound?.({ ...message, content }, signal),
    );
    const settled = await this.#settler.settle({ id: message.id, guard: lease, then: { finished: afterSend } });
    const wasSent = message.recipients.some(({ status }) => isSent(status.state));
    if (settled.finished && wasSent) this.#engine.events.emit({ type: 'sent', id: message.id });
  }

  #cleaners({ preprocessedBy = [] }: StoredMessage): Preprocessor[] {
    return this.#processors.pre.map(({ preprocessor }) => preprocessor).filter(({ name, cleanup }) => cleanup && preprocessedBy.includes(name));
  }
}

/** Runs processors in order: the last move wins, a deletion is never moved, `stop` skips the rest and the default (M-103, M-104). */
export async function filing<T>(standard: Filing, processors: readonly T[], run: (processor: T) => Promise<Filing | void>): Promise<Filing> {
  let wishes: Filing = {};
  let isStopped = false;
  for (const processor of processors) {
    const { stop, ...wish } = (await run(processor)) ?? {};
    wishes = { ...wishes, ...wish };
    isStopped = stop === true;
    if (stop) break;
  }
  const result = isStopped ? wishes : { ...standard, ...wishes };
  return result.delete ? { delete: true } : result;
}

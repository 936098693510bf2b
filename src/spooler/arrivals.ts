// After a message was saved: what it says if it is a report (M-070), inbound postprocessors, the final folder, then the
// news for clients (M-085).
import type { SessionKey } from '../message/recipient.ts';
import type { MessageLookup, StatusRecipient } from '../provider/spooler-support.ts';
import { recognise } from '../reports/recognise.ts';
import type { Claim, StoredMessage } from '../store/message-store.ts';
import { lookupsOf, wordsOf } from './arrived-report.ts';
import { StoredContent } from './content.ts';
import type { Engine } from './engine.ts';
import { filing } from './finishing.ts';
import { firstBytes } from './first-bytes.ts';
import type { Processors } from './processors.ts';
import { reportSession, type ReportWriter } from './report-writer.ts';
import type { Settler } from './settler.ts';
import { statusRecipients } from './status-recipients.ts';

interface ArrivalParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly processors: Processors;
  readonly reports: ReportWriter;
}

export class Arrivals {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  async announce({ lease, message, inline }: Claim, signal: AbortSignal): Promise<void> {
    const { engine, settler, processors } = this.#parts;
    const support = {
      statusRecipients: async (lookup: MessageLookup, rows: readonly StatusRecipient[]) => await statusRecipients(this.#parts, lookup, rows),
    };
    const content = new StoredContent(engine.store, message.content, inline);
    if (isReport(message)) await this.#heed(message, inline);
    const seen = { ...message, session: message.session ?? ('' as SessionKey), reference: message.reference ?? '', content };
    const wish = await filing({}, processors.post, async (post) => await post.inbound?.(seen, support, signal));
    const announce = message.announce ?? true;
    const settled = await settler.settle({ id: message.id, guard: lease, then: { notifyNewMail: { ...wish, announce } } });
    if (settled.result === 'written') engine.events.emit({ type: 'received', id: message.id, ...(message.session && { session: message.session }) });
  }

  /** Repeated after a crash it changes nothing. */
  async #heed(message: StoredMessage, inline: Uint8Array | undefined): Promise<void> {
    const { engine, settler } = this.#parts;
    const report = recognise(inline ?? (await this.#beginning(message)));
    if (!report) return;
    const at = Math.min(message.properties.clientSubmitTime ?? engine.clock.now(), engine.clock.now());
    for (const lookup of lookupsOf(report)) {
      const matched = await statusRecipients({ engine, settler }, lookup, (original) => wordsOf(report, original, at));
      if (matched === 'matched') return;
    }
  }

  /** Damaged content says nothing; the message is announced all the same. */
  async #beginning({ id, content }: StoredMessage): Promise<Uint8Array> {
    try {
      return await firstBytes(this.#parts.engine.store.readContent(content), reportBytes);
    } catch (error) {
      this.#parts.engine.logger.error({ error, id }, 'a report that arrived cannot be read');
      return new Uint8Array();
    }
  }
}

const reportBytes = 1024 * 1024;

/** Our own reports say what is written already. */
const isReport = ({ properties, session }: StoredMessage): boolean =>
  session !== reportSession && properties.messageClass?.toUpperCase().startsWith('REPORT.') === true;

// What is asked of single messages in the store: their bytes, a new copy, why their recipients are where they are.
import { Readable } from 'node:stream';
import { MailspoolError } from '../errors.ts';
import { newCopy } from '../message/new-copy.ts';
import type { EntryId } from '../message/recipient.ts';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { ContentRef, MessageFilter, StoredMessage } from '../store/message-store.ts';
import type { Explanation } from './contract.ts';
import type { Engine } from './engine.ts';
import { explanation } from './explain.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

interface StoredMessagesParts {
  readonly engine: Engine;
  readonly sessions: Sessions;
  isStarted(): boolean;
}

export class StoredMessages {
  readonly #parts: StoredMessagesParts;

  constructor(parts: StoredMessagesParts) {
    this.#parts = parts;
  }

  /** @throws ENOTFOUND */
  async existing(id: EntryId): Promise<StoredMessage> {
    const [message] = await this.#parts.engine.store.get([id]);
    if (!message) throw new MailspoolError('ENOTFOUND', `there is no message ${id}`, { field: 'id' });
    return message;
  }

  /** The bytes as submitted. @throws ENOTFOUND */
  async raw(id: EntryId): Promise<Readable> {
    return this.#parts.engine.store.readContent(asSubmitted(await this.existing(id)));
  }

  /** What to submit for a new message from the bytes of an old one. @throws ENOTFOUND */
  async copyOf(id: EntryId): Promise<{ message: SubmitMessage; options: SubmitOptions }> {
    const message = await this.existing(id);
    const { account, tenant, priority, guarantee, onUnknown, afterSend } = message;
    const report = message.direction === 'inbound' ? {} : message.report;
    const recipients = message.recipients.map(({ type, address, name, kind }) => ({ type, address, kind, ...(name !== undefined && { name }) }));
    const content = this.#parts.engine.store.readContent(asSubmitted(message));
    const raw = Readable.from(newCopy(content, message.direction), { objectMode: false });
    return {
      message: { raw, recipients, envelope: { from: message.returnPath?.address ?? '' } },
      options: {
        ...(account !== undefined && { account }),
        ...(tenant !== undefined && { tenant }),
        priority,
        guarantee,
        onUnknown,
        report,
        afterSend,
      },
    };
  }

  /** @throws ENOTFOUND for an id that is not there */
  async explain(where: EntryId | MessageFilter): Promise<Explanation[]> {
    const explanations: Explanation[] = [];
    const messages = typeof where === 'string' ? [await this.existing(where)] : this.#parts.engine.store.find(where);
    for await (const message of messages) explanations.push(...this.#explained(message));
    return explanations;
  }

  #explained(message: StoredMessage): Explanation[] {
    const { engine, sessions } = this.#parts;
    const now = engine.clock.now();
    return message.recipients
      .filter(({ submitted }) => !submitted)
      .map((row) => explanation(row, message, this.#condition(row.route && sessions.get(row.route.session)), now));
  }

  #condition(session: Session | undefined): Parameters<typeof explanation>[2] {
    const { sessions, isStarted } = this.#parts;
    return {
      known: session !== undefined,
      loggedOn: session?.transport !== undefined,
      gate: session?.gate ?? null,
      suspended: session?.suspended ?? false,
      offline: sessions.offline,
      started: isStarted(),
    };
  }
}

/** @throws ENOTFOUND */
function asSubmitted({ id, contentGone, submitted, content }: StoredMessage): ContentRef {
  if (contentGone) throw new MailspoolError('ENOTFOUND', `the content of ${id} is gone: its retention is over`, { field: 'id' });
  return submitted ?? content;
}

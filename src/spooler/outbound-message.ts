// The message that a provider hands over, for the time of one call (M-056).
import { MailspoolError } from '../errors.ts';
import type { Message, MessageProperties } from '../message/message.ts';
import type { RecipientOutcome } from '../message/outcome.ts';
import type { Recipient, RecipientRow } from '../message/recipient.ts';
import type { OutboundMessage } from '../provider/transport-session.ts';
import type { StoredMessage } from '../store/message-store.ts';
import type { StoredContent } from './content.ts';

interface HandOverCalls {
  save(outcomes: readonly RecipientOutcome[]): Promise<void>;
  handingOver(): Promise<void>;
}

export interface OutboundHandle extends Omit<Message, 'recipients'> {}

export class OutboundHandle implements OutboundMessage {
  readonly recipients: readonly Recipient[];
  readonly allRecipients: readonly RecipientRow[];
  readonly content: StoredContent;
  readonly attempt: number;
  readonly deferred: boolean;
  reference = '0';
  /** The provider said that the final dot is next. */
  handedOver = false;
  readonly #calls: HandOverCalls;
  #revoked = false;

  constructor(message: StoredMessage, rows: readonly RecipientRow[], content: StoredContent, deferred: boolean, calls: HandOverCalls) {
    const {
      recipients,
      content: _content,
      submitted: _submitted,
      dueAt: _due,
      sendAt: _sendAt,
      warnAt: _warnAt,
      finishedAt: _finished,
      ...rest
    } = message;
    Object.assign(this, rest);
    this.recipients = rows;
    this.allRecipients = recipients;
    this.content = content;
    this.attempt = Math.max(...rows.map(({ attempts }) => attempts)) + 1;
    this.deferred = deferred;
    this.#calls = calls;
  }

  setProperties(properties: MessageProperties): void {
    this.#check();
    Object.assign(this, { properties: { ...this.properties, ...properties } });
  }

  async saveChanges(outcomes: readonly RecipientOutcome[]): Promise<void> {
    this.#check();
    await this.#calls.save(outcomes);
  }

  async handingOver(): Promise<void> {
    this.#check();
    await this.#calls.handingOver();
    this.handedOver = true;
  }

  revoke(): void {
    this.#revoked = true;
    this.content.revoke();
  }

  #check(): void {
    if (this.#revoked) throw new MailspoolError('EINVALIDOBJECT', `the hand-over of ${this.id} has ended`);
  }
}

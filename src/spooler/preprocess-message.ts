// The message that preprocessors see. What they change is collected here and written in one commit with the routes.
import type { AfterSend, Bytes, Message, MessageProperties } from '../message/message.ts';
import type { Recipient, RecipientInput } from '../message/recipient.ts';
import type { PreprocessMessage } from '../provider/processors.ts';
import type { ContentRef, MessageStore, Settlement, StoredMessage } from '../store/message-store.ts';
import { MailspoolError } from '../errors.ts';
import { StoredContent } from './content.ts';

export interface PreprocessHandle extends Message {}

export class PreprocessHandle implements PreprocessMessage {
  content: StoredContent;
  readonly #store: MessageStore;
  readonly #original: StoredMessage;
  #replaced: ContentRef | undefined;
  #list: readonly Recipient[] | undefined;
  #changed: { properties?: MessageProperties; afterSend?: AfterSend } = {};
  #revoked = false;

  constructor(store: MessageStore, message: StoredMessage, inline?: Uint8Array) {
    const { content: _content, submitted: _submitted, ...rest } = message;
    Object.assign(this, rest);
    this.#store = store;
    this.#original = message;
    this.content = new StoredContent(store, message.content, inline);
  }

  async setContent(source: Bytes): Promise<void> {
    this.#check();
    const ref = await this.#store.putContent(source instanceof Uint8Array ? once(source) : source);
    this.#check();
    this.#replaced = ref;
    this.content = new StoredContent(this.#store, ref);
    Object.assign(this, { sizeBytes: ref.sizeBytes });
  }

  setProperties(properties: MessageProperties): void {
    this.#check();
    const merged = { ...this.properties, ...properties };
    this.#changed = { ...this.#changed, properties: merged };
    Object.assign(this, { properties: merged });
  }

  setRecipients(recipients: readonly (Recipient | RecipientInput)[]): void {
    this.#check();
    this.#list = numbered(recipients, this.#original.recipients);
    const rows = this.#list.map((recipient) => ({
      status: { state: 'queued' as const },
      attempts: 0,
      ...this.#original.recipients.find(({ id }) => id === recipient.id),
      ...recipient,
    }));
    Object.assign(this, { recipients: rows });
  }

  setAfterSend(afterSend: AfterSend): void {
    this.#check();
    this.#changed = { ...this.#changed, afterSend };
    Object.assign(this, { afterSend });
  }

  /** Everything that was changed, for the one write. */
  get changes(): NonNullable<Settlement['message']> {
    return { ...this.#changed, ...(this.#replaced && { content: this.#replaced }), ...(this.#list && { recipients: this.#list }) };
  }

  revoke(): void {
    this.#revoked = true;
    this.content.revoke();
  }

  #check(): void {
    if (this.#revoked) throw new MailspoolError('EINVALIDOBJECT', `preprocessing of ${this.#original.id} has ended`);
  }
}

/** Recipients without an id are new ones. */
function numbered(recipients: readonly (Recipient | RecipientInput)[], known: readonly Recipient[]): Recipient[] {
  let last = Math.max(0, ...known.map(({ id }) => id));
  return recipients.map((recipient) => {
    if ('list' in recipient) throw new MailspoolError('EINVALID', 'a preprocessor gives addresses, not lists', { field: 'recipients' });
    if ('id' in recipient) return recipient;
    last += 1;
    return { ...recipient, kind: recipient.kind ?? 'bcc', id: last };
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

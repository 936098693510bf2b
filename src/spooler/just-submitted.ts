// What was submitted in this turn of the event loop: whoever submits and at once waits for the outcome needs no look
// into the store. Nothing is missed: to settle a message somebody has to claim it first, and that is a later answer of
// a store that nobody else writes to.
import type { EntryId, RecipientRow } from '../message/recipient.ts';
import type { NewMessage, StoredMessage } from '../store/message-store.ts';
import { nextTurn } from '../time/turn.ts';

/** What a result is made of. */
export type AwaitedMessage = Pick<StoredMessage, 'id' | 'properties' | 'returnPath' | 'recipients'>;

export class JustSubmitted {
  readonly #messages = new Map<EntryId, AwaitedMessage>();

  add(id: EntryId, { properties, returnPath, recipients }: NewMessage): void {
    if (this.#messages.size === 0) void this.#forgetNextTurn();
    const rows = recipients.map((row): RecipientRow => ({ ...row, attempts: 0 }));
    this.#messages.set(id, { id, properties, returnPath, recipients: rows });
  }

  get(id: EntryId): AwaitedMessage | undefined {
    return this.#messages.get(id);
  }

  async #forgetNextTurn(): Promise<void> {
    await nextTurn();
    this.#messages.clear();
  }
}

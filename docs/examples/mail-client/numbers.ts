// Short numbers for a person to type in the place of entry ids. They are given as messages are shown, for this run only.
import type { EntryId } from 'mailspool';

export class Numbers {
  readonly #ids: EntryId[] = [];

  of(id: EntryId): number {
    const known = this.#ids.indexOf(id);
    return known < 0 ? this.#ids.push(id) : known + 1;
  }

  /** @throws Error for what is no number of a message */
  id(text: string | undefined): EntryId {
    const id = this.#ids[Number(text) - 1];
    if (id === undefined) throw new Error(`${text ?? 'nothing'} is not the number of a message; outbox and inbox show them`);
    return id;
  }
}

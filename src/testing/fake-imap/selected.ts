// A mailbox as one client sees it: numbered as that client was told, until it is told of changes. Whoever may change
// the numbers asks here; between a command and its answer they stand still (RFC 9051 section 7.5.1).
import type { HeldMessage, Mailbox } from '../mailboxes/mailbox.ts';
import { flagList, type Responses } from './responses.ts';
import { includes, type SequenceSet } from './sequence-set.ts';

/** A message with its number; `told` is the modification that the client knows of. */
interface Seen {
  readonly message: HeldMessage;
  told: number;
}

export interface Numbered {
  readonly sequence: number;
  readonly message: HeldMessage;
}

export class Selected {
  readonly mailbox: Mailbox;
  readonly readOnly: boolean;
  readonly uidValidity: number;
  readonly #view: Seen[];
  #dirty = false;
  readonly #forget: () => void;
  readonly #waiting: { changed: () => void } = { changed: () => undefined };

  constructor(mailbox: Mailbox, readOnly: boolean) {
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    this.uidValidity = mailbox.uidValidity;
    this.#view = mailbox.messages.map((message) => ({ message, told: message.modseq }));
    this.#forget = mailbox.listen(() => {
      this.#dirty = true;
      this.#waiting.changed();
    });
  }

  /** Calls `changed` after each change from now on. */
  set onChange(changed: () => void) {
    this.#waiting.changed = changed;
  }

  /** Undefined, or why the client cannot go on with it. */
  get lost(): string | undefined {
    if (this.mailbox.deleted) return 'The mailbox was deleted';
    return this.mailbox.uidValidity === this.uidValidity ? undefined : 'UIDVALIDITY has changed';
  }

  get size(): number {
    return this.#view.length;
  }

  /** The messages of a set in the client's numbering, those gone meanwhile left out. */
  in(set: SequenceSet, uid: boolean): Numbered[] {
    const largest = uid ? (this.#view.at(-1)?.message.uid ?? 0) : this.#view.length;
    return this.all().filter(({ sequence, message }) => includes(set, uid ? message.uid : sequence, largest) && !message.expunged);
  }

  all(): Numbered[] {
    return this.#view.map(({ message }, index) => ({ sequence: index + 1, message }));
  }

  /** The client knows the message as it is now. */
  told(sequence: number): void {
    const seen = this.#view[sequence - 1];
    if (seen) seen.told = seen.message.modseq;
  }

  /** Tells of everything that changed; `expunge` false keeps the numbers as they are. */
  tell(out: Responses, options: { readonly expunge: boolean; readonly modseq: boolean }): void {
    if (!this.#dirty) return;
    if (options.expunge) this.#tellExpunged(out);
    this.#tellNew(out);
    for (const [index, seen] of this.#view.entries()) {
      const { message } = seen;
      if (message.expunged || message.modseq <= seen.told) continue;
      seen.told = message.modseq;
      const modseq = options.modseq ? ` MODSEQ (${message.modseq})` : '';
      out.untagged(`${index + 1} FETCH (UID ${message.uid} FLAGS ${flagList(message.flags)}${modseq})`);
    }
    this.#dirty = !options.expunge;
  }

  #tellExpunged(out: Responses): void {
    for (let index = 0; index < this.#view.length;) {
      if (this.#view[index]?.message.expunged) {
        this.#view.splice(index, 1);
        out.untagged(`${index + 1} EXPUNGE`);
      } else index++;
    }
  }

  #tellNew(out: Responses): void {
    const last = this.#view.at(-1)?.message.uid ?? 0;
    const added = this.mailbox.messages.filter(({ uid }) => uid > last);
    if (added.length === 0) return;
    this.#view.push(...added.map((message) => ({ message, told: message.modseq })));
    out.untagged(`${this.#view.length} EXISTS`);
    out.untagged('0 RECENT');
  }

  close(): void {
    this.#forget();
    this.#waiting.changed = () => undefined;
  }
}

// A mailbox as one client sees it: numbered as that client was told, until it is told of changes. Whoever may change
// the numbers asks here; between a command and its answer they stand still (RFC 9051 section 7.5.1).
import type { HeldMessage, Mailbox } from '../mailboxes/mailbox.ts';
import { SyntaxProblem } from './cursor.ts';
import { flagList, type Responses } from './responses.ts';
import { exceeds, formatSequenceSet, includes, type SequenceSet } from './sequence-set.ts';

/** A message with its number; `told` is the modification that the client knows of. */
interface Seen {
  readonly message: HeldMessage;
  told: number;
}

/** What a client wants to be told, and when. */
export interface Telling {
  /** False keeps the numbers as they are. */
  readonly expunge: boolean;
  /** RFC 7162: it is told of modifications, and of UIDs in place of numbers. */
  readonly condstore: boolean;
  readonly qresync: boolean;
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
  /** The newest message is kept from the client: an announcement came too early. */
  hidesNewest = false;
  #dirty = false;
  #toldKeywords: number;
  readonly #forget: () => void;
  readonly #waiting: { changed: () => void } = { changed: () => undefined };

  constructor(mailbox: Mailbox, readOnly: boolean) {
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    this.uidValidity = mailbox.uidValidity;
    this.#toldKeywords = mailbox.keywords.length;
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

  /**
   * The messages of a set in the client's numbering, those gone meanwhile left out.
   * @throws SyntaxProblem for a number that no message has (RFC 9051 section 9, seq-number)
   */
  in(set: SequenceSet, uid: boolean): Numbered[] {
    if (!uid && exceeds(set, this.#view.length)) throw new SyntaxProblem('There are not so many messages');
    const largest = uid ? (this.#view.at(-1)?.message.uid ?? 0) : this.#view.length;
    return this.all().filter(({ sequence, message }) => includes(set, uid ? message.uid : sequence, largest) && !message.expunged);
  }

  all(): Numbered[] {
    const shown = this.hidesNewest ? this.#view.slice(0, -1) : this.#view;
    return shown.map(({ message }, index) => ({ sequence: index + 1, message }));
  }

  /** The client knows the message as it is now. */
  told(sequence: number): void {
    const seen = this.#view[sequence - 1];
    if (seen) seen.told = seen.message.modseq;
  }

  /** The flags that there are, with every keyword in use. */
  get flags(): string {
    return ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', ...this.mailbox.keywords].join(' ');
  }

  tellFlags(out: Responses): void {
    this.#toldKeywords = this.mailbox.keywords.length;
    out.untagged(`FLAGS (${this.flags})`);
    out.untagged(`OK [PERMANENTFLAGS (${this.readOnly ? '' : `${this.flags} \\*`})] Flags permitted`);
  }

  tellKeywords(out: Responses): void {
    if (this.mailbox.keywords.length > this.#toldKeywords) this.tellFlags(out);
  }

  /** Tells of everything that changed. True if messages have vanished from a client that knows them by UID. */
  tell(out: Responses, telling: Telling): boolean {
    if (!this.#dirty) return false;
    const vanished = telling.expunge && this.#tellExpunged(out, telling.qresync);
    this.#tellNew(out);
    this.tellKeywords(out);
    for (const [index, seen] of this.#view.entries()) {
      const { message } = seen;
      if (message.expunged || message.modseq <= seen.told) continue;
      seen.told = message.modseq;
      const uid = telling.qresync ? `UID ${message.uid} ` : '';
      const modseq = telling.condstore ? ` MODSEQ (${message.modseq})` : '';
      out.untagged(`${index + 1} FETCH (${uid}FLAGS ${flagList(message.flags)}${modseq})`);
    }
    this.#dirty = !telling.expunge;
    return vanished;
  }

  /** True if it was told by UID. */
  #tellExpunged(out: Responses, byUid: boolean): boolean {
    const gone: number[] = [];
    for (let index = 0; index < this.#view.length;) {
      if (this.#view[index]?.message.expunged) {
        gone.push(...this.#view.splice(index, 1).map(({ message }) => message.uid));
        if (!byUid) out.untagged(`${index + 1} EXPUNGE`);
      } else index++;
    }
    if (!byUid || gone.length === 0) return false;
    out.untagged(`VANISHED ${formatSequenceSet(gone)}`);
    return true;
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

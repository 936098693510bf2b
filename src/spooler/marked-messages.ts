// What the marks of a session's headers ask for: one inbound call for each marked message, in order of id, and then the
// mark is settled. A mark that could not be served stays, and a call that a crash cut off is made again (M-110).
import { isMailspoolError, MailspoolError } from '../errors.ts';
import type { Mark } from '../message/message.ts';
import type { EntryId } from '../message/recipient.ts';
import { stateNames } from '../message/transitions.ts';
import { TransportError } from '../provider/transport-error.ts';
import type { Remote } from '../provider/transport-session.ts';
import type { Settlement, StoredMessage } from '../store/message-store.ts';
import type { Engine } from './engine.ts';
import { diagnosticOf } from './hand-over.ts';
import type { Session } from './session.ts';
import type { Settler } from './settler.ts';

export interface MarkedMessagesParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly session: Session;
  /** One call of `startMessage` about this message. */
  receive(remote: Remote): Promise<void>;
}

export class MarkedMessages {
  readonly #parts: MarkedMessagesParts;
  #after: EntryId | undefined;
  #isDone = false;

  constructor(parts: MarkedMessagesParts) {
    this.#parts = parts;
  }

  /** Every marked message had its call. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Serves one after the other while `goesOn`. @throws what says that the session cannot go on */
  async turn(goesOn: () => boolean): Promise<void> {
    const { engine, session } = this.#parts;
    for await (const { id } of engine.store.find({ direction: 'inbound', session: session.key, marked: true }, this.#after)) {
      if (!goesOn()) return;
      await this.#serve(id);
      this.#after = id;
    }
    this.#isDone = true;
  }

  /** One that fails costs the others nothing, as long as the session lives. */
  async #serve(id: EntryId): Promise<void> {
    const { engine, session, receive } = this.#parts;
    const message = await this.#marked(id);
    if (!message) return;
    const { reference, mark } = message;
    try {
      await receive({ reference, mark });
      await this.#settle(id, mark);
    } catch (error) {
      if (isGone(error)) return await this.#settleGone(id, mark, error);
      if ((error instanceof TransportError && error.gate) || !session.receives(engine.clock)) throw error;
      this.#warn(id, error);
    }
  }

  /** As it is now: its mark may have been taken back since it was listed. */
  async #marked(id: EntryId): Promise<(StoredMessage & Remote) | undefined> {
    const [message] = await this.#parts.engine.store.get([id]);
    return message?.mark !== undefined && message.reference !== undefined ? (message as StoredMessage & Remote) : undefined;
  }

  async #settle(id: EntryId, mark: Mark): Promise<void> {
    const [message] = await this.#parts.engine.store.get([id]);
    if (!message) return;
    if (mark === 'delete' && message.headersOnly) return await this.#write({ id, then: 'remove' });
    if (message.headersOnly) throw new MailspoolError('EPROVIDER', `${this.#parts.session.key} did not fetch ${id}`);
    // Another mark, given meanwhile, is another wish.
    if (message.mark === mark) await this.#write({ id, message: unmarked });
  }

  /** It is not there any more: the headers of something that can never be had are of no use. */
  async #settleGone(id: EntryId, mark: Mark, error: unknown): Promise<void> {
    const [message] = await this.#parts.engine.store.get([id]);
    if (message?.headersOnly) await this.#write({ id, then: 'remove' });
    else if (message?.mark === mark) await this.#write({ id, message: unmarked });
    if (mark !== 'delete' && message?.headersOnly) this.#warn(id, error);
  }

  async #write(settlement: Omit<Settlement, 'guard'>): Promise<void> {
    await this.#parts.settler.settle({ ...settlement, guard: { from: stateNames } });
  }

  #warn(id: EntryId, error: unknown): void {
    const { engine, session } = this.#parts;
    engine.logger.warn({ error, session: session.key, id }, 'a mark could not be served');
    engine.events.emit({ type: 'warning', diagnostic: diagnosticOf(error) });
  }
}

/** Takes back all marks on headers of this session. */
export async function clearMarks({ engine, settler, session }: Omit<MarkedMessagesParts, 'receive'>): Promise<void> {
  for await (const { id } of engine.store.find({ direction: 'inbound', session: session.key, headersOnly: true, marked: true })) {
    await settler.settle({ id, guard: { from: stateNames }, message: unmarked });
  }
}

/** A field that is given as undefined is cleared. */
const unmarked: object = { mark: undefined };

const isGone = (error: unknown): boolean => (error instanceof TransportError || isMailspoolError(error)) && error.code === 'ENOTFOUND';

// Messages that a provider keeps back (`hold`, MAPI's END_DONT_RESEND): it hears when one is taken from it, and gets
// them anew when it logs on again; where it is gone, the next that matches does (M-061, M-062, M-076).
import type { RecipientChange, StoredMessage } from '../store/message-store.ts';
import type { EntryId, RecipientRow } from '../message/recipient.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Settler } from './settler.ts';

interface DeferralParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly sessions: Sessions;
}

export class Deferrals {
  readonly #parts: DeferralParts;

  constructor(parts: DeferralParts) {
    this.#parts = parts;
  }

  /** Recipients of a message were cancelled, or a person took them: whoever keeps it back forgets it. */
  async taken({ id, recipients }: Pick<StoredMessage, 'id' | 'recipients'>, changed: readonly number[]): Promise<void> {
    const { sessions } = this.#parts;
    for (const session of sessions.all) {
      if (recipients.some((row) => changed.includes(row.id) && keeps(session, row))) await this.#abort(session, id);
    }
  }

  /** The session is about to log off: it forgets what it keeps back, which waits for it in its queue. */
  async loggingOff(session: Session): Promise<void> {
    await this.#requeue(async ({ id, recipients }) => {
      const kept = recipients.filter((row) => keeps(session, row));
      if (kept.length > 0) await this.#abort(session, id);
      return kept.map(queued);
    });
  }

  /**
   * A session that has just logged on knows nothing of what an earlier one kept back, which may have ended without a word,
   * and may itself be one that keeps nothing back.
   */
  async loggedOn(session: Session): Promise<void> {
    await this.#requeue(({ recipients }) => recipients.filter((row) => keeps(session, row)).map(queued));
  }

  /** At start: what was kept back by sessions that are gone from the configuration is routed anew. */
  async resume(): Promise<void> {
    const { sessions } = this.#parts;
    await this.#requeue(({ recipients }) =>
      recipients
        .filter((row) => isKept(row) && row.route !== undefined && !sessions.get(row.route.session))
        .map((row) => ({ ...queued(row), route: null })),
    );
  }

  async #requeue(changesOf: (message: StoredMessage) => RecipientChange[] | Promise<RecipientChange[]>): Promise<void> {
    const { engine, settler } = this.#parts;
    for await (const message of engine.store.find({ direction: 'outbound', states: ['held'] })) {
      const recipients = await changesOf(message);
      if (recipients.length > 0) await settler.settle({ id: message.id, guard: { from: ['held'] }, recipients });
    }
  }

  /** Only for those that can keep something back. */
  async #abort(session: Session, entryId: EntryId): Promise<void> {
    if (session.transport?.endMessage) await this.#parts.sessions.notify(session, { type: 'abortDeferred', entryId });
  }
}

const isKept = ({ status }: RecipientRow): boolean => status.state === 'held' && status.by === 'provider';
const keeps = ({ key }: Session, row: RecipientRow): boolean => row.route?.session === key && isKept(row);
const queued = ({ id }: RecipientRow): RecipientChange => ({ recipient: id, status: { state: 'queued' } });

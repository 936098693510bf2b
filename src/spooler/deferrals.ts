// Messages that a provider keeps back (`hold`, MAPI's END_DONT_RESEND): it hears when one is taken from it, and gets
// them anew when it logs on again (M-061, M-076).
import type { StoredMessage } from '../store/message-store.ts';
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
    await this.#requeue(session, async (id) => await this.#abort(session, id));
  }

  /** A session that has just logged on knows nothing of what an earlier one kept back, and may have ended without a word. */
  async loggedOn(session: Session): Promise<void> {
    await this.#requeue(session, () => Promise.resolve());
  }

  async #requeue(session: Session, tell: (id: EntryId) => Promise<void>): Promise<void> {
    const { engine, settler } = this.#parts;
    if (!session.transport?.endMessage) return;
    for await (const { id, recipients } of engine.store.find({ direction: 'outbound', states: ['held'] })) {
      const kept = recipients.filter((row) => keeps(session, row));
      if (kept.length === 0) continue;
      await tell(id);
      const changes = kept.map(({ id: recipient }) => ({ recipient, status: { state: 'queued' as const } }));
      await settler.settle({ id, guard: { from: ['held'] }, recipients: changes });
    }
  }

  /** Only for those that can keep something back. */
  async #abort(session: Session, entryId: EntryId): Promise<void> {
    if (session.transport?.endMessage) await this.#parts.sessions.notify(session, { type: 'abortDeferred', entryId });
  }
}

const keeps = ({ key }: Session, { route, status }: RecipientRow): boolean =>
  route?.session === key && status.state === 'held' && status.by === 'provider';

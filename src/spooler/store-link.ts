// What a message store may ask of the spooler. Its queues concern every store; the rest is for one that is coupled with
// a transport of its own and handles some recipients itself (M-034, M-089, M-109).
import { MailspoolError } from '../errors.ts';
import type { EntryId } from '../message/recipient.ts';
import { isFinal } from '../message/transitions.ts';
import type { Logger } from '../provider/spooler-support.ts';
import type { Queue, StoredMessage, StoreNotification, StoreSupport } from '../store/message-store.ts';
import { abortable } from '../time/abortable.ts';
import { Bell } from '../time/bell.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Engine } from './engine.ts';
import type { Loops } from './loops.ts';
import type { OthersChanges } from './others-changes.ts';
import type { Settler } from './settler.ts';

interface LinkParts {
  readonly engine: Engine;
  readonly settler: Settler;
  readonly loops: Loops;
  readonly others: OthersChanges | undefined;
  /** Ends with the spooler. */
  readonly life: AbortSignal;
}

export class StoreLink implements StoreSupport {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly #parts: LinkParts;
  readonly #sessionsChanged = new Bell();

  constructor(parts: LinkParts) {
    ({ clock: this.clock, random: this.random, logger: this.logger } = parts.engine);
    this.#parts = parts;
  }

  readonly queueChanged = (queues: readonly Queue[]): void => this.#parts.loops.queuesChanged(queues);

  /** Something about the sessions changed: whoever waits for them looks again. */
  readonly sessionsChanged = (): void => this.#sessionsChanged.ring();

  readonly spoolerNotify = async (news: StoreNotification): Promise<void> => {
    switch (news.type) {
      case 'readyToSend':
        return await this.#readyToSend();
      case 'newMailReceived':
        return await this.#newMailReceived(news.entryId);
      default:
        // From plain JavaScript: the other news are for transports to tell.
        throw new MailspoolError('EUNKNOWNFLAGS', `a store cannot send ${JSON.stringify((news as { type?: unknown }).type)}`, { field: 'type' });
    }
  };

  readonly completeMessage = async (entryId: EntryId): Promise<void> => {
    this.#checkCoupled('completeMessage');
    const message = await this.#existing(entryId);
    const open = message.recipients.find(({ submitted, status }) => !submitted && !isFinal(status.state));
    if (message.direction === 'inbound' || open)
      throw new MailspoolError('ENOSUPPORT', `${entryId} cannot be completed: ${open ? `${open.address} is ${open.status.state}` : 'it is inbound'}`);
    await this.#filed(entryId, 'finishing');
  };

  /** Until every session that may be needed is logged on and has told its address types (M-034). */
  async #readyToSend(): Promise<void> {
    const { loops, life } = this.#parts;
    for (let changed = this.#sessionsChanged.next(); !loops.sessions.registered; changed = this.#sessionsChanged.next())
      await abortable(changed, life);
    loops.wakeAll();
  }

  /** The inbound hooks see it, then `notifyNewMail` files and announces it (M-085, M-109). */
  async #newMailReceived(entryId: EntryId): Promise<void> {
    this.#checkCoupled('newMailReceived');
    const message = await this.#existing(entryId);
    if (message.direction === 'outbound') throw new MailspoolError('ENOSUPPORT', `${entryId} was not received`, { field: 'entryId' });
    await this.#filed(entryId, 'received');
  }

  /** Lets the loop over the queue take the message, and waits until it is filed, here or by another spooler on the store. */
  async #filed(id: EntryId, queue: 'finishing' | 'received'): Promise<void> {
    const { settler, others, loops, life } = this.#parts;
    const written = new Bell();
    const unwatch = settler.watch(id, () => written.ring());
    const elsewhere = others?.listen(id, () => written.ring());
    try {
      for (let next = written.next(); await this.#waits(id); next = written.next()) {
        loops.queuesChanged([queue]);
        await abortable(next, life);
      }
    } finally {
      unwatch();
      elsewhere?.end();
    }
  }

  async #waits(id: EntryId): Promise<boolean> {
    const [message] = await this.#parts.engine.store.get([id]);
    return message !== undefined && message.finishedAt === undefined;
  }

  async #existing(id: EntryId): Promise<StoredMessage> {
    const [message] = await this.#parts.engine.store.get([id]);
    if (!message) throw new MailspoolError('ENOTFOUND', `there is no message ${id}`, { field: 'entryId' });
    return message;
  }

  /** @throws ENOACCESS: without a transport of its own a store has no mail of its own */
  #checkCoupled(what: string): void {
    if (this.#parts.engine.store.capabilities.coupled) return;
    throw new MailspoolError('ENOACCESS', `${what} is for a store that is coupled with a transport`, {
      remedy: 'Declare capabilities.coupled.',
    });
  }
}

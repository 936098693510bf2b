// Applies the routing rules to the sessions as they are now: which route a recipient gets, and what to do with one that
// matches nothing (M-018, M-040).
import { MailspoolError } from '../errors.ts';
import type { Message } from '../message/message.ts';
import type { Recipient, Route, SessionKey } from '../message/recipient.ts';
import { matchingSessions, type RoutingSession } from './routing.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export type Plan =
  | { readonly plan: 'route'; readonly route: Route }
  /** Some session has not told its address types yet. */
  | { readonly plan: 'wait' }
  | { readonly plan: 'noRoute' };

type Routable = Pick<Message, 'sizeBytes' | 'account' | 'returnPath'>;
type Passing = Recipient & { readonly passed?: readonly SessionKey[] };

export class RoutePlanner {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Whether a plan made now would stand: no session is still on its first logon. */
  get ready(): boolean {
    return this.#sessions.known;
  }

  get order(): SessionKey[] {
    return this.#sessions.ordered.map(({ key }) => key);
  }

  /** The session that would get the recipient first. */
  taker(recipient: Passing, message: Routable): SessionKey | undefined {
    return matchingSessions(recipient, this.#scoped(message), this.#routing())[0];
  }

  async plan(recipient: Passing, message: Routable, signal: AbortSignal): Promise<Plan> {
    const key = this.taker(recipient, message);
    const session = key && this.#sessions.get(key);
    if (!session) return this.#sessions.someUnknown ? { plan: 'wait' } : { plan: 'noRoute' };
    const destination = await session.transport?.destination?.(recipient, signal);
    return { plan: 'route', route: { session: session.key, ...(destination !== undefined && { destination }) } };
  }

  /** A size that no session in reach takes is refused at submit. @throws EMAXSIZE */
  checkSize(recipients: readonly Recipient[], message: Routable): void {
    for (const recipient of recipients) {
      if (this.taker(recipient, message)) continue;
      const regardless = matchingSessions(recipient, { ...this.#scoped(message), sizeBytes: 0 }, this.#routing());
      if (regardless.length === 0) continue;
      throw new MailspoolError(
        'EMAXSIZE',
        `the message has ${message.sizeBytes} bytes, more than ${regardless.join(', ')} takes for ${recipient.address}`,
      );
    }
  }

  /** The account whose sessions may carry the message, if it is bound to one. */
  accountFor(from: string | undefined, named: string | undefined): string | undefined {
    if (named !== undefined) return named;
    const own = new Set(this.#sessions.all.filter((session) => hasIdentity(session, from)).map(({ account }) => account.scope));
    return own.size === 1 ? [...own][0] : undefined;
  }

  #scoped(message: Routable): { sizeBytes: number; account?: string } {
    const account = this.accountFor(message.returnPath?.address, message.account);
    return { sizeBytes: message.sizeBytes, ...(account !== undefined && { account }) };
  }

  #routing(): RoutingSession[] {
    return this.#sessions.ordered.flatMap((session) => session.routing ?? []);
  }
}

const hasIdentity = ({ account }: Session, from: string | undefined): boolean =>
  from !== undefined && account.identities.includes(from.toLowerCase());

// Applies the routing rules to the sessions as they are now: which route a recipient gets, and what to do with one that
// matches nothing (M-018, M-040).
import { MailspoolError } from '../errors.ts';
import type { Message } from '../message/message.ts';
import type { Recipient, Route, SessionKey } from '../message/recipient.ts';
import { type Diagnostic, leftRecipient } from '../message/outcome.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';
import { withDeadline } from '../time/deadline.ts';
import type { Engine } from './engine.ts';
import { diagnosticOf } from './hand-over.ts';
import { matchingSessions, type RoutingSession } from './routing.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export type Plan =
  | { readonly plan: 'route'; readonly route: Route }
  /** The store delivers it itself (M-109). */
  | { readonly plan: 'store' }
  /** Some session has not told its address types yet, or the one that matches cannot name the destination now. */
  | { readonly plan: 'wait'; readonly afterMs: number; readonly diagnostic: Diagnostic }
  | { readonly plan: 'noRoute'; readonly diagnostic: Diagnostic };

/** How soon a recipient is looked at again while some session has not told its address types. */
const unknownSession: Plan = {
  plan: 'wait',
  afterMs: 5_000,
  diagnostic: { code: 'EWAIT', text: 'waiting for a session that has not logged on yet' },
};
const destinationMs = 5_000;
const destinationRetryMs = 60_000;
/** What would break the name of a queue. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f]/g;

type Routable = Pick<Message, 'sizeBytes' | 'account' | 'returnPath'>;
type Passing = Recipient & { readonly passed?: readonly SessionKey[]; readonly last?: Diagnostic };

export class RoutePlanner {
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #coupled: MessageStore['capabilities']['coupled'];

  constructor(sessions: Sessions, { clock, store }: Pick<Engine, 'clock' | 'store'>) {
    this.#sessions = sessions;
    this.#clock = clock;
    this.#coupled = store.capabilities.coupled;
  }

  /** Whether a plan made now would stand: no session is still on its first logon. */
  get ready(): boolean {
    return this.#sessions.known;
  }

  get order(): SessionKey[] {
    return this.#sessions.ordered.map(({ key }) => key);
  }

  /** The session that would get the recipient first; undefined also where the store keeps it for itself. */
  taker(recipient: Passing, message: Routable): SessionKey | undefined {
    if (this.#isStores(recipient)) return undefined;
    return matchingSessions(recipient, this.#scoped(message), this.#routing())[0];
  }

  async plan(recipient: Passing, message: Routable, signal: AbortSignal): Promise<Plan> {
    if (this.#isStores(recipient)) return { plan: 'store' };
    const key = this.taker(recipient, message);
    const session = key && this.#sessions.get(key);
    if (!session) return this.#sessions.someUnknown ? unknownSession : { plan: 'noRoute', diagnostic: this.#noRoute(recipient, message) };
    try {
      const destination = await this.#destination(session, recipient, signal);
      return { plan: 'route', route: { session: session.key, ...(destination !== undefined && { destination }) } };
    } catch (error) {
      signal.throwIfAborted();
      const { text, ...cause } = diagnosticOf(error);
      return { plan: 'wait', afterMs: destinationRetryMs, diagnostic: { ...cause, text: `${session.key} cannot name the destination: ${text}` } };
    }
  }

  /** The queue inside the session. A provider that hangs or fails here delays the recipient, never the submit. */
  async #destination({ key, transport }: Session, recipient: Recipient, signal: AbortSignal): Promise<string | undefined> {
    if (!transport?.destination) return undefined;
    const named = await withDeadline(
      this.#clock,
      destinationMs,
      `destination of ${key}`,
      signal,
      async (bounded) => await transport.destination?.(recipient, bounded),
    );
    return typeof named === 'string' && named !== '' ? named.replaceAll(controls, ' ') : undefined;
  }

  #noRoute(recipient: Passing, message: Routable): Diagnostic {
    const { type, address, passed, last } = recipient;
    if (passed?.length && last?.reason === leftRecipient) return last;
    if (passed?.length) return { code: 'ENOROUTE', text: `every provider that matches left ${address}: ${passed.join(', ')}`, enhancedCode: '5.4.4' };
    const regardless = matchingSessions(recipient, { ...this.#scoped(message), sizeBytes: 0 }, this.#routing());
    if (regardless.length === 0) return { code: 'ENOROUTE', text: `no provider carries ${type}:${address}`, enhancedCode: '5.4.4' };
    const text = `the message has ${message.sizeBytes} bytes, more than ${regardless.join(', ')} takes for ${address}`;
    return { code: 'EMAXSIZE', text, enhancedCode: '5.3.4' };
  }

  /** A size that no session in reach takes is refused at submit. @throws EMAXSIZE */
  checkSize(recipients: readonly Recipient[], message: Routable): void {
    for (const recipient of recipients) {
      if (this.#isStores(recipient) || this.taker(recipient, message)) continue;
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

  #isStores(recipient: Recipient): boolean {
    return this.#coupled?.carries(recipient) ?? false;
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

// The outbound capacity of one session: how much may be claimed, how many hand-overs run, how fast they start.
import type { Route } from '../message/recipient.ts';
import type { Demand } from '../store/message-store.ts';
import type { Clock, Instant } from '../time/clock.ts';
import type { HandOver } from './hand-over.ts';
import type { Session } from './session.ts';

const claimBytes = 8 * 1024 * 1024;

export class Lane {
  readonly session: Session;
  readonly #clock: Clock;
  readonly #waiting: HandOver[] = [];
  readonly #inHand = new Set<HandOver>();
  readonly #active = new Map<string, number>();
  /** Names of the session's queues; the plain route is ''. */
  readonly #destinations = new Set<string>(['']);
  #activeCount = 0;
  #unsettled = 0;
  #nextStartAt: Instant = 0;

  constructor(session: Session, clock: Clock) {
    this.session = session;
    this.#clock = clock;
  }

  get busy(): boolean {
    return this.#waiting.length + this.#activeCount + this.#unsettled > 0;
  }

  get active(): number {
    return this.#activeCount;
  }

  /** What the provider was asked to hand over and has not answered. */
  get inHand(): ReadonlySet<HandOver> {
    return this.#inHand;
  }

  /** Learns of a queue of this session. */
  addDestination(destination: string): void {
    this.#destinations.add(destination);
  }

  /** What to claim now; nothing while enough is claimed, so that claims come in batches. */
  demands(): Demand[] {
    const room = this.#room();
    if (room === 0) return [];
    const ordering = this.session.transport?.limits?.ordering;
    return [...this.#destinations].flatMap((destination) => {
      const messages = Math.min(room, this.#share(destination));
      return messages > 0 ? { queue: this.#route(destination), messages, bytes: claimBytes, ...(ordering && { ordering }) } : [];
    });
  }

  /** When the session's rate permits the next start; undefined: now. */
  get notBefore(): Instant | undefined {
    return this.#nextStartAt > this.#clock.now() ? this.#nextStartAt : undefined;
  }

  take(handOver: HandOver): void {
    this.#waiting.push(handOver);
  }

  /** Takes back one that has not begun; whether it was waiting. */
  withdraw(handOver: HandOver): boolean {
    const index = this.#waiting.indexOf(handOver);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** Everything that is claimed and has not begun. */
  giveBack(): HandOver[] {
    return this.#waiting.splice(0);
  }

  /** The next hand-over that may start, if any. */
  next(): HandOver | undefined {
    const { outbound = 1, outboundPerDestination = outbound, messagesPerSecond } = this.session.transport?.limits ?? {};
    if (this.#activeCount >= this.#width(outbound) || this.notBefore !== undefined) return undefined;
    const index = this.#waiting.findIndex((handOver) => (this.#active.get(destinationOf(handOver)) ?? 0) < outboundPerDestination);
    const [found] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (found) this.#start(found, messagesPerSecond);
    return found;
  }

  ended(handOver: HandOver): void {
    const destination = destinationOf(handOver);
    this.#active.set(destination, (this.#active.get(destination) ?? 1) - 1);
    this.#activeCount -= 1;
    this.#inHand.delete(handOver);
    this.#unsettled += 1;
  }

  settled(): void {
    this.#unsettled -= 1;
  }

  #start(handOver: HandOver, messagesPerSecond: number | undefined): void {
    const destination = destinationOf(handOver);
    this.#active.set(destination, (this.#active.get(destination) ?? 0) + 1);
    this.#activeCount += 1;
    this.#inHand.add(handOver);
    if (messagesPerSecond === undefined) return;
    const now = this.#clock.now();
    this.#nextStartAt = Math.max(this.#nextStartAt, now - 1000 / messagesPerSecond) + 1000 / messagesPerSecond;
  }

  #room(): number {
    const { outbound = 1, maxUnsettled = 4 * outbound } = this.session.transport?.limits ?? {};
    const most = this.session.probing ? 1 : maxUnsettled;
    const claimed = this.#waiting.length + this.#activeCount + this.#unsettled;
    const room = Math.max(0, most - claimed);
    const hungry = this.#waiting.length + this.#activeCount < this.#width(outbound);
    return hungry || room >= most / 4 ? room : 0;
  }

  /**
   * Where destinations have limits of their own, one that hangs must not hold all that may be claimed while connections
   * stand free for the others (T-020).
   */
  #share(destination: string): number {
    const { outbound = 1, outboundPerDestination = outbound, maxUnsettled = 4 * outbound } = this.session.transport?.limits ?? {};
    if (outboundPerDestination >= outbound) return Number.POSITIVE_INFINITY;
    const held = this.#waiting.filter((handOver) => destinationOf(handOver) === destination).length + (this.#active.get(destination) ?? 0);
    return Math.max(1, Math.floor((maxUnsettled * outboundPerDestination) / outbound)) - held;
  }

  #width(outbound: number): number {
    return this.session.probing ? 1 : outbound;
  }

  #route(destination: string): Route {
    return destination === '' ? { session: this.session.key } : { session: this.session.key, destination };
  }
}

const destinationOf = ({ lease: { queue } }: HandOver): string => (typeof queue === 'object' && 'session' in queue ? (queue.destination ?? '') : '');

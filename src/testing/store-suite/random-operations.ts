// Random operations from a seed: afterwards nobody is lost (T-008) and everybody waits where the record says (U-002).
import assert from 'node:assert/strict';
import type { EntryId, RecipientState, StateName } from '../../message/recipient.ts';
import { isFinal, stateNames } from '../../message/transitions.ts';
import type { Claim, Queue, StoredMessage } from '../../store/message-store.ts';
import { scheduleOf } from '../../store/schedule.ts';
import { fraction } from '../../time/random.ts';
import { seededRandom } from '../seeded-random.ts';
import type { StoreCase } from './subject.ts';
import { collect, diagnostic, queue, queued, recipient, smtp, unrouted, type StoreWorld } from './world.ts';

const seeds = [1, 2, 3, 4, 5, 6];
const steps = 150;

export const randomCases: readonly StoreCase[] = seeds.map((seed) => ({
  title: `T-008 U-002 after ${steps} random operations (seed ${seed}) every accepted recipient is somewhere and has a next step`,
  async run(world) {
    const play = new Play(world, seed);
    for (let step = 0; step < steps; step += 1) await play.step();
    await play.check();
  },
}));

class Play {
  readonly #world: StoreWorld;
  readonly #random: ReturnType<typeof seededRandom>;
  /** Accepted and not removed, with the number of their recipients. */
  readonly #accepted = new Map<EntryId, number>();
  #claims: Claim[] = [];

  constructor(world: StoreWorld, seed: number) {
    this.#world = world;
    this.#random = seededRandom(seed);
  }

  async step(): Promise<void> {
    const moves = [
      () => this.#submit(),
      () => this.#claim(),
      () => this.#claim(),
      () => this.#settle(),
      () => this.#settle(),
      () => this.#settle(),
      () => this.#compareAndSet(),
    ];
    this.#world.clock.advance(this.#below(4_000));
    await this.#pick(moves)();
    if (this.#below(10) === 0) await this.check();
  }

  /** Everything that was accepted is there, once, in a known state, and scheduled as its record says. */
  async check(): Promise<void> {
    const messages = await collect(this.#world.store.find({}));
    assert.deepEqual(
      messages.map((message) => message.id),
      [...this.#accepted.keys()].sort(),
    );
    for (const message of messages) {
      assert.equal(message.recipients.length, this.#accepted.get(message.id), 'no recipient is lost');
      for (const row of message.recipients) assert(stateNames.includes(row.status.state));
      await this.#checkSchedule(message);
    }
  }

  async #checkSchedule(shown: StoredMessage): Promise<void> {
    const { scheduled } = this.#world.under;
    const stored = this.#unclaimed(shown);
    if (!stored || !scheduled) return;
    const byQueue = (a: { queue: string }, b: { queue: string }) => (a.queue < b.queue ? -1 : 1);
    const entries = scheduleOf(stored);
    assert.deepEqual([...(await scheduled.call(this.#world.under, shown.id))].sort(byQueue), [...entries].sort(byQueue));
    const waiting = stored.recipients.filter((row) => !isFinal(row.status.state));
    const needsNobody = waiting.every((row) => row.status.state === 'held' || row.status.state === 'uncertain');
    if (stored.finishedAt === undefined) assert(entries.length > 0 || (waiting.length > 0 && needsNobody), 'it waits for its time, or for a person');
  }

  /** Claimed rows hide what is stored: such messages are checked when nobody has them. */
  #unclaimed(message: StoredMessage): StoredMessage | undefined {
    return message.recipients.some((row) => row.status.state === 'claimed') ? undefined : message;
  }

  async #submit(): Promise<void> {
    const count = 1 + this.#below(3);
    const rows = Array.from({ length: count }, (_, at) => this.#pick([recipient(at + 1), recipient(at + 1, { route: queue }), unrouted(at + 1)]));
    const expiresAt = this.#world.now + this.#below(200_000);
    const properties = this.#below(2) === 0 ? { expiresAt } : {};
    this.#accepted.set(await this.#world.submit({ recipients: rows, properties, priority: this.#below(3) }), count);
  }

  async #claim(): Promise<void> {
    const ids = [...this.#accepted.keys()];
    const whole = ids.length > 0 ? [{ message: this.#pick(ids) }] : [];
    const from = this.#pick<Queue>(['intake', 'timers', 'finishing', smtp, smtp, queue, ...whole]);
    this.#claims.push(...(await this.#world.claim(from, { messages: 1 + this.#below(4), ordering: this.#pick(['submitTime', 'priority']) })));
  }

  async #settle(): Promise<void> {
    if (this.#claims.length === 0) return;
    const claim = this.#pick(this.#claims);
    const { lease } = claim;
    if (this.#below(4) > 0) this.#claims = this.#claims.filter((other) => other !== claim);
    const rows = claim.message.recipients.filter(() => this.#below(3) > 0);
    const recipients = rows.map((row) => ({
      recipient: row.id,
      ...(this.#below(3) === 0 && { route: this.#pick([smtp, queue, null]) }),
      status: this.#status(),
    }));
    const then = this.#pick([
      'release',
      'keep',
      'release',
      { finished: {} },
      { finished: { moveTo: 'Sent' } },
      { finished: { delete: true } },
    ] as const);
    const settled = await this.#world.settle({ id: lease.id, guard: lease, recipients, then });
    const isGone = settled.result === 'written' && typeof then === 'object' && 'delete' in then.finished && settled.finished;
    if (isGone && (await this.#world.store.get([lease.id]))[0] === undefined) this.#accepted.delete(lease.id);
  }

  async #compareAndSet(): Promise<void> {
    if (this.#accepted.size === 0) return;
    const id = this.#pick([...this.#accepted.keys()]);
    const from = stateNames.filter(() => this.#below(2) === 0);
    const message = this.#pick([
      undefined,
      { priority: this.#below(5) },
      { dueAt: this.#world.now + this.#below(10_000) },
      { warnAt: [this.#world.now + this.#below(50_000)] },
    ]);
    await this.#world.settle({ id, guard: { from }, recipients: [{ recipient: 'all', status: this.#status() }], ...(message && { message }) });
  }

  #status(): RecipientState {
    const { now } = this.#world;
    const at = now;
    const later = now + this.#below(60_000);
    const possible: Record<Exclude<StateName, 'claimed'>, RecipientState> = {
      queued,
      deferred: { state: 'deferred', until: later, diagnostic },
      held: { state: 'held', by: 'operator', reason: 'x', ...(this.#below(2) === 0 && { until: later }) },
      uncertain: { state: 'uncertain', since: at, diagnostic, next: this.#pick(['operator', { verifyAt: later }] as const) },
      relayed: { state: 'relayed', at },
      delivered: { state: 'delivered', at },
      cancelled: { state: 'cancelled', at },
      failed: { state: 'failed', at, diagnostic },
      expired: { state: 'expired', at, diagnostic },
    };
    return this.#pick(Object.values(possible));
  }

  #below(limit: number): number {
    return Math.floor(fraction(this.#random) * limit);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }
}

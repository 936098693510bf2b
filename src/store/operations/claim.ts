// Claiming: who gets which message next. Within a queue ascending submit order, whatever the demand is bounded by
// (M-028); one live lease for each message and queue, and no recipient under two leases (U-018).
import type { EntryId } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import type { Claim, Demand, LeaseOwner } from '../message-store.ts';
import { type QueueKey, queueKey } from '../schedule.ts';
import type { Sequence } from '../tables.ts';
import { inlineOf } from './content.ts';
import { find, idOf, type Operation } from './operation.ts';
import { shown } from './overlay.ts';
import { type Taking, takeable } from './taking.ts';

/** How many messages each priority queue has given so far; may be forgotten at a restart. */
export type Turns = Map<QueueKey, number>;

/** `holder`: the opened handle of the store. */
export type Claimer = LeaseOwner & { readonly holder: string };

export interface Claimed {
  readonly claims: Claim[];
  /** The next moment at which one of the demanded queues has something by itself: a due time, or the end of a lease. */
  readonly nextDueAt?: Instant;
}

export function claim(operation: Operation, demands: readonly Demand[], owner: Claimer, turns: Turns): Claimed {
  const round: Round = { operation, owner, turns, claims: [], nextDueAt: Number.POSITIVE_INFINITY };
  for (const demand of demands) {
    const { queue } = demand;
    if (typeof queue === 'object' && 'message' in queue) claimMessage(round, queue.message);
    else claimFrom(round, queueKey(queue), demand);
  }
  return { claims: round.claims, ...(Number.isFinite(round.nextDueAt) && { nextDueAt: round.nextDueAt }) };
}

interface Round {
  readonly operation: Operation;
  readonly owner: Claimer;
  readonly turns: Turns;
  readonly claims: Claim[];
  nextDueAt: Instant;
}

function claimMessage(round: Round, id: EntryId): void {
  const found = find(round.operation, id);
  if (found) tryTake(round, queueKey({ message: id }), found.sequence, Number.POSITIVE_INFINITY);
}

function claimFrom(round: Round, queue: QueueKey, demand: Demand): void {
  const { tables, now } = round.operation;
  let messages = 0;
  let bytesLeft = demand.bytes;
  for (const sequence of inTurn(round, queue, demand)) {
    if (messages >= demand.messages) break;
    const sizeBytes = tryTake(round, queue, sequence, messages === 0 ? Number.POSITIVE_INFINITY : bytesLeft);
    if (sizeBytes === 'full') break;
    if (sizeBytes === 'blocked') continue;
    messages += 1;
    bytesLeft -= sizeBytes;
    if (demand.ordering === 'priority') countTurn(round.turns, queue);
  }
  round.nextDueAt = Math.min(round.nextDueAt, tables.nextDue(queue, now) ?? Number.POSITIVE_INFINITY);
}

/** The size of what was taken. `full`: it is too large for what is left; it stays the first of the next claim. */
function tryTake(round: Round, queue: QueueKey, sequence: Sequence, bytesLeft: number): number | 'blocked' | 'full' {
  const { operation, owner } = round;
  const taking = takeable(operation, queue, sequence);
  if ('until' in taking) {
    round.nextDueAt = Math.min(round.nextDueAt, taking.until);
    return 'blocked';
  }
  const { sizeBytes } = taking.record.content;
  if (sizeBytes > bytesLeft) return 'full';
  round.claims.push(take(operation, owner, queue, taking));
  return sizeBytes;
}

function take(operation: Operation, owner: Claimer, queue: QueueKey, taking: Taking): Claim {
  const { tables, now } = operation;
  const { sequence, record, covers, recovered } = taking;
  const fence = tables.next('fence');
  for (const lost of taking.forget) tables.removeLease(sequence, lost.queue);
  tables.putLease({ sequence, queue, fence, owner: owner.name, holder: owner.holder, until: owner.until, covers, recovered });
  const inline = inlineOf(operation, record, owner.inlineBytes);
  return {
    lease: { id: idOf(operation, sequence), queue: taking.as, fence },
    message: shown(record, tables.leases(sequence), now),
    ...(inline && { inline }),
    ...(recovered > 0 && { recovered }),
  };
}

/** Every how many claims a priority queue gives its oldest message (M-028). */
const oldestEvery = 8;

/** What is due, in the order in which it is to be offered. */
function* inTurn({ operation, turns }: Round, queue: QueueKey, { ordering }: Demand): Iterable<Sequence> {
  const { tables, now } = operation;
  if (ordering === 'priority') yield* byPriority(operation, turns, queue);
  else yield* tables.due(queue, now, 'submitTime');
}

function* byPriority({ tables, now }: Operation, turns: Turns, queue: QueueKey): Iterable<Sequence> {
  const offered = new Set<Sequence>();
  const oldest = fresh(tables.due(queue, now, 'submitTime'), offered);
  const highest = fresh(tables.due(queue, now, 'priority'), offered);
  for (;;) {
    const isOldestsTurn = ((turns.get(queue) ?? 0) + 1) % oldestEvery === 0;
    const { value, done } = (isOldestsTurn ? oldest : highest).next();
    if (done) return;
    offered.add(value);
    yield value;
  }
}

function* fresh(due: Iterable<Sequence>, offered: ReadonlySet<Sequence>): Generator<Sequence, undefined, undefined> {
  for (const sequence of due) if (!offered.has(sequence)) yield sequence;
}

/** Routes may be many: beyond this all counters start anew. */
const countedQueues = 10_000;

function countTurn(turns: Turns, queue: QueueKey): void {
  if (turns.size >= countedQueues) turns.clear();
  turns.set(queue, (turns.get(queue) ?? 0) + 1);
}

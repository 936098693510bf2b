// Leases live in the owner's memory, so that a claim waits for no write. They are noted with whatever commit comes
// next: a message that was claimed at each crash is seen (T-017).
import type { QueueKey } from '../schedule.ts';
import type { LeaseRow, Sequence } from '../tables.ts';
import type { Shared } from './statements.ts';

/** Noted by an owner that is gone. */
const nobody = '';
const none: readonly LeaseRow[] = [];

/** Names a lease: the queue may contain anything, the number no space. */
type Key = string;
const keyOf = (sequence: Sequence, queue: QueueKey): Key => `${sequence} ${queue}`;

function splitKey(key: Key): { sequence: Sequence; queue: QueueKey } {
  const space = key.indexOf(' ');
  return { sequence: Number(key.slice(0, space)), queue: key.slice(space + 1) };
}

export class LeaseTable {
  readonly #shared: Shared;
  readonly #leases = new Map<Sequence, readonly LeaseRow[]>();
  /** Fences of the leases that stand on disk. */
  readonly #noted = new Map<Key, number>();
  /** Differ from what stands on disk, perhaps. */
  readonly #changed = new Map<Key, { readonly sequence: Sequence; readonly queue: QueueKey }>();

  constructor(shared: Shared) {
    this.#shared = shared;
    for (const row of shared.statements.all('SELECT sequence, queue, fence, owner, covers, recovered FROM claimed')) {
      const sequence = Number(row['sequence']);
      const queue = String(row['queue']);
      const [fence, recovered] = [Number(row['fence']), Number(row['recovered'])];
      const covers = JSON.parse(String(row['covers'])) as number[];
      this.#replace(sequence, queue, { sequence, queue, fence, owner: String(row['owner']), holder: nobody, until: 0, covers, recovered });
      this.#noted.set(keyOf(sequence, queue), fence);
    }
  }

  get(sequence: Sequence, queue: QueueKey): LeaseRow | undefined {
    return this.#leases.get(sequence)?.find((lease) => lease.queue === queue);
  }

  of(sequence: Sequence): readonly LeaseRow[] {
    return this.#leases.get(sequence) ?? none;
  }

  heldBy(holder: string): LeaseRow[] {
    return [...this.#leases.values()].flat().filter((lease) => lease.holder === holder);
  }

  put(lease: LeaseRow): void {
    this.#set(lease.sequence, lease.queue, lease);
  }

  remove(sequence: Sequence, queue: QueueKey): void {
    this.#set(sequence, queue, undefined);
  }

  /** All leases of another table, which read the same file before. */
  adopt(from: LeaseTable): void {
    this.#leases.clear();
    for (const lease of [...from.#leases.values()].flat()) this.#replace(lease.sequence, lease.queue, lease);
    for (const [key, lease] of [...this.#noted.keys()].map((key) => [key, splitKey(key)] as const)) this.#changed.set(key, lease);
    for (const { sequence, queue } of [...this.#leases.values()].flat()) this.#changed.set(keyOf(sequence, queue), { sequence, queue });
  }

  /** Writes what differs. */
  note(): void {
    const { statements, transaction } = this.#shared;
    if (this.#changed.size === 0) return;
    const ended: (readonly [Sequence, QueueKey])[] = [];
    const begun: LeaseRow[] = [];
    for (const [key, { sequence, queue }] of this.#changed) {
      const lease = this.get(sequence, queue);
      if (lease && this.#noted.get(key) !== lease.fence) begun.push(lease);
      else if (!lease && this.#noted.has(key)) ended.push([sequence, queue]);
    }
    if (ended.length > 0) statements.write(deleteAll, JSON.stringify(ended));
    if (begun.length > 0) statements.write(insertAll, JSON.stringify(begun.map(noteOf)));
    transaction.afterCommit(() => this.#isNoted(begun, ended));
  }

  #isNoted(begun: readonly LeaseRow[], ended: readonly (readonly [Sequence, QueueKey])[]): void {
    for (const { sequence, queue, fence } of begun) this.#noted.set(keyOf(sequence, queue), fence);
    for (const [sequence, queue] of ended) this.#noted.delete(keyOf(sequence, queue));
    this.#changed.clear();
  }

  #set(sequence: Sequence, queue: QueueKey, lease: LeaseRow | undefined): void {
    const before = this.get(sequence, queue);
    if (!before && !lease) return;
    this.#replace(sequence, queue, lease);
    this.#changed.set(keyOf(sequence, queue), { sequence, queue });
    this.#shared.transaction.onRollback(() => this.#replace(sequence, queue, before));
  }

  #replace(sequence: Sequence, queue: QueueKey, lease: LeaseRow | undefined): void {
    const others = this.of(sequence).filter((each) => each.queue !== queue);
    if (lease) this.#leases.set(sequence, [...others, lease]);
    else if (others.length > 0) this.#leases.set(sequence, others);
    else this.#leases.delete(sequence);
  }
}

const noteOf = ({ sequence, queue, fence, owner, covers, recovered }: LeaseRow) => [sequence, queue, fence, owner, covers, recovered];

/** One statement for all: most leases are short, and there are many. */
const insertAll = `INSERT OR REPLACE INTO claimed (sequence, queue, fence, owner, covers, recovered)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value -> 4, value ->> 5 FROM json_each(?)`;
const deleteAll = 'DELETE FROM claimed WHERE (sequence, queue) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))';

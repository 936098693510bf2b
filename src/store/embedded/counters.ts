// Numbers that are never given twice: counted in memory, reserved on disk by the block. A restart or a rollback leaves gaps.
import type { MessageTables } from '../tables.ts';
import type { Shared } from './statements.ts';

type Counter = Parameters<MessageTables['next']>[0];

/** How many numbers one write reserves. */
const blockSize = 1000;

export class Counters {
  readonly #shared: Shared;
  readonly #counters = new Map<Counter, { last: number; reserved: number }>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  next(name: Counter): number {
    const counter = this.#counters.get(name) ?? this.#read(name);
    counter.last += 1;
    if (counter.last > counter.reserved) this.#reserve(name, counter);
    return counter.last;
  }

  /** Reserves in good time, with a commit that happens anyway: a claim then needs no write, also when the disk is full. */
  topUp(): void {
    for (const name of ['sequence', 'fence', 'content'] as const) {
      const counter = this.#counters.get(name) ?? this.#read(name);
      if (counter.reserved - counter.last < blockSize / 2) this.#reserve(name, counter);
    }
  }

  #read(name: Counter) {
    const stored = this.#shared.statements.first('SELECT value FROM meta WHERE name = ?', `counter ${name}`);
    const last = Number(stored?.['value'] ?? 0);
    const counter = { last, reserved: last };
    this.#counters.set(name, counter);
    return counter;
  }

  /** If the reservation is rolled back the next number reserves again; the counter itself never goes back. */
  #reserve(name: Counter, counter: { last: number; reserved: number }): void {
    const { statements, transaction } = this.#shared;
    const before = counter.reserved;
    counter.reserved = counter.last + blockSize;
    transaction.onRollback(() => {
      counter.reserved = before;
    });
    statements.write(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      `counter ${name}`,
      counter.reserved,
    );
  }
}

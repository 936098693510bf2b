// What runs in the worker of the embedded engine: one call is one transaction on disk, and locks live in its memory, so
// that a crash is the abort of every transaction that was open.
import type { Call, Connection, DatabaseProgram, Procedure, Procedures, ProgramContext } from 'mailspool/database';
import type { Instant } from 'mailspool/provider';
import type { QueueKey, Seek, Send, TransactionId } from '../engine.ts';
import type { NegativeAcknowledgement } from '../message-class.ts';
import type { QueueProperties } from '../properties.ts';
import { QueueError } from '../queue-error.ts';
import type { LookupId, MessageId } from '../queued-message.ts';
import { defaultProperties } from '../properties.ts';
import { journalOf, type RuleOptions, Rules, systemQueue } from './rules.ts';
import { createTables, format } from './schema.ts';
import { type MessageRow, type QueueRow, Tables } from './tables.ts';

export interface EmbeddedQueueOptions extends RuleOptions {
  /** For a new file. */
  readonly machine: string;
}

/** A send whose body goes beside the JSON. */
export type SendInput = Omit<Send, 'body'>;

/** What a receive or a peek answers; the bodies go beside it. */
export type FoundOutput = Omit<MessageRow, 'body' | 'queue' | 'bytes' | 'deadline' | 'priority'>;

export const program: DatabaseProgram = {
  format,
  migrate: (connection, _from, { options }) => {
    createTables(connection, (options as EmbeddedQueueOptions).machine);
    const tables = new Tables(connection);
    for (const name of Object.values(systemQueue)) tables.addQueue(name, { ...defaultProperties, transactional: name === systemQueue.deadXact });
  },
  start: (connection, context) => new QueueProgram(connection, context),
};

/** Looked at in one step of a search for what is not locked. */
const pageRows = 64;

class QueueProgram implements Procedures {
  readonly greeting: { readonly machine: string };
  readonly #tables: Tables;
  readonly #rules: Rules;
  /** Which messages are held, and by what. */
  readonly #locks = new Map<LookupId, TransactionId>();
  readonly #transactions = new Map<TransactionId, { readonly sends: Send[] }>();
  /** Held messages that go when their transaction ends, whatever it does. */
  readonly #doomed = new Map<LookupId, NegativeAcknowledgement>();
  #undo: (() => void)[] = [];

  constructor(connection: Connection, { options }: ProgramContext) {
    this.#tables = new Tables(connection);
    this.#rules = new Rules(this.#tables, options as EmbeddedQueueOptions);
    this.greeting = { machine: this.#tables.machine };
  }

  readonly writes: Record<string, Procedure> = {
    start: () => {
      this.#tables.removeExpress();
      return {};
    },
    createQueue: ({ queue, properties }: { queue: QueueKey; properties: QueueProperties }) => {
      if (this.#tables.queue(queue)) throw new QueueError('EEXIST', `there is a queue ${queue} already`, { field: 'path' });
      this.#tables.addQueue(queue, properties);
      this.#tables.addQueue(journalOf(queue), defaultProperties);
      return {};
    },
    deleteQueue: (queue: QueueKey, call) => this.#delete(this.#existing(queue), call.now),
    setProperties: ({ queue, properties }: { queue: QueueKey; properties: QueueProperties }) => {
      this.#tables.setProperties(this.#existing(queue).id, properties);
      return {};
    },
    send: ({ sends, transaction }: { sends: SendInput[]; transaction?: TransactionId }, call) => this.#send(sends, transaction, call),
    receive: (asked: { queue: QueueKey; seek: Seek; count: number; transaction?: TransactionId }, call) => this.#receive(asked, call.now),
    purge: (queue: QueueKey, call) => {
      this.#removeAll(this.#existing(queue), 'nack.queuePurged', call.now);
      return {};
    },
    begin: (transaction: TransactionId) => {
      if (this.#transactions.has(transaction)) throw new QueueError('ETRANSACTIONSEQUENCE', `transaction ${transaction} has begun already`);
      this.#transactions.set(transaction, { sends: [] });
      this.#undo.push(() => this.#transactions.delete(transaction));
      return {};
    },
    commit: (transaction: TransactionId, call) => this.#commit(transaction, call.now),
    abort: (transaction: TransactionId, call) => this.#abort(transaction, call.now),
    expire: (_none: null, call) => ({ value: this.#expire(call.now) ?? null }),
  };

  readonly reads: Record<string, Procedure> = {
    info: (queue: QueueKey) => ({ value: this.#tables.queue(queue) ?? null }),
    list: () => ({ value: this.#tables.queues() }),
    peek: ({ queue, seek }: { queue: QueueKey; seek: Seek }, call) => answer(this.#available(this.#existing(queue), seek, 1, call.now)),
  };

  beforeCommit(): void {
    this.#tables.note();
  }

  committed(): void {
    this.#undo = [];
  }

  rolledBack(): void {
    this.#tables.forget();
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  news(): unknown {
    const { arrived } = this.#rules;
    if (arrived.size === 0) return undefined;
    const queues = [...arrived];
    arrived.clear();
    return queues;
  }

  #send(inputs: readonly SendInput[], transaction: TransactionId | undefined, { now, bytes }: Call): { value: MessageId[] } {
    const sends = inputs.map((input, index): Send => ({ ...input, body: bytes[index] ?? new Uint8Array() }));
    if (this.#rules.exceedsMachineQuota(sends))
      throw new QueueError('EQUOTA', 'the messages of this computer would exceed its quota', {
        remedy: 'Receive or purge some, or raise machineQuotaKb.',
      });
    if (transaction === undefined) return { value: sends.map((send) => this.#rules.send(send, now)) };
    const held = this.#transaction(transaction).sends;
    const before = held.length;
    held.push(...sends);
    this.#undo.push(() => held.splice(before));
    return { value: [] };
  }

  #receive({ queue, seek, count, transaction }: Asked, now: Instant): ReturnType<typeof answer> {
    const row = this.#existing(queue);
    if (transaction !== undefined) {
      this.#transaction(transaction);
      if (!row.properties.transactional)
        throw new QueueError('ETRANSACTIONUSAGE', `${queue} is not transactional: it is read without a transaction`, { field: 'transaction' });
    }
    const found = this.#available(row, seek, count, now);
    for (const message of found)
      if (transaction === undefined) this.#rules.received(message, now);
      else this.#lock(message.lookup, transaction);
    return answer(found);
  }

  /** Everything that was sent and received in it, in one commit. */
  #commit(transaction: TransactionId, now: Instant): { value: MessageId[] } {
    const { sends } = this.#transaction(transaction);
    for (const lookup of this.#heldBy(transaction)) {
      const row = this.#tables.get(lookup);
      if (row) this.#rules.received(row, now);
    }
    const value = sends.map((send) => this.#rules.send(send, now));
    this.#end(transaction);
    return { value };
  }

  /** What was received is back in its place, unless it was doomed meanwhile. */
  #abort(transaction: TransactionId, now: Instant): Record<string, never> {
    this.#transaction(transaction);
    for (const lookup of this.#heldBy(transaction)) {
      const row = this.#tables.get(lookup);
      const doom = this.#doomed.get(lookup);
      const queue = row && this.#tables.queueById(row.queue);
      if (row && doom !== undefined) this.#rules.gone(row, doom, now);
      else if (queue) this.#rules.arrived.add(queue.queue);
    }
    this.#end(transaction);
    return {};
  }

  #end(transaction: TransactionId): void {
    const state = this.#transactions.get(transaction);
    const held = this.#heldBy(transaction).map((lookup) => [lookup, this.#doomed.get(lookup)] as const);
    this.#transactions.delete(transaction);
    for (const [lookup] of held) this.#unlock(lookup);
    this.#undo.push(() => {
      if (state) this.#transactions.set(transaction, state);
      for (const [lookup, doom] of held) {
        this.#locks.set(lookup, transaction);
        if (doom !== undefined) this.#doomed.set(lookup, doom);
      }
    });
  }

  #delete(queue: QueueRow, now: Instant): Record<string, never> {
    for (const row of this.#rows(queue)) this.#rules.gone(row, 'nack.queueDeleted', now);
    const journal = this.#tables.queue(journalOf(queue.queue));
    if (journal) this.#tables.removeQueue(this.#emptied(journal).id);
    this.#tables.removeQueue(queue.id);
    return {};
  }

  /** A locked message waits for its transaction, and goes then in any case. */
  #removeAll(queue: QueueRow, why: NegativeAcknowledgement, now: Instant): void {
    for (const row of this.#rows(queue)) {
      if (this.#locks.has(row.lookup)) this.#doom(row.lookup, why);
      else this.#rules.gone(row, why, now);
    }
  }

  #emptied(queue: QueueRow): QueueRow {
    for (const row of this.#rows(queue)) this.#tables.remove(row);
    return queue;
  }

  /** When the next one is past its time. */
  #expire(now: Instant): Instant | undefined {
    for (let after = 0; ;) {
      const page = this.#tables.due(now, after, pageRows);
      for (const row of page) {
        // What a transaction holds expires at the look that follows its end.
        if (!this.#locks.has(row.lookup)) this.#rules.expired(row, now);
        after = row.lookup;
      }
      if (page.length < pageRows) return this.#tables.nextDeadline(now);
    }
  }

  /** Up to `count` that nobody holds and whose time is not over. */
  #available(queue: QueueRow, seek: Seek, count: number, now: Instant): MessageRow[] {
    const found: MessageRow[] = [];
    // Mostly the first that are there will do.
    for (let next: Seek | undefined = seek, limit = count; next && found.length < count; limit = pageRows) {
      const page = this.#tables.from(queue.id, next, limit);
      for (const row of page) {
        if (found.length === count) break;
        if (!this.#locks.has(row.lookup) && (row.deadline === undefined || row.deadline > now)) found.push(row);
      }
      next = page.length < limit ? undefined : following(seek, page.at(-1));
    }
    return found;
  }

  *#rows(queue: QueueRow): Generator<MessageRow> {
    for (let seek: Seek | undefined = { at: 'first' }; seek;) {
      const page = this.#tables.from(queue.id, seek, pageRows);
      yield* page;
      seek = page.length < pageRows ? undefined : following({ at: 'first' }, page.at(-1));
    }
  }

  #lock(lookup: LookupId, transaction: TransactionId): void {
    this.#locks.set(lookup, transaction);
    this.#undo.push(() => this.#locks.delete(lookup));
  }

  #unlock(lookup: LookupId): void {
    this.#locks.delete(lookup);
    this.#doomed.delete(lookup);
  }

  #doom(lookup: LookupId, why: NegativeAcknowledgement): void {
    if (this.#doomed.has(lookup)) return;
    this.#doomed.set(lookup, why);
    this.#undo.push(() => this.#doomed.delete(lookup));
  }

  #heldBy(transaction: TransactionId): LookupId[] {
    return [...this.#locks].filter(([, holder]) => holder === transaction).map(([lookup]) => lookup);
  }

  #transaction(transaction: TransactionId): { readonly sends: Send[] } {
    const state = this.#transactions.get(transaction);
    if (!state) throw new QueueError('ETRANSACTIONSEQUENCE', `there is no open transaction ${transaction}`, { field: 'transaction' });
    return state;
  }

  #existing(queue: QueueKey): QueueRow {
    const row = this.#tables.queue(queue);
    if (!row) throw new QueueError('EQUEUENOTFOUND', `there is no queue ${queue}`, { field: 'path' });
    return row;
  }
}

const answer = (rows: readonly MessageRow[]): { value: FoundOutput[]; bytes: Uint8Array[] } => ({
  value: rows.map(({ lookup, record }) => ({ lookup, record })),
  bytes: rows.map(({ body }) => body),
});

interface Asked {
  readonly queue: QueueKey;
  readonly seek: Seek;
  readonly count: number;
  readonly transaction?: TransactionId;
}

/** Where the next page of the same search begins. */
function following(seek: Seek, last: MessageRow | undefined): Seek | undefined {
  if (!last) return undefined;
  switch (seek.at) {
    case 'first':
    case 'behind':
      return { at: 'behind', of: { priority: last.priority, lookupId: last.lookup } };
    case 'next':
    case 'previous':
      return { at: seek.at, of: last.lookup };
    case 'last':
    case 'current':
      return undefined;
  }
}

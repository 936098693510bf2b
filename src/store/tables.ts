// What the rules of a store (operations/) need from whatever keeps its data: small synchronous tables inside one
// transaction. Whoever implements them opens the transaction, runs one or several operations, commits and syncs;
// an operation that throws must leave nothing behind (a savepoint). Everything that is put is plain JSON, except content.
import type { EntryId, SessionKey } from '../message/recipient.ts';
import type { Instant } from '../time/clock.ts';
import type { ContentRef, Section, StoredMessage } from './message-store.ts';
import type { QueueKey, ScheduleChange, ScheduleEntry } from './schedule.ts';

/** A message by its place in submit order; `entryIdOf(tag, sequence)` is its EntryId. */
export type Sequence = number;

/**
 * One live or lost claim; at most one for each message and queue. A lease whose `until` has passed is lost, as is one
 * whose holder has died (`until` 0). Only lost ones matter after a restart: where a store has one owner, leases may be
 * kept in memory and written with whatever commit comes next; on opening, what was noted is read back with `until` 0.
 */
export interface LeaseRow {
  readonly sequence: Sequence;
  readonly queue: QueueKey;
  readonly fence: number;
  /** The name given by the claimer, which `claimed` shows. */
  readonly owner: string;
  /** Which opened handle of the store took it: it ends with that handle (U-008). */
  readonly holder: string;
  readonly until: Instant;
  /** Recipients shown as claimed. */
  readonly covers: readonly number[];
  /** How many claims of this entry were lost before this one (T-017). */
  readonly recovered: number;
  readonly cancelRequested?: true;
}

/** One row of the change feed. */
export interface ChangeRow {
  readonly place: number;
  readonly at: Instant;
  readonly type: 'newMail' | 'submitted' | 'changed' | 'finished' | 'removed';
  readonly id: EntryId;
  readonly folder: string;
  readonly messageClass?: string;
  readonly session?: SessionKey;
}

export interface IdempotencyRow {
  readonly key: string;
  readonly digest: string;
  readonly id: EntryId;
  readonly at: Instant;
}

/** Content and how many references messages hold to it. */
export interface ContentRow extends ContentRef {
  readonly uses: number;
  readonly at: Instant;
}

/** How messages are looked up beside their id. `remoteId`: what another system calls one. */
export type LookupKind = 'messageId' | 'envelopeId' | 'remoteId';

/** What a page of messages may be narrowed by; the rules judge each record again, so ignoring it is correct. */
export interface ScanHint {
  readonly folder?: string;
  readonly direction?: 'outbound' | 'inbound';
  /** Only such as have no `finishedAt`. */
  readonly unfinished?: boolean;
}

export interface MessageTables {
  /** Drawn once when the store is created (`newStoreTag`). */
  readonly tag: string;
  /** Never returns the same number twice, also after a restart or a rollback; gaps are fine. Starts at 1. */
  next(counter: 'sequence' | 'fence' | 'content'): number;

  // Messages. A damaged record is set aside with its schedule, counted and logged by the implementation; it then reads
  // as absent (T-003).
  message(sequence: Sequence): StoredMessage | undefined;
  /** Inserts or replaces; `schedule` is what changes in the queues. */
  putMessage(sequence: Sequence, record: StoredMessage, schedule: ScheduleChange): void;
  removeMessage(sequence: Sequence, schedule: ScheduleChange): void;
  /** Ascending, beyond `after`, at most `limit`. An empty page means the end. */
  page(after: Sequence, limit: number, hint: ScanHint): readonly (readonly [Sequence, StoredMessage])[];

  // The schedule
  /** This message's entries, in any order; for checks, not used by the rules. */
  scheduled(sequence: Sequence): readonly ScheduleEntry[];
  /**
   * What is due (`dueAt` <= `now`) in a queue: ascending sequence, or for `priority` higher first and ascending within
   * one. Read lazily; the cost of the first entries must not grow with the number of those not yet due. Leases may be
   * written while it is read, nothing else.
   */
  due(queue: QueueKey, now: Instant, ordering: 'submitTime' | 'priority'): Iterable<Sequence>;
  /** The earliest `dueAt` beyond `now`. */
  nextDue(queue: QueueKey, now: Instant): Instant | undefined;
  /** How many entries each queue has, due or not; without `contentRetention` and `recordRetention`, which grow large. */
  queueSizes(): readonly (readonly [QueueKey, number])[];

  // Leases
  lease(sequence: Sequence, queue: QueueKey): LeaseRow | undefined;
  leases(sequence: Sequence): readonly LeaseRow[];
  leasesOf(holder: string): readonly LeaseRow[];
  putLease(lease: LeaseRow): void;
  removeLease(sequence: Sequence, queue: QueueKey): void;

  // Other names of messages
  addKey(kind: LookupKind, value: string, sequence: Sequence): void;
  removeKey(kind: LookupKind, value: string, sequence: Sequence): void;
  /** Ascending. */
  findKey(kind: LookupKind, value: string): readonly Sequence[];
  /** References and aliases of received mail. They outlive the message, or it would be received again. */
  reference(session: SessionKey, reference: string): Sequence | undefined;
  putReference(session: SessionKey, reference: string, sequence: Sequence): void;

  // Idempotency keys and sections
  idempotencyKey(key: string): IdempotencyRow | undefined;
  putIdempotencyKey(row: IdempotencyRow): void;
  /** Removes up to `limit` from before `at`; returns how many. */
  trimIdempotencyKeys(at: Instant, limit: number): number;
  section(key: string): Section | undefined;
  putSection(section: Section): void;
  /** Removes up to `limit` that expired by `now`; returns how many. */
  trimSections(now: Instant, limit: number): number;

  // The change feed. Places ascend and are never used twice.
  appendChange(change: Omit<ChangeRow, 'place'>): void;
  changesAfter(place: number, limit: number): readonly ChangeRow[];
  /** `last`: the last place that was given, 0 if none; `trimmed`: the last place that was removed, 0 if none. */
  feedBounds(): { readonly last: number; readonly trimmed: number };
  /** Removes up to `limit` from before `at`, oldest first; returns how many. */
  trimChanges(at: Instant, limit: number): number;

  // Content. Large content may lie elsewhere: then its row is put without bytes once it is safely there (T-001).
  content(ref: string): ContentRow | undefined;
  putContent(row: ContentRow, bytes?: Uint8Array): void;
  /** Adds to `uses`. At 0 the row and its bytes go: bytes that lie elsewhere after the commit. */
  useContent(ref: string, change: 1 | -1): void;
  /** The bytes, where they lie in the table. */
  inlineContent(ref: string): Uint8Array | undefined;
  /** Removes up to `limit` without any use from before `at`; returns how many. */
  trimContent(at: Instant, limit: number): number;
}

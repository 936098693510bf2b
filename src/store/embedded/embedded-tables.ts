// The tables that the rules of a store need (../tables.ts), over one SQLite connection in the worker.
import type { Connection } from '../../database/index.ts';
import type { Instant } from '../../time/clock.ts';
import type { SessionKey } from '../../message/recipient.ts';
import type { Section, StoredMessage } from '../message-store.ts';
import type { QueueKey, ScheduleChange, ScheduleEntry } from '../schedule.ts';
import type { ChangeRow, ContentRow, IdempotencyRow, LeaseRow, LookupKind, MessageTables, ScanHint, Sequence } from '../tables.ts';
import { ContentTable } from './content-table.ts';
import { Counters } from './counters.ts';
import { FeedTable } from './feed-table.ts';
import { LeaseTable } from './lease-table.ts';
import { type Damage, MessageTable } from './message-table.ts';
import { NameTables } from './name-tables.ts';
import { ProfileTables } from './profile-tables.ts';
import { ScheduleTable } from './schedule-table.ts';
import { type Shared, Statements } from './statements.ts';
import { Transaction } from './transaction.ts';

/** Free pages that the file keeps for what comes next: 8 MiB. */
const sparePages = 2048;

export interface FilePages {
  readonly free: number;
  readonly all: number;
  readonly bytesEach: number;
}

export class EmbeddedTables implements MessageTables {
  readonly tag: string;
  readonly transaction: Transaction = new Transaction();
  readonly contents: ContentTable;
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #counters: Counters;
  readonly #messages: MessageTable;
  readonly #schedule: ScheduleTable;
  readonly #leases: LeaseTable;
  readonly #names: NameTables;
  readonly #profile: ProfileTables;
  readonly #feed: FeedTable;
  /** Set aside in memory at once, on disk with the next commit. */
  readonly #damaged = new Map<Sequence, Damage>();
  readonly #movedAway = new Set<Sequence>();
  readonly #unreported: Damage[] = [];

  constructor(connection: Connection, directory: string) {
    const shared: Shared = { statements: new Statements(connection, this.transaction), transaction: this.transaction };
    this.#connection = connection;
    this.#statements = shared.statements;
    this.tag = String(shared.statements.first("SELECT value FROM meta WHERE name = 'tag'")?.['value']);
    this.#counters = new Counters(shared);
    this.#messages = new MessageTable(shared, (damage) => this.#setAside(damage));
    this.#schedule = new ScheduleTable(shared);
    this.#leases = new LeaseTable(shared);
    this.#names = new NameTables(shared);
    this.#profile = new ProfileTables(shared);
    this.#feed = new FeedTable(shared);
    this.contents = new ContentTable(shared, directory);
  }

  next(counter: 'sequence' | 'fence' | 'content'): number {
    return this.#counters.next(counter);
  }

  message(sequence: Sequence): StoredMessage | undefined {
    return this.#damaged.has(sequence) ? undefined : this.#messages.get(sequence);
  }

  putMessage(sequence: Sequence, record: StoredMessage, schedule: ScheduleChange): void {
    this.#messages.put(sequence, record);
    this.#schedule.change(sequence, schedule);
  }

  removeMessage(sequence: Sequence, schedule: ScheduleChange): void {
    this.#messages.remove(sequence);
    this.#schedule.change(sequence, schedule);
  }

  page(after: Sequence, limit: number, hint: ScanHint): readonly (readonly [Sequence, StoredMessage])[] {
    return this.#messages.page(after, limit, hint);
  }

  scheduled(sequence: Sequence): readonly ScheduleEntry[] {
    return this.#schedule.of(sequence);
  }

  due(queue: QueueKey, now: Instant, ordering: 'submitTime' | 'priority'): Iterable<Sequence> {
    return this.#schedule.due(queue, now, ordering);
  }

  nextDue(queue: QueueKey, now: Instant): Instant | undefined {
    return this.#schedule.nextDue(queue, now);
  }

  queueSizes(): readonly (readonly [QueueKey, number])[] {
    return this.#schedule.sizes();
  }

  lease(sequence: Sequence, queue: QueueKey): LeaseRow | undefined {
    return this.#leases.get(sequence, queue);
  }

  leases(sequence: Sequence): readonly LeaseRow[] {
    return this.#leases.of(sequence);
  }

  leasesOf(holder: string): readonly LeaseRow[] {
    return this.#leases.heldBy(holder);
  }

  putLease(lease: LeaseRow): void {
    this.#leases.put(lease);
  }

  removeLease(sequence: Sequence, queue: QueueKey): void {
    this.#leases.remove(sequence, queue);
  }

  addKey(kind: LookupKind, value: string, sequence: Sequence): void {
    this.#names.add(kind, value, sequence);
  }

  removeKey(kind: LookupKind, value: string, sequence: Sequence): void {
    this.#names.remove(kind, value, sequence);
  }

  findKey(kind: LookupKind, value: string): readonly Sequence[] {
    return this.#names.find(kind, value);
  }

  reference(session: SessionKey, reference: string): Sequence | undefined {
    return this.#names.reference(session, reference);
  }

  putReference(session: SessionKey, reference: string, sequence: Sequence): void {
    this.#names.putReference(session, reference, sequence);
  }

  idempotencyKey(key: string): IdempotencyRow | undefined {
    return this.#profile.idempotencyKey(key);
  }

  putIdempotencyKey(row: IdempotencyRow): void {
    this.#profile.putIdempotencyKey(row);
  }

  trimIdempotencyKeys(at: Instant, limit: number): number {
    return this.#profile.trimIdempotencyKeys(at, limit);
  }

  section(key: string): Section | undefined {
    return this.#profile.section(key);
  }

  putSection(section: Section): void {
    this.#profile.putSection(section);
  }

  trimSections(now: Instant, limit: number): number {
    return this.#profile.trimSections(now, limit);
  }

  appendChange(change: Omit<ChangeRow, 'place'>): void {
    this.#feed.append(change);
  }

  changesAfter(place: number, limit: number): readonly ChangeRow[] {
    return this.#feed.after(place, limit);
  }

  feedBounds(): { readonly last: number; readonly trimmed: number } {
    return this.#feed.bounds();
  }

  trimChanges(at: Instant, limit: number): number {
    return this.#feed.trim(at, limit);
  }

  content(ref: string): ContentRow | undefined {
    return this.contents.row(ref);
  }

  putContent(row: ContentRow, bytes: Uint8Array = new Uint8Array()): void {
    this.contents.put(row, { bytes });
  }

  useContent(ref: string, change: 1 | -1): void {
    this.contents.use(ref, change);
  }

  inlineContent(ref: string): Uint8Array | undefined {
    return this.contents.bytes(ref);
  }

  trimContent(at: Instant, limit: number): number {
    return this.contents.trim(at, limit);
  }

  /** Leases outlive a connection: whoever holds them works on. */
  adoptLeases(from: EmbeddedTables): void {
    this.#leases.adopt(from.#leases);
  }

  /** Gives back part of what was freed, once it is worth it. */
  shrink(): void {
    const free = Number(this.#connection.pragma('freelist_count') ?? 0);
    if (free > sparePages) this.#connection.exec(`PRAGMA incremental_vacuum(${sparePages})`);
  }

  /** Shortens the file by up to so many free pages; how many are free still, and how many it has. */
  giveBack(pages: number): FilePages {
    if (pages > 0) this.#connection.exec(`PRAGMA incremental_vacuum(${pages})`);
    const read = (name: string) => Number(this.#connection.pragma(name) ?? 0);
    return { free: read('freelist_count'), all: read('page_count'), bytesEach: read('page_size') };
  }

  /** The last that goes into a transaction: what needs no commit of its own. */
  complete(now: Instant): void {
    this.#moveDamaged(now);
    this.#feed.flush();
    this.#counters.topUp();
    this.#leases.note();
  }

  /** Moves what was found damaged out of the way of everything else. */
  #moveDamaged(now: Instant): void {
    for (const { sequence, reason, record } of this.#damaged.values()) {
      if (this.#movedAway.has(sequence)) continue;
      this.#statements.write(
        'INSERT OR REPLACE INTO damaged_message (sequence, reason, at, record) VALUES (?, ?, ?, ?)',
        sequence,
        reason,
        now,
        record,
      );
      this.#schedule.removeAll(sequence);
      this.#movedAway.add(sequence);
      this.transaction.onRollback(() => this.#movedAway.delete(sequence));
      if (this.#messages.removeDamaged(sequence)) this.transaction.afterCommit(() => this.#damaged.delete(sequence));
    }
  }

  /** What was found since the last question. */
  takeDamage(): { readonly found: readonly Damage[]; readonly total: number } | undefined {
    if (this.#unreported.length === 0) return undefined;
    const total = Number(this.#statements.first('SELECT count(*) AS total FROM damaged_message')?.['total']) + this.#damaged.size;
    return { found: this.#unreported.splice(0), total };
  }

  #setAside(damage: Damage): void {
    if (this.#damaged.has(damage.sequence)) return;
    this.#damaged.set(damage.sequence, damage);
    this.#unreported.push(damage);
  }
}

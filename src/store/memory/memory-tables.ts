// MessageTables in maps and sorted sets. Everything is noted in a journal, so that a transaction that fails is undone;
// what is put is frozen, so that nobody changes it from outside.
import type { SessionKey } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import type { Section, StoredMessage } from '../message-store.ts';
import type { QueueKey, ScheduleChange, ScheduleEntry } from '../schedule.ts';
import type { ChangeRow, ContentRow, IdempotencyRow, LeaseRow, LookupKind, MessageTables, Sequence } from '../tables.ts';
import { ContentTable } from './content-table.ts';
import { FeedTable } from './feed-table.ts';
import { type Journal, JournalledMap } from './journal.ts';
import { LeaseTable } from './lease-table.ts';
import { ScheduleTable } from './schedule-table.ts';
import { SortedSet } from './sorted.ts';

/** Called before each write that would go to a disk; throws to let it fail. */
export type BeforeWrite = (table: string) => void;

export class MemoryTables implements MessageTables {
  readonly tag: string;
  readonly #journal: Journal;
  readonly #beforeWrite: BeforeWrite;
  readonly #counters = { sequence: 0, fence: 0, content: 0 };
  readonly #messages: JournalledMap<Sequence, StoredMessage>;
  readonly #sequences = new SortedSet<Sequence>((a, b) => a - b);
  readonly #schedule: ScheduleTable;
  readonly #leases: LeaseTable;
  readonly #names: JournalledMap<string, readonly Sequence[]>;
  readonly #references: JournalledMap<string, Sequence>;
  readonly #idempotencyKeys: JournalledMap<string, IdempotencyRow>;
  readonly #sections: JournalledMap<string, Section>;
  readonly #feed: FeedTable;
  readonly #contents: ContentTable;

  constructor(tag: string, journal: Journal, beforeWrite: BeforeWrite) {
    this.tag = tag;
    this.#journal = journal;
    this.#beforeWrite = beforeWrite;
    this.#messages = new JournalledMap(journal);
    this.#schedule = new ScheduleTable(journal);
    this.#leases = new LeaseTable(journal);
    this.#names = new JournalledMap(journal);
    this.#references = new JournalledMap(journal);
    this.#idempotencyKeys = new JournalledMap(journal);
    this.#sections = new JournalledMap(journal);
    this.#feed = new FeedTable(journal);
    this.#contents = new ContentTable(journal);
  }

  next(counter: 'sequence' | 'fence' | 'content'): number {
    this.#counters[counter] += 1;
    return this.#counters[counter];
  }

  message(sequence: Sequence): StoredMessage | undefined {
    return this.#messages.get(sequence);
  }

  putMessage(sequence: Sequence, record: StoredMessage, schedule: ScheduleChange): void {
    this.#beforeWrite('messages');
    if (!this.#messages.get(sequence)) {
      this.#sequences.add(sequence);
      this.#journal.note(() => this.#sequences.delete(sequence));
    }
    this.#messages.set(sequence, deepFreeze(record));
    this.#change(sequence, schedule);
  }

  removeMessage(sequence: Sequence, schedule: ScheduleChange): void {
    this.#beforeWrite('messages');
    this.#sequences.delete(sequence);
    this.#journal.note(() => this.#sequences.add(sequence));
    this.#messages.delete(sequence);
    this.#change(sequence, schedule);
  }

  #change(sequence: Sequence, schedule: ScheduleChange): void {
    if (schedule.added.length + schedule.removed.length === 0) return;
    this.#beforeWrite('schedule');
    this.#schedule.change(sequence, schedule);
  }

  page(after: Sequence, limit: number): readonly (readonly [Sequence, StoredMessage])[] {
    const page: (readonly [Sequence, StoredMessage])[] = [];
    for (const sequence of this.#sequences.from(after + 1)) {
      if (page.length >= limit) break;
      const record = this.#messages.get(sequence);
      if (record) page.push([sequence, record]);
    }
    return page;
  }

  scheduled(sequence: Sequence): readonly ScheduleEntry[] {
    return this.#schedule.entries(sequence);
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
    return this.#leases.of(sequence).find((lease) => lease.queue === queue);
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
    this.#beforeWrite('keys');
    const known = this.findKey(kind, value).filter((other) => other !== sequence);
    this.#names.set(
      nameKey(kind, value),
      [...known, sequence].sort((a, b) => a - b),
    );
  }

  removeKey(kind: LookupKind, value: string, sequence: Sequence): void {
    this.#beforeWrite('keys');
    const left = this.findKey(kind, value).filter((other) => other !== sequence);
    if (left.length === 0) this.#names.delete(nameKey(kind, value));
    else this.#names.set(nameKey(kind, value), left);
  }

  findKey(kind: LookupKind, value: string): readonly Sequence[] {
    return this.#names.get(nameKey(kind, value)) ?? [];
  }

  reference(session: SessionKey, reference: string): Sequence | undefined {
    return this.#references.get(nameKey(session, reference));
  }

  putReference(session: SessionKey, reference: string, sequence: Sequence): void {
    this.#beforeWrite('references');
    this.#references.set(nameKey(session, reference), sequence);
  }

  idempotencyKey(key: string): IdempotencyRow | undefined {
    return this.#idempotencyKeys.get(key);
  }

  putIdempotencyKey(row: IdempotencyRow): void {
    this.#beforeWrite('idempotencyKeys');
    this.#idempotencyKeys.set(row.key, row);
  }

  trimIdempotencyKeys(at: Instant, limit: number): number {
    this.#beforeWrite('idempotencyKeys');
    return this.#idempotencyKeys.trim(limit, (row) => row.at < at);
  }

  section(key: string): Section | undefined {
    return this.#sections.get(key);
  }

  putSection(section: Section): void {
    this.#beforeWrite('sections');
    this.#sections.set(section.key, deepFreeze(section));
  }

  trimSections(now: Instant, limit: number): number {
    this.#beforeWrite('sections');
    return this.#sections.trim(limit, (section) => (section.expiresAt ?? Number.POSITIVE_INFINITY) <= now);
  }

  appendChange(change: Omit<ChangeRow, 'place'>): void {
    this.#beforeWrite('changes');
    this.#feed.append(change);
  }

  changesAfter(place: number, limit: number): readonly ChangeRow[] {
    return this.#feed.after(place, limit);
  }

  feedBounds(): { readonly last: number; readonly trimmed: number } {
    return this.#feed.bounds();
  }

  trimChanges(at: Instant, limit: number): number {
    this.#beforeWrite('changes');
    return this.#feed.trim(at, limit);
  }

  content(ref: string): ContentRow | undefined {
    return this.#contents.row(ref);
  }

  putContent(row: ContentRow, bytes?: Uint8Array): void {
    this.#beforeWrite('contents');
    this.#contents.put(row, bytes);
  }

  useContent(ref: string, change: 1 | -1): void {
    this.#beforeWrite('contents');
    this.#contents.use(ref, change);
  }

  inlineContent(ref: string): Uint8Array | undefined {
    return this.#contents.bytes(ref)?.slice();
  }

  /** As a disk would: one bit is not what it was. */
  damage(ref: string): void {
    const bytes = this.#contents.bytes(ref);
    if (bytes?.length) bytes[0] = (bytes[0] ?? 0) ^ 1;
  }

  trimContent(at: Instant, limit: number): number {
    this.#beforeWrite('contents');
    return this.#contents.trim(at, limit);
  }
}

const nameKey = (kind: string, value: string): string => `${kind}\u001f${value}`;

/** What is frozen already is not walked again. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

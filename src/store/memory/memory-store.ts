// A message store in memory, for tests and for programs that need nothing durable: the same rules as every other, and
// a disk that can be made to fail. Several spoolers share it through `sharing()`.
import type { Readable } from 'node:stream';
import { MailspoolError } from '../../errors.ts';
import type { Cursor, EntryId, SessionKey } from '../../message/recipient.ts';
import type { MessageLookup } from '../../provider/spooler-support.ts';
import type { Clock, Instant } from '../../time/clock.ts';
import { contentNotFound, digested, verifiedStream } from '../content-stream.ts';
import { sequenceOf } from '../entry-id.ts';
import { allPages, follow } from '../following.ts';
import type {
  Change,
  Claim,
  ContentRef,
  Demand,
  Lease,
  LeaseOwner,
  MessageFilter,
  MessageStore,
  NewMessage,
  NewReceived,
  Queue,
  Retention,
  Section,
  Settled,
  Settlement,
  StoredMessage,
  StoreSupport,
  Submitted,
} from '../message-store.ts';
import { newContentRef } from '../operations/content.ts';
import type { Operation } from '../operations/operation.ts';
import { rules } from '../rules.ts';
import type { ScheduleEntry } from '../schedule.ts';
import { Disk, type DiskWrite, type Opened } from './disk.ts';

export interface MemoryStoreOptions {
  /** Default: the clock of whoever opens it. */
  readonly clock?: Clock;
}

/** A message store in memory, with controls for tests. */
export const memoryStore = (options: MemoryStoreOptions = {}): MemoryStore => new MemoryStore(options, new Disk());

const { writes, volatile, reads } = rules;

export class MemoryStore implements MessageStore {
  readonly capabilities: MessageStore['capabilities'] = { shared: true, durable: false };
  readonly #options: MemoryStoreOptions;
  readonly #disk: Disk;
  #handle: Handle | undefined;

  constructor(options: MemoryStoreOptions, disk: Disk) {
    this.#options = options;
    this.#disk = disk;
  }

  /** Another handle on the same data, for another spooler; it is opened and disposed by itself. */
  sharing(): MemoryStore {
    return new MemoryStore(this.#options, this.#disk);
  }

  async open(support: StoreSupport): Promise<void> {
    if (this.#handle) throw new MailspoolError('ESTORELOCKED', 'this memory store is open; a second spooler opens what sharing() returns');
    const handle = new Handle(support, this.#options.clock ?? support.clock, this.#disk.newHolder());
    this.#disk.open(handle, support.random);
    this.#handle = handle;
  }

  async putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef> {
    const chunks: Uint8Array[] = [];
    const measured = await digested(source, (chunk) => void chunks.push(new Uint8Array(chunk)), signal);
    return this.#write((operation) => {
      const stored = { ref: newContentRef(operation), ...measured };
      operation.tables.putContent({ ...stored, uses: 0, at: operation.now }, Buffer.concat(chunks));
      return stored;
    });
  }

  readContent(ref: ContentRef): Readable {
    const read = () => this.#read((operation) => operation.tables.inlineContent(ref.ref));
    return verifiedStream(ref, inPieces(ref, read));
  }

  submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
    const given = structuredClone(messages);
    return this.#write((operation) => writes.submit(operation, given));
  }

  async claim(demands: readonly Demand[], owner: LeaseOwner): Promise<{ claims: Claim[]; nextDueAt?: Instant }> {
    const { holder } = this.#opened();
    return this.#read((operation) => volatile.claim(operation, demands, { ...owner, holder }, this.#disk.turns));
  }

  async renew(leases: readonly Lease[], until: Instant): Promise<{ lease: Lease; news: 'lost' | 'cancelRequested' }[]> {
    return this.#read((operation) => volatile.renew(operation, leases, until));
  }

  settle(settlements: readonly Settlement[]): Promise<Settled[]> {
    const given = structuredClone(settlements);
    return this.#write((operation) => writes.settle(operation, given));
  }

  async received(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#read((operation) => reads.received(operation, session, references));
  }

  async headersOnly(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#read((operation) => reads.headersOnly(operation, session, references));
  }

  receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
    const given = structuredClone(messages);
    return this.#write((operation) => writes.receive(operation, given));
  }

  async get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
    return this.#read((operation) => reads.get(operation, ids));
  }

  find(filter: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage> {
    return allPages(async (from) => this.#read((operation) => reads.findPage(operation, filter, from)), after);
  }

  async lookup(message: MessageLookup): Promise<EntryId[]> {
    return this.#read((operation) => reads.lookup(operation, message));
  }

  changes(after: Cursor | undefined, signal: AbortSignal): AsyncIterable<Change> {
    const handle = this.#handle;
    const feed = {
      bell: this.#disk.bell,
      end: async () => this.#read(reads.feedEnd),
      page: async (from: Cursor) => this.#read((operation) => reads.changesPage(operation, from)),
      isClosed: () => handle !== undefined && handle.isClosed,
    };
    return follow(feed, after, signal);
  }

  async queues(): Promise<{ queue: Queue; entries: number }[]> {
    return this.#read(reads.queues);
  }

  async load(keys: readonly string[]): Promise<(Section | undefined)[]> {
    return this.#read((operation) => reads.load(operation, keys));
  }

  save(sections: readonly Section[]): Promise<boolean[]> {
    const given = structuredClone(sections);
    return this.#write((operation) => writes.save(operation, given));
  }

  sweep(retention: Retention): Promise<{ more: boolean }> {
    return this.#write((operation) => writes.sweep(operation, retention));
  }

  /** Waits for what was called before; its leases are free at once (U-008). It may be opened again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    if (!handle) return;
    await this.#disk.commit(handle, () => undefined);
    this.#close(handle);
  }

  /**
   * For tests: as if the process that has this handle open had died. What it had not synced is lost, its pending calls
   * reject with ESTORE, its leases are free. Open it again to see what is left. `written`: so many of the pending calls,
   * the oldest first, reached the disk although nobody was told (a torn sync); default none.
   */
  crash({ written = 0 }: { readonly written?: number } = {}): void {
    const handle = this.#handle;
    if (!handle) return;
    this.#disk.crash(handle, written);
    this.#close(handle);
  }

  /** For tests: until the returned function is called nothing reaches the disk and no call that writes resolves. */
  holdSync(): () => void {
    return this.#disk.hold();
  }

  /**
   * For tests: lets writes fail, the n-th row from now, or each that the predicate names. The call rejects with ESTORE
   * (temporary) and has changed nothing. Ends with the next `failWrites`, or with the returned function.
   */
  failWrites(which: number | ((write: DiskWrite) => boolean), error: Error = diskFull()): () => void {
    return this.#disk.failWrites(typeof which === 'number' ? ({ number }) => number === which : which, error);
  }

  /**
   * For tests: lets syncs fail, the n-th from now, or each that the predicate names. Every call that the sync was for
   * rejects with ESTORE (temporary), and nothing of it is on the disk (T-004). Ends with the next `failSyncs`, or with
   * the returned function.
   */
  failSyncs(which: number | ((number: number) => boolean), error: Error = ioError()): () => void {
    return this.#disk.failSyncs(typeof which === 'number' ? (number) => number === which : which, error);
  }

  /** For tests: content that a disk has damaged (T-002). */
  damage({ ref }: ContentRef): void {
    this.#disk.tables.damage(ref);
  }

  /** For tests: where a message waits, as it is stored. */
  scheduled(id: EntryId): readonly ScheduleEntry[] {
    const sequence = sequenceOf(this.#disk.tables.tag, id);
    return sequence === undefined ? [] : this.#disk.tables.scheduled(sequence);
  }

  #close(handle: Handle): void {
    this.#disk.immediately(handle, (operation) => volatile.loseLeases(operation, handle.holder));
    handle.isClosed = true;
    this.#disk.close(handle);
    this.#disk.bell.ring();
    this.#handle = undefined;
  }

  #opened(): Handle {
    if (!this.#handle) throw new MailspoolError('ESTORE', 'the store is not open');
    return this.#handle;
  }

  async #write<Result>(rule: (operation: Operation) => Result): Promise<Result> {
    return this.#disk.commit(this.#opened(), rule);
  }

  #read<Result>(rule: (operation: Operation) => Result): Result {
    return this.#disk.immediately(this.#opened(), rule);
  }
}

/** One opening of a store: its time, its leases, whom to wake. */
class Handle implements Opened {
  readonly holder: string;
  isClosed = false;
  readonly #support: StoreSupport;
  readonly #clock: Clock;

  constructor(support: StoreSupport, clock: Clock, holder: string) {
    this.#support = support;
    this.#clock = clock;
    this.holder = holder;
  }

  now(): Instant {
    return this.#clock.now();
  }

  queueChanged(queues: readonly Queue[]): void {
    try {
      this.#support.queueChanged(queues);
    } catch (error) {
      this.#support.logger.error({ error }, 'queueChanged threw');
    }
  }
}

const pieceBytes = 65_536;

async function* inPieces(ref: ContentRef, read: () => Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  const bytes = read();
  if (!bytes) throw contentNotFound(ref);
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}

const diskFull = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

const ioError = (): Error => Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });

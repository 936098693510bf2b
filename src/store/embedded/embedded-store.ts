// The store that needs no server: SQLite in a directory of its own, which one process owns. What a call that writes has
// answered is on disk (T-001).
import type { Readable } from 'node:stream';
import { resolve } from 'node:path';
import { type Database, defaultReserveBytes, openDatabase } from '../../database/index.ts';
import { MailspoolError } from '../../errors.ts';
import type { Cursor, EntryId, SessionKey } from '../../message/recipient.ts';
import type { MessageLookup } from '../../provider/spooler-support.ts';
import { Bell } from '../../time/bell.ts';
import type { Instant } from '../../time/clock.ts';
import { contentNotFound, digested, verifiedStream } from '../content-stream.ts';
import { newStoreTag } from '../entry-id.ts';
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
import type { Page } from '../operations/read.ts';
import { queueOf } from '../schedule.ts';
import { type ContentFile, ContentFiles } from './content-files.ts';
import { OutgoingBytes } from './inline-content.ts';
import { storeFile } from './schema.ts';
import type { EmbeddedNews, EmbeddedOptions } from './program.ts';

export interface EmbeddedStoreOptions {
  /** Created with mode 0700. One process owns it at a time (T-007). */
  readonly directory: string;
  /** Intake stops when less than this is free on its disk (T-006); default 96 MiB. 0: it never stops. */
  readonly reserveBytes?: number;
}

/** The default store: durable, in a directory, without a server. */
export const embeddedStore = (options: EmbeddedStoreOptions): MessageStore => new EmbeddedStore(options);

/** Larger content gets a file of its own. */
const inTableBytes = 65_536;

class EmbeddedStore implements MessageStore {
  readonly capabilities: MessageStore['capabilities'] = { shared: false, durable: true };
  readonly #directory: string;
  readonly #reserveBytes: number;
  #opened: Opened | undefined;

  constructor({ directory, reserveBytes = defaultReserveBytes }: EmbeddedStoreOptions) {
    this.#directory = resolve(directory);
    this.#reserveBytes = reserveBytes;
  }

  async open(support: StoreSupport): Promise<void> {
    if (this.#opened) throw new MailspoolError('ESTORELOCKED', `the store in ${this.#directory} is open already`);
    const bell = new Bell();
    const options: EmbeddedOptions = { reserveBytes: this.#reserveBytes, tag: newStoreTag(support.random) };
    const opening = openDatabase({
      directory: this.#directory,
      file: storeFile,
      program: new URL(import.meta.url.endsWith('.ts') ? './program.ts' : './program.js', import.meta.url),
      options,
      clock: support.clock,
      onNews: (news) => spread(news as EmbeddedNews, support, bell),
    });
    const database = await working(support, opening);
    this.#opened = { database, support, bell, files: new ContentFiles(this.#directory, support.random) };
  }

  async putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef> {
    const { files } = this.#open();
    const small: Uint8Array[] = [];
    let smallBytes = 0;
    let file: ContentFile | undefined;
    try {
      const measured = await digested(
        source,
        async (chunk) => {
          if (!file && smallBytes + chunk.byteLength <= inTableBytes) {
            small.push(new Uint8Array(chunk));
            smallBytes += chunk.byteLength;
            return;
          }
          file ??= await this.#startFile(files, small);
          await file.write(chunk);
        },
        signal,
      );
      await file?.finish();
      return await this.#value<ContentRef>('putContent', { ...measured, ...(file && { file: file.file }) }, file ? [] : [Buffer.concat(small)]);
    } catch (error) {
      await file?.discard();
      throw error;
    }
  }

  readContent(ref: ContentRef): Readable {
    return verifiedStream(ref, this.#contentOf(ref));
  }

  submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
    const outgoing = new OutgoingBytes();
    return this.#value('submit', outgoing.messages(messages), outgoing.bytes);
  }

  async claim(demands: readonly Demand[], owner: LeaseOwner): Promise<{ claims: Claim[]; nextDueAt?: Instant }> {
    const { value, bytes } = await this.#call('claim', { demands, owner });
    const claimed = value as { claims: (Claim & { inline?: unknown })[]; nextDueAt?: Instant };
    for (const claim of claimed.claims) if (claim.inline !== undefined) (claim as { inline: unknown }).inline = bytes[Number(claim.inline)];
    return claimed;
  }

  renew(leases: readonly Lease[], until: Instant): Promise<{ lease: Lease; news: 'lost' | 'cancelRequested' }[]> {
    return this.#value('renew', { leases, until });
  }

  settle(settlements: readonly Settlement[]): Promise<Settled[]> {
    const outgoing = new OutgoingBytes();
    return this.#value('settle', outgoing.settlements(settlements), outgoing.bytes);
  }

  async received(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.#value<string[]>('received', { session, references }));
  }

  async headersOnly(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.#value<string[]>('headersOnly', { session, references }));
  }

  receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
    const outgoing = new OutgoingBytes();
    return this.#value('receive', outgoing.messages(messages), outgoing.bytes);
  }

  async get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
    return (await this.#value<(StoredMessage | null)[]>('get', ids)).map(absentIfNull);
  }

  find(filter: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage> {
    return allPages((from) => this.#value<Page>('findPage', { filter, after: from }), after);
  }

  lookup(message: MessageLookup): Promise<EntryId[]> {
    return this.#value('lookup', message);
  }

  changes(after: Cursor | undefined, signal: AbortSignal): AsyncIterable<Change> {
    const opened = this.#open();
    const feed = {
      bell: opened.bell,
      end: () => this.#value<Cursor>('feedEnd', null),
      page: (from: Cursor) => this.#value<Change[]>('changesPage', from),
      isClosed: () => this.#opened !== opened,
    };
    return follow(feed, after, signal);
  }

  queues(): Promise<{ queue: Queue; entries: number }[]> {
    return this.#value('queues', null);
  }

  async load(keys: readonly string[]): Promise<(Section | undefined)[]> {
    return (await this.#value<(Section | null)[]>('load', keys)).map(absentIfNull);
  }

  save(sections: readonly Section[]): Promise<boolean[]> {
    return this.#value('save', sections);
  }

  sweep(retention: Retention): Promise<{ more: boolean }> {
    return this.#value('sweep', retention);
  }

  /** Waits for what was called before, and frees the directory. It may be opened again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#opened = undefined;
    await working(opened.support, opened.database[Symbol.asyncDispose]());
    opened.bell.ring();
  }

  async #startFile(files: ContentFiles, begun: readonly Uint8Array[]): Promise<ContentFile> {
    await this.#call('admit', null);
    const file = await files.create();
    await file.write(Buffer.concat(begun));
    return file;
  }

  async *#contentOf(ref: ContentRef): AsyncGenerator<Uint8Array> {
    const { value, bytes } = await this.#call('locate', ref.ref);
    const place = value as { file?: string } | null;
    if (!place) throw contentNotFound(ref);
    if (place.file === undefined) yield* bytes;
    else yield* this.#open().files.read(ref, place.file);
  }

  async #value<Result>(name: string, input: unknown, bytes?: readonly Uint8Array[]): Promise<Result> {
    return (await this.#call(name, input, bytes)).value as Result;
  }

  async #call(name: string, input: unknown, bytes?: readonly Uint8Array[]) {
    const { database, support } = this.#open();
    return working(support, database.call(name, input, bytes));
  }

  #open(): Opened {
    if (!this.#opened) throw new MailspoolError('ESTORE', `the store in ${this.#directory} is not open`);
    return this.#opened;
  }
}

interface Opened {
  readonly database: Database;
  readonly support: StoreSupport;
  readonly bell: Bell;
  readonly files: ContentFiles;
}

/** A virtual clock does not move on while the worker is busy. */
const working = <Result>({ clock }: StoreSupport, running: Promise<Result>): Promise<Result> => clock.work?.(running) ?? running;

const absentIfNull = <Value>(value: Value | null): Value | undefined => value ?? undefined;

function spread({ queues, feed, damage }: EmbeddedNews, support: StoreSupport, bell: Bell): void {
  if (damage) {
    const { found, total } = damage;
    support.logger.warn(
      { code: 'ECORRUPT', damaged: found, total },
      `${found.length} damaged messages were set aside, ${total} in all; the others go on`,
    );
  }
  if (feed) bell.ring();
  if (queues.length === 0) return;
  try {
    support.queueChanged(queues.map(queueOf).filter((queue) => queue !== undefined));
  } catch (error) {
    support.logger.error({ error }, 'queueChanged threw');
  }
}

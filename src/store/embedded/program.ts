// What runs in the worker: the rules of a store over the embedded tables, behind the names that `EmbeddedStore` calls.
import type { Call, Connection, DatabaseProgram, Procedure, Procedures, ProgramContext, Reply } from '../../database/index.ts';
import { FreeSpace } from '../../database/index.ts';
import type { Instant } from '../../time/clock.ts';
import type { Cursor, EntryId, SessionKey } from '../../message/recipient.ts';
import type { MessageLookup } from '../../provider/spooler-support.ts';
import type {
  ContentRef,
  Demand,
  Lease,
  LeaseOwner,
  MessageFilter,
  NewMessage,
  NewReceived,
  Retention,
  Section,
  Settlement,
} from '../message-store.ts';
import { newContentRef } from '../operations/content.ts';
import { type News, noNews, type Operation } from '../operations/operation.ts';
import { rules } from '../rules.ts';
import { EmbeddedTables } from './embedded-tables.ts';
import { settlementsWithBytes, withBytes } from './inline-content.ts';
import { removeOrphans } from './orphans.ts';
import { createTables, format } from './schema.ts';

export interface EmbeddedOptions {
  readonly reserveBytes: number;
  /** For a new store. */
  readonly tag: string;
}

/** What `EmbeddedStore` is told beside the answers. */
export interface EmbeddedNews {
  readonly queues: readonly string[];
  readonly feed: boolean;
  readonly damage?: { readonly found: readonly { readonly sequence: number; readonly reason: string }[]; readonly total: number };
}

export const program: DatabaseProgram = {
  format,
  migrate: (connection, _from, { options }) => createTables(connection, (options as EmbeddedOptions).tag),
  start: (connection, context) => new EmbeddedProgram(connection, context),
};

/** One process owns the store, so its leases need no other name. */
const holder = 'owner';

class EmbeddedProgram implements Procedures {
  readonly #context: ProgramContext;
  readonly #space: FreeSpace;
  readonly #turns = new Map<string, number>();
  #tables: EmbeddedTables;
  #news: News = noNews();
  #told: News = noNews();
  #now: Instant = 0;

  constructor(connection: Connection, context: ProgramContext) {
    this.#context = context;
    this.#space = new FreeSpace(context.directory, (context.options as EmbeddedOptions).reserveBytes);
    this.#tables = new EmbeddedTables(connection, context.directory);
    removeOrphans(context.directory, (file) => this.#tables.contents.isInUse(file));
  }

  readonly writes: Record<string, Procedure> = {
    submit: (messages: NewMessage[], call) => ({ value: rules.writes.submit(this.#intake(call), withBytes(messages, call.bytes)) }),
    receive: (messages: NewReceived[], call) => ({ value: rules.writes.receive(this.#intake(call), withBytes(messages, call.bytes)) }),
    settle: (settlements: Settlement[], call) => ({
      value: rules.writes.settle(this.#operation(call), settlementsWithBytes(settlements, call.bytes)),
    }),
    save: (sections: Section[], call) => ({ value: rules.writes.save(this.#operation(call), sections) }),
    sweep: (retention: Retention, call) => this.#sweep(retention, call),
    giveBack: (pages: number) => ({ value: this.#tables.giveBack(pages) }),
    putContent: (stored: Measured, call) => ({ value: this.#putContent(stored, call) }),
    claim: (asked: { demands: Demand[]; owner: LeaseOwner }, call) => this.#claim(asked, call),
    renew: (asked: { leases: Lease[]; until: Instant }, call) => ({ value: rules.volatile.renew(this.#operation(call), asked.leases, asked.until) }),
    // It writes nothing, but has its place among what was called before and after.
    feedEnd: (_none: null, call) => ({ value: rules.reads.feedEnd(this.#operation(call)) }),
  };

  /** A message that is submitted while a claim waits for the same commit goes out with that claim. */
  readonly last: ReadonlySet<string> = new Set(['claim']);

  readonly reads: Record<string, Procedure> = {
    get: (ids: EntryId[], call) => ({ value: rules.reads.get(this.#operation(call), ids) }),
    findPage: (asked: { filter: MessageFilter; after?: EntryId }, call) => ({
      value: rules.reads.findPage(this.#operation(call), asked.filter, asked.after),
    }),
    lookup: (message: MessageLookup, call) => ({ value: rules.reads.lookup(this.#operation(call), message) }),
    queues: (_none: null, call) => ({ value: rules.reads.queues(this.#operation(call)) }),
    received: (asked: { session: SessionKey; references: string[] }, call) => ({
      value: [...rules.reads.received(this.#operation(call), asked.session, asked.references)],
    }),
    headersOnly: (asked: { session: SessionKey; references: string[] }, call) => ({
      value: [...rules.reads.headersOnly(this.#operation(call), asked.session, asked.references)],
    }),
    load: (keys: string[], call) => ({ value: rules.reads.load(this.#operation(call), keys) }),
    changesPage: (after: Cursor, call) => ({ value: rules.reads.changesPage(this.#operation(call), after) }),
    locate: (ref: string) => this.#locate(ref),
    admit: (_none: null, call) => this.#admit(call),
  };

  beforeCommit(): void {
    if (this.#tables.transaction.isDirty) this.#tables.complete(this.#now);
  }

  committed(): void {
    this.#tables.transaction.committed();
    for (const queue of this.#news.queues) this.#told.queues.add(queue);
    this.#told.feed ||= this.#news.feed;
    this.#news = noNews();
  }

  rolledBack(): void {
    this.#tables.transaction.rolledBack();
    this.#news = noNews();
  }

  news(): EmbeddedNews | undefined {
    const { queues, feed } = this.#told;
    const damage = this.#tables.takeDamage();
    if (queues.size === 0 && !feed && !damage) return undefined;
    this.#told = noNews();
    return {
      queues: [...queues],
      feed,
      ...(damage && { damage: { found: damage.found.map(({ sequence, reason }) => ({ sequence, reason })), total: damage.total } }),
    };
  }

  reopened(connection: Connection): void {
    const tables = new EmbeddedTables(connection, this.#context.directory);
    tables.adoptLeases(this.#tables);
    this.#tables = tables;
  }

  /** Whoever opens it next learns what was claimed. */
  closing(): void {
    this.#tables.complete(this.#now);
  }

  #operation({ now }: Call): Operation {
    this.#now = now;
    return { tables: this.#tables, now, news: this.#news };
  }

  /** @throws ESTORE (temporary) where the reserve is all that is free */
  #intake(call: Call): Operation {
    this.#space.ensure(call.now);
    return this.#operation(call);
  }

  #admit({ now }: Call): Reply {
    this.#space.ensure(now);
    return {};
  }

  #claim({ demands, owner }: { demands: Demand[]; owner: LeaseOwner }, call: Call): Reply {
    const { claims, nextDueAt } = rules.volatile.claim(this.#operation(call), demands, { ...owner, holder }, this.#turns);
    const bytes: Uint8Array[] = [];
    const light = claims.map((claim) => (claim.inline ? { ...claim, inline: bytes.push(claim.inline) - 1 } : claim));
    return { value: { claims: light, nextDueAt }, bytes };
  }

  #putContent({ sizeBytes, digest, file }: Measured, call: Call): ContentRef {
    const operation = this.#intake(call);
    const stored = { ref: newContentRef(operation), sizeBytes, digest };
    this.#tables.contents.put({ ...stored, uses: 0, at: call.now }, file === undefined ? { bytes: call.bytes[0] ?? new Uint8Array() } : { file });
    return stored;
  }

  #locate(ref: string): Reply {
    const file = this.#tables.contents.file(ref);
    if (file !== undefined) return { value: { file } };
    const bytes = this.#tables.contents.bytes(ref);
    return bytes ? { value: {}, bytes: [bytes] } : { value: null };
  }

  #sweep(retention: Retention, call: Call): Reply {
    const value = rules.writes.sweep(this.#operation(call), retention);
    this.#tables.shrink();
    return { value };
  }
}

interface Measured extends Omit<ContentRef, 'ref'> {
  /** Where it lies already, synced. */
  readonly file?: string;
}

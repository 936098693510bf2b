// Stores that are wrong on purpose, each in one thing, and the cases of the suite that see it: first the one that it was
// built for. They stand before memoryStore and do one thing otherwise.
import { Readable } from 'node:stream';
import type { StoreFactory } from 'mailspool/testing';
import type { EntryId, StateName } from '../../src/message/recipient.ts';
import type { MessageLookup } from '../../src/provider/spooler-support.ts';
import { memoryStore, type MemoryStore } from '../../src/store/memory/memory-store.ts';
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
} from '../../src/store/message-store.ts';

export type Cursor = Parameters<MessageStore['changes']>[0];

/** What the copies of one store share: the disk, and what happened to it. */
export interface Disk {
  held: boolean;
  crashed: boolean;
}

export class Store implements MessageStore {
  readonly capabilities: MessageStore['capabilities'];
  readonly inner: MemoryStore;
  readonly disk: Disk;

  constructor(inner: MemoryStore, disk: Disk) {
    this.inner = inner;
    this.disk = disk;
    this.capabilities = inner.capabilities;
  }

  open(support: StoreSupport): Promise<void> {
    return this.inner.open(support);
  }
  putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef> {
    return this.inner.putContent(source, signal);
  }
  readContent(ref: ContentRef): Readable {
    return this.inner.readContent(ref);
  }
  submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
    return this.inner.submit(messages);
  }
  claim(demands: readonly Demand[], owner: LeaseOwner): Promise<{ claims: Claim[]; nextDueAt?: number }> {
    return this.inner.claim(demands, owner);
  }
  renew(leases: readonly Lease[], until: number): ReturnType<MessageStore['renew']> {
    return this.inner.renew(leases, until);
  }
  settle(settlements: readonly Settlement[]): Promise<Settled[]> {
    return this.inner.settle(settlements);
  }
  received(...args: Parameters<MessageStore['received']>): Promise<ReadonlySet<string>> {
    return this.inner.received(...args);
  }
  headersOnly(...args: Parameters<MessageStore['headersOnly']>): Promise<ReadonlySet<string>> {
    return this.inner.headersOnly(...args);
  }
  receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
    return this.inner.receive(messages);
  }
  get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
    return this.inner.get(ids);
  }
  find(filter: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage> {
    return this.inner.find(filter, after);
  }
  lookup(message: MessageLookup): Promise<EntryId[]> {
    return this.inner.lookup(message);
  }
  changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
    return this.inner.changes(after, signal);
  }
  queues(): Promise<{ queue: Queue; entries: number }[]> {
    return this.inner.queues();
  }
  load(keys: readonly string[]): Promise<(Section | undefined)[]> {
    return this.inner.load(keys);
  }
  save(sections: readonly Section[]): Promise<boolean[]> {
    return this.inner.save(sections);
  }
  sweep(retention: Retention): Promise<{ more: boolean }> {
    return this.inner.sweep(retention);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.inner[Symbol.asyncDispose]();
  }
}

const everyState: readonly StateName[] = [
  'queued',
  'claimed',
  'deferred',
  'held',
  'uncertain',
  'relayed',
  'delivered',
  'failed',
  'cancelled',
  'expired',
];

async function* changed(changes: AsyncIterable<Change>, each: (change: Change) => readonly Change[]): AsyncGenerator<Change> {
  for await (const change of changes) yield* each(change);
}

export interface WrongStore {
  /** Beginnings of titles. */
  readonly caughtBy: readonly string[];
  readonly Store: new (inner: MemoryStore, disk: Disk) => MessageStore;
}

export const wrongStores: Readonly<Record<string, WrongStore>> = {
  'answers before the sync': {
    caughtBy: ['T-001 U-001'],
    Store: class extends Store {
      override async save(sections: readonly Section[]): Promise<boolean[]> {
        const saving = super.save(sections);
        if (!this.disk.held) return saving;
        saving.catch(() => undefined);
        return sections.map(() => true);
      }
    },
  },
  'loses its sections in a crash': {
    caughtBy: ['T-001 a kill loses'],
    Store: class extends Store {
      override async load(keys: readonly string[]): Promise<(Section | undefined)[]> {
        return this.disk.crashed ? keys.map(() => undefined) : super.load(keys);
      }
    },
  },
  'forgets in a crash what it has received': {
    caughtBy: ['T-001 a kill loses'],
    Store: class extends Store {
      override async received(...args: Parameters<MessageStore['received']>): Promise<ReadonlySet<string>> {
        return this.disk.crashed ? new Set() : super.received(...args);
      }
    },
  },
  'writes the messages of a call one by one': {
    caughtBy: ['T-010 one conflict', 'T-010 a message that cannot', 'T-010 T-068'],
    Store: class extends Store {
      override async submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        const submitted: Submitted[] = [];
        for (const message of structuredClone(messages)) submitted.push(...(await super.submit([message])));
        return submitted;
      }
    },
  },
  'takes the objects of its caller for its own': {
    caughtBy: ['M-027'],
    Store: class extends Store {
      override async submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        await Promise.resolve();
        return super.submit(messages);
      }
    },
  },
  'gives a claim twice': {
    caughtBy: ['U-018 nothing', 'U-018 eight owners', 'M-028 by priority'],
    Store: class extends Store {
      #last: Claim[] = [];
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const again = this.#last;
        const { claims, ...rest } = await super.claim(demands, owner);
        this.#last = claims.length > 1 ? claims.slice(-1) : [];
        return { ...rest, claims: [...again, ...claims] };
      }
    },
  },
  'forgets the fence': {
    caughtBy: ['T-014 U-019', 'M-072 whoever', 'U-019 of two', 'T-014 each settlement', 'T-043 a report under', 'M-045', 'U-007 U-008'],
    Store: class extends Store {
      override async settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const settled = await super.settle(settlements);
        const stale = settled.filter(({ result }) => result === 'stale').length > 0;
        return stale
          ? super.settle(
              settlements.map(({ then, ...one }) =>
                'from' in one.guard ? { ...one, ...(then && { then }) } : { ...one, guard: { from: ['claimed'] } },
              ),
            )
          : settled;
      }
    },
  },
  'says of no lease that it is lost': {
    caughtBy: ['T-014 U-019', 'U-019 a lease that ran out cannot', 'U-060 a message that is removed', 'T-014 a lease ends', 'U-008 U-019'],
    Store: class extends Store {
      override async renew(leases: readonly Lease[], until: number): ReturnType<MessageStore['renew']> {
        return (await super.renew(leases, until)).filter(({ news }) => news !== 'lost');
      }
    },
  },
  'says nobody that a cancel waits': {
    caughtBy: ['M-073'],
    Store: class extends Store {
      override async renew(leases: readonly Lease[], until: number): ReturnType<MessageStore['renew']> {
        return (await super.renew(leases, until)).filter(({ news }) => news !== 'cancelRequested');
      }
    },
  },
  'does not say that a claim was lost before': {
    caughtBy: [
      'U-007 a lease',
      'U-019 a lease that ran out cannot',
      'T-017 a message that was lost',
      'U-007 a hand-over that was written down is never',
      'U-008 what a disposed',
      'U-007 U-008',
    ],
    Store: class extends Store {
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const { claims, ...rest } = await super.claim(demands, owner);
        return { ...rest, claims: claims.map(({ recovered: _recovered, ...claim }) => claim) };
      }
    },
  },
  'does not look which state a row is in': {
    caughtBy: ['M-072 compare-and-set changes', 'M-072 compare-and-set that', 'M-073 a cancel', 'U-060 removing'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map((one) => ('from' in one.guard ? { ...one, guard: { from: everyState } } : one)));
      }
    },
  },
  'turns the queue around': {
    caughtBy: ['M-028 a queue', 'M-028 by priority', 'U-018 nothing'],
    Store: class extends Store {
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const { claims, ...rest } = await super.claim(demands, owner);
        return { ...rest, claims: claims.length > 2 ? [...claims].reverse() : claims };
      }
    },
  },
  'lets priority reorder every queue': {
    caughtBy: ['M-028 a queue is'],
    Store: class extends Store {
      override claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        return super.claim(
          demands.map((demand) => ({ ...demand, ordering: 'priority' })),
          owner,
        );
      }
    },
  },
  'claims more bytes than were asked for': {
    caughtBy: ['U-039 a claim', 'M-028 a small message'],
    Store: class extends Store {
      override claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        return super.claim(
          demands.map((demand) => ({ ...demand, bytes: Number.MAX_SAFE_INTEGER })),
          owner,
        );
      }
    },
  },
  'offers a message before its time': {
    caughtBy: ['M-035 a message is not', 'M-029 an earlier', 'U-006 the answer', 'U-006 due times'],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(messages.map(({ dueAt: _dueAt, ...message }) => message));
      }
    },
  },
  'does not say when something is due next': {
    caughtBy: ['U-006 the answer', 'M-035 a message is not', 'U-003'],
    Store: class extends Store {
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const { claims } = await super.claim(demands, owner);
        return { claims };
      }
    },
  },
  'wakes nobody': {
    caughtBy: [
      'M-029 a submission',
      'M-029 an earlier',
      'M-029 a lease',
      'M-029 a change',
      'U-008 what a disposed',
      'M-043 all final',
      'M-043 a message is not',
      'M-085 received mail is filed',
    ],
    Store: class extends Store {
      override open(support: StoreSupport): Promise<void> {
        return super.open({ ...support, queueChanged: () => undefined });
      }
    },
  },
  'knows no idempotency key': {
    caughtBy: [
      'T-009 the same key with the same',
      'T-009 the same key with another',
      'T-010 one conflict',
      'U-026 the same key twice',
      'U-026 the same key from',
      'T-009 an idempotency',
      'T-001 a kill loses',
    ],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(messages.map(({ idempotencyKey: _key, inputDigest: _digest, ...message }) => message));
      }
    },
  },
  'does not compare what came with the same key': {
    caughtBy: ['T-009 the same key with another', 'T-010 one conflict'],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(messages.map((message) => (message.idempotencyKey === undefined ? message : { ...message, inputDigest: 'same' })));
      }
    },
  },
  'passes on damaged content': {
    caughtBy: ['T-002 damaged'],
    Store: class extends Store {
      override readContent(ref: ContentRef): Readable {
        return Readable.from(without('ECORRUPT', super.readContent(ref)));
      }
    },
  },
  'lets a full disk look like an end': {
    caughtBy: ['T-005'],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(messages).catch((error: unknown) => Promise.reject(Object.assign(error as Error, { temporary: false })));
      }
    },
  },
  'answers after it was closed': {
    caughtBy: ['T-004'],
    Store: class extends Store {
      override get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
        return super.get(ids).catch(() => ids.map(() => undefined));
      }
    },
  },
  'loses a feed entry': {
    caughtBy: ['M-029 the feed', 'M-085 new mail', 'M-109 a message that comes filed'],
    Store: class extends Store {
      override changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
        return changed(super.changes(after, signal), (change) => (change.type === 'finished' ? [] : [change]));
      }
    },
  },
  'tells new mail twice': {
    caughtBy: ['M-085 new mail'],
    Store: class extends Store {
      override changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
        return changed(super.changes(after, signal), (change) => (change.type === 'newMail' ? [change, change] : [change]));
      }
    },
  },
  'begins its feed at the first read': {
    caughtBy: ['M-085 without'],
    Store: class extends Store {
      override async *changes(after: Cursor, signal: AbortSignal): AsyncGenerator<Change> {
        yield* super.changes(after, signal);
      }
    },
  },
  'says nothing of the gap in its feed': {
    caughtBy: ['U-005 a trimmed', 'M-085 a cursor that'],
    Store: class extends Store {
      override changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
        return changed(super.changes(after, signal), (change) => (change.type === 'gap' ? [] : [change]));
      }
    },
  },
  'trims too early': {
    caughtBy: ['U-005 content of', 'T-009 an idempotency'],
    Store: class extends Store {
      override sweep({ contentMs, recordMs, idempotencyKeyMs }: Retention): Promise<{ more: boolean }> {
        return super.sweep({ contentMs: contentMs / 2, recordMs: recordMs / 2, idempotencyKeyMs: idempotencyKeyMs / 2 });
      }
    },
  },
  'trims nothing': {
    caughtBy: ['U-005 content of', 'U-005 a trimmed', 'T-009 an idempotency', 'U-005 content that nobody', 'U-005 one call'],
    Store: class extends Store {
      override async sweep(): Promise<{ more: boolean }> {
        return { more: false };
      }
    },
  },
  'does not know the aliases of what it received': {
    caughtBy: ['U-048 an alias', 'U-048 a whole'],
    Store: class extends Store {
      override receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map((message) => ({ ...message, aliases: [] })));
      }
    },
  },
  'writes the position later than the message': {
    caughtBy: ['T-054 the position is', 'T-054 the position also', 'T-001 a kill loses'],
    Store: class extends Store {
      override async receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map(({ section: _section, ...message }) => message));
      }
    },
  },
  'lets the last who saves win': {
    caughtBy: ['U-053'],
    Store: class extends Store {
      override async save(sections: readonly Section[]): Promise<boolean[]> {
        const known = await super.load(sections.map(({ key }) => key));
        return super.save(sections.map((section, index) => ({ ...section, version: known[index]?.version ?? 0 })));
      }
    },
  },
  'forgets that a section expires': {
    caughtBy: ['M-010 a section that has'],
    Store: class extends Store {
      override save(sections: readonly Section[]): Promise<boolean[]> {
        return super.save(sections.map(({ expiresAt: _expiresAt, ...section }) => section));
      }
    },
  },
  'forgets what the sender of received mail asks for': {
    caughtBy: ['M-071 a read report'],
    Store: class extends Store {
      override receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map(({ report: _report, ...message }) => message));
      }
    },
  },
  'writes no report with the state': {
    caughtBy: ['T-043 reports', 'M-064 a final', 'M-071 a read report'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map(({ submit: _submit, ...settlement }) => settlement));
      }
    },
  },
  'writes the report whatever becomes of the state': {
    caughtBy: ['T-043 a report under'],
    Store: class extends Store {
      override async settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const settled = await super.settle(settlements);
        const lost = settlements.filter((_, index) => settled[index]?.result === 'stale').flatMap(({ submit = [] }) => submit);
        if (lost.length > 0) await super.submit(lost);
        return settled;
      }
    },
  },
  'keeps one outcome for all recipients': {
    caughtBy: ['T-011 U-021', 'T-012 then keep', 'M-049 preparing'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(
          settlements.map(({ recipients, ...settlement }) => {
            const [first] = recipients ?? [];
            return recipients === undefined || recipients.length < 2 || first === undefined
              ? { ...settlement, ...(recipients && { recipients }) }
              : { ...settlement, recipients: recipients.map(({ recipient }) => ({ ...first, recipient })) };
          }),
        );
      }
    },
  },
  'tells of no queue': {
    caughtBy: ['M-095'],
    Store: class extends Store {
      override async queues(): Promise<{ queue: Queue; entries: number }[]> {
        return [];
      }
    },
  },
  'finds no message by the name that others gave it': {
    caughtBy: ['U-057 a message', 'T-001 a kill loses'],
    Store: class extends Store {
      override async lookup(message: MessageLookup): Promise<EntryId[]> {
        return 'remoteId' in message ? [] : super.lookup(message);
      }
    },
  },
  'does not filter': {
    caughtBy: ['U-013 find filters', 'M-033'],
    Store: class extends Store {
      override find({ states: _states, ...filter }: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage> {
        return super.find(filter, after);
      }
    },
  },
  'brings all content along with a claim': {
    caughtBy: ['U-039 U-040'],
    Store: class extends Store {
      override claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        return super.claim(demands, { ...owner, inlineBytes: Number.MAX_SAFE_INTEGER });
      }
    },
  },
  'renews no lease and says that it did': {
    caughtBy: ['T-015 a renewed'],
    Store: class extends Store {
      #until = 0;
      override claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        this.#until = owner.until;
        return super.claim(demands, owner);
      }
      override renew(leases: readonly Lease[]): ReturnType<MessageStore['renew']> {
        return super.renew(leases, this.#until);
      }
    },
  },
  'has one queue for all destinations of a session': {
    caughtBy: ['U-033'],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(
          messages.map((message) => ({
            ...message,
            recipients: message.recipients.map((row) => (row.route === undefined ? row : { ...row, route: { session: row.route.session } })),
          })),
        );
      }
    },
  },
  'forgets that a message wants preprocessing': {
    caughtBy: ['M-049 a message'],
    Store: class extends Store {
      override submit(messages: readonly NewMessage[]): Promise<Submitted[]> {
        return super.submit(messages.map(({ submitState: _state, ...message }) => message));
      }
    },
  },
  'answers in an order of its own': {
    caughtBy: ['U-013 get'],
    Store: class extends Store {
      override async get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
        return (await super.get(ids)).sort((a, b) => ((a?.id ?? '~') < (b?.id ?? '~') ? -1 : 1));
      }
    },
  },
  'begins at the first message whatever it is asked': {
    caughtBy: ['U-013 find goes'],
    Store: class extends Store {
      override find(filter: MessageFilter): AsyncIterable<StoredMessage> {
        return super.find(filter);
      }
    },
  },
  'ends its feed with an error when its reader has enough': {
    caughtBy: ['M-085 a waiting'],
    Store: class extends Store {
      override changes(after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
        return complaining(super.changes(after, signal), signal);
      }
    },
  },
  'moves nothing after sending': {
    caughtBy: ['M-044 after sending, moveTo', 'M-029 the feed', 'M-041 a message is finished', 'M-043 all final', 'M-043 what is filed'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(
          settlements.map((one) => withThen(one, (then) => (isFinished(then) ? { finished: leave(then.finished, 'moveTo') } : then))),
        );
      }
    },
  },
  'deletes nothing after sending': {
    caughtBy: ['M-044 after sending, delete', 'M-044 after sending, both', 'M-053'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(
          settlements.map((one) => withThen(one, (then) => (isFinished(then) ? { finished: leave(then.finished, 'delete') } : then))),
        );
      }
    },
  },
  'keeps one set of references for all sessions': {
    caughtBy: ['M-011'],
    Store: class extends Store {
      readonly #known = new Set<string>();
      override async receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        const [first] = messages;
        if (messages.length === 1 && first && this.#known.has(first.reference) && first.session !== 'work/imap') {
          return [{ id: (await this.inner.find({}, undefined)[Symbol.asyncIterator]().next()).value?.id as EntryId, result: 'existing' }];
        }
        for (const { reference } of messages) this.#known.add(reference);
        return super.receive(messages);
      }
    },
  },
  'takes headers for the message': {
    caughtBy: ['M-110 a message', 'M-110 headers have', 'M-110 a completed', 'M-110 whoever'],
    Store: class extends Store {
      override receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map(({ headersOnly: _headersOnly, ...message }) => message));
      }
    },
  },
  'takes every message for its headers': {
    caughtBy: ['M-110 headers have'],
    Store: class extends Store {
      override headersOnly(...args: Parameters<MessageStore['headersOnly']>): Promise<ReadonlySet<string>> {
        return this.received(...args);
      }
    },
  },
  'takes the headers for all there is of a message': {
    caughtBy: ['M-110 headers have'],
    Store: class extends Store {
      override receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map(({ sizeBytes: _sizeBytes, ...message }) => message));
      }
    },
  },
  'forgets marks': {
    caughtBy: ['M-110 a mark is', 'M-110 a completed'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map((one) => ({ ...one, ...(one.message && { message: withoutMark(one.message) }) })));
      }
    },
  },
  'takes no mark back': {
    caughtBy: ['M-110 a mark is'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const kept = (message: NonNullable<Settlement['message']>) => (message.mark === undefined ? withoutMark(message) : message);
        return super.settle(settlements.map((one) => ({ ...one, ...(one.message && { message: kept(one.message) }) })));
      }
    },
  },
  'takes the mark move for done when the message is here': {
    caughtBy: ['M-110 a completed'],
    Store: class extends Store {
      override async receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        const submitted = await super.receive(messages);
        for (const { id } of submitted) {
          const [message] = await this.get([id]);
          const unmarked: object = { mark: undefined };
          if (message?.mark !== undefined && !message.headersOnly) await super.settle([{ id, guard: { from: ['delivered'] }, message: unmarked }]);
        }
        return submitted;
      }
    },
  },
  'looks for what is marked in all sessions': {
    caughtBy: ['M-110 a mark is'],
    Store: class extends Store {
      override find({ session: _session, ...filter }: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage> {
        return super.find(filter, after);
      }
    },
  },
  'has a section before it was saved': {
    caughtBy: ['M-010 a section is absent', 'M-010 a section that has'],
    Store: class extends Store {
      override async load(keys: readonly string[]): Promise<(Section | undefined)[]> {
        return (await super.load(keys)).map((section, index) => section ?? { key: keys[index] ?? '', version: 0, values: {} });
      }
    },
  },
  'keeps what it got of a source that failed': {
    caughtBy: ['T-010 a source'],
    Store: class extends Store {
      override putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef> {
        return super.putContent(whatCame(source), signal);
      }
    },
  },
  'takes content that is not there for empty': {
    caughtBy: ['T-002 content that is not', 'U-040', 'M-049 prepared', 'U-005 content of', 'U-005 content that nobody'],
    Store: class extends Store {
      override readContent(ref: ContentRef): Readable {
        return Readable.from(without('ENOTFOUND', super.readContent(ref)));
      }
    },
  },
  'refuses empty content': {
    caughtBy: ['T-002 empty'],
    Store: class extends Store {
      override async putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef> {
        const ref = await super.putContent(source, signal);
        if (ref.sizeBytes === 0) throw new Error('there is nothing in it');
        return ref;
      }
    },
  },
  'forgets who has read what': {
    caughtBy: ['M-067', 'M-070 that it was deleted', 'M-071 received mail'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(
          settlements.map(({ recipients, message, ...one }) => ({
            ...one,
            ...(message && { message: leave(message, 'read') }),
            ...(recipients && { recipients: recipients.map(({ readAt: _readAt, notReadAt: _notReadAt, ...change }) => change) }),
          })),
        );
      }
    },
  },
};

type Then = NonNullable<Settlement['then']>;

const isFinished = (then: Then): then is Extract<Then, { finished: unknown }> => typeof then === 'object' && 'finished' in then;

export const withThen = (settlement: Settlement, change: (then: Then) => Then): Settlement =>
  settlement.then === undefined ? settlement : { ...settlement, then: change(settlement.then) };

/** Without that member. */
export function leave<T extends object>(from: T, name: keyof T): T {
  const { [name]: _left, ...rest } = from;
  return rest as T;
}

async function* complaining(changes: AsyncIterable<Change>, signal: AbortSignal): AsyncGenerator<Change> {
  yield* changes;
  if ((signal.reason as Error).name !== 'AbortError') throw signal.reason;
}

async function* whatCame(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch {
    // What came will do, it thinks.
  }
}

/** The bytes, and an end instead of that error. */
async function* without(code: string, content: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of content) yield chunk as Uint8Array;
  } catch (error) {
    if ((error as { code?: string }).code !== code) throw error;
  }
}

/** A wrong store as the suite wants it. */
export const wrongStoreFactory =
  ({ Store: Wrong }: WrongStore): StoreFactory =>
  async (clock) => {
    const inner = memoryStore({ clock });
    const disk: Disk = { held: false, crashed: false };
    const store = new Wrong(inner, disk);
    return {
      store,
      share: () => new Wrong(inner.sharing(), disk),
      reopen: async () => store,
      crash: async () => {
        inner.crash();
        disk.crashed = true;
        return store;
      },
      holdSync: () => {
        disk.held = true;
        const release = inner.holdSync();
        return () => {
          disk.held = false;
          release();
        };
      },
      failWrites: (which) => inner.failWrites(which === 'all' ? () => true : which),
      damage: async (ref) => inner.damage(ref),
      scheduled: async (id) => inner.scheduled(id),
    };
  };

function withoutMark({ mark: _mark, ...message }: NonNullable<Settlement['message']>): NonNullable<Settlement['message']> {
  return message;
}

// What a case works with: a clock it moves, the store it opens, short ways to submit, claim and settle.
import assert from 'node:assert/strict';
import type { EntryId, RecipientRow, RecipientState, Route, SessionKey } from '../../message/recipient.ts';
import type {
  Claim,
  Demand,
  Lease,
  MessageStore,
  NewMessage,
  NewReceived,
  Queue,
  RecipientChange,
  Section,
  Settled,
  Settlement,
  StoredMessage,
  StoreSupport,
} from '../../store/message-store.ts';
import type { Clock, Instant } from '../../time/clock.ts';
import { seededRandom } from '../seeded-random.ts';
import type { StoreFactory, StoreUnderTest } from './subject.ts';

/** Stands still until a case moves it. Nobody sleeps on it. */
export class SuiteClock implements Clock {
  #now: Instant = 1_800_000_000_000;

  now(): Instant {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  async sleep(): Promise<void> {
    throw new Error('a store waits for no clock');
  }
}

export const smtp: Route = { session: 'work/smtp' as SessionKey };
export const queue: Route = { session: 'work/queue' as SessionKey };
export const imap: SessionKey = 'work/imap' as SessionKey;
export const diagnostic = { code: 'ECONNECTION', text: 'no answer' } as const;
export const queued: RecipientState = { state: 'queued' };
/** How long claims of the suite last. */
export const leaseMs = 30_000;

/** One owner of the store, and what it was told. */
export interface Owner {
  readonly store: MessageStore;
  /** Queues that were reported as changed. */
  readonly woken: Queue[];
}

type Given = Partial<Omit<NewMessage, 'recipients'>> & { readonly recipients?: NewMessage['recipients'] };

export class StoreWorld {
  readonly clock: SuiteClock;
  readonly under: StoreUnderTest;
  /** Open. */
  readonly store: MessageStore;
  readonly woken: Queue[];
  readonly #owners: MessageStore[] = [];
  #count = 0;

  private constructor(clock: SuiteClock, under: StoreUnderTest) {
    this.clock = clock;
    this.under = under;
    this.store = under.store;
    this.woken = [];
  }

  static async create(factory: StoreFactory): Promise<StoreWorld> {
    const clock = new SuiteClock();
    const world = new StoreWorld(clock, await factory(clock));
    await world.open(world.store, world.woken);
    return world;
  }

  get now(): Instant {
    return this.clock.now();
  }

  async open(store: MessageStore, woken: Queue[] = []): Promise<Owner> {
    await store.open(supportOf(this.clock, woken));
    this.#owners.push(store);
    return { store, woken };
  }

  /** Another owner of the same data. */
  async share(): Promise<Owner> {
    return this.open(able(this.under.share).call(this.under));
  }

  /** The same data, opened again after an orderly end. */
  async reopen(): Promise<MessageStore> {
    await this.store[Symbol.asyncDispose]();
    const { store } = await this.open(await able(this.under.reopen).call(this.under));
    return store;
  }

  /** The same data, opened again after a kill. */
  async crash(): Promise<MessageStore> {
    const { store } = await this.open(await able(this.under.crash).call(this.under));
    return store;
  }

  async dispose(): Promise<void> {
    for (const store of this.#owners.toReversed()) await store[Symbol.asyncDispose]();
    await this.under.dispose?.();
  }

  message(given: Given = {}): NewMessage {
    this.#count += 1;
    return {
      content: { inline: text(`Subject: number ${this.#count}\r\n\r\nHello\r\n`) },
      folder: 'Outbox',
      properties: { messageId: `<${this.#count}@example.org>`, subject: `number ${this.#count}` },
      returnPath: { type: 'SMTP', address: 'ann@example.org' },
      priority: 0,
      report: {},
      afterSend: {},
      guarantee: 'atLeastOnce',
      onUnknown: 'resend',
      recipients: [recipient(1)],
      ...given,
    };
  }

  arrival(given: Partial<NewReceived> = {}): NewReceived {
    this.#count += 1;
    return {
      content: { inline: text(`Subject: arrival ${this.#count}\r\n\r\nHello\r\n`) },
      properties: { messageId: `<in-${this.#count}@example.net>` },
      returnPath: null,
      session: imap,
      reference: `1:${this.#count}`,
      aliases: [],
      recipients: [{ id: 1, kind: 'to', type: 'SMTP', address: 'ann@example.org' }],
      folder: 'Inbox',
      announce: true,
      ...given,
    };
  }

  async submit(given: Given = {}, store: MessageStore = this.store): Promise<EntryId> {
    const [submitted] = await store.submit([this.message(given)]);
    assert.equal(submitted?.result, 'stored');
    return idOf(submitted);
  }

  async receive(given: Partial<NewReceived> = {}): Promise<EntryId> {
    const [stored] = await this.store.receive([this.arrival(given)]);
    assert.equal(stored?.result, 'stored');
    return idOf(stored);
  }

  async get(id: EntryId, store: MessageStore = this.store): Promise<StoredMessage> {
    const [message] = await store.get([id]);
    assert(message, `message ${id} is there`);
    return message;
  }

  /** The state of a recipient, as shown. */
  async state(id: EntryId, recipientId = 1, store: MessageStore = this.store): Promise<RecipientState['state']> {
    return rowOf(await this.get(id, store), recipientId).status.state;
  }

  async claim(from: Queue, given: Partial<Demand> & { store?: MessageStore; owner?: string; inlineBytes?: number } = {}): Promise<Claim[]> {
    return (await this.claimed(from, given)).claims;
  }

  claimed(
    from: Queue,
    given: Partial<Demand> & { store?: MessageStore; owner?: string; inlineBytes?: number } = {},
  ): ReturnType<MessageStore['claim']> {
    const { store = this.store, owner = 'ann', inlineBytes = 0, ...demand } = given;
    return store.claim([{ queue: from, messages: 100, bytes: 1_000_000, ...demand }], { name: owner, until: this.now + leaseMs, inlineBytes });
  }

  /** The only claim there is. */
  async claimOne(from: Queue, given: Parameters<StoreWorld['claim']>[1] = {}): Promise<Claim> {
    const claims = await this.claim(from, given);
    assert.equal(claims.length, 1, `one claim from ${JSON.stringify(from)}`);
    return claims[0] as Claim;
  }

  async settle(settlement: Settlement, store: MessageStore = this.store): Promise<Settled> {
    const [settled] = await store.settle([settlement]);
    assert(settled);
    return settled;
  }

  /** Under a lease. */
  async settleClaim(lease: Lease, status: RecipientState, more: Partial<Settlement> = {}): Promise<Settled> {
    return this.settle({ id: lease.id, guard: lease, recipients: [{ recipient: 'all', status }], ...more });
  }

  /** Everybody in one of the states. */
  async settleFrom(
    id: EntryId,
    from: readonly RecipientState['state'][],
    change: Omit<RecipientChange, 'recipient'>,
    more: Partial<Settlement> = {},
  ): Promise<Settled> {
    return this.settle({ id, guard: { from }, recipients: [{ recipient: 'all', ...change }], ...more });
  }

  relayed(): RecipientState {
    return { state: 'relayed', at: this.now };
  }

  deferred(byMs: number): RecipientState {
    return { state: 'deferred', until: this.now + byMs, diagnostic };
  }

  /** Submitted, relayed and filed. */
  async sent(given: Given = {}): Promise<EntryId> {
    const id = await this.submit(given);
    const { lease } = await this.claimOne({ message: id });
    const settled = await this.settleClaim(lease, this.relayed(), { then: { finished: {} } });
    assert.equal(settled.finished, true);
    return id;
  }

  section(given: Partial<Section> = {}): Section {
    return { key: 'work/imap/position', version: 0, values: { uid: 1 }, ...given };
  }
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const recipient = (id: number, given: Partial<NewMessage['recipients'][number]> = {}): NewMessage['recipients'][number] => ({
  id,
  kind: 'to',
  type: 'SMTP',
  address: `bob${id}@example.net`,
  status: queued,
  route: smtp,
  ...given,
});

/** Without a route. */
export function unrouted(id: number): NewMessage['recipients'][number] {
  const { route: _route, ...row } = recipient(id);
  return row;
}

export function rowOf(message: StoredMessage, id = 1): RecipientRow {
  const row = message.recipients.find((one) => one.id === id);
  assert(row, `recipient ${id} is there`);
  return row;
}

export const idsOf = (claims: readonly Claim[]): EntryId[] => claims.map((claim) => claim.lease.id);

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield text(part);
}

/** The code of what the call rejects with. */
export async function codeOf(call: Promise<unknown>): Promise<unknown> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(error instanceof Error && 'code' in error, 'the call rejects with a code');
  return error.code;
}

function idOf(submitted: { readonly id: EntryId } | undefined): EntryId {
  assert(submitted);
  return submitted.id;
}

function able<Method>(method: Method | undefined): Method {
  assert(method, 'the subject has the ability that it names');
  return method;
}

const quiet = () => undefined;

function supportOf(clock: Clock, woken: Queue[]): StoreSupport {
  return {
    clock,
    random: seededRandom(1),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    queueChanged: (queues) => void woken.push(...queues),
    spoolerNotify: async () => undefined,
    completeMessage: async () => undefined,
  };
}

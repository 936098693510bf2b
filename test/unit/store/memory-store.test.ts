// What memoryStore adds to the contract: handles on shared data, and a disk that tests can stop and fill.
import { describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom, virtualTime } from 'mailspool/testing';
import type { EntryId, SessionKey } from '../../../src/message/recipient.ts';
import { memoryStore, type MemoryStore } from '../../../src/store/memory/memory-store.ts';
import type { NewMessage, Queue, StoreSupport } from '../../../src/store/message-store.ts';

const route = { session: 'work/smtp' as SessionKey };
const clock = virtualTime({ startAt: 1_000 });

const support = (more: Partial<StoreSupport> = {}): StoreSupport => ({
  clock,
  random: seededRandom(1),
  logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  queueChanged: () => undefined,
  spoolerNotify: async () => undefined,
  completeMessage: async () => undefined,
  ...more,
});

async function opened(store: MemoryStore = memoryStore(), more: Partial<StoreSupport> = {}): Promise<MemoryStore> {
  await store.open(support(more));
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

const message = (): NewMessage => ({
  content: { inline: new TextEncoder().encode('Subject: x\r\n\r\n') },
  folder: 'Outbox',
  properties: { subject: 'x' },
  returnPath: null,
  priority: 0,
  report: {},
  afterSend: {},
  guarantee: 'atLeastOnce',
  onUnknown: 'resend',
  recipients: [{ id: 1, kind: 'to', type: 'SMTP', address: 'bob@example.org', status: { state: 'queued' }, route }],
});

const collected = async (store: MemoryStore): Promise<EntryId[]> => {
  const ids: EntryId[] = [];
  for await (const { id } of store.find({})) ids.push(id);
  return ids;
};

const idOf = async (store: MemoryStore): Promise<EntryId> => {
  const [submitted] = await store.submit([message()]);
  return submitted?.id ?? ('' as EntryId);
};

describe('memoryStore', () => {
  it('T-007 one handle has one owner; sharing() gives another', async () => {
    const store = await opened();
    await expect(store.open(support())).rejects.toMatchObject({ code: 'ESTORELOCKED' });
    const other = await opened(store.sharing());
    const id = await idOf(store);
    expect((await other.get([id]))[0]?.id).toBe(id);
  });

  it('reads the clock that it is given, else that of its owner', async () => {
    const own = virtualTime({ startAt: 77 });
    const [theirs, its] = [await opened(), await opened(memoryStore({ clock: own }))];
    const times = [await theirs.get([await idOf(theirs)]), await its.get([await idOf(its)])].map(([stored]) => stored?.submitTime);
    expect(times).toEqual([clock.now(), 77]);
  });

  it('T-001 a crash rejects what is pending with ESTORE, and nothing of it is there', async () => {
    const store = await opened();
    const other = await opened(store.sharing());
    const release = store.holdSync();
    const lost = store.submit([message()]);
    const kept = other.submit([message()]);
    store.crash();
    await expect(lost).rejects.toMatchObject({ code: 'ESTORE', temporary: true });
    await expect(store.submit([message()])).rejects.toMatchObject({ code: 'ESTORE' });
    release();
    const [survivor] = await kept;
    await store.open(support());
    const all = [];
    for await (const { id } of store.find({})) all.push(id);
    expect(all).toEqual([survivor?.id]);
  });

  it('T-004 a sync that fails leaves nothing of what it was for, and acknowledges nothing', async () => {
    const store = await opened();
    const stop = store.failSyncs(1);
    const both = await Promise.allSettled([store.submit([message()]), store.save([{ key: 'a', version: 0, values: {} }])]);
    expect(both).toMatchObject([
      { status: 'rejected', reason: { code: 'ESTORE', temporary: true, cause: { code: 'EIO' } } },
      { status: 'rejected', reason: { code: 'ESTORE' } },
    ]);
    expect(await collected(store)).toEqual([]);
    await store.submit([message()]);
    stop();
    const heal = store.failSyncs((number) => number > 1);
    await store.submit([message()]);
    await expect(store.submit([message()])).rejects.toMatchObject({ code: 'ESTORE' });
    heal();
    expect(await collected(store)).toHaveLength(2);
  });

  it('X-041 of a torn sync the first calls are on the disk, though nobody was told, and the rest is not', async () => {
    const store = await opened();
    const release = store.holdSync();
    const calls = Promise.allSettled([1, 2, 3].map((version) => store.save([{ key: `key ${version}`, version: 0, values: { version } }])));
    store.crash({ written: 2 });
    release();
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await store.open(support());
    expect((await store.load(['key 1', 'key 2', 'key 3'])).map((section) => section?.values['version'])).toEqual([1, 2, undefined]);
  });

  it('U-008 the leases of a crashed handle are free for the others', async () => {
    const store = await opened();
    const other = await opened(store.sharing());
    const id = await idOf(store);
    const claim = (by: MemoryStore) => by.claim([{ queue: route, messages: 1, bytes: 1 }], { name: 'x', until: clock.now() + 1_000, inlineBytes: 0 });
    expect((await claim(store)).claims).toHaveLength(1);
    expect((await claim(other)).claims).toHaveLength(0);
    store.crash();
    expect((await claim(other)).claims).toMatchObject([{ lease: { id }, recovered: 1 }]);
  });

  it('T-005 writes fail by number or by what they write, until that is taken back', async () => {
    const store = await opened();
    store.failWrites(2);
    await expect(store.submit([message()])).rejects.toMatchObject({ code: 'ESTORE', temporary: true, cause: { code: 'ENOSPC' } });
    await store.submit([message()]);
    const stop = store.failWrites(({ table }) => table === 'contents', new Error('EIO'));
    await expect(store.submit([message()])).rejects.toMatchObject({ cause: { message: 'EIO' } });
    await expect(store.save([{ key: 'a', version: 0, values: {} }])).resolves.toEqual([true]);
    stop();
    await store.submit([message()]);
  });

  it('U-022 a listener that throws hurts nobody', async () => {
    const woken: Queue[] = [];
    const store = await opened(memoryStore(), {
      queueChanged: () => {
        throw new Error('not my day');
      },
    });
    await opened(store.sharing(), { queueChanged: (queues) => void woken.push(...queues) });
    await expect(store.submit([message()])).resolves.toHaveLength(1);
    expect(woken).toEqual([route]);
  });

  it('a cursor beyond the end, as after a restored backup, answers with a gap', async () => {
    const [full, restored] = [await opened(), await opened()];
    await idOf(restored);
    await idOf(full);
    const stop = new AbortController();
    const changes = full.changes(undefined, stop.signal)[Symbol.asyncIterator]();
    await idOf(full);
    const { value } = await changes.next();
    for await (const change of restored.changes(value?.cursor, stop.signal)) {
      expect(change.type).toBe('gap');
      stop.abort();
    }
  });

  it('M-027 what it hands out cannot be changed', async () => {
    const store = await opened();
    const [stored] = await store.get([await idOf(store)]);
    expect(() => Object.assign(stored?.properties ?? {}, { subject: 'changed' })).toThrow(TypeError);
  });
});

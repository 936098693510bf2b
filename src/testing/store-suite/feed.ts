// The change feed: durable cursor, backlog, then live, in order, each change once.
import assert from 'node:assert/strict';
import type { Cursor, EntryId } from '../../message/recipient.ts';
import type { Change, MessageStore } from '../../store/message-store.ts';
import type { StoreCase } from './subject.ts';
import { smtp, type StoreWorld, unrouted } from './world.ts';

export const feedCases: readonly StoreCase[] = [
  {
    title: 'M-029 the feed tells what happened to a message, once for each settlement, in order',
    async run(world) {
      const start = await cursorNow(world);
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, world.deferred(0), { then: 'keep' });
      await world.settleClaim(lease, world.deferred(0), { recipients: [{ recipient: 1, status: world.deferred(0) }] });
      const second = await world.claimOne(smtp);
      await world.settleClaim(second.lease, world.relayed(), { then: { finished: { moveTo: 'Sent' } } });
      await world.settle({ id, guard: { from: ['relayed'] }, then: 'remove' });
      const changes = await take(world.store, start, 5);
      assert.deepEqual(
        changes.map((change) => change.type !== 'gap' && [change.type, change.id, change.folder]),
        [
          ['submitted', id, 'Outbox'],
          ['changed', id, 'Outbox'],
          ['changed', id, 'Outbox'],
          ['finished', id, 'Sent'],
          ['removed', id, 'Sent'],
        ],
      );
      const cursors = changes.map((change) => change.cursor);
      assert.equal(new Set(cursors).size, 5);
      assert.equal(changes[0]?.at, world.now);
    },
  },
  {
    title: 'M-109 a message that comes filed waits in no queue, and the feed says that it is finished',
    async run(world) {
      const start = await cursorNow(world);
      const delivered = { ...unrouted(1), status: { state: 'delivered', at: world.now } as const };
      const id = await world.submit({ recipients: [delivered], folder: 'Sent', finishedAt: world.now });
      const changes = await take(world.store, start, 2);
      assert.deepEqual(
        changes.map((change) => change.type !== 'gap' && [change.type, change.id, change.folder]),
        [
          ['submitted', id, 'Sent'],
          ['finished', id, 'Sent'],
        ],
      );
      assert.equal((await world.get(id)).finishedAt, world.now);
      assert.deepEqual([await world.claim('finishing'), await world.claim('intake')], [[], []]);
    },
  },
  {
    title: 'M-085 new mail is told with its folder, class and session; silent mail is not new mail',
    async run(world) {
      const start = await cursorNow(world);
      const loud = await world.receive({ properties: { messageClass: 'IPM.Note.Special' } });
      const silent = await world.receive({ announce: false });
      for (const { lease, message } of await world.claim('received')) {
        await world.settle({ id: lease.id, guard: lease, then: { notifyNewMail: { moveTo: 'Lists', announce: message.announce ?? false } } });
      }
      const [first, second] = await take(world.store, start, 2);
      assert.deepEqual(first, {
        cursor: first?.cursor,
        at: world.now,
        type: 'newMail',
        id: loud,
        folder: 'Lists',
        messageClass: 'IPM.Note.Special',
        session: 'work/imap',
      });
      assert.deepEqual([second?.type, second?.type === 'finished' && second.id], ['finished', silent]);
    },
  },
  {
    title: 'M-085 a reader goes on after its cursor, and from the backlog to live news without a seam',
    async run(world) {
      const start = await cursorNow(world);
      const before = [await world.submit(), await world.submit()];
      const [first] = await take(world.store, start, 1);
      const stop = new AbortController();
      const reading = reader(world.store.changes(first?.cursor, stop.signal));
      assert.equal(await reading.nextId(), before[1]);
      const waiting = reading.nextId();
      const live = await world.submit();
      assert.equal(await waiting, live);
      stop.abort();
      assert.equal(await reading.nextId(), undefined);
    },
  },
  {
    title: 'M-085 without a cursor it begins at the call, not at the first read',
    async run(world) {
      await world.submit();
      const stop = new AbortController();
      const reading = reader(world.store.changes(undefined, stop.signal));
      const id = await world.submit();
      assert.equal(await reading.nextId(), id);
      stop.abort();
    },
  },
  {
    title: 'M-085 a waiting reader ends without an error when its signal aborts',
    async run(world) {
      const stop = new AbortController();
      const reading = reader(world.store.changes(undefined, stop.signal));
      const waiting = reading.nextId();
      stop.abort(new Error('enough'));
      assert.equal(await waiting, undefined);
      assert.equal(await reader(world.store.changes(undefined, AbortSignal.abort())).nextId(), undefined);
    },
  },
  {
    title: 'M-085 a slow reader misses nothing of a burst',
    async run(world) {
      const start = await cursorNow(world);
      const stop = new AbortController();
      const reading = reader(world.store.changes(start, stop.signal));
      const ids: EntryId[] = [];
      for (let round = 0; round < 6; round += 1)
        ids.push(...(await world.store.submit(Array.from({ length: 100 }, () => world.message()))).map((one) => one.id));
      for (const id of ids) assert.equal(await reading.nextId(), id);
      stop.abort();
    },
  },
  {
    title: 'M-029 what was never written is never told: claims and refused calls leave no change',
    async run(world) {
      const start = await cursorNow(world);
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.store.renew([lease], world.now + 1);
      await world.settle({ id, guard: { ...lease, fence: 0 }, then: 'remove' });
      await world.settle({ id, guard: lease });
      const marker = await world.submit();
      assert.deepEqual((await take(world.store, start, 2)).map(idOf), [id, marker]);
    },
  },
  {
    title: 'U-005 a trimmed cursor answers with one gap, from which reading goes on',
    needs: ['sweep'],
    async run(world) {
      const start = await cursorNow(world);
      await world.submit();
      world.clock.advance(100);
      await sweepAll(world, 50);
      const late = await world.submit();
      const [gap, next] = await take(world.store, start, 2);
      assert.deepEqual([gap?.type, next && idOf(next)], ['gap', late]);
      assert.deepEqual((await take(world.store, gap?.cursor as Cursor, 1)).map(idOf), [late]);
    },
  },
  {
    title: 'M-085 a cursor that is not of this store answers with a gap',
    async run(world) {
      await world.submit();
      for (const foreign of ['', 'other1.0000000001', `${await cursorNow(world)}0`]) {
        assert.deepEqual(
          (await take(world.store, foreign as Cursor, 1)).map((change) => change.type),
          ['gap'],
          foreign,
        );
      }
    },
  },
];

interface Reader {
  nextId(): Promise<EntryId | 'gap' | undefined>;
}

function reader(changes: AsyncIterable<Change>): Reader {
  const iterator = changes[Symbol.asyncIterator]();
  return {
    async nextId() {
      const { value, done } = await iterator.next();
      return done ? undefined : idOf(value);
    },
  };
}

const idOf = (change: Change): EntryId | 'gap' => (change.type === 'gap' ? 'gap' : change.id);

/** The next `count` changes after the cursor. */
export async function take(store: MessageStore, after: Cursor | undefined, count: number): Promise<Change[]> {
  const stop = new AbortController();
  const changes: Change[] = [];
  for await (const change of store.changes(after, stop.signal)) if (changes.push(change) >= count) stop.abort();
  return changes;
}

/** A cursor behind everything so far. */
export async function cursorNow(world: StoreWorld, store: MessageStore = world.store): Promise<Cursor> {
  const stop = new AbortController();
  const changes = store.changes(undefined, stop.signal)[Symbol.asyncIterator]();
  const waiting = changes.next();
  await world.submit({ properties: {} }, store);
  const { value } = await waiting;
  stop.abort();
  await changes.return?.();
  assert(value);
  // The marker itself is of no interest to anybody: nobody sends it.
  const [marker] = value.type === 'gap' ? [] : [value.id];
  if (marker) await world.settle({ id: marker, guard: { from: ['queued'] }, then: 'remove' }, store);
  const [removed] = await take(store, value.cursor, 1);
  assert(removed);
  return removed.cursor;
}

async function sweepAll(world: StoreWorld, recordMs: number): Promise<void> {
  const retention = { contentMs: recordMs, recordMs, idempotencyKeyMs: recordMs };
  while ((await world.store.sweep?.(retention))?.more);
}

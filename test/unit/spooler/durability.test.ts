import { loopback } from 'mailspool/providers/loopback';
import { seededRandom, virtualTime } from 'mailspool/testing';
import { expect, test, vi } from 'vitest';
import { createSpooler, retryPolicy, type EntryId } from '../../../src/index.ts';
import { isFinal, isSettled } from '../../../src/message/transitions.ts';
import { newStore, testInMemory } from './stores.ts';
import { collect, note, world } from './world.ts';

test('M-031 U-007 after a crash in the middle of a hand-over the message is queued again and goes out once its lease ends', async () => {
  const first = await world({ loopback: { answer: async () => await new Promise(() => undefined) } });
  const { id } = await first.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await first.clock.settle();
  first.store.crash();
  const again = await world({ store: first.store.sharing(), clock: first.clock });
  await again.clock.advance('31s');
  expect(again.provider.handedOver.map(({ entryId }) => entryId)).toEqual([id]);
});

testInMemory(
  'U-007 a lease names its owner and ends by itself, also where nobody frees it: the message goes out by another spooler',
  async (store) => {
    const first = await world({ store, loopback: { answer: async () => await new Promise(() => undefined) } });
    const { id } = await first.spooler.submit(note());
    await first.clock.settle();
    const claimed = (await first.spooler.get(id))?.recipients[0]?.status;
    expect(claimed).toMatchObject({ state: 'claimed', owner: expect.stringContaining(`:${process.pid}:`) });
    // The host of the first is gone: it renews nothing, and nobody tells the store.
    vi.spyOn(store, 'renew').mockResolvedValue([]);
    const second = await world({ store: store.sharing(), clock: first.clock });
    await second.clock.advance('5s');
    expect(second.provider.handedOver).toHaveLength(0);
    await second.clock.advance('55s');
    expect(second.provider.handedOver.map(({ entryId }) => entryId)).toEqual([id]);
  },
);

test('M-031 recipients that were settled before a crash stay settled', async () => {
  const first = await world({
    loopback: {
      transfer: async (message) => {
        await message.saveChanges([{ recipient: 1, outcome: 'accepted' }]);
        await new Promise(() => undefined);
      },
    },
  });
  const { id } = await first.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await first.clock.settle();
  first.store.crash();
  const again = await world({ store: first.store.sharing(), clock: first.clock });
  await again.clock.advance('31s');
  expect(again.provider.handedOver.map(({ recipients }) => recipients.map(({ address }) => address))).toEqual([['cleo@harbour.example']]);
  expect(await again.states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'relayed' });
});

test('a message that was in flight at three crashes is held for a person', async () => {
  let store = newStore();
  const clock = virtualTime();
  let id: EntryId | undefined;
  for (let crash = 0; crash < 3; crash += 1) {
    const own = await world({ store, clock, loopback: { answer: async () => await new Promise(() => undefined) } });
    id ??= (await own.spooler.submit(note())).id;
    await clock.advance('31s');
    // Claims are noted with the next commit.
    await own.spooler.submit(note(), { sendAt: { afterMs: 86_400_000 } });
    store.crash();
    store = store.sharing();
  }
  const last = await world({ store, clock });
  await clock.advance('2m');
  expect(last.provider.handedOver).toHaveLength(0);
  expect((await last.spooler.get(id as EntryId))?.recipients[0]?.status).toMatchObject({ state: 'held', by: 'policy' });
});

test('T-012 an at-most-once hand-over that a crash interrupted is uncertain, never sent again', async () => {
  const first = await world({ loopback: { answer: async () => await new Promise(() => undefined) } });
  const { id } = await first.spooler.submit(note(), { guarantee: 'atMostOnce' });
  await first.clock.settle();
  first.store.crash();
  const again = await world({ store: first.store.sharing(), clock: first.clock });
  await again.clock.advance('2m');
  expect(again.provider.handedOver).toHaveLength(0);
  expect(await again.states(id)).toEqual({ 'bob@harbour.example': 'uncertain' });
});

testInMemory('U-008 a lease lasts less than a minute, is renewed while its owner lives, and is freed at once when it goes', async (store) => {
  let finish = (): void => undefined;
  const first = await world({
    store,
    loopback: { answer: async () => await new Promise((resolve) => (finish = () => resolve({ outcome: 'accepted' }))) },
  });
  const { id } = await first.spooler.submit(note());
  await first.clock.settle();
  const status = (await first.spooler.get(id))?.recipients[0]?.status;
  expect(status?.state === 'claimed' && status.until - first.clock.now()).toBeLessThan(60_000);
  const second = await world({ store: store.sharing(), clock: first.clock });
  await first.clock.advance('10m');
  expect(second.provider.handedOver).toHaveLength(0);
  finish();
  await first.clock.settle();
  expect(first.provider.handedOver).toHaveLength(1);
  const third = await world({
    store: store.sharing(),
    clock: first.clock,
    loopback: { answer: async () => await new Promise(() => undefined) },
  });
  await second.spooler.suspend();
  await first.spooler.suspend();
  await third.spooler.submit(note());
  await third.clock.settle();
  await third.store[Symbol.asyncDispose]();
  await second.spooler.resume();
  await second.clock.advance('1s');
  expect(second.provider.handedOver).toHaveLength(1);
});

testInMemory('U-018 eight spoolers on one store hand over a thousand messages once each', async (store) => {
  const clock = virtualTime();
  const counts = new Map<string, number>();
  const worlds = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const provider = loopback({
        limits: { outbound: 8 },
        answer: ({ id }) => (counts.set(id, (counts.get(id) ?? 0) + 1), { outcome: 'accepted' }),
      });
      const spooler = await createSpooler({
        clock,
        random: seededRandom(index),
        store: index === 0 ? store : store.sharing(),
        providers: [provider],
      });
      await spooler.start();
      return spooler;
    }),
  );
  await Promise.all(Array.from({ length: 1000 }, async (_, n) => await worlds[n % 8]?.submit(note())));
  await clock.advance('5m');
  expect(counts.size).toBe(1000);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
  await Promise.all(worlds.map(async (spooler) => await spooler.stop({ drainMs: 0 })));
});

testInMemory('U-019 an owner that stalled past its lease cannot begin the final dot, and its late word is refused', async (store) => {
  const clock = virtualTime();
  let resume = (): void => undefined;
  let refused: unknown;
  const stalled = await world({
    clock,
    store,
    loopback: {
      transfer: async (message) => {
        await new Promise<void>((resolve) => (resume = resolve));
        refused = await message.handingOver().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refused) throw refused as Error;
      },
    },
  });
  const { id } = await stalled.spooler.submit(note());
  await clock.settle();
  // Nothing of this process runs for a minute: its lease ends without renewal.
  clock.jump('1m');
  const second = await world({ clock, store: store.sharing() });
  await clock.settle();
  resume();
  await clock.settle();
  expect(second.provider.handedOver).toHaveLength(1);
  expect(refused).toMatchObject({ code: 'ELEASE' });
  expect(stalled.provider.handedOver).toHaveLength(0);
  expect(await second.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('T-008 U-002 whatever providers do, every recipient is accounted for and every message that waits has a next step', async () => {
  const random = seededRandom('accounting');
  const dice = () => random.bytes(1)[0] ?? 0;
  const own = await world({
    retry: retryPolicy(random, { lifetimeMs: 6 * 3_600_000 }),
    loopback: {
      limits: { outbound: 4 },
      answer: ({ recipients }) =>
        recipients.map(({ id }) => {
          const roll = dice() % 5;
          if (roll === 0) return { recipient: id, outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550' } };
          if (roll === 1) return { recipient: id, outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451' } };
          if (roll === 2) return { recipient: id, outcome: 'unknown', diagnostic: { code: 'ECONNECTION', text: 'dropped' } };
          if (roll === 3) return { recipient: id, outcome: 'notMine' };
          return { recipient: id, outcome: 'accepted' };
        }),
    },
  });
  const ids: EntryId[] = [];
  for (let n = 0; n < 60; n += 1) {
    const to = Array.from({ length: 1 + (dice() % 4) }, (_, r) => `r${r}@harbour.example`);
    ids.push((await own.spooler.submit(note(to), { onUnknown: dice() % 2 === 0 ? 'resend' : 'hold' })).id);
    if (dice() % 4 === 0) await own.spooler.cancel(ids[dice() % ids.length] as EntryId);
    if (dice() % 4 === 0) await own.clock.advance('5m');
  }
  await own.clock.settle();
  for (const message of await collect(own.spooler.list({ direction: 'outbound' }))) {
    for (const row of message.recipients) {
      const [why] = (await own.spooler.explain(message.id)).filter(({ recipient }) => recipient.id === row.id);
      if (!isSettled(row.status.state)) expect(why?.whoCanChange).not.toBe('nobody');
    }
  }
  await own.clock.advance('7h');
  const rows = (await collect(own.spooler.list({ direction: 'outbound' }))).flatMap(({ recipients }) => recipients);
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter(({ status }) => !isFinal(status.state)).map(({ status }) => status.state)).toEqual([]);
});

testInMemory('T-005 a disk that is full for a while loses no outcome: it is written when there is room', async (store) => {
  const own = await world({ store });
  await own.spooler.suspend();
  const { id } = await own.spooler.submit(note());
  store.failWrites(3);
  await own.spooler.resume();
  await own.clock.advance('10s');
  expect(own.provider.handedOver).toHaveLength(1);
  expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('U-013 listing while mail is submitted changes and loses nothing', async () => {
  const own = await world();
  const listing = Promise.all(Array.from({ length: 20 }, async () => await collect(own.spooler.list())));
  const ids = await Promise.all(Array.from({ length: 100 }, async () => (await own.spooler.submit(note())).id));
  await listing;
  await own.clock.advance('1m');
  expect(own.provider.handedOver).toHaveLength(100);
  expect((await collect(own.spooler.list({ direction: 'outbound' }))).map(({ id }) => id)).toEqual(ids);
});

test('U-061 stop with a drain finishes what is in flight; with none it aborts at once; afterwards nothing is left', async () => {
  const draining = await world({ loopback: { delayMs: 5_000 } });
  await draining.spooler.submit(note());
  await draining.clock.settle();
  const stopping = draining.spooler.stop({ drainMs: 10_000 });
  await draining.clock.advance('6s');
  expect(await stopping).toMatchObject({ complete: true, queued: 0 });
  expect(draining.provider.handedOver).toHaveLength(1);
  expect(draining.clock.pending).toBe(0);

  const abrupt = await world({ loopback: { delayMs: 5_000 } });
  await abrupt.spooler.submit(note());
  await abrupt.clock.settle();
  const stopped = abrupt.spooler.stop({ drainMs: 0 });
  await abrupt.clock.settle();
  expect(await stopped).toMatchObject({ complete: false, queued: 1 });
  expect(abrupt.provider.handedOver).toHaveLength(0);
  expect(abrupt.clock.pending).toBe(0);
  await expect(abrupt.spooler.submit(note())).rejects.toMatchObject({ code: 'ESTOPPED' });
});

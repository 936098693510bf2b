import { expect, test, vi } from 'vitest';
import { testInMemory } from './stores.ts';
import { note, world } from './world.ts';

test('U-061 whoever still waits for a message when the spooler stops is told so', async () => {
  const { spooler } = await world();
  await spooler.suspend();
  const { id } = await spooler.submit(note());
  const waiting = expect(spooler.settled(id)).rejects.toMatchObject({ code: 'ESTOPPED' });
  await spooler.stop();
  await waiting;
});

testInMemory('what is settled while the message is read is not missed: another spooler on the store', async (store) => {
  const first = await world({ store });
  await first.spooler.suspend();
  const { id } = await first.spooler.submit(note());
  const second = await world({ store: store.sharing(), clock: first.clock, start: false });
  let reads = 0;
  const get = second.store.get.bind(second.store);
  vi.spyOn(second.store, 'get').mockImplementation(async (ids) => {
    const read = await get(ids);
    reads += 1;
    // Between the look and the answer the other one sends it.
    if (reads === 1) {
      await first.spooler.resume();
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    return read;
  });
  const settled = second.spooler.settled(id);
  await first.clock.advance('1s');
  expect((await settled).accepted).toEqual(['bob@harbour.example']);
});

testInMemory('a change feed that fails is an answer to whoever waits, not the end of the process', async (store) => {
  const { spooler } = await world({ store });
  await spooler.suspend();
  const { id } = await spooler.submit(note());
  vi.spyOn(store, 'changes').mockImplementation(() => ({
    [Symbol.asyncIterator]: () => ({ next: async () => await Promise.reject(new Error('the feed is torn')) }),
  }));
  await expect(spooler.settled(id)).rejects.toThrow('the feed is torn');
});

test('newMail$ goes on behind the last news when the change feed failed for a moment', async () => {
  const { spooler, store, clock, provider } = await world();
  const changes = store.changes.bind(store);
  let broken = true;
  vi.spyOn(store, 'changes').mockImplementation((after, signal) => {
    if (!broken) return changes(after, signal);
    broken = false;
    return { [Symbol.asyncIterator]: () => ({ next: async () => await Promise.reject(new Error('the feed is torn')) }) };
  });
  const news: string[] = [];
  spooler.newMail$.subscribe(({ id }) => news.push(id));
  await clock.advance('2s');
  provider.push('Subject: one\r\n\r\n');
  await clock.settle();
  expect(news).toHaveLength(1);
});

test('only a submitted message settles: received mail is not found', async () => {
  const { spooler, clock, provider } = await world();
  provider.push('Subject: one\r\n\r\n');
  await clock.settle();
  for await (const { id } of spooler.list({ direction: 'inbound' })) {
    await expect(spooler.settled(id)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  }
});

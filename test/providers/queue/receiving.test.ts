import { expect, test } from 'vitest';
import { computer, journalOf, newDirectory, text } from './managers.ts';

test('Q-045 Q-046 what an application receives is copied to the journal as far as there is room; what it peeks, purges or lets expire is not', async () => {
  const { queue, clock, drained } = await computer();
  const { reader, sender } = await queue('orders', { journal: true, journalQuotaKb: 1 });
  await sender.send({ body: 'one' });
  await reader.peek();
  await reader.receive();
  await sender.send({ body: 'purged' });
  await reader.purge();
  await sender.send({ body: 'late', timeToBeReceived: 1 });
  await clock.advance('2s');
  await sender.send({ body: Buffer.alloc(1_000) });
  expect((await reader.receive()).body).toHaveLength(1_000);
  expect((await drained(journalOf('orders'))).map(text)).toEqual(['one']);
});

test('Q-049 a receive takes the first, fails at once, waits so long, or waits for ever', async () => {
  const { queue, clock } = await computer();
  const { reader, sender } = await queue('orders');
  await expect(reader.receive({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  let ended = false;
  const short = expect(reader.receive({ timeoutMs: 1_000 }).finally(() => (ended = true))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await clock.advance(999);
  expect(ended).toBe(false);
  await clock.advance(1);
  await short;
  const long = reader.receive();
  await clock.advance('30d');
  await sender.send({ body: 'at last' });
  expect(text(await long)).toBe('at last');
  expect(clock.pending).toBeLessThanOrEqual(1);
});

test('Q-049 a transactional queue is read with and without a transaction', async () => {
  const { manager, queue } = await computer();
  const { reader, sender } = await queue('orders', { transactional: true });
  for (const body of ['one', 'two', 'three']) await sender.send({ body }, { transaction: 'single' });
  expect(text(await reader.receive())).toBe('one');
  expect(text(await reader.receive({ transaction: 'single' }))).toBe('two');
  expect(await manager.transaction(async (transaction) => text(await reader.receive({ transaction })))).toBe('three');
});

test('Q-050 a new message wakes all who peek and one who receives, in the order in which they came', async () => {
  const { manager, queue, clock } = await computer();
  const { reader, sender } = await queue('orders');
  const got: string[] = [];
  const other = await manager.openQueue('.\\private$\\orders', { access: 'receive' });
  const waiting = [reader, other, reader].map(async (one, index) => got.push(`${index}: ${text(await one.receive())}`));
  const peeking = [reader, other].map(async (one) => text(await one.peek()));
  await clock.settle();
  await sender.send({ body: 'a' });
  await clock.settle();
  expect(await Promise.all(peeking)).toEqual(['a', 'a']);
  expect(got).toEqual(['0: a']);
  await sender.send({ body: 'b' });
  await sender.send({ body: 'c' });
  await Promise.all(waiting);
  expect(got).toEqual(['0: a', '1: b', '2: c']);
});

test('a receive that is given up takes nothing with it', async () => {
  const { queue, clock } = await computer();
  const { reader, sender } = await queue('orders');
  const leaving = new AbortController();
  const left = expect(reader.receive({ signal: leaving.signal })).rejects.toThrow('leaving');
  const staying = reader.receive();
  await clock.settle();
  const sending = sender.send({ body: 'one' });
  leaving.abort(new Error('leaving'));
  await sending;
  await left;
  expect(text(await staying)).toBe('one');
});

test('Q-051 a cursor goes from message to message, and takes the one it stands at', async () => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders');
  const cursor = reader.cursor();
  await expect(cursor.peekNext()).rejects.toMatchObject({ code: 'EILLEGALCURSOR' });
  for (const [body, priority] of [
    ['second', 3],
    ['third', 3],
    ['first', 7],
    ['fourth', 1],
  ] as const)
    await sender.send({ body, priority });
  expect(text(await cursor.peekCurrent())).toBe('first');
  expect(text(await cursor.peekNext())).toBe('second');
  expect(text(await cursor.peekCurrent())).toBe('second');
  expect(text(await cursor.receiveCurrent())).toBe('second');
  expect(text(await cursor.peekCurrent())).toBe('third');
  await reader.receive();
  await reader.receive();
  await expect(cursor.peekCurrent()).rejects.toMatchObject({ code: 'EALREADYRECEIVED' });
  await expect(cursor.receiveCurrent()).rejects.toMatchObject({ code: 'EALREADYRECEIVED' });
  expect(text(await cursor.peekNext())).toBe('fourth');
  await expect(cursor.peekNext({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('Q-051 a cursor at the end waits for what comes behind it', async () => {
  const { queue, clock } = await computer();
  const { reader, sender } = await queue('orders');
  const cursor = reader.cursor();
  await sender.send({ body: 'one' });
  await cursor.peekCurrent();
  const next = cursor.peekNext();
  await clock.settle();
  await sender.send({ body: 'before it', priority: 7 });
  await sender.send({ body: 'behind it' });
  expect(text(await next)).toBe('behind it');
});

test('Q-052 a lookup id is a message’s own, shows the order of arrival, and leads to its neighbours', async () => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders');
  for (const [body, priority] of [
    ['a', 1],
    ['b', 7],
    ['c', 3],
  ] as const)
    await sender.send({ body, priority });
  const b = await reader.peek();
  expect(text(b)).toBe('b');
  expect(text(await reader.peekByLookupId(b.lookupId))).toBe('b');
  expect(text(await reader.peekByLookupId(b.lookupId, 'next'))).toBe('c');
  expect(text(await reader.receiveByLookupId(b.lookupId, 'previous'))).toBe('a');
  await expect(reader.receiveByLookupId(b.lookupId, 'previous')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await reader.receiveByLookupId(b.lookupId);
  await expect(reader.receiveByLookupId(b.lookupId)).rejects.toMatchObject({ code: 'ENOTFOUND', field: 'lookupId' });
});

test('Q-054 a commit shows all that was sent and drops all that was received; an abort undoes both', async () => {
  const { manager, queue, drained } = await computer();
  const orders = await queue('orders', { transactional: true });
  const bills = await queue('bills', { transactional: true });
  for (const body of ['one', 'two']) await orders.sender.send({ body }, { transaction: 'single' });
  await expect(
    manager.transaction(async (transaction) => {
      await orders.reader.receive({ transaction });
      await bills.sender.send({ body: 'bill' }, { transaction });
      expect(text(await orders.reader.peek())).toBe('two');
      await expect(bills.reader.peek({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect([text(await orders.reader.peek()), await drained('.\\private$\\bills')]).toEqual(['one', []]);
  await manager.transaction(async (transaction) => {
    const order = await orders.reader.receive({ transaction });
    await bills.sender.send({ body: `bill of ${text(order)}` }, { transaction });
  });
  expect([await drained('.\\private$\\orders'), await drained('.\\private$\\bills')].map((all) => all.map(text))).toEqual([['two'], ['bill of one']]);
});

test('Q-054 a message that comes back wakes who waits for it', async () => {
  const { manager, queue, clock } = await computer();
  const { reader, sender } = await queue('orders', { transactional: true });
  await sender.send({ body: 'one' }, { transaction: 'single' });
  const aborting = manager
    .transaction(async (transaction) => {
      await reader.receive({ transaction });
      await clock.sleep(1_000);
      throw new Error('no');
    })
    .catch(() => undefined);
  await clock.settle();
  const waiting = reader.receive();
  await clock.advance('2s');
  await aborting;
  expect(text(await waiting)).toBe('one');
});

test('Q-054 a crash is the abort of what was open', async () => {
  const directory = newDirectory();
  const first = await computer({ directory });
  const { reader, sender } = await first.queue('orders', { transactional: true });
  await sender.send({ body: 'one' }, { transaction: 'single' });
  let leave = (): void => undefined;
  const hanging = first.manager.transaction(async (transaction) => {
    await reader.receive({ transaction });
    await sender.send({ body: 'two' }, { transaction });
    await new Promise<void>((resolve) => (leave = resolve));
  });
  await first.clock.settle();
  await first.manager.close();
  leave();
  await expect(hanging).rejects.toMatchObject({ code: 'EQUEUENOTAVAILABLE' });
  const again = await computer({ directory });
  expect((await again.drained('.\\private$\\orders')).map(text)).toEqual(['one']);
});

test('Q-055 a transaction that is over cannot be used, and only transactional queues are read in one', async () => {
  const { manager, queue } = await computer();
  const strict = await queue('strict', { transactional: true });
  const plain = await queue('plain');
  const over = await manager.transaction(async (transaction) => transaction);
  for (const used of [strict.sender.send({}, { transaction: over }), strict.reader.receive({ transaction: over, timeoutMs: 0 })])
    await expect(used).rejects.toMatchObject({ code: 'ETRANSACTIONSEQUENCE' });
  await plain.sender.send({});
  await expect(manager.transaction(async (transaction) => await plain.reader.receive({ transaction }))).rejects.toMatchObject({
    code: 'ETRANSACTIONUSAGE',
  });
});

test('Q-056 a transactional message for a plain queue, or the reverse, is sent, not delivered, and told', async () => {
  const { queue, drained } = await computer();
  await queue('admin');
  const strict = await queue('strict', { transactional: true });
  const plain = await queue('plain');
  const asked = { adminQueue: '.\\private$\\admin', acknowledge: { failedArrival: true } };
  await plain.sender.send(asked, { transaction: 'single' });
  await strict.sender.send(asked);
  expect((await drained('.\\private$\\admin')).map(({ class: ofClass }) => ofClass).toSorted()).toEqual([
    'nack.notTransactionalMessage',
    'nack.notTransactionalQueue',
  ]);
});

test('who opened a queue for one thing does not do another', async () => {
  const { manager, queue } = await computer();
  const { sender } = await queue('orders');
  const looker = await manager.openQueue('.\\private$\\orders', { access: 'peek' });
  for (const refused of [sender.receive(), sender.peek(), sender.purge(), looker.receive(), looker.send({}), looker.purge()])
    await expect(refused).rejects.toMatchObject({ code: 'ENOACCESS', field: 'access' });
});

test('Q-035 Q-044 reading a journal or the dead letters tells nobody and copies nothing', async () => {
  const { queue, drained, manager } = await computer();
  await queue('admin');
  const { reader, sender } = await queue('orders', { transactional: true });
  const asked = { adminQueue: '.\\private$\\admin', acknowledge: { receive: true, failedReceive: true }, journal: { copy: true, deadLetter: true } };
  await sender.send(asked, { transaction: 'single' });
  await reader.receive();
  await sender.send({ ...asked, timeToBeReceived: 0 }, { transaction: 'single' });
  expect(await drained('.\\private$\\admin')).toHaveLength(2);
  await using letters = await manager.openQueue('DIRECT=OS:.\\SYSTEM$;DEADXACT', { access: 'receive' });
  await letters.purge();
  expect(await drained('DIRECT=OS:.\\SYSTEM$;JOURNAL')).toHaveLength(1);
  expect((await manager.listQueues()).filter(({ messages }) => messages > 0)).toEqual([]);
});

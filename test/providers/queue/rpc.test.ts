import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineInterface, oneWay, queuedBinding, queuedServer, requestReply, type Implementation } from 'mailspool/providers/queue';
import { computer, copies, deadLetters, newDirectory, text } from './managers.ts';

const warehouse = defineInterface({
  name: 'warehouse',
  id: '7c3b4b7e-0d2f-4f0a-9a63-0d9f3a1c2b10',
  version: '1.2',
  operations: {
    ship: oneWay(z.object({ order: z.number().int() })),
    stock: requestReply(z.object({ item: z.string() }), z.number()),
  },
});

const ships = (shipped: unknown[]): Implementation<typeof warehouse> => ({
  ship: ({ order }) => void shipped.push(order),
  stock: ({ item }) => item.length,
});

async function served(implementation: Implementation<typeof warehouse> = ships([])) {
  const here = await computer();
  const server = queuedServer(here.manager, { clock: here.clock });
  server.register(warehouse, implementation);
  await server.listen('warehouse', { permanent: true });
  const binding = await queuedBinding(here.manager, warehouse, { endpoint: 'warehouse', clock: here.clock });
  return { ...here, server, binding };
}

describe('calls', () => {
  test('R-001 R-012 a one-way call returns at once with the server down, and is run when it comes up, also after a restart', async () => {
    const directory = newDirectory();
    const first = await computer({ directory });
    const founding = queuedServer(first.manager, { clock: first.clock });
    await founding.listen('warehouse', { permanent: true });
    await founding.close();
    const binding = await queuedBinding(first.manager, warehouse, { endpoint: 'warehouse', clock: first.clock, delivery: 'recoverable' });
    await binding.call.ship({ order: 7 });
    await first.manager.close();

    const again = await computer({ directory });
    const shipped: unknown[] = [];
    const server = queuedServer(again.manager, { clock: again.clock });
    server.register(warehouse, ships(shipped));
    await server.listen('warehouse', { permanent: true });
    await again.clock.settle();
    expect(shipped).toEqual([7]);
    await server.close();
  });

  test('R-002 a one-way operation with a result is refused where it is declared', () => {
    expect(() => oneWay(z.string(), ...([z.string()] as never[]))).toThrow(/no result/);
    const operations = { wrong: { kind: 'oneWay', input: z.string(), output: z.string() } } as never;
    expect(() => defineInterface({ ...warehouse, operations })).toThrow(
      expect.objectContaining({ code: 'EINVALID', field: 'operations.wrong.output' }) as Error,
    );
  });

  test.each([
    ['name', { name: 'two words' }],
    ['id', { id: 'warehouse' }],
    ['version', { version: '1' }],
  ])('an interface with a wrong %s is refused', (field, wrong) => {
    expect(() => defineInterface({ ...warehouse, ...wrong })).toThrow(expect.objectContaining({ code: 'EINVALID', field }) as Error);
  });

  test('R-003 endpoints are well known: dynamic ones, several servers and groups are refused', async () => {
    const { manager, clock } = await computer();
    const server = queuedServer(manager, { clock });
    for (const endpoint of ['', '*', 'two words'])
      await expect(server.listen(endpoint)).rejects.toMatchObject({ code: 'EINVALID', field: 'endpoint' });
    for (const endpoint of ['DIRECT=OS:.\\private$\\a,DIRECT=OS:.\\private$\\b', 'MULTICAST=234.1.1.1:80'])
      await expect(queuedBinding(manager, warehouse, { endpoint, clock })).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  });

  test('R-004 a call with an answer waits for the server, and no longer than it is told', async () => {
    const { binding, server, clock } = await served();
    expect(await binding.call.stock({ item: 'rope' })).toBe(4);
    await server.close();
    const late = expect(binding.call.stock({ item: 'rope' }, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await clock.advance('6s');
    await late;
    const leaving = new AbortController();
    const left = expect(binding.call.stock({ item: 'rope' }, { signal: leaving.signal })).rejects.toThrow('leaving');
    leaving.abort(new Error('leaving'));
    await left;
    await binding.close();
  });

  test('R-004 answers find their calls, however many are under way', async () => {
    const { binding } = await served();
    const items = Array.from({ length: 50 }, (_, n) => 'x'.repeat(n));
    expect(await Promise.all(items.map(async (item) => await binding.call.stock({ item })))).toEqual(items.map(({ length }) => length));
    await binding.close();
  });

  test('what goes in and comes out is what the interface declares', async () => {
    const { binding } = await served({ ship: () => undefined, stock: () => 'many' as never });
    await expect(binding.call.ship({ order: 'seven' as never })).rejects.toMatchObject({ code: 'EINVALID', field: 'input.order' });
    await expect(binding.call.stock({ item: 'rope' })).rejects.toMatchObject({ code: 'EINVALID' });
    await binding.close();
  });

  test('an operation that throws is an answer: an error of ours by its code, any other without its words', async () => {
    const { binding } = await served({
      ship: () => undefined,
      stock: () => {
        throw new Error('password is secret');
      },
    });
    await expect(binding.call.stock({ item: 'rope' })).rejects.toMatchObject({
      name: 'RemoteError',
      code: 'EPROVIDER',
      message: 'the operation failed',
    });
    await binding.close();
  });

  test('a server serves clients of its major version and no later minor one', async () => {
    const { manager, clock } = await served();
    const called = async (version: string) => {
      await using binding = await queuedBinding(manager, { ...warehouse, version }, { endpoint: 'warehouse', clock });
      return await binding.call.stock({ item: 'rope' }).catch((error: { code: string }) => error.code);
    };
    expect([await called('1.0'), await called('1.2'), await called('1.3'), await called('2.0')]).toEqual([4, 4, 'ENOSUPPORT', 'ENOSUPPORT']);
  });
});

describe('options', () => {
  test('R-005 they stay on the binding until they are changed, and can be read', async () => {
    const { binding } = await served();
    expect([binding.get('delivery'), binding.get('priority'), binding.get('journal')]).toEqual(['express', 3, 'none']);
    binding.set('priority', 7);
    await binding.call.ship({ order: 1 });
    expect(binding.get('priority')).toBe(7);
    for (const [option, value] of [
      ['priority', 8],
      ['delivery', 'soon'],
      ['journal', 'some'],
      ['timeToBeReceived', -1],
      ['waitForQueue', 1],
    ] as const)
      expect(() => binding.set(option as 'priority', value as never)).toThrow(expect.objectContaining({ code: 'EINVALID', field: option }) as Error);
    expect(() => binding.set('colour' as never, 1 as never)).toThrow(expect.objectContaining({ code: 'EINVALID', field: 'colour' }) as Error);
  });

  test('R-006 R-008 delivery, lifetimes and journal are the message’s', async () => {
    const { server, binding, manager, clock, drained } = await served();
    await server.close();
    await binding.call.ship({ order: 1 });
    binding.set('delivery', 'recoverable');
    binding.set('timeToBeReceived', 60);
    binding.set('journal', 'deadLetter');
    await binding.call.ship({ order: 2 });
    binding.set('journal', 'always');
    await binding.call.ship({ order: 3 });
    await using queue = await manager.openQueue('.\\private$\\warehouse', { access: 'peek' });
    const cursor = queue.cursor();
    const seen = [await cursor.peekCurrent(), await cursor.peekNext(), await cursor.peekNext()];
    expect(seen.map(({ delivery, timeToBeReceived }) => [delivery, timeToBeReceived])).toEqual([
      ['express', undefined],
      ['recoverable', 60],
      ['recoverable', 60],
    ]);
    expect((await drained(copies)).map((copy) => JSON.parse(text(copy)).input)).toEqual([{ order: 3 }]);
    await clock.advance('61s');
    expect((await drained(deadLetters)).map((letter) => [letter.class, JSON.parse(text(letter)).input.order])).toEqual([
      ['nack.receiveTimeout', 2],
      ['nack.receiveTimeout', 3],
    ]);
  });

  test('R-007 R-015 a later, higher call runs first; of one priority they run in the order of the calls', async () => {
    const shipped: unknown[] = [];
    const { server, binding, manager, clock } = await served();
    await server.close();
    for (const [order, priority] of [
      [1, 3],
      [2, 7],
      [3, 3],
      [4, 7],
      [5, 0],
    ] as const) {
      binding.set('priority', priority);
      await binding.call.ship({ order });
    }
    const again = queuedServer(manager, { clock });
    again.register(warehouse, ships(shipped));
    await again.listen('warehouse', { permanent: true });
    await clock.settle();
    expect(shipped).toEqual([2, 4, 1, 3, 5]);
  });

  test('R-009 waitForQueue returns when the call is in the server’s queue, not when it was run; a refusal is told', async () => {
    const { server, binding, manager, drained } = await served();
    await server.close();
    binding.set('waitForQueue', true);
    await binding.call.ship({ order: 1 });
    expect(await drained('.\\private$\\warehouse')).toHaveLength(1);
    await manager.setProperties('.\\private$\\warehouse', { quotaKb: 0 });
    await expect(binding.call.ship({ order: 2 })).rejects.toMatchObject({
      code: 'EQUEUENOTAVAILABLE',
      message: expect.stringContaining('nack.queueExceedsQuota') as string,
    });
    await binding.close();
  });
});

describe('endpoints', () => {
  test('R-012 a temporary endpoint goes with its server, and the calls that wait with it', async () => {
    const { manager, clock } = await computer();
    const server = queuedServer(manager, { clock });
    await server.listen('now');
    const binding = await queuedBinding(manager, warehouse, { endpoint: 'now', clock });
    await binding.call.ship({ order: 1 });
    await server.close();
    await expect(manager.getProperties('.\\private$\\now')).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
    await expect(binding.call.ship({ order: 2 })).rejects.toMatchObject({ code: 'EQUEUENOTAVAILABLE' });
  });

  test('R-012 a temporary endpoint does not take the place of a permanent one', async () => {
    const { manager, clock } = await served();
    await expect(queuedServer(manager, { clock }).listen('warehouse')).rejects.toMatchObject({ code: 'EEXIST', field: 'endpoint' });
  });

  test('R-013 clearOnOpen drops the calls that wait', async () => {
    const shipped: unknown[] = [];
    const { server, binding, manager, clock } = await served();
    await server.close();
    await binding.call.ship({ order: 1 });
    const again = queuedServer(manager, { clock });
    again.register(warehouse, ships(shipped));
    await again.listen('warehouse', { permanent: true, clearOnOpen: true });
    await binding.call.ship({ order: 2 });
    await clock.settle();
    expect(shipped).toEqual([2]);
  });

  test('R-014 a server that listens before it registered lets waiting calls fail', async () => {
    const { server, binding, manager, clock, drained } = await served();
    await server.close();
    await binding.call.ship({ order: 1 });
    const early = queuedServer(manager, { clock });
    await early.listen('warehouse', { permanent: true });
    await clock.settle();
    expect(await drained('.\\private$\\warehouse_0')).toHaveLength(1);
    await early.close();
  });

  test('R-015 two servers do not listen at one endpoint', async () => {
    const { server, manager, clock } = await served();
    await expect(server.listen('Warehouse', { permanent: true })).rejects.toMatchObject({ code: 'ESHARINGVIOLATION' });
    await expect(queuedServer(manager, { clock }).listen('warehouse', { permanent: true })).rejects.toMatchObject({ code: 'ESHARINGVIOLATION' });
    expect(() => server.register(warehouse, ships([]))).toThrow(expect.objectContaining({ code: 'EEXIST' }) as Error);
  });
});

test('Q-063 a call that fails is tried three times each after 1, 2, 4, 8 and 16 minutes, stops nobody, and then rests', async () => {
  const tried: number[] = [];
  const shipped: unknown[] = [];
  const { binding, clock, drained } = await served({
    ship: ({ order }) => {
      if (order !== 13) return void shipped.push(order);
      tried.push((clock.now() - start) / 60_000);
      throw new Error('unlucky');
    },
    stock: () => 0,
  });
  const start = clock.now();
  for (const order of [1, 13, 2]) await binding.call.ship({ order });
  await clock.settle();
  expect(shipped).toEqual([1, 2]);
  await clock.advance('3h');
  expect(tried).toEqual([0, 1, 2, 3, 5, 7, 9, 13, 17, 21, 29, 37, 45, 61, 77, 93]);
  const [resting] = await drained('.\\private$\\warehouse_resting');
  expect(JSON.parse(text(resting as never))).toMatchObject({ operation: 'ship', input: { order: 13 } });
});

test('Q-063 what is no call rests like one that fails, and stops nobody', async () => {
  const shipped: unknown[] = [];
  const { binding, manager, clock, drained } = await served(ships(shipped));
  await using raw = await manager.openQueue('.\\private$\\warehouse', { access: 'send' });
  for (const body of ['', 'not JSON', '{"interface":1}', '[]']) await raw.send({ body });
  await binding.call.ship({ order: 1 });
  await clock.advance('2h');
  expect(shipped).toEqual([1]);
  expect(await drained('.\\private$\\warehouse_resting')).toHaveLength(4);
});

import { expect, test } from 'vitest';
import { embeddedEngine, queueManager, fullReceive, fullReachQueue, nackReceive, classNumbers } from 'mailspool/providers/queue';
import { computer, copies, deadLetters, newDirectory, text, transactionalDeadLetters } from './managers.ts';

const admin = '.\\private$\\admin';

test('Q-014 Q-015 a message arrives as it was sent, under an id of this manager that no other has', async () => {
  const { queue, manager, clock } = await computer();
  const { reader, sender } = await queue('orders');
  const sent = {
    body: Buffer.from([0, 255, 10]),
    bodyType: 17,
    label: 'Order 7',
    correlationId: 'any text',
    appSpecific: 4_294_967_295,
    extension: Uint8Array.of(1, 2, 3),
    responseQueue: 'DIRECT=OS:nowhere\\answers',
    customClass: 0xe1ff,
    priority: 5,
    delivery: 'recoverable',
  } as const;
  const first = await sender.send(sent);
  const second = await sender.send({});
  expect(first.id).toBe(`${manager.machine}\\1`);
  expect(second.id).not.toBe(first.id);
  const message = await reader.receive();
  expect(message).toMatchObject({
    ...sent,
    body: new Uint8Array(sent.body),
    class: 'normal',
    id: first.id,
    sender: 'ann',
    sentAt: clock.now(),
    arrivedAt: clock.now(),
    destination: 'DIRECT=OS:.\\private$\\orders',
    transactional: false,
  });
});

test('Q-015 ids go on after a restart', async () => {
  const directory = newDirectory();
  const first = await computer({ directory });
  const { id } = await (await first.queue('orders')).sender.send({});
  await first.manager.close();
  const again = await computer({ directory, seed: 2 });
  expect(again.manager.machine).toBe(first.manager.machine);
  const later = await (await again.manager.openQueue('.\\private$\\orders', { access: 'send' })).send({});
  expect(later.id).not.toBe(id);
});

test.each([
  ['label', { label: 'x'.repeat(250) }],
  ['priority', { priority: 8 }],
  ['priority', { priority: -1 }],
  ['priority', { priority: 1.5 }],
  ['delivery', { delivery: 'soon' as never }],
  ['customClass', { customClass: 0x1e00 }],
  ['appSpecific', { appSpecific: -1 }],
  ['timeToBeReceived', { timeToBeReceived: -1 }],
  ['timeToReachQueue', { timeToReachQueue: Number.NaN }],
  ['adminQueue', { adminQueue: 'DIRECT=OS:a\\b,DIRECT=OS:c\\d' }],
  ['adminQueue', { adminQueue: 'DIRECT=OS:.\\SYSTEM$;JOURNAL' }],
  ['adminQueue', { adminQueue: 'nonsense' }],
])('Q-015 Q-016 Q-017 Q-030 a wrong %s is refused with its name, and nothing is sent', async (field, message) => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders');
  await expect(sender.send(message)).rejects.toMatchObject({ code: 'EINVALID', field });
  await expect(reader.peek({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('Q-016 4 MB with headers is the most', async () => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders');
  await sender.send({ label: 'x'.repeat(249), body: Buffer.alloc(4 * 2 ** 20 - 1_000) });
  await expect(sender.send({ body: Buffer.alloc(4 * 2 ** 20) })).rejects.toMatchObject({ code: 'EMAXSIZE', field: 'body' });
  expect((await reader.receive()).body).toHaveLength(4 * 2 ** 20 - 1_000);
});

test('Q-017 higher priorities come first, of one priority the first that came; 3 where nothing is said', async () => {
  const { queue, drained } = await computer();
  const { sender } = await queue('orders');
  for (const [body, priority] of [
    ['a', 0],
    ['b', 7],
    ['c', undefined],
    ['d', 7],
    ['e', 3],
    ['f', 1],
  ] as const)
    await sender.send({ body, ...(priority !== undefined && { priority }) });
  const messages = await drained('.\\private$\\orders');
  expect(messages.map((message) => `${text(message)}${message.priority}`)).toEqual(['b7', 'd7', 'c3', 'e3', 'f1', 'a0']);
});

test('Q-018 Q-019 transactional messages are recoverable and have priority 0', async () => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders', { transactional: true });
  await sender.send({ priority: 7, delivery: 'express' }, { transaction: 'single' });
  expect(await reader.receive()).toMatchObject({ priority: 0, delivery: 'recoverable', transactional: true });
});

test('Q-019 recoverable messages outlive the manager, express ones do not', async () => {
  const directory = newDirectory();
  const first = await computer({ directory });
  const { sender } = await first.queue('orders');
  for (const delivery of ['express', 'recoverable'] as const) await sender.send({ body: delivery, delivery });
  await first.manager.close();
  const again = await computer({ directory });
  expect((await again.drained('.\\private$\\orders')).map(text)).toEqual(['recoverable']);
  expect((await again.manager.listQueues()).filter(({ messages, bytes }) => messages !== 0 || bytes !== 0)).toEqual([]);
});

test('Q-021 what goes to another computer waits in a queue of its own, also through a restart', async () => {
  const directory = newDirectory();
  const first = await computer({ directory });
  await (await first.manager.openQueue('QUAY\\private$\\orders', { access: 'send' })).send({ body: 'one', delivery: 'recoverable' });
  await (await first.manager.openQueue('quay\\other', { access: 'send' })).send({ body: 'two', delivery: 'recoverable' });
  await first.manager.close();
  const again = await computer({ directory });
  expect(await again.manager.listQueues()).toContainEqual(expect.objectContaining({ queue: 'outgoing;quay', messages: 2 }));
});

test('Q-022 Q-023 Q-026 what does not reach its queue in time, 4 days or the lesser of its times, is told and a dead letter', async () => {
  const { manager, queue, clock, drained } = await computer();
  await queue('admin');
  const sender = await manager.openQueue('QUAY\\private$\\orders', { access: 'send' });
  const asked = { adminQueue: admin, acknowledge: fullReachQueue, journal: { deadLetter: true } };
  for (const [body, times] of [
    ['default', {}],
    ['an hour', { timeToReachQueue: 3_600 }],
    ['received in a minute', { timeToReachQueue: 3_600, timeToBeReceived: 60 }],
    ['for ever', { timeToReachQueue: 0xffffffff }],
  ] as const)
    await sender.send({ ...asked, ...times, body });
  await clock.advance('61s');
  expect((await drained(admin)).map((nack) => [nack.class, text(nack)])).toEqual([['nack.reachQueueTimeout', 'received in a minute']]);
  await clock.advance('1h');
  expect((await drained(admin)).map(text)).toEqual(['an hour']);
  await clock.advance('95h');
  expect((await drained(admin)).map(text)).toEqual(['default']);
  expect((await drained(deadLetters)).map((letter) => [letter.class, text(letter)])).toEqual([
    ['nack.reachQueueTimeout', 'received in a minute'],
    ['nack.reachQueueTimeout', 'an hour'],
    ['nack.reachQueueTimeout', 'default'],
  ]);
});

test('Q-024 Q-025 Q-027 what is not received in time is never delivered, and told; what is left of the time is shown', async () => {
  const { queue, clock, drained } = await computer();
  await queue('admin');
  const { reader, sender } = await queue('orders');
  const asked = { adminQueue: admin, acknowledge: nackReceive };
  await sender.send({ ...asked, body: 'at once', timeToBeReceived: 0 });
  await sender.send({ ...asked, body: 'a minute', timeToBeReceived: 60 });
  await sender.send({ ...asked, body: 'no end' });
  await clock.settle();
  expect((await drained(admin)).map((nack) => [nack.class, text(nack)])).toEqual([['nack.receiveTimeout', 'at once']]);
  await clock.advance('20s');
  expect(await reader.peek()).toMatchObject({ timeToBeReceived: 40 });
  await clock.advance('40s');
  expect((await drained(admin)).map((nack) => [nack.class, text(nack)])).toEqual([['nack.receiveTimeout', 'a minute']]);
  await clock.advance('2d');
  const last = await reader.receive({ timeoutMs: 0 });
  expect([text(last), 'timeToBeReceived' in last]).toEqual(['no end', false]);
});

test('Q-028 what is past its time in an open transaction is taken all the same if that commits, and told if it aborts', async () => {
  const { manager, queue, clock, drained } = await computer();
  await queue('admin');
  const { reader, sender } = await queue('orders', { transactional: true });
  const asked = { adminQueue: admin, acknowledge: fullReceive, timeToBeReceived: 10 };
  for (const how of ['commit', 'abort']) {
    await sender.send({ ...asked, body: how }, { transaction: 'single' });
    await manager
      .transaction(async (transaction) => {
        await reader.receive({ transaction });
        await clock.advance('1m');
        if (how === 'abort') throw new Error('no');
      })
      .catch(() => undefined);
  }
  expect((await drained(admin)).map(({ class: ofClass }) => ofClass)).toEqual(['ack.receive', 'nack.receiveTimeout']);
});

test('Q-029 Q-031 Q-032 what is asked for is told, each by itself, and nothing without an admin queue', async () => {
  const told = async (acknowledge: object, adminQueue: string | null = admin) => {
    const { queue, drained } = await computer();
    await queue('admin');
    const { reader, sender } = await queue('orders');
    await sender.send({ acknowledge, ...(adminQueue !== null && { adminQueue }) });
    await reader.receive();
    await sender.send({ acknowledge, ...(adminQueue !== null && { adminQueue }), timeToBeReceived: 0 });
    return (await drained(admin)).map(({ class: ofClass }) => ofClass);
  };
  expect(await told({ arrival: true })).toEqual(['ack.reachQueue', 'ack.reachQueue']);
  expect(await told({ receive: true })).toEqual(['ack.receive']);
  expect(await told({ failedReceive: true })).toEqual(['nack.receiveTimeout']);
  expect(await told(fullReceive)).toEqual(['ack.receive', 'nack.receiveTimeout']);
  expect(await told({})).toEqual([]);
  expect(await told({ arrival: true, receive: true, failedArrival: true, failedReceive: true }, null)).toEqual([]);
});

test('Q-031 the classes have the numbers of the protocol', () => {
  expect(classNumbers).toMatchObject({ 'ack.reachQueue': 2, 'ack.receive': 0x4000, 'nack.queueDeleted': 0xc000, 'nack.receiveTimeout': 0xc002 });
});

test('Q-033 Q-034 Q-035 an acknowledgement names its message, brings it back only if it failed, and causes no further one', async () => {
  const { queue, drained, clock } = await computer();
  await queue('admin', { journal: true });
  const { reader, sender } = await queue('orders');
  const { id } = await sender.send({
    body: 'taken',
    label: 'Order 7',
    adminQueue: admin,
    acknowledge: fullReceive,
    delivery: 'recoverable',
    priority: 6,
  });
  await reader.receive();
  await sender.send({ body: 'failed', adminQueue: admin, acknowledge: fullReceive, timeToBeReceived: 1 });
  await clock.advance('2s');
  const [ack, nack] = await drained(admin);
  expect(ack).toMatchObject({
    class: 'ack.receive',
    correlationId: id,
    responseQueue: 'DIRECT=OS:.\\private$\\orders',
    delivery: 'recoverable',
    acknowledge: {},
    journal: {},
    body: new Uint8Array(),
  });
  expect(ack && 'timeToBeReceived' in ack).toBe(false);
  expect([nack?.class, nack && text(nack), nack?.delivery]).toEqual(['nack.receiveTimeout', 'failed', 'express']);
});

test('Q-030 Q-035 an acknowledgement that finds no queue, or a transactional one, is dropped', async () => {
  const { manager, queue } = await computer();
  await queue('strict', { transactional: true });
  const { reader, sender } = await queue('orders');
  for (const adminQueue of ['.\\private$\\nowhere', '.\\private$\\strict']) {
    await sender.send({ adminQueue, acknowledge: fullReceive, journal: { deadLetter: true } });
    await reader.receive();
  }
  expect((await manager.listQueues()).filter(({ messages }) => messages > 0)).toEqual([]);
});

test('Q-036 Q-041 a queue that went away: told, and a dead letter whose class says why', async () => {
  const { manager, queue, drained } = await computer();
  await queue('admin');
  const { sender: other } = await queue('other');
  const { sender } = await queue('orders');
  const list = await manager.openQueue('DIRECT=OS:.\\private$\\orders,DIRECT=OS:.\\private$\\other', { access: 'send' });
  await Promise.all([sender.close(), other.close()]);
  await list.close();
  const engine = embeddedEngine({ directory: newDirectory() });
  await using bare = await queueManager({ engine, host: 'HARBOUR' });
  await bare.createQueue(admin);
  await engine.send([
    {
      to: { queue: 'private$\\nowhere' },
      body: Buffer.from('lost'),
      record: {
        ...blank,
        destination: 'DIRECT=OS:.\\private$\\nowhere',
        adminQueue: admin,
        acknowledge: { failedArrival: true },
        journal: { deadLetter: true },
      },
    },
  ]);
  const told = await (await bare.openQueue(admin, { access: 'receive' })).receive({ timeoutMs: 0 });
  const letter = await (await bare.openQueue(deadLetters, { access: 'receive' })).receive({ timeoutMs: 0 });
  expect([told.class, letter.class, text(letter)]).toEqual(['nack.badDestinationQueue', 'nack.badDestinationQueue', 'lost']);
  expect(await drained(deadLetters)).toEqual([]);
});

const blank = {
  class: 'normal',
  priority: 3,
  delivery: 'recoverable',
  transactional: false,
  label: '',
  bodyType: 0,
  appSpecific: 0,
  sentAt: 0,
  arrivedAt: 0,
} as const;

test('Q-039 without being asked a message that fails just disappears', async () => {
  const { queue, clock, drained, manager } = await computer();
  const { sender } = await queue('orders');
  await sender.send({ timeToBeReceived: 1 });
  await sender.send({ timeToBeReceived: 1, journal: { deadLetter: true }, body: 'kept' });
  await clock.advance('2s');
  expect((await drained(deadLetters)).map(text)).toEqual(['kept']);
  expect((await manager.listQueues()).filter(({ messages }) => messages > 0)).toEqual([]);
});

test('Q-040 a transactional message that fails goes to the transactional dead letters', async () => {
  const { queue, clock, drained } = await computer();
  const { sender } = await queue('orders', { transactional: true });
  await sender.send({ timeToBeReceived: 1, journal: { deadLetter: true }, body: 'kept' }, { transaction: 'single' });
  await clock.advance('2s');
  expect((await drained(transactionalDeadLetters)).map((letter) => [letter.class, text(letter)])).toEqual([['nack.receiveTimeout', 'kept']]);
});

test('Q-044 a copy is kept of a plain message when its queue has it, of a transactional one when it was received', async () => {
  const { queue, drained } = await computer();
  const plain = await queue('plain');
  const strict = await queue('strict', { transactional: true });
  await plain.sender.send({ body: 'plain', journal: { copy: true, deadLetter: true } });
  await strict.sender.send({ body: 'strict', journal: { copy: true } }, { transaction: 'single' });
  expect((await drained(copies)).map(text)).toEqual(['plain']);
  await strict.reader.receive();
  expect((await drained(copies)).map(text)).toEqual(['strict']);
});

test('Q-047 a message that a queue has no room for is refused and told, and the older ones stay', async () => {
  const { queue, drained } = await computer();
  await queue('admin');
  const { sender } = await queue('orders', { quotaKb: 3 });
  const asked = { adminQueue: admin, acknowledge: fullReachQueue, journal: { deadLetter: true } };
  for (const name of ['one', 'two', 'three']) await sender.send({ ...asked, label: name, body: Buffer.alloc(800) });
  expect((await drained(admin)).map(({ class: ofClass, label }) => [ofClass, label])).toEqual([
    ['ack.reachQueue', 'one'],
    ['ack.reachQueue', 'two'],
    ['nack.queueExceedsQuota', 'three'],
  ]);
  expect((await drained(deadLetters)).map(({ class: ofClass, label }) => [ofClass, label])).toEqual([['nack.queueExceedsQuota', 'three']]);
  expect((await drained('.\\private$\\orders')).map(({ label }) => label)).toEqual(['one', 'two']);
});

test('Q-048 beyond the machine’s quota nothing is taken, and whoever sends is told at once', async () => {
  const { queue, drained } = await computer({ machineQuotaKb: 3 });
  const { reader, sender } = await queue('orders');
  await sender.send({ body: Buffer.alloc(2_000) });
  await expect(sender.send({ body: Buffer.alloc(2_000) })).rejects.toMatchObject({ code: 'EQUOTA' });
  await reader.receive();
  await sender.send({ body: Buffer.alloc(2_000) });
  expect(await drained('.\\private$\\orders')).toHaveLength(1);
});

test('Q-059 the sender is named, unless it does not want to be', async () => {
  const { queue } = await computer();
  const { reader, sender } = await queue('orders');
  await sender.send({});
  await sender.send({ sender: 'none' });
  expect([(await reader.receive()).sender, (await reader.receive()).sender]).toEqual(['ann', undefined]);
});

import { expect, test } from 'vitest';
import { computer, copies, deadLetters, journalOf, text } from './managers.ts';

const guid = '12345678-1234-1234-1234-123456789abc';

test('Q-006 a queue of which nothing is said has the defaults', async () => {
  const { manager } = await computer();
  await manager.createQueue('.\\private$\\orders');
  expect(await manager.getProperties('.\\private$\\orders')).toEqual({
    label: '',
    type: '',
    journal: false,
    basePriority: 0,
    authenticate: false,
    privacy: 'optional',
    transactional: false,
  });
});

test('Q-007 a path is taken by one, and whether it is transactional never changes', async () => {
  const { manager } = await computer();
  await manager.createQueue('HARBOUR\\orders', { label: 'first', transactional: true });
  await expect(manager.createQueue('.\\ORDERS', { label: 'second' })).rejects.toMatchObject({ code: 'EEXIST', field: 'path' });
  await expect(manager.setProperties('.\\orders', { transactional: false })).rejects.toMatchObject({ code: 'EINVALID', field: 'transactional' });
  await manager.setProperties('.\\orders', { label: 'renamed' });
  expect(await manager.getProperties('harbour\\Orders')).toMatchObject({ label: 'renamed', transactional: true });
});

test.each([
  ['label', { label: 'x'.repeat(125) }],
  ['basePriority', { basePriority: 40_000 }],
  ['privacy', { privacy: 'much' as never }],
  ['quotaKb', { quotaKb: -1 }],
  ['journalQuotaKb', { journalQuotaKb: 0.5 }],
])('a wrong %s is refused with its name, and no queue is there', async (field, properties) => {
  const { manager } = await computer();
  await expect(manager.createQueue('.\\orders', properties)).rejects.toMatchObject({ code: 'EINVALID', field });
  await expect(manager.getProperties('.\\orders')).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
});

test('Q-007 queues are of this computer, and not the system’s', async () => {
  const { manager } = await computer();
  for (const path of ['QUAY\\orders', '.\\system$;DEADLETTER']) await expect(manager.createQueue(path)).rejects.toMatchObject({ code: 'EINVALID' });
});

test('Q-008 with a queue its journal is there, and goes with it', async () => {
  const { manager } = await computer();
  await manager.createQueue('.\\private$\\orders');
  await using journal = await manager.openQueue(journalOf('orders'), { access: 'peek' });
  await expect(journal.peek({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await manager.deleteQueue('.\\private$\\orders');
  await expect(manager.openQueue(journalOf('orders'), { access: 'peek' })).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
});

test('Q-009 the base priority of a private queue is always 0', async () => {
  const { manager } = await computer();
  await manager.createQueue('.\\public', { basePriority: 7 });
  await manager.createQueue('.\\private$\\own', { basePriority: 7 });
  expect([(await manager.getProperties('.\\public')).basePriority, (await manager.getProperties('.\\private$\\own')).basePriority]).toEqual([7, 0]);
});

test('Q-010 a missing queue of this computer opens for nothing, one of another computer for sending', async () => {
  const { manager } = await computer();
  for (const access of ['send', 'receive', 'peek'] as const)
    await expect(manager.openQueue('.\\private$\\nowhere', { access })).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
  await expect(manager.openQueue('QUAY\\private$\\orders', { access: 'receive' })).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
  await using sender = await manager.openQueue('QUAY\\private$\\orders', { access: 'send' });
  await sender.send({ body: 'waits' });
  expect(await manager.listQueues()).toContainEqual(expect.objectContaining({ queue: 'outgoing;quay', messages: 1 }));
});

test('Q-011 who receives alone keeps other receivers out, and no sender', async () => {
  const { manager } = await computer();
  await manager.createQueue('.\\orders');
  const open = async (share?: 'denyReceive') => await manager.openQueue('.\\orders', { access: 'receive', ...(share && { share }) });
  const alone = await open('denyReceive');
  await expect(open()).rejects.toMatchObject({ code: 'ESHARINGVIOLATION', field: 'share' });
  await (await manager.openQueue('.\\orders', { access: 'send' })).send({ body: 'one' });
  await (await manager.openQueue('.\\orders', { access: 'peek' })).peek({ timeoutMs: 0 });
  await alone.close();
  const first = await open();
  await expect(open('denyReceive')).rejects.toMatchObject({ code: 'ESHARINGVIOLATION' });
  await first.close();
  await open('denyReceive');
});

test('Q-012 closing ends reads that wait; deleting makes open handles fail', async () => {
  const { manager, queue, clock } = await computer();
  const { reader, sender } = await queue('orders');
  const waiting = expect(reader.receive()).rejects.toMatchObject({ code: 'ECANCEL' });
  await clock.settle();
  await reader.close();
  await waiting;
  const other = await manager.openQueue('.\\private$\\orders', { access: 'receive' });
  const lost = expect(other.peek()).rejects.toMatchObject({ code: 'EQUEUENOTAVAILABLE' });
  await clock.settle();
  await manager.deleteQueue('.\\private$\\orders');
  await lost;
  await expect(sender.send({ body: 'late' })).rejects.toMatchObject({ code: 'EQUEUENOTAVAILABLE' });
});

test('Q-013 what a deleted or purged queue held is told to who sent it', async () => {
  const { manager, queue, drained } = await computer();
  await queue('admin');
  const { reader, sender } = await queue('orders');
  const asked = { adminQueue: '.\\private$\\admin', acknowledge: { failedReceive: true } };
  const purged = await sender.send({ ...asked, body: 'purged' });
  await reader.purge();
  const deleted = await sender.send({ ...asked, body: 'deleted' });
  await manager.deleteQueue('.\\private$\\orders');
  expect((await drained('.\\private$\\admin')).map((message) => [message.class, message.correlationId, text(message)])).toEqual([
    ['nack.queuePurged', purged.id, 'purged'],
    ['nack.queueDeleted', deleted.id, 'deleted'],
  ]);
});

test('Q-013 Q-028 a message that a transaction holds is purged when that ends, even if it is aborted', async () => {
  const { manager, queue, drained } = await computer();
  await queue('admin');
  const { reader, sender } = await queue('orders', { transactional: true });
  await sender.send({ body: 'held', adminQueue: '.\\private$\\admin', acknowledge: { failedReceive: true } }, { transaction: 'single' });
  await manager
    .transaction(async (transaction) => {
      expect(text(await reader.receive({ transaction }))).toBe('held');
      await reader.purge();
      expect(await drained('.\\private$\\admin')).toEqual([]);
      throw new Error('no');
    })
    .catch(() => undefined);
  expect((await drained('.\\private$\\admin')).map((message) => message.class)).toEqual(['nack.queuePurged']);
  await expect(reader.receive({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('Q-005 one send puts a copy in each of several queues, and one bad name fails the open', async () => {
  const { manager, queue } = await computer();
  const { reader: first } = await queue('one');
  const { reader: second } = await queue('two');
  const names = 'DIRECT=OS:.\\private$\\one,DIRECT=OS:.\\private$\\two';
  await using sender = await manager.openQueue(names, { access: 'send' });
  await sender.send({ body: 'to both' });
  expect([text(await first.receive()), text(await second.receive())]).toEqual(['to both', 'to both']);
  await expect(manager.openQueue(names, { access: 'receive' })).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await expect(manager.openQueue(names, { access: 'send', share: 'denyReceive' })).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await expect(manager.openQueue(`${names},DIRECT=OS:.\\SYSTEM$;JOURNAL`, { access: 'send' })).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await expect(manager.openQueue(`${names},DIRECT=OS:.\\private$\\three`, { access: 'send' })).rejects.toMatchObject({ code: 'EQUEUENOTFOUND' });
});

test.each([`PUBLIC=${guid}`, `DL=${guid}`, 'MULTICAST=234.1.1.1:80', `CONNECTOR=${guid}`, `PRIVATE=${guid}\\1`])(
  'Q-004 %s fails when it is opened',
  async (name) => {
    const { manager } = await computer();
    await expect(manager.openQueue(name, { access: 'send' })).rejects.toMatchObject({ code: 'ENOSUPPORT', field: 'formatName' });
  },
);

test('Q-042 Q-003 system queues are read and never sent to, by their names and by the machine’s guid', async () => {
  const { manager } = await computer();
  for (const name of [deadLetters, copies, `MACHINE=${manager.machine};DEADXACT`]) {
    await expect(manager.openQueue(name, { access: 'send' })).rejects.toMatchObject({ code: 'ENOACCESS' });
    await using reader = await manager.openQueue(name, { access: 'receive' });
    await expect(reader.receive({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  }
});

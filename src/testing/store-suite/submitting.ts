// Submitting: one atomic, durable step (M-026, T-001, T-009, T-010).
import assert from 'node:assert/strict';
import type { StoreCase } from './subject.ts';
import { codeOf, collect, recipient, text, unrouted } from './world.ts';

export const submittingCases: readonly StoreCase[] = [
  {
    title: 'M-026 a submitted message has an id, its submit time, and recipients that nobody has handled',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), unrouted(2)], priority: 3, account: 'work' });
      const message = await world.get(id);
      assert.deepEqual(
        [message.id, message.direction, message.submitTime, message.priority, message.account],
        [id, 'outbound', world.now, 3, 'work'],
      );
      assert.deepEqual(message.submitState, { locked: false, preprocess: false });
      assert.deepEqual(
        message.recipients.map(({ status, attempts }) => [status.state, attempts]),
        [
          ['queued', 0],
          ['queued', 0],
        ],
      );
      assert.equal(message.sizeBytes, message.content.sizeBytes);
    },
  },
  {
    title: 'M-049 a message that wants preprocessing keeps that flag',
    async run(world) {
      const id = await world.submit({ submitState: { locked: false, preprocess: true } });
      assert.deepEqual((await world.get(id)).submitState, { locked: false, preprocess: true });
    },
  },
  {
    title: 'M-028 ids compare as strings in submit order',
    async run(world) {
      const ids = [
        await world.submit(),
        await world.submit(),
        ...(await world.store.submit([world.message(), world.message()])).map((one) => one.id),
      ];
      assert.deepEqual([...ids].sort(), ids);
      assert.equal(new Set(ids).size, 4);
    },
  },
  {
    title: 'M-029 a submission wakes whoever serves its queues',
    async run(world) {
      await world.submit({ recipients: [recipient(1), unrouted(2)] });
      assert(world.woken.includes('intake'), 'intake');
      assert(
        world.woken.some((queue) => typeof queue === 'object' && 'session' in queue && queue.session === 'work/smtp'),
        'the route',
      );
    },
  },
  {
    title: 'T-009 the same key with the same input answers the first id and stores nothing',
    async run(world) {
      const keyed = { idempotencyKey: 'order 7', inputDigest: 'a' };
      const [first] = await world.store.submit([world.message(keyed)]);
      const [second] = await world.store.submit([world.message(keyed)]);
      assert.deepEqual(second, { id: first?.id, result: 'existing' });
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'T-009 the same key with another input is a conflict and stores nothing',
    async run(world) {
      const [first] = await world.store.submit([world.message({ idempotencyKey: 'order 7', inputDigest: 'a' })]);
      const [second] = await world.store.submit([world.message({ idempotencyKey: 'order 7', inputDigest: 'b' })]);
      assert.deepEqual(second, { id: first?.id, result: 'conflict' });
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'T-010 one conflict among several messages: none is stored',
    async run(world) {
      await world.store.submit([world.message({ idempotencyKey: 'order 7', inputDigest: 'a' })]);
      const results = await world.store.submit([world.message(), world.message({ idempotencyKey: 'order 7', inputDigest: 'b' }), world.message()]);
      assert.deepEqual(
        results.map((one) => one.result),
        ['conflict', 'conflict', 'conflict'],
      );
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'U-026 the same key twice at once gives one id',
    async run(world) {
      const keyed = { idempotencyKey: 'order 7', inputDigest: 'a' };
      const both = await Promise.all([world.store.submit([world.message(keyed)]), world.store.submit([world.message(keyed)])]);
      const [first, second] = both.flat();
      assert.equal(first?.id, second?.id);
      assert.deepEqual(new Set([first?.result, second?.result]), new Set(['existing', 'stored']));
    },
  },
  {
    title: 'T-010 a message that cannot be stored takes the others of its call with it',
    async run(world) {
      const twice = world.message({ recipients: [recipient(1), recipient(1)] });
      assert.equal(await codeOf(world.store.submit([world.message(), twice])), 'EINVALID');
      const missing = world.message({ content: { ref: 'nowhere', sizeBytes: 1, digest: '00' } });
      assert.equal(await codeOf(world.store.submit([world.message(), missing])), 'ENOTFOUND');
      assert.deepEqual(await collect(world.store.find({})), []);
    },
  },
  {
    title: 'M-027 what the caller does to its objects after the call changes nothing, also while it is pending',
    async run(world) {
      const inline = text('Subject: x\r\n\r\nx\r\n');
      const properties = { subject: 'as submitted' };
      const submitting = world.submit({ content: { inline }, properties });
      inline.fill(0);
      properties.subject = 'changed';
      const id = await submitting;
      const message = await world.get(id);
      assert.equal(message.properties.subject, 'as submitted');
      assert.equal(Buffer.concat(await collect(world.store.readContent(message.content))).toString(), 'Subject: x\r\n\r\nx\r\n');
    },
  },
];

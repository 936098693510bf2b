// Finding and looking up; nothing that reads changes anything (U-013).
import assert from 'node:assert/strict';
import type { EntryId } from '../../message/recipient.ts';
import type { MessageFilter } from '../../store/message-store.ts';
import type { StoreCase } from './subject.ts';
import { collect, queue, recipient, smtp, type StoreWorld } from './world.ts';

const found = async (world: StoreWorld, filter: MessageFilter, after?: EntryId): Promise<EntryId[]> =>
  (await collect(world.store.find(filter, after))).map((message) => message.id);

export const readingCases: readonly StoreCase[] = [
  {
    title: 'U-013 find goes in order of id, from after an id, over many messages',
    async run(world) {
      const ids = (await world.store.submit(Array.from({ length: 1_200 }, () => world.message()))).map((one) => one.id);
      assert.deepEqual(await found(world, {}), ids);
      assert.deepEqual(await found(world, {}, ids[700]), ids.slice(701));
    },
  },
  {
    title: 'U-013 find filters by folder, direction, account, tenant, state, route, recipient and ids, all together',
    async run(world) {
      const plain = await world.submit();
      const work = await world.submit({ account: 'work', tenant: 'a', folder: 'Drafts' });
      const other = await world.submit({ recipients: [recipient(1, { route: queue, address: 'Carol@Example.net' })] });
      const inbound = await world.receive();
      await world.claimOne(queue);
      assert.deepEqual(await found(world, { folder: 'Drafts' }), [work]);
      assert.deepEqual(await found(world, { direction: 'inbound' }), [inbound]);
      assert.deepEqual(await found(world, { account: 'work', tenant: 'a' }), [work]);
      assert.deepEqual(await found(world, { account: 'work', tenant: 'b' }), []);
      assert.deepEqual(await found(world, { states: ['claimed'] }), [other]);
      assert.deepEqual(await found(world, { states: ['queued'] }), [plain, work]);
      assert.deepEqual(await found(world, { states: ['claimed', 'delivered'] }), [other, inbound]);
      assert.deepEqual(await found(world, { route: smtp }), [plain, work]);
      assert.deepEqual(await found(world, { recipient: 'carol@example.NET' }), [other]);
      assert.deepEqual(await found(world, { recipient: 'carol@example' }), []);
      assert.deepEqual(await found(world, { ids: [inbound, plain, plain, `${plain}x` as EntryId] }), [plain, inbound]);
      assert.deepEqual(await found(world, { ids: [inbound, plain], direction: 'outbound' }), [plain]);
    },
  },
  {
    title: 'U-013 listing during submissions loses nothing',
    async run(world) {
      const submissions = Array.from({ length: 50 }, () => world.submit());
      const listings = Array.from({ length: 50 }, () => collect(world.store.find({})));
      const ids = await Promise.all(submissions);
      await Promise.all(listings);
      assert.deepEqual(await found(world, {}), [...ids].sort());
      assert.equal((await world.claim(smtp)).length, 50);
    },
  },
  {
    title: 'U-013 get answers in the order of the question, with nothing for what is not there',
    async run(world) {
      const [first, second] = [await world.submit(), await world.submit()];
      const answers = await world.store.get([second, 'nobody' as EntryId, first]);
      assert.deepEqual(
        answers.map((message) => message?.id),
        [second, undefined, first],
      );
    },
  },
  {
    title: 'U-057 a message is found by its id, its Message-ID, its envelope id, and by what other systems call it',
    async run(world) {
      const id = await world.submit({ envelopeId: 'env-1', properties: { messageId: '<a@x>' } });
      const { lease } = await world.claimOne(smtp);
      const change = (remoteId: string) => world.settle({ id, guard: lease, recipients: [{ recipient: 1, remoteId }], then: 'keep' });
      await change('queued as 4711');
      await change('sent copy 9');
      await change('sent copy 9');
      for (const name of [
        { entryId: id },
        { messageId: '<a@x>' },
        { envelopeId: 'env-1' },
        { remoteId: 'queued as 4711' },
        { remoteId: 'sent copy 9' },
      ]) {
        assert.deepEqual(await world.store.lookup(name), [id], JSON.stringify(name));
      }
      assert.deepEqual((await world.get(id)).recipients[0]?.remoteIds, ['queued as 4711', 'sent copy 9']);
      assert.deepEqual(await world.store.lookup({ remoteId: '<a@x>' }), []);
    },
  },
  {
    title: 'U-057 names follow the message: changed, shared, and gone with it',
    async run(world) {
      const [first, second] = [
        await world.submit({ properties: { messageId: '<a@x>' } }),
        await world.submit({ properties: { messageId: '<a@x>' } }),
      ];
      assert.deepEqual(await world.store.lookup({ messageId: '<a@x>' }), [first, second]);
      await world.settle({ id: first, guard: { from: ['queued'] }, message: { properties: { messageId: '<b@x>' } } });
      assert.deepEqual([await world.store.lookup({ messageId: '<a@x>' }), await world.store.lookup({ messageId: '<b@x>' })], [[second], [first]]);
      await world.settle({ id: first, guard: { from: ['queued'] }, then: 'remove' });
      assert.deepEqual([await world.store.lookup({ messageId: '<b@x>' }), await world.store.lookup({ entryId: first })], [[], []]);
      await world.settle({ id: second, guard: { from: ['queued'] }, recipients: [{ recipient: 1, remoteId: 'r' }] });
      await world.settle({ id: second, guard: { from: ['queued'] }, then: 'remove' });
      assert.deepEqual(await world.store.lookup({ remoteId: 'r' }), []);
    },
  },
  {
    title: 'M-095 the queues tell how much waits or is claimed in each',
    async run(world) {
      await world.submit();
      await world.submit({ recipients: [recipient(1), recipient(2, { route: queue })] });
      await world.sent();
      await world.claim(queue);
      const sizes = new Map((await world.store.queues()).map((one) => [JSON.stringify(one.queue), one.entries]));
      assert.deepEqual([sizes.get(JSON.stringify(smtp)), sizes.get(JSON.stringify(queue)), sizes.size], [2, 1, 2]);
    },
  },
];

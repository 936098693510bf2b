// Retention: what is finished goes in its time, in bounded pieces; what is not finished stays.
import assert from 'node:assert/strict';
import type { Retention } from '../../store/message-store.ts';
import type { StoreCase } from './subject.ts';
import { chunks, codeOf, collect, diagnostic, type StoreWorld } from './world.ts';

const day = 86_400_000;
const retention: Retention = { contentMs: 7 * day, recordMs: 90 * day, idempotencyKeyMs: 7 * day };

async function sweepAll(world: StoreWorld): Promise<number> {
  for (let pieces = 1; pieces < 1_000; pieces += 1) if (!(await world.store.sweep?.(retention))?.more) return pieces;
  throw new Error('the sweep does not end');
}

export const sweepingCases: readonly StoreCase[] = [
  {
    title: 'U-005 content of finished messages goes after its time, the record later',
    needs: ['sweep'],
    async run(world) {
      const id = await world.sent();
      const { content } = await world.get(id);
      world.clock.advance(7 * day - 1);
      await sweepAll(world);
      assert.equal((await collect(world.store.readContent(content))).length > 0, true);
      world.clock.advance(2);
      await sweepAll(world);
      assert.equal(await codeOf(collect(world.store.readContent(content))), 'ENOTFOUND');
      const message = await world.get(id);
      assert.deepEqual([message.contentGone, message.recipients[0]?.status.state], [true, 'relayed']);
      world.clock.advance(90 * day);
      await sweepAll(world);
      assert.deepEqual([await world.store.get([id]), await world.store.lookup({ messageId: message.properties.messageId ?? '' })], [[undefined], []]);
    },
  },
  {
    title: 'U-005 content that another message still needs stays, whatever becomes of the first',
    needs: ['sweep'],
    async run(world) {
      const content = await world.store.putContent(chunks('shared'));
      const [first, second] = [await world.sent({ content }), await world.submit({ content })];
      world.clock.advance(8 * day);
      await sweepAll(world);
      await world.settle({ id: first, guard: { from: ['relayed'] }, then: 'remove' });
      assert.equal((await collect(world.store.readContent((await world.get(second)).content))).length, 1);
    },
  },
  {
    title: 'U-005 nothing goes that is not finished, nor received mail',
    needs: ['sweep'],
    async run(world) {
      const queued = await world.submit();
      const inbound = await world.receive();
      const { lease } = await world.claimOne('received');
      await world.settle({ id: inbound, guard: lease, then: { notifyNewMail: { announce: true } } });
      const failed = await world.submit();
      await world.settleFrom(failed, ['queued'], { status: { state: 'failed', at: world.now, diagnostic } });
      world.clock.advance(1_000 * day);
      await sweepAll(world);
      for (const id of [queued, inbound, failed]) assert((await collect(world.store.readContent((await world.get(id)).content))).length > 0);
    },
  },
  {
    title: 'T-009 an idempotency key is forgotten after its time',
    needs: ['sweep'],
    async run(world) {
      const keyed = { idempotencyKey: 'order 7', inputDigest: 'a' };
      const first = await world.submit(keyed);
      world.clock.advance(7 * day - 1);
      await sweepAll(world);
      assert.deepEqual(await world.store.submit([world.message(keyed)]), [{ id: first, result: 'existing' }]);
      world.clock.advance(2);
      await sweepAll(world);
      assert.notEqual(await world.submit(keyed), first);
    },
  },
  {
    title: 'U-005 content that nobody referred to goes after an hour',
    needs: ['sweep'],
    async run(world) {
      const [used, unused] = [await world.store.putContent(chunks('used')), await world.store.putContent(chunks('unused'))];
      await world.submit({ content: used });
      await sweepAll(world);
      assert.equal((await collect(world.store.readContent(unused))).length, 1);
      world.clock.advance(3_600_001);
      await sweepAll(world);
      assert.equal((await collect(world.store.readContent(used))).length, 1);
      assert.equal(await codeOf(collect(world.store.readContent(unused))), 'ENOTFOUND');
      assert.equal(await codeOf(world.store.submit([world.message({ content: unused })])), 'ENOTFOUND');
    },
  },
  {
    title: 'U-005 one call takes one bounded piece and says whether more waits',
    needs: ['sweep'],
    async run(world) {
      await world.store.submit(Array.from({ length: 1_500 }, () => world.message({ recipients: [] })));
      for (;;) {
        const claims = await world.claim('finishing', { messages: 500 });
        if (claims.length === 0) break;
        await world.store.settle(claims.map(({ lease }) => ({ id: lease.id, guard: lease, then: { finished: {} } })));
      }
      world.clock.advance(100 * day);
      const first = await world.store.sweep?.(retention);
      assert.equal(first?.more, true);
      assert((await collect(world.store.find({}))).length > 0, 'one piece is not everything');
      assert((await sweepAll(world)) > 1);
      assert.deepEqual(await collect(world.store.find({})), []);
    },
  },
];

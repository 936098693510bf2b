// Filing: what happens to a message once every recipient is final (M-041, M-043 to M-045), and news of received mail
// (M-085).
import assert from 'node:assert/strict';
import type { StoreCase } from './subject.ts';
import { codeOf, diagnostic, queue, recipient, smtp } from './world.ts';

export const filingCases: readonly StoreCase[] = [
  ...(
    [
      ['neither: it stays', {}, 'Outbox'],
      ['moveTo: it is moved', { moveTo: 'Sent' }, 'Sent'],
      ['delete: it goes', { delete: true }, undefined],
      ['both: it goes', { moveTo: 'Sent', delete: true }, undefined],
    ] as const
  ).map(([what, afterSend, folder]): StoreCase => ({
    title: `M-044 after sending, ${what}`,
    async run(world) {
      const id = await world.submit({ afterSend });
      const { lease } = await world.claimOne(smtp);
      const settled = await world.settleClaim(lease, world.relayed(), { then: { finished: afterSend } });
      assert.equal(settled.finished, true);
      const [message] = await world.store.get([id]);
      assert.deepEqual([message?.folder, message?.finishedAt], folder === undefined ? [undefined, undefined] : [folder, world.now]);
    },
  })),
  {
    title: 'M-041 a message is finished only when every recipient is final; until then finished is as release',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue })] });
      const first = await world.claimOne(smtp);
      const early = await world.settleClaim(first.lease, world.relayed(), { then: { finished: { moveTo: 'Sent' } } });
      assert.deepEqual([early.finished, (await world.get(id)).folder], [false, 'Outbox']);
      const second = await world.claimOne(queue);
      const done = await world.settleClaim(second.lease, { state: 'failed', at: world.now, diagnostic }, { then: { finished: { moveTo: 'Sent' } } });
      assert.deepEqual([done.finished, (await world.get(id)).folder], [true, 'Sent']);
    },
  },
  {
    title: 'M-043 all final and not filed yet: it waits in finishing, and is filed there once',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      world.woken.length = 0;
      await world.settleClaim(lease, world.relayed());
      assert.deepEqual(world.woken, ['finishing']);
      const finishing = await world.claimOne('finishing');
      await world.settle({ id, guard: finishing.lease, then: { finished: { moveTo: 'Sent' } } });
      assert.deepEqual([(await world.get(id)).folder, await world.claim('finishing')], ['Sent', []]);
    },
  },
  {
    title: 'M-043 a message is not filed while somebody still works on it',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleFrom(id, ['claimed'], { status: world.relayed() });
      assert.deepEqual(await world.claim('finishing'), []);
      world.woken.length = 0;
      await world.settle({ id, guard: lease });
      assert.deepEqual(world.woken, ['finishing']);
      await world.claimOne('finishing');
    },
  },
  {
    title: 'M-043 what is filed already stays where it is',
    async run(world) {
      const id = await world.submit({ warnAt: [world.now] });
      const [timer, work] = [await world.claimOne('timers'), await world.claimOne(smtp)];
      await world.settleClaim(work.lease, world.relayed(), { then: { finished: { moveTo: 'Sent' } } });
      const again = await world.settle({ id, guard: timer.lease, then: { finished: { moveTo: 'Elsewhere', delete: true } } });
      assert.deepEqual([again.finished, (await world.get(id)).folder], [true, 'Sent']);
    },
  },
  {
    title: 'M-053 a message whose recipients were all taken away is finished without any provider',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne({ message: id });
      await world.settle({ id, guard: lease, message: { recipients: [], afterSend: { delete: true } } });
      const finishing = await world.claimOne('finishing');
      await world.settle({ id, guard: finishing.lease, then: { finished: finishing.message.afterSend } });
      assert.deepEqual(await world.store.get([id]), [undefined]);
    },
  },
  {
    title: 'M-045 only who holds a message may file it',
    async run(world) {
      const id = await world.submit();
      assert.equal(await codeOf(world.settle({ id, guard: { from: ['queued'] }, then: { finished: {} } })), 'ENOSUPPORT');
      const { lease } = await world.claimOne(smtp);
      const stale = await world.settle({ id, guard: { ...lease, fence: lease.fence - 1 }, then: { finished: {} } });
      assert.equal(stale.result, 'stale');
    },
  },
  {
    title: 'M-085 received mail is filed and announced once',
    async run(world) {
      const id = await world.receive();
      assert(world.woken.includes('received'));
      const { lease, message } = await world.claimOne('received');
      assert.deepEqual([message.session, message.reference !== undefined, message.announce], ['work/imap', true, true]);
      const settled = await world.settle({ id, guard: lease, then: { notifyNewMail: { moveTo: 'Lists', announce: true } } });
      assert.deepEqual([settled.finished, (await world.get(id)).folder, await world.claim('received')], [true, 'Lists', []]);
    },
  },
  {
    title: 'M-085 a hook may have received mail deleted',
    async run(world) {
      const id = await world.receive();
      const { lease } = await world.claimOne('received');
      await world.settle({ id, guard: lease, then: { notifyNewMail: { delete: true, announce: true } } });
      assert.deepEqual(await world.store.get([id]), [undefined]);
    },
  },
  {
    title: 'U-060 removing respects leases: all or nothing',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue })] });
      const { lease } = await world.claimOne(queue);
      assert.equal((await world.settle({ id, guard: { from: ['queued'] }, then: 'remove' })).result, 'stale');
      await world.settle({ id, guard: lease });
      assert.equal((await world.settle({ id, guard: { from: ['queued'] }, then: 'remove' })).result, 'written');
      assert.deepEqual([await world.store.get([id]), await world.claim(smtp)], [[undefined], []]);
    },
  },
];

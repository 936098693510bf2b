// Leases: heartbeat, loss, fencing (T-014, T-017, U-007, U-019), and a cancel that reaches whoever works (M-073).
import assert from 'node:assert/strict';
import type { StoreCase } from './subject.ts';
import { diagnostic, idsOf, leaseMs, recipient, rowOf, smtp, unrouted } from './world.ts';

export const leaseCases: readonly StoreCase[] = [
  {
    title: 'U-007 a lease that was not renewed ends; then the message can be claimed, and the claim says so (T-017)',
    async run(world) {
      const id = await world.submit();
      assert.equal((await world.claimOne(smtp)).recovered, undefined);
      world.clock.advance(leaseMs - 1);
      assert.deepEqual(await world.claim(smtp), []);
      world.clock.advance(1);
      assert.equal(await world.state(id), 'queued');
      assert.equal((await world.claimOne(smtp)).recovered, 1);
      world.clock.advance(leaseMs);
      assert.equal((await world.claimOne(smtp)).recovered, 2);
    },
  },
  {
    title: 'T-017 a claim that ends in order is forgotten',
    async run(world) {
      await world.submit();
      await world.claimOne(smtp);
      world.clock.advance(leaseMs);
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, world.deferred(0));
      assert.equal((await world.claimOne(smtp)).recovered, undefined);
    },
  },
  {
    title: 'T-015 a renewed lease goes on',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      world.clock.advance(leaseMs - 1);
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), []);
      world.clock.advance(leaseMs - 1);
      assert.deepEqual(await world.claim(smtp), []);
      assert.deepEqual(rowOf(await world.get(id)).status, { state: 'claimed', owner: 'ann', until: world.now + 1 });
    },
  },
  {
    title: 'T-014 U-019 after another claim the older lease is lost: nothing of its settlement is written',
    async run(world) {
      const id = await world.submit();
      const { lease: stale } = await world.claimOne(smtp, { owner: 'ann' });
      world.clock.advance(leaseMs);
      const { lease } = await world.claimOne(smtp, { owner: 'bob' });
      assert(lease.fence > stale.fence);
      assert.deepEqual(await world.store.renew([stale, lease], world.now + leaseMs), [{ lease: stale, news: 'lost' }]);
      const late = await world.settleClaim(stale, world.relayed(), {
        then: { finished: { moveTo: 'Sent' } },
        submit: [world.message()],
        message: { priority: 5 },
      });
      assert.deepEqual([late.result, late.changed, late.submitted], ['stale', [], undefined]);
      const message = await world.get(id);
      assert.deepEqual([rowOf(message).status.state, message.folder, message.priority], ['claimed', 'Outbox', 0]);
      assert.equal((await world.settleClaim(lease, world.relayed())).result, 'written');
    },
  },
  {
    title: 'U-019 a lease that ran out and was not taken still counts: what happened is not forgotten',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      world.clock.advance(2 * leaseMs);
      const settled = await world.settleClaim(lease, world.relayed());
      assert.deepEqual([settled.result, settled.changed, await world.state(id)], ['written', [1], 'relayed']);
    },
  },
  {
    title: 'U-019 a lease that ran out cannot be renewed once its recipients are claimed as a whole message',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      world.clock.advance(leaseMs);
      const whole = await world.claimOne({ message: id }, { owner: 'bob' });
      assert.equal(whole.recovered, 1);
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), [{ lease, news: 'lost' }]);
      const late = await world.settleClaim(lease, world.relayed());
      assert.deepEqual([late.changed, await world.state(id)], [[], 'claimed']);
    },
  },
  {
    title: 'T-017 a message that was lost as a whole counts for its routes, until a claim ends in order',
    async run(world) {
      const id = await world.submit();
      await world.claimOne({ message: id });
      world.clock.advance(leaseMs);
      const { lease, recovered } = await world.claimOne(smtp);
      await world.settle({ id, guard: lease });
      assert.deepEqual([recovered, (await world.claimOne(smtp)).recovered], [1, undefined]);
    },
  },
  {
    title: 'T-017 claims that were lost are forgotten once the message is filed',
    async run(world) {
      const id = await world.submit();
      await world.claimOne({ message: id });
      world.clock.advance(leaseMs);
      await world.settleFrom(id, ['queued'], { status: { state: 'failed', at: world.now, diagnostic } });
      const { lease } = await world.claimOne('finishing');
      await world.settle({ id, guard: lease, then: { finished: {} } });
      await world.settleFrom(id, ['failed'], { status: { state: 'queued' } });
      assert.equal((await world.claimOne({ message: id })).recovered, undefined);
    },
  },
  {
    title: 'U-060 a message that is removed takes its leases along',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settle({ id, guard: { from: ['claimed'] }, then: 'remove' });
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), [{ lease, news: 'lost' }]);
      assert.equal((await world.settleClaim(lease, world.relayed())).result, 'notFound');
    },
  },
  {
    title: 'T-014 a lease ends with its settlement: a second one under it is stale',
    async run(world) {
      await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, world.relayed());
      assert.equal((await world.settle({ id: lease.id, guard: lease, message: { priority: 1 } })).result, 'stale');
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), [{ lease, news: 'lost' }]);
    },
  },
  {
    title: 'M-029 a lease that ends without an outcome wakes whoever serves the queue',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      world.woken.length = 0;
      await world.settle({ id, guard: lease, then: 'release' });
      assert.deepEqual(world.woken, [smtp]);
    },
  },
  {
    title: 'T-012 then keep: outcomes are written, the lease goes on for what follows',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2)] });
      const { lease } = await world.claimOne(smtp);
      await world.settle({
        id,
        guard: lease,
        recipients: [
          { recipient: 1, status: world.relayed() },
          { recipient: 2, status: world.deferred(0) },
        ],
        then: 'keep',
      });
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2)], ['relayed', 'deferred']);
      assert.deepEqual(await world.claim(smtp), []);
      const settled = await world.settle({
        id,
        guard: lease,
        recipients: [{ recipient: 2, status: { state: 'held', by: 'provider', reason: 'endMessage' } }],
      });
      assert.deepEqual([settled.changed, await world.state(id, 2)], [[2], 'held']);
    },
  },
  {
    title: 'M-073 a cancel that comes too late is told to whoever has the message',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      const cancel = await world.settleFrom(
        id,
        ['queued', 'deferred', 'held'],
        { status: { state: 'cancelled', at: world.now } },
        { cancelRequested: true },
      );
      assert.deepEqual([cancel.changed, cancel.unchanged.map((row) => row.status.state)], [[], ['claimed']]);
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), [{ lease, news: 'cancelRequested' }]);
      const stopped = await world.settleClaim(lease, { state: 'cancelled', at: world.now });
      assert.deepEqual(stopped.changed, [1]);
    },
  },
  {
    title: 'M-072 whoever prepares a message that is cancelled or held meanwhile has lost it',
    async run(world) {
      for (const status of [
        { state: 'cancelled', at: world.now },
        { state: 'held', by: 'sender', reason: 'wait' },
      ] as const) {
        const id = await world.submit({ recipients: [unrouted(1)] });
        const { lease } = await world.claimOne('intake');
        assert.deepEqual((await world.settleFrom(id, ['queued'], { status })).changed, [1]);
        assert.equal((await world.settle({ id, guard: lease, recipients: [{ recipient: 1, route: smtp }] })).result, 'stale');
        assert.equal(rowOf(await world.get(id)).route, undefined);
      }
    },
  },
  {
    title: 'U-018 a message is not claimed as a whole while it is prepared, nor prepared while it is claimed as a whole',
    async run(world) {
      const id = await world.submit({ recipients: [unrouted(1)] });
      const { lease } = await world.claimOne('intake');
      assert.deepEqual(await world.claim({ message: id }), []);
      await world.settle({ id, guard: lease });
      await world.claimOne({ message: id });
      assert.deepEqual(await world.claim('intake'), []);
    },
  },
  {
    title: 'M-031 handled recipients stay handled when a lease is lost',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2)] });
      const { lease } = await world.claimOne(smtp);
      await world.settle({ id, guard: lease, recipients: [{ recipient: 1, status: world.relayed() }], then: 'keep' });
      world.clock.advance(leaseMs);
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2)], ['relayed', 'queued']);
      const { message } = await world.claimOne(smtp);
      assert.deepEqual(
        message.recipients.map((row) => row.status.state),
        ['relayed', 'claimed'],
      );
    },
  },
  {
    title: 'U-007 a hand-over that was written down is never offered as if nothing had happened',
    async run(world) {
      const id = await world.submit({ guarantee: 'atMostOnce' });
      const { lease } = await world.claimOne(smtp, { owner: 'ann' });
      const handingOver = { state: 'claimed', owner: 'ann', until: world.now + leaseMs, handingOver: true } as const;
      assert.deepEqual((await world.settleClaim(lease, handingOver, { then: 'keep' })).changed, [1]);
      await world.settle({ id, guard: lease, recipients: [{ recipient: 1, remoteId: 'x' }], then: 'keep' });
      world.clock.advance(leaseMs);
      assert.equal(await world.state(id), 'claimed');
      const { lease: second, message, recovered } = await world.claimOne(smtp, { owner: 'bob' });
      const { status } = rowOf(message);
      assert.deepEqual([status.state === 'claimed' && status.handingOver, recovered], [true, 1]);
      const uncertain = { state: 'uncertain', since: world.now, diagnostic, next: 'operator' } as const;
      assert.deepEqual((await world.settleClaim(second, uncertain)).changed, [1]);
      assert.deepEqual([await world.state(id), idsOf(await world.claim(smtp))], ['uncertain', []]);
    },
  },
  {
    title: 'U-007 a hand-over that was written down and not made is queued again by a release',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, { state: 'claimed', owner: 'ann', until: world.now + leaseMs, handingOver: true }, { then: 'keep' });
      await world.settle({ id, guard: lease });
      assert.equal(await world.state(id), 'queued');
      const { status } = rowOf((await world.claimOne(smtp)).message);
      assert.equal(status.state === 'claimed' && status.handingOver, undefined);
    },
  },
];

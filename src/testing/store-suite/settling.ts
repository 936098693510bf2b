// Settling: each by its own guard, each recipient by the state table, reports in the same write (M-064, M-072, T-043).
import assert from 'node:assert/strict';
import { finalStates, stateNames } from '../../message/transitions.ts';
import type { StoreCase } from './subject.ts';
import { codeOf, collect, diagnostic, imap, leaseMs, queue, queued, recipient, rowOf, smtp } from './world.ts';

const cancellable = ['queued', 'deferred', 'held', 'uncertain'] as const;

export const settlingCases: readonly StoreCase[] = [
  {
    title: 'T-011 U-021 each recipient has its own outcome, and only what is not resolved is offered again (U-020)',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2), recipient(3)] });
      const { lease } = await world.claimOne(smtp);
      const failed = { state: 'failed', at: world.now, diagnostic } as const;
      const settled = await world.settle({
        id,
        guard: lease,
        recipients: [
          { recipient: 1, status: world.relayed(), remoteId: 'x7' },
          { recipient: 2, status: failed, last: diagnostic, countAttempt: true },
          { recipient: 3, status: world.deferred(100), last: diagnostic, countAttempt: true },
        ],
      });
      assert.deepEqual([settled.changed, settled.unchanged, settled.finished], [[1, 2, 3], [], false]);
      const rows = (await world.get(id)).recipients;
      assert.deepEqual(
        rows.map((row) => [row.status.state, row.attempts, row.last?.code]),
        [
          ['relayed', 0, undefined],
          ['failed', 1, 'ECONNECTION'],
          ['deferred', 1, 'ECONNECTION'],
        ],
      );
      world.clock.advance(100);
      const { message } = await world.claimOne(smtp);
      assert.deepEqual(
        message.recipients.map((row) => row.status.state),
        ['relayed', 'failed', 'claimed'],
      );
    },
  },
  {
    title: 'M-041 under the lease of a route, all means what it covers',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue })] });
      const { lease } = await world.claimOne(smtp);
      const settled = await world.settleClaim(lease, { state: 'failed', at: world.now, diagnostic });
      assert.deepEqual([settled.changed, await world.state(id, 2)], [[1], 'queued']);
    },
  },
  {
    title: 'M-064 a final word counts once: repeating it changes nothing, and a report that comes with it is not written again',
    async run(world) {
      const id = await world.sent();
      const delivered = { status: { state: 'delivered', at: world.now } } as const;
      const report = () => ({ submit: [world.message({ receivedBy: imap, folder: 'Inbox' })] });
      const first = await world.settleFrom(id, ['relayed', 'delivered'], delivered, report());
      assert.deepEqual([first.changed, first.submitted?.length], [[1], 1]);
      world.clock.advance(5);
      const second = await world.settleFrom(id, ['relayed', 'delivered'], { status: { state: 'delivered', at: world.now } }, report());
      assert.deepEqual([second.result, second.changed, second.submitted], ['written', [], undefined]);
      assert.deepEqual(
        second.unchanged.map((row) => row.status),
        [delivered.status],
      );
      assert.equal((await collect(world.store.find({ direction: 'inbound' }))).length, 1);
    },
  },
  {
    title: 'M-064 what the state table does not permit leaves the row as it is',
    async run(world) {
      for (const state of finalStates) {
        const id = await world.submit();
        const { lease } = await world.claimOne({ message: id });
        await world.settleClaim(lease, state === 'failed' || state === 'expired' ? { state, at: world.now, diagnostic } : { state, at: world.now });
        const again = await world.settleFrom(id, stateNames, { status: world.deferred(1), countAttempt: true });
        assert.deepEqual([again.changed, again.unchanged.map((row) => [row.status.state, row.attempts])], [[], [[state, 0]]]);
      }
    },
  },
  {
    title: 'M-072 compare-and-set changes only recipients in the named states and shows the others as they are',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue }), recipient(3, { route: queue })] });
      await world.settle({ id, guard: { from: ['queued'] }, recipients: [{ recipient: 3, status: world.deferred(9_000) }] });
      await world.claimOne(queue);
      const settled = await world.settleFrom(id, cancellable, { status: { state: 'cancelled', at: world.now } });
      assert.deepEqual(settled.changed, [1, 3]);
      assert.deepEqual(
        settled.unchanged.map((row) => [row.id, row.status.state]),
        [[2, 'claimed']],
      );
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2), await world.state(id, 3)], ['cancelled', 'claimed', 'cancelled']);
    },
  },
  {
    title: 'M-072 of a cancel and a claim one wins',
    async run(world) {
      const ids = [await world.submit(), await world.submit()];
      const cancel = world.settleFrom(ids[0] as never, cancellable, { status: { state: 'cancelled', at: world.now } });
      const [cancelled, claims] = await Promise.all([cancel, world.claim(smtp)]);
      const claimed = claims.some((claim) => claim.lease.id === ids[0]);
      if (!claimed) assert.deepEqual(cancelled.changed, [1]);
      for (const { lease } of claims) await world.settleClaim(lease, world.relayed());
      assert.equal(await world.state(ids[0] as never), cancelled.changed.length > 0 ? 'cancelled' : 'relayed');
    },
  },
  {
    title: 'M-072 compare-and-set that changes nobody writes nothing else either',
    async run(world) {
      const id = await world.submit();
      await world.claimOne(smtp);
      const settled = await world.settleFrom(id, ['queued'], { status: world.deferred(1) }, { message: { priority: 7 }, submit: [world.message()] });
      assert.deepEqual([settled.changed, settled.submitted, (await world.get(id)).priority], [[], undefined, 0]);
      const whole = await world.settle({ id, guard: { from: ['held'] }, message: { priority: 7 } });
      assert.deepEqual([whole.result, (await world.get(id)).priority], ['stale', 0]);
    },
  },
  {
    title: 'T-014 each settlement of a call is judged by itself',
    async run(world) {
      const ids = [await world.submit(), await world.submit()];
      const claims = await world.claim(smtp);
      const results = await world.store.settle([
        {
          id: ids[0] as never,
          guard: { ...(claims[0]?.lease as never as object), fence: 0 } as never,
          recipients: [{ recipient: 1, status: world.relayed() }],
        },
        { id: ids[1] as never, guard: claims[1]?.lease as never, recipients: [{ recipient: 1, status: world.relayed() }] },
        { id: `${ids[0]}x` as never, guard: { from: ['queued'] }, then: 'remove' },
      ]);
      assert.deepEqual(
        results.map((one) => one.result),
        ['stale', 'written', 'notFound'],
      );
    },
  },
  {
    title: 'T-043 reports and states are one write, and what is submitted can be found',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      const failed = { state: 'failed', at: world.now, diagnostic } as const;
      const report = world.message({ receivedBy: imap, folder: 'Inbox', properties: { messageClass: 'Report.IPM.Note.NDR', messageId: '<ndr@x>' } });
      const { submitted = [] } = await world.settleClaim(lease, failed, { submit: [report], then: { finished: {} } });
      const stored = await world.get(submitted[0] as never);
      assert.deepEqual(
        [stored.direction, stored.session, stored.folder, stored.announce, rowOf(stored).status.state],
        ['inbound', imap, 'Inbox', true, 'delivered'],
      );
      assert.deepEqual(await world.store.lookup({ messageId: '<ndr@x>' }), submitted);
      assert.deepEqual(
        (await world.claim('received')).map((claim) => claim.lease.id),
        submitted,
      );
      assert.equal(await world.state(id), 'failed');
    },
  },
  {
    title: 'T-043 under a lease, a report about a recipient who has had a final word is not written',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleFrom(id, ['claimed'], { status: world.relayed() });
      const settled = await world.settleClaim(
        lease,
        { state: 'expired', at: world.now, diagnostic },
        { submit: [world.message({ receivedBy: imap })] },
      );
      assert.deepEqual([settled.result, settled.changed, settled.submitted], ['written', [], undefined]);
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'T-043 a report under a stale lease is not written',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      const settled = await world.settle({ id, guard: { ...lease, fence: lease.fence + 1 }, submit: [world.message()] });
      assert.deepEqual([settled.result, settled.submitted], ['stale', undefined]);
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'M-062 held recipients are offered to nobody, until they are released',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, { state: 'held', by: 'provider', reason: 'asked to', until: world.now + 50 });
      assert.deepEqual(await world.claim(smtp), []);
      world.clock.advance(50);
      const timer = await world.claimOne('timers');
      assert.equal(await world.state(id), 'held');
      await world.settleClaim(timer.lease, queued);
      await world.claimOne(smtp);
    },
  },
  {
    title: 'U-003 expiry comes due in every state, also while somebody has the message',
    async run(world) {
      const properties = { expiresAt: world.now + 100 };
      const held = { state: 'held', by: 'operator', reason: 'x' } as const;
      const uncertain = { state: 'uncertain', since: world.now, diagnostic, next: 'operator' } as const;
      const statuses = [queued, world.deferred(leaseMs), held, uncertain];
      for (const status of statuses) await world.submit({ properties, recipients: [recipient(1, { status, route: queue })] });
      const claimed = await world.submit({ properties });
      const { lease } = await world.claimOne(smtp);
      assert.equal((await world.claimed('timers')).nextDueAt, world.now + 100);
      world.clock.advance(100);
      const timers = await world.claim('timers');
      assert.equal(timers.length, 5);
      for (const timer of timers) {
        const settled = await world.settleClaim(timer.lease, { state: 'expired', at: world.now, diagnostic });
        assert.deepEqual(settled.changed, [1]);
      }
      assert.equal(await world.state(claimed), 'expired');
      const late = await world.settleClaim(lease, world.relayed());
      assert.deepEqual([late.changed, await world.state(claimed)], [[], 'expired']);
    },
  },
  {
    title: 'U-004 what failed or expired can be queued again and is then unfinished',
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, { state: 'failed', at: world.now, diagnostic }, { then: { finished: { moveTo: 'Sent' } } });
      assert.deepEqual((await world.settleFrom(id, ['failed', 'expired'], { status: queued })).changed, [1]);
      assert.equal((await world.get(id)).finishedAt, undefined);
      const again = await world.claimOne(smtp);
      assert.equal((await world.settleClaim(again.lease, world.relayed(), { then: { finished: {} } })).finished, true);
    },
  },
  {
    title: 'M-067 a time of reading is written once',
    async run(world) {
      const id = await world.sent();
      assert.deepEqual((await world.settleFrom(id, ['relayed'], { readAt: world.now })).changed, [1]);
      world.clock.advance(5);
      assert.deepEqual((await world.settleFrom(id, ['relayed'], { readAt: world.now })).changed, []);
      assert.equal(rowOf(await world.get(id)).readAt, world.now - 5);
    },
  },
  {
    title: 'M-070 that it was deleted unread is written once, and not of whoever has read it',
    async run(world) {
      const [unread, read] = [await world.sent(), await world.sent()];
      assert.deepEqual((await world.settleFrom(unread, ['relayed'], { notReadAt: world.now })).changed, [1]);
      assert.deepEqual((await world.settleFrom(unread, ['relayed'], { notReadAt: world.now + 5 })).changed, []);
      assert.equal(rowOf(await world.get(unread)).notReadAt, world.now);
      await world.settleFrom(read, ['relayed'], { readAt: world.now });
      assert.deepEqual((await world.settleFrom(read, ['relayed'], { notReadAt: world.now })).changed, []);
    },
  },
  {
    title: 'T-014 a claim that is not a written hand-over cannot be settled',
    async run(world) {
      await world.submit();
      const { lease } = await world.claimOne(smtp);
      assert.equal(await codeOf(world.settleClaim(lease, { state: 'claimed', owner: 'x', until: world.now })), 'EINVALID');
      assert.equal((await world.settle({ id: lease.id, guard: lease })).result, 'written');
    },
  },
];

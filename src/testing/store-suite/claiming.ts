// Claiming: in order, within bounds, when it is due, and shown as claimed (M-028, M-035, M-038, M-039).
import assert from 'node:assert/strict';
import type { EntryId } from '../../message/recipient.ts';
import type { StoreCase } from './subject.ts';
import { collect, idsOf, leaseMs, queue, queued, recipient, rowOf, smtp, text, unrouted } from './world.ts';

export const claimingCases: readonly StoreCase[] = [
  {
    title: 'M-028 a queue is served in ascending submit order, whatever the priority',
    async run(world) {
      const ids = [await world.submit({ priority: -9 }), await world.submit({ priority: 9 }), await world.submit()];
      assert.deepEqual(idsOf(await world.claim(smtp)), ids);
    },
  },
  {
    title: 'M-028 by priority, higher come first, and every eighth claim takes the oldest',
    async run(world) {
      const low = [await world.submit({ priority: -1 }), await world.submit({ priority: -1 })];
      const high: EntryId[] = [];
      for (let count = 0; count < 20; count += 1) high.push(await world.submit({ priority: 4 }));
      const claimed: EntryId[] = [];
      for (const messages of [5, 1, 4, 6]) claimed.push(...idsOf(await world.claim(smtp, { messages, ordering: 'priority' })));
      assert.deepEqual(claimed, [...high.slice(0, 7), low[0], ...high.slice(7, 14), low[1]]);
    },
  },
  {
    title: 'M-028 what is due again takes its place in submit order',
    async run(world) {
      const first = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, world.deferred(1_000));
      const second = await world.submit();
      assert.deepEqual(idsOf(await world.claim(smtp, { messages: 1 })), [second]);
      const third = await world.submit();
      world.clock.advance(1_000);
      assert.deepEqual(idsOf(await world.claim(smtp)), [first, third]);
    },
  },
  {
    title: 'M-035 a message is not offered before its time; a time that is past means at once',
    async run(world) {
      const past = await world.submit({ dueAt: world.now - 1 });
      const later = await world.submit({ dueAt: world.now + 5_000 });
      const both = await world.claimed(smtp);
      assert.deepEqual([idsOf(both.claims), both.nextDueAt], [[past], world.now + 5_000]);
      world.clock.advance(4_999);
      assert.deepEqual(await world.claim(smtp), []);
      world.clock.advance(1);
      assert.deepEqual(idsOf(await world.claim(smtp)), [later]);
    },
  },
  {
    title: 'M-035 a later time that is written before the claim counts (U-027)',
    async run(world) {
      const id = await world.submit();
      await world.settle({ id, guard: { from: ['queued'] }, message: { dueAt: world.now + 100 } });
      assert.deepEqual(await world.claim(smtp), []);
      await world.settle({ id, guard: { from: ['queued'] }, message: { dueAt: world.now } });
      assert.equal((await world.claimOne(smtp)).lease.id, id);
    },
  },
  {
    title: 'M-029 an earlier time wakes whoever serves the queue',
    async run(world) {
      const id = await world.submit({ dueAt: world.now + 9_000 });
      world.woken.length = 0;
      await world.settle({ id, guard: { from: ['queued'] }, message: { dueAt: world.now + 10 } });
      assert.deepEqual(world.woken, [smtp]);
    },
  },
  {
    title: 'M-038 a claimed message is locked and shows who has it until when',
    async run(world) {
      const id = await world.submit();
      const { lease, message } = await world.claimOne(smtp, { owner: 'ann' });
      const claimed = { state: 'claimed', owner: 'ann', until: world.now + leaseMs };
      assert.deepEqual(rowOf(message).status, claimed);
      assert.deepEqual([rowOf(await world.get(id)).status, (await world.get(id)).submitState?.locked], [claimed, true]);
      await world.settle({ id, guard: lease });
      assert.deepEqual([rowOf(await world.get(id)).status, (await world.get(id)).submitState?.locked], [queued, false]);
    },
  },
  {
    title: 'M-039 each route is a queue of its own; a message waits in each of its routes',
    async run(world) {
      const both = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue })] });
      const one = await world.submit();
      const [first] = await world.claim(queue);
      assert.equal(first?.lease.id, both);
      assert.deepEqual([await world.state(both, 1), await world.state(both, 2)], ['queued', 'claimed']);
      assert.deepEqual(idsOf(await world.claim(smtp)), [both, one]);
      assert.equal(await world.state(both, 1), 'claimed');
    },
  },
  {
    title: 'U-033 a destination is a queue of its own',
    async run(world) {
      const mx = { ...smtp, destination: 'mx.example.net' };
      const id = await world.submit({ recipients: [recipient(1, { route: mx })] });
      assert.deepEqual(await world.claim(smtp), []);
      const { lease } = await world.claimOne(mx);
      assert.deepEqual([lease.id, lease.queue], [id, mx]);
    },
  },
  {
    title: 'M-041 a message with unrouted recipients waits in intake; a claim there changes no state',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), unrouted(2)] });
      await world.submit();
      assert.deepEqual(idsOf(await world.claim('intake')), [id]);
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2)], ['queued', 'queued']);
    },
  },
  {
    title: 'U-018 nothing is claimed twice, and the fences only grow',
    async run(world) {
      for (let count = 0; count < 5; count += 1) await world.submit();
      const claims = [...(await world.claim(smtp, { messages: 2 })), ...(await world.claim(smtp)), ...(await world.claim(smtp))];
      assert.equal(new Set(idsOf(claims)).size, 5);
      const fences = claims.map((claim) => claim.lease.fence);
      assert.deepEqual(
        fences,
        [...new Set(fences)].sort((a, b) => a - b),
      );
    },
  },
  {
    title: 'U-039 a claim is bounded by messages and by bytes, but never empty for size alone',
    async run(world) {
      const large = { content: { inline: text('x'.repeat(600)) } };
      const ids = [await world.submit(large), await world.submit(large), await world.submit(large)];
      assert.deepEqual(idsOf(await world.claim(smtp, { messages: 1 })), [ids[0]]);
      assert.deepEqual(idsOf(await world.claim(smtp, { bytes: 1_000 })), [ids[1]]);
      assert.deepEqual(idsOf(await world.claim(smtp, { bytes: 1 })), [ids[2]]);
    },
  },
  {
    title: 'M-028 a small message does not overtake a large one that does not fit any more',
    async run(world) {
      const ids = [await world.submit(), await world.submit({ content: { inline: text('x'.repeat(900)) } }), await world.submit()];
      assert.deepEqual(idsOf(await world.claim(smtp, { bytes: 500 })), [ids[0]]);
      assert.deepEqual(idsOf(await world.claim(smtp, { bytes: 500 })), [ids[1]]);
    },
  },
  {
    title: 'U-039 U-040 content up to the wanted size comes along, larger content does not',
    async run(world) {
      await world.submit({ content: { inline: text('small') } });
      await world.submit({ content: { inline: text('x'.repeat(100)) } });
      const [small, large] = await world.claim(smtp, { inlineBytes: 50 });
      assert.deepEqual(small?.inline && Buffer.from(small.inline).toString(), 'small');
      assert.equal(large?.inline, undefined);
    },
  },
  {
    title: 'U-006 the answer says when something is due next: by its time, or by the end of a lease',
    async run(world) {
      await world.submit();
      await world.submit({ dueAt: world.now + 3 * leaseMs });
      assert.equal((await world.claimed(smtp)).nextDueAt, world.now + 3 * leaseMs);
      assert.equal((await world.claimed(smtp)).nextDueAt, world.now + leaseMs);
      assert.equal((await world.claimed(queue)).nextDueAt, undefined);
    },
  },
  {
    title: 'M-061 a message as a whole: every recipient that is not final and not claimed otherwise, also held ones',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { route: queue }), recipient(3)] });
      await world.settle({
        id,
        guard: { from: ['queued'] },
        recipients: [{ recipient: 3, status: { state: 'held', by: 'provider', reason: 'asked to' } }],
      });
      await world.claimOne(queue);
      const whole = await world.claimOne({ message: id }, { owner: 'bob' });
      assert.deepEqual(whole.lease.queue, { message: id });
      const owners = (await world.get(id)).recipients.map(({ status }) => status.state === 'claimed' && status.owner);
      assert.deepEqual(owners, ['bob', 'ann', 'bob']);
      assert.deepEqual([await world.claim(smtp), await world.claim({ message: id })], [[], []]);
    },
  },
  {
    title: 'U-020 a claim of a route covers only what is due of it',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2)] });
      await world.settle({ id, guard: { from: ['queued'] }, recipients: [{ recipient: 1, status: world.deferred(500) }] });
      await world.claimOne(smtp);
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2)], ['deferred', 'claimed']);
    },
  },
  {
    title: 'T-011 what is final, or nothing, cannot be claimed as a whole',
    async run(world) {
      const id = await world.sent();
      assert.deepEqual(await world.claim({ message: id }), []);
      assert.deepEqual(await world.claim({ message: 'nobody-0000000000' as EntryId }), []);
    },
  },
  {
    title: 'M-033 recipients that are only shown are neither claimed nor waited for',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2, { submitted: true })] });
      const { lease } = await world.claimOne(smtp);
      assert.deepEqual([await world.state(id, 1), await world.state(id, 2)], ['claimed', 'queued']);
      const settled = await world.settleClaim(lease, world.relayed(), { then: { finished: {} } });
      assert.deepEqual([settled.changed, settled.finished], [[1], true]);
      assert.deepEqual(await collect(world.store.find({ states: ['queued'] })), []);
    },
  },
];

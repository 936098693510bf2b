// What was acknowledged is there after every end; what was not is there as a whole or not at all (T-001, T-004, T-005).
import assert from 'node:assert/strict';
import { scheduleOf } from '../../store/schedule.ts';
import type { StoreCase } from './subject.ts';
import { cursorNow, take } from './feed.ts';
import { codeOf, collect, diagnostic, idsOf, imap, leaseMs, recipient, rowOf, smtp, text, type StoreWorld } from './world.ts';

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
};

export const durabilityCases: readonly StoreCase[] = [
  {
    title: 'T-001 U-001 nothing is acknowledged before it is synced',
    needs: ['holdSync'],
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      const release = world.under.holdSync?.();
      const calls = [
        world.store.submit([world.message()]),
        world.settleClaim(lease, world.relayed()),
        world.store.receive([world.arrival()]),
        world.store.save([world.section()]),
      ];
      for (const call of calls) assert(await isPending(call), 'a call is pending');
      release?.();
      await Promise.all(calls);
      assert.equal(await world.state(id), 'relayed');
    },
  },
  {
    title: 'T-001 a kill loses nothing that was acknowledged',
    needs: ['crash'],
    async run(world) {
      const start = await cursorNow(world);
      const id = await world.submit({ recipients: [recipient(1), recipient(2)], idempotencyKey: 'k', inputDigest: 'd' });
      await world.receive({ reference: '7:1', section: world.section() });
      const { lease } = await world.claimOne(smtp);
      await world.settle({ id, guard: lease, recipients: [{ recipient: 1, status: world.relayed(), remoteId: 'r1' }], then: 'keep' });
      const before = (await world.get(id)).content;
      const store = await world.crash();
      assert.deepEqual([await world.state(id, 1, store), await world.state(id, 2, store)], ['relayed', 'queued']);
      assert.deepEqual(await store.submit([world.message({ idempotencyKey: 'k', inputDigest: 'd' })]), [{ id, result: 'existing' }]);
      assert.deepEqual([await store.received(imap, ['7:1']), await store.lookup({ remoteId: 'r1' })], [new Set(['7:1']), [id]]);
      assert.deepEqual((await store.load([world.section().key]))[0]?.version, 1);
      assert((await collect(store.readContent(before))).length > 0);
      assert.deepEqual(
        (await take(store, start, 2)).map((change) => change.type !== 'gap' && [change.type, change.id]),
        [
          ['submitted', id],
          ['changed', id],
        ],
      );
    },
  },
  {
    title: 'T-001 a kill before the sync: the call is refused, the message absent or whole',
    needs: ['crash', 'holdSync'],
    async run(world) {
      const kept = await world.submit();
      const release = world.under.holdSync?.();
      const refused = codeOf(world.store.submit([world.message(), world.message()]));
      const store = await world.crash();
      release?.();
      assert.equal(await refused, 'ESTORE');
      const left = (await collect(store.find({}))).map((message) => message.id);
      assert.deepEqual([left[0], left.length === 1 || left.length === 3], [kept, true]);
    },
  },
  {
    title: 'U-007 U-008 after a kill what was claimed is free at once, and the claim says so',
    needs: ['crash'],
    async run(world) {
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp);
      // Claims are noted with the next commit.
      await world.store.save([world.section()]);
      const store = await world.crash();
      const again = await world.claimOne(smtp, { store });
      assert.deepEqual([again.lease.id, again.recovered], [id, 1]);
      assert(again.lease.fence > lease.fence);
      assert.equal((await world.settle({ id, guard: lease, then: 'remove' }, store)).result, 'stale');
    },
  },
  {
    title: 'M-031 after a kill a message is queued and unlocked, and a hand-over that was written down is known',
    needs: ['crash'],
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2)] });
      const { lease } = await world.claimOne(smtp);
      const status = { state: 'claimed', owner: 'ann', until: world.now + leaseMs, handingOver: true } as const;
      await world.settle({ id, guard: lease, recipients: [{ recipient: 1, status }], then: 'keep' });
      const store = await world.crash();
      const message = await world.get(id, store);
      assert.deepEqual([message.submitState?.locked, rowOf(message, 2).status.state], [false, 'queued']);
      const { message: claimed } = await world.claimOne(smtp, { store });
      const shown = rowOf(claimed, 1).status;
      assert.equal(shown.state === 'claimed' && shown.handingOver, true);
    },
  },
  {
    title: 'U-006 due times are stored: after a pause of ten hours and a restart what is overdue goes at once',
    needs: ['reopen'],
    async run(world) {
      const id = await world.submit({ dueAt: world.now + 60_000 });
      const deferred = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settleClaim(lease, world.deferred(3_600_000));
      world.clock.advance(36_000_000);
      const store = await world.reopen();
      assert.deepEqual(idsOf(await world.claim(smtp, { store })), [id, deferred]);
    },
  },
  {
    title: 'M-028 after a restart ids and fences go on ascending',
    needs: ['reopen'],
    async run(world) {
      const first = await world.submit();
      const { lease } = await world.claimOne(smtp);
      await world.settle({ id: first, guard: lease, recipients: [{ recipient: 'all', status: world.relayed() }], then: 'remove' });
      const store = await world.reopen();
      const second = await world.submit({}, store);
      assert(second > first);
      assert((await world.claimOne(smtp, { store })).lease.fence > lease.fence);
    },
  },
  {
    title: 'U-008 an orderly end frees what was claimed',
    needs: ['reopen'],
    async run(world) {
      const id = await world.submit();
      await world.claimOne(smtp);
      const store = await world.reopen();
      assert.equal(await world.state(id, 1, store), 'queued');
      assert.equal((await world.claimOne(smtp, { store })).lease.id, id);
    },
  },
  {
    title: 'T-004 calls on a store that is not open are refused with ESTORE',
    async run(world) {
      const id = await world.submit();
      await world.store[Symbol.asyncDispose]();
      assert.equal(await codeOf(world.store.get([id])), 'ESTORE');
      assert.equal(await codeOf(world.store.submit([world.message()])), 'ESTORE');
      assert.equal(await codeOf(collect(world.store.find({}))), 'ESTORE');
    },
  },
  {
    title: 'T-005 U-012 on a full disk a call is refused as temporary, queued mail can be claimed, and acceptance resumes',
    needs: ['failWrites'],
    async run(world) {
      const id = await world.submit();
      const stop = world.under.failWrites?.('all');
      const error: unknown = await world.store.submit([world.message()]).catch((reason: unknown) => reason);
      assert(error instanceof Error && 'temporary' in error && 'code' in error);
      assert.deepEqual([error.code, error.temporary], ['ESTORE', true]);
      assert.equal((await world.claimOne(smtp)).lease.id, id);
      stop?.();
      await world.submit();
    },
  },
  {
    title: 'T-010 T-068 whichever write fails, nothing was changed, and the same call then succeeds',
    needs: ['failWrites', 'scheduled'],
    async run(world) {
      for (const attempt of attempts) await failEachWrite(world, attempt);
    },
  },
];

type Attempt = (world: StoreWorld) => Promise<() => Promise<unknown>>;

/** Each prepares, and hands back the call whose writes fail one after the other. */
const attempts: readonly Attempt[] = [
  async (world) => {
    const messages = [world.message({ idempotencyKey: `k${world.now}`, inputDigest: 'd' }), world.message({ envelopeId: 'e' })];
    return () => world.store.submit(messages);
  },
  async (world) => {
    const { lease } = await world.claimOne({ message: await world.submit({ recipients: [recipient(1), recipient(2)] }) });
    const recipients = [
      { recipient: 1, status: world.relayed(), remoteId: 'r' },
      { recipient: 2, status: { state: 'failed', at: world.now, diagnostic } },
    ] as const;
    return () =>
      world.settle({
        id: lease.id,
        guard: lease,
        recipients,
        submit: [world.message({ receivedBy: imap })],
        message: { content: { inline: text('new') } },
        then: { finished: { moveTo: 'Sent' } },
      });
  },
  async (world) => {
    const id = await world.sent({ envelopeId: 'gone' });
    return () => world.settle({ id, guard: { from: ['relayed'] }, then: 'remove' });
  },
  async (world) => {
    const arrival = world.arrival({ aliases: ['alias'], section: world.section() });
    return () => world.store.receive([arrival, world.arrival()]);
  },
];

async function failEachWrite(world: StoreWorld, attempt: Attempt): Promise<void> {
  const call = await attempt(world);
  const before = await picture(world);
  for (let nth = 1; nth < 100; nth += 1) {
    world.clock.advance(1);
    const stop = world.under.failWrites?.(nth);
    const failed = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    stop?.();
    if (failed === undefined) return;
    assert.equal(failed instanceof Error && 'code' in failed && failed.code, 'ESTORE');
    assert.deepEqual(await picture(world), before, `after write ${nth} failed`);
  }
  assert.fail('the call never succeeds');
}

/** All that can be seen of the store. */
async function picture(world: StoreWorld): Promise<unknown> {
  const messages = await collect(world.store.find({}));
  const schedules = await Promise.all(messages.map(async (message) => world.under.scheduled?.(message.id)));
  for (const [at, message] of messages.entries()) assert.equal(schedules[at]?.length, scheduleOf(message).length);
  const names = await Promise.all([
    world.store.lookup({ envelopeId: 'e' }),
    world.store.lookup({ envelopeId: 'gone' }),
    world.store.lookup({ remoteId: 'r' }),
  ]);
  return JSON.parse(
    JSON.stringify([messages, schedules, names, await world.store.load([world.section().key]), [...(await world.store.received(imap, ['alias']))]]),
  );
}

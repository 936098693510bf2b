// Several owners of one store (U-008, U-018, U-019).
import assert from 'node:assert/strict';
import type { EntryId } from '../../message/recipient.ts';
import type { StoreCase } from './subject.ts';
import { collect, idsOf, leaseMs, type Owner, smtp, type StoreWorld } from './world.ts';

export const sharingCases: readonly StoreCase[] = [
  {
    title: 'U-018 eight owners, a thousand messages: each is claimed and settled once',
    needs: ['share'],
    async run(world) {
      const owners = await shareAmong(world, 8);
      await world.store.submit(Array.from({ length: 1_000 }, () => world.message()));
      const sent = (await Promise.all(owners.map((owner) => sendAll(world, owner)))).flat();
      assert.equal(sent.length, 1_000);
      assert.equal(new Set(sent).size, 1_000);
      assert.equal((await collect(world.store.find({ states: ['relayed'] }))).length, 1_000);
    },
  },
  {
    title: 'M-029 a change by one owner wakes the others',
    needs: ['share'],
    async run(world) {
      const { woken } = await world.share();
      await world.submit();
      assert.deepEqual(woken, [smtp]);
    },
  },
  {
    title: 'U-008 what a disposed owner had claimed is free at once, and others are woken',
    needs: ['share'],
    async run(world) {
      const other = await world.share();
      const id = await world.submit();
      await world.claimOne(smtp, { store: other.store, owner: 'bob' });
      assert.deepEqual(await world.claim(smtp), []);
      world.woken.length = 0;
      await other.store[Symbol.asyncDispose]();
      assert.deepEqual(world.woken, [smtp]);
      const { lease, recovered } = await world.claimOne(smtp);
      assert.deepEqual([lease.id, recovered], [id, 1]);
    },
  },
  {
    title: 'U-008 U-019 the lease of a disposed owner is worth nothing, whoever shows it',
    needs: ['share'],
    async run(world) {
      const other = await world.share();
      const id = await world.submit();
      const { lease } = await world.claimOne(smtp, { store: other.store, owner: 'bob' });
      await other.store[Symbol.asyncDispose]();
      assert.equal((await world.settle({ id, guard: lease, then: 'remove' })).result, 'stale');
      assert.deepEqual(await world.store.renew([lease], world.now + leaseMs), [{ lease, news: 'lost' }]);
    },
  },
  {
    title: 'U-019 of two owners the one that lost its lease cannot complete',
    needs: ['share'],
    async run(world) {
      const other = await world.share();
      const id = await world.submit();
      const { lease: stale } = await world.claimOne(smtp, { store: other.store, owner: 'bob' });
      world.clock.advance(leaseMs);
      await world.claimOne(smtp);
      const late = await world.settle({ id, guard: stale, recipients: [{ recipient: 'all', status: world.relayed() }] }, other.store);
      assert.deepEqual([late.result, await world.state(id)], ['stale', 'claimed']);
    },
  },
  {
    title: 'U-026 the same key from two owners gives one id',
    needs: ['share'],
    async run(world) {
      const other = await world.share();
      const keyed = { idempotencyKey: 'order 7', inputDigest: 'a' };
      const both = await Promise.all([world.store.submit([world.message(keyed)]), other.store.submit([world.message(keyed)])]);
      assert.equal(new Set(both.flat().map((one) => one.id)).size, 1);
    },
  },
];

async function shareAmong(world: StoreWorld, count: number): Promise<Owner[]> {
  const owners: Owner[] = [{ store: world.store, woken: world.woken }];
  while (owners.length < count) owners.push(await world.share());
  return owners;
}

/** Until nothing is left; each message as its owner saw it. */
async function sendAll(world: StoreWorld, { store }: Owner): Promise<EntryId[]> {
  const sent: EntryId[] = [];
  for (;;) {
    const claims = await world.claim(smtp, { store, messages: 7, owner: 'one of eight' });
    if (claims.length === 0) return sent;
    sent.push(...idsOf(claims));
    const settled = await store.settle(
      claims.map(({ lease }) => ({
        id: lease.id,
        guard: lease,
        recipients: [{ recipient: 'all', status: world.relayed() }],
        then: { finished: {} },
      })),
    );
    for (const { result, changed } of settled) assert.deepEqual([result, changed], ['written', [1]]);
  }
}

// Durable profile: positions, settings, tokens, each by compare-and-set (U-053, M-010).
import assert from 'node:assert/strict';
import type { StoreCase } from './subject.ts';

export const sectionCases: readonly StoreCase[] = [
  {
    title: 'M-010 a section is absent until it is saved, and then has version 1',
    async run(world) {
      const section = world.section({ values: { uid: 5, folders: ['a', 'b'], deep: { x: null } } });
      assert.deepEqual(await world.store.load([section.key]), [undefined]);
      assert.deepEqual(await world.store.save([section]), [true]);
      assert.deepEqual(await world.store.load(['other', section.key]), [undefined, { ...section, version: 1 }]);
    },
  },
  {
    title: 'U-053 saving with an older version is refused, section by section',
    async run(world) {
      const [a, b] = [world.section({ key: 'a' }), world.section({ key: 'b' })];
      await world.store.save([a]);
      assert.deepEqual(await world.store.save([a, b]), [false, true]);
      assert.deepEqual(await world.store.save([{ ...a, version: 1, values: { uid: 2 } }]), [true]);
      assert.deepEqual((await world.store.load(['a']))[0], { key: 'a', version: 2, values: { uid: 2 } });
    },
  },
  {
    title: 'U-053 of fifty that save the same version one wins',
    async run(world) {
      await world.store.save([world.section()]);
      const saved = await Promise.all(Array.from({ length: 50 }, (_, uid) => world.store.save([world.section({ version: 1, values: { uid } })])));
      assert.equal(saved.flat().filter(Boolean).length, 1);
      assert.deepEqual((await world.store.load([world.section().key]))[0]?.version, 2);
    },
  },
  {
    title: 'M-010 a section that has expired is absent and can be saved as a new one',
    async run(world) {
      const section = world.section({ expiresAt: world.now + 100 });
      await world.store.save([section]);
      world.clock.advance(99);
      assert.equal((await world.store.load([section.key]))[0]?.version, 1);
      world.clock.advance(1);
      assert.deepEqual(await world.store.load([section.key]), [undefined]);
      assert.deepEqual(await world.store.save([{ ...section, expiresAt: world.now + 100 }]), [true]);
    },
  },
];

// memoryStore keeps what every message store promises.
import { describe, it } from 'vitest';
import { describeMessageStore } from '../../src/testing/store-suite/suite.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';

describeMessageStore(
  'memoryStore',
  {
    abilities: ['share', 'reopen', 'crash', 'holdSync', 'failWrites', 'damage', 'scheduled', 'sweep'],
    async create(clock) {
      const store = memoryStore({ clock });
      return {
        store,
        share: () => store.sharing(),
        reopen: async () => store,
        crash: async () => {
          store.crash();
          return store;
        },
        holdSync: () => store.holdSync(),
        failWrites: (which) => store.failWrites(which === 'all' ? () => true : which),
        damage: async (ref) => store.damage(ref),
        scheduled: async (id) => store.scheduled(id),
      };
    },
  },
  { describe, it },
);

// memoryStore as the store suite wants it: with all that can be done to it.
import type { StoreFactory } from 'mailspool/testing';
import { memoryStore } from '../../src/store/memory/memory-store.ts';

export const memoryStoreUnderTest: StoreFactory = async (clock) => {
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
};

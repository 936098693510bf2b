// memoryStore as the store suite wants it, by itself or built into another: with all that can be done to it.
import type { StoreCapabilities, StoreFactory } from 'mailspool/testing';
import { type MemoryStore, memoryStore } from '../../src/store/memory/memory-store.ts';

export const memoryStoreCapabilities: StoreCapabilities = {
  share: true,
  reopen: true,
  crash: true,
  holdSync: true,
  failWrites: true,
  damage: true,
  scheduled: true,
  sweep: true,
};

/** `built`: what is made of each handle on the data. */
export const underTest =
  (built: (store: MemoryStore) => MemoryStore): StoreFactory =>
  async (clock) => {
    const store = built(memoryStore({ clock }));
    return {
      store,
      share: () => built(store.sharing()),
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

export const memoryStoreUnderTest: StoreFactory = underTest((store) => store);

// A store that is coupled with a transport keeps what every message store promises, for all that it does not carry.
import { describe, it } from 'vitest';
import { describeMessageStore, type StoreCapabilities } from 'mailspool/testing';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { postOffice } from '../unit/spooler/post-office.ts';

const capabilities: StoreCapabilities = {
  share: true,
  reopen: true,
  crash: true,
  holdSync: true,
  failWrites: true,
  damage: true,
  scheduled: true,
  sweep: true,
};

describeMessageStore(
  async (clock) => {
    const { store } = postOffice(memoryStore({ clock }));
    return {
      store,
      share: () => postOffice(store.sharing()).store,
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
  capabilities,
  { name: 'a coupled store', runner: { describe, it } },
);

// A store whose calls a virtual clock waits for, so that moving time by hand never overtakes a write.
import type { MessageStore } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';

const counted = new Set<keyof MessageStore>([
  'open',
  'putContent',
  'submit',
  'claim',
  'renew',
  'settle',
  'received',
  'headersOnly',
  'receive',
  'get',
  'lookup',
  'queues',
  'load',
  'save',
  'sweep',
]);

/** The store itself where the clock does not count. */
export function countedStore(store: MessageStore, clock: Clock): MessageStore {
  if (!clock.work) return store;
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (!counted.has(key as keyof MessageStore)) return call;
      return async (...args: unknown[]) => await (clock.work?.(call(...args) as Promise<unknown>) ?? call(...args));
    },
  });
}

// Waiting for the outcome of what was submitted: the same result, whether the message is read for it or still known.
import { expect, it } from 'vitest';
import { type MemoryStore, memoryStore } from '../../../src/store/memory/memory-store.ts';
import { note, world } from './world.ts';

/** A store with the ids that were read from it; `shared`: others write to it. */
function watched(shared: boolean): { store: MemoryStore; read: string[] } {
  const read: string[] = [];
  const store = new Proxy(memoryStore(), {
    get(target, key) {
      if (key === 'capabilities') return { ...target.capabilities, shared };
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (key === 'get') read.push(...(args[0] as string[]));
        return Reflect.apply(value, target, args);
      };
    },
  });
  return { store, read };
}

it('whoever submits and waits at once reads nothing, and hears the same as who waits later', async () => {
  const { store, read } = watched(false);
  const { spooler, clock } = await world({ store });
  const submitAndWait = async () => {
    const { id } = await spooler.submit(note(['bob@harbour.example', 'carl@harbour.example']));
    return await spooler.settled(id);
  };
  const waiting = submitAndWait();
  await clock.settle();
  const atOnce = await waiting;
  expect(read).toEqual([]);
  const later = await spooler.settled(atOnce.id);
  expect(read).toEqual([atOnce.id]);
  expect(atOnce).toEqual(later);
  expect(atOnce.accepted).toEqual(['bob@harbour.example', 'carl@harbour.example']);
});

it('on a store that others write to, the message is read', async () => {
  const { store, read } = watched(true);
  const { spooler, clock } = await world({ store });
  const submitAndWait = async () => await spooler.settled((await spooler.submit(note())).id);
  const waiting = submitAndWait();
  await clock.settle();
  expect(read).toContain((await waiting).id);
});

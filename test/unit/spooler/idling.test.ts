// Loops that wait: none of them spins, whatever is closed, slow or stuck.
import { TransportError, type TransportProvider } from 'mailspool/provider';
import { virtualTime, type VirtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import { testInMemory } from './stores.ts';
import { note, world } from './world.ts';

/** Time that counts timers that ring at once: a loop that spins sets many. */
function watchedTime(): { readonly clock: VirtualTime; atOnce(): number } {
  const clock = virtualTime();
  let count = 0;
  const watched = new Proxy(clock, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'sleep') return value.bind(target) as unknown;
      return async (ms: number, signal?: AbortSignal) => {
        if (ms <= 0) count += 1;
        // A spinning loop would keep virtual time busy for ever; it is let go after it has shown itself.
        await target.sleep(count > 1_000 ? 1_000 : ms, signal);
      };
    },
  });
  return { clock: watched, atOnce: () => count };
}

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a gate that ends while the spooler is offline wakes nobody', async () => {
  const { clock, atOnce } = watchedTime();
  const { spooler } = await world({
    clock,
    loopback: {
      transfer: () => {
        throw new TransportError('ECONNECTION', 'no', { gate: { reason: 'unreachable', until: clock.now() + 10_000 } });
      },
    },
  });
  await spooler.submit(note());
  await clock.settle();
  await spooler.setOffline(true);
  await clock.advance('1m');
  const before = atOnce();
  await turns(200);
  expect(atOnce() - before).toBeLessThan(5);
});

test('a hand-over that is past its deadline is told once, however long its end takes', async () => {
  const { clock, atOnce } = watchedTime();
  const { spooler } = await world({
    clock,
    loopback: { limits: { submitTimeoutMs: 1_000 }, transfer: async () => await new Promise(() => undefined) },
  });
  await spooler.submit(note());
  await clock.advance('1500ms');
  const before = atOnce();
  await turns(200);
  expect(atOnce() - before).toBeLessThan(5);
});

test('a message that takes longer to receive than the time between two polls keeps nothing spinning', async () => {
  const { clock, atOnce } = watchedTime();
  const provider: TransportProvider = {
    name: 'slow',
    logon: async () => ({
      addressTypes: [''],
      limits: { pollIntervalMs: 1_000 },
      poll: async () => true,
      startMessage: async () => await new Promise(() => undefined),
    }),
  };
  await world({ clock, providers: [provider] });
  await clock.advance('10s');
  const before = atOnce();
  await turns(200);
  expect(atOnce() - before).toBeLessThan(5);
});

testInMemory('a verification that takes long writes nothing meanwhile', async (store) => {
  const { spooler, clock } = await world({
    store,
    loopback: {
      answer: () => ({ outcome: 'unknown', diagnostic: { code: 'ECONNECTION', text: 'dropped' } }),
      verify: async () => await new Promise(() => undefined),
    },
  });
  await spooler.submit(note(), { onUnknown: 'verify' });
  await clock.advance('11s');
  let writes = 0;
  store.failWrites(() => {
    writes += 1;
    return false;
  });
  await clock.advance('10m');
  expect(writes).toBeLessThan(100);
});

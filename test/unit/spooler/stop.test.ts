// The ways to stop, and what each says is left.
import { loopback } from 'mailspool/providers/loopback';
import { expect, test } from 'vitest';
import { TransportError } from 'mailspool/provider';
import { testInMemory } from './stores.ts';
import { note, world } from './world.ts';

test.each(['quiet', 'abort'] as const)('M-107 M-108 stop in mode %s while a message is on its way changes nothing and says so', async (mode) => {
  const { spooler, clock, states } = await world({ loopback: { delayMs: 60_000 } });
  const { id } = await spooler.submit(note());
  await spooler.submit(note('carol@harbour.example'));
  await clock.settle();
  expect(await spooler.stop({ mode })).toEqual({ complete: false, inbound: false, outbound: true, queued: 2 });
  await clock.advance('3m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
  expect(await spooler.stop({ mode })).toEqual({ complete: true, inbound: false, outbound: false, queued: 0 });
});

test('M-107 an orderly stop lets what is in flight finish and begins nothing else', async () => {
  const { spooler, clock, provider } = await world({ loopback: { delayMs: 5_000 } });
  for (const to of ['a@harbour.example', 'b@harbour.example']) await spooler.submit(note(to));
  await clock.settle();
  const stopped = spooler.stop();
  await clock.advance('1m');
  expect(await stopped).toEqual({ complete: true, inbound: false, outbound: false, queued: 1 });
  expect(provider.handedOver).toHaveLength(1);
});

test('M-107 noWait first sends what is ready, as far as its time goes', async () => {
  const { spooler, clock, provider } = await world({ loopback: { delayMs: 4_000 } });
  for (let n = 0; n < 5; n += 1) await spooler.submit(note(`n${n}@harbour.example`));
  await clock.settle();
  const stopped = spooler.stop({ mode: 'noWait', drainMs: 10_000 });
  await clock.advance('1m');
  const { queued } = await stopped;
  expect(provider.handedOver.length).toBeGreaterThanOrEqual(3);
  expect(queued).toBe(5 - provider.handedOver.length);
});

test('M-107 purge sends and fetches everything first, also what waited for its next attempt, and settles it', async () => {
  let attempts = 0;
  const { spooler, clock } = await world({
    loopback: {
      delayMs: 60_000,
      transfer: () => {
        attempts += 1;
        if (attempts === 1) throw new TransportError('ECONNECTION', 'reset', { outcome: 'notSent' });
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('70s');
  const stopped = spooler.stop({ mode: 'purge' });
  await clock.advance('10m');
  expect(await stopped).toEqual({ complete: true, inbound: false, outbound: false, queued: 0 });
  expect(attempts).toBe(2);
});

testInMemory('M-108 whoever disposes of a spooler that others share the store with disturbs nobody', async (store) => {
  const { spooler, clock } = await world({ store });
  const other = await world({ store: store.sharing(), clock, providers: [loopback()] });
  await spooler[Symbol.asyncDispose]();
  const { id } = await other.spooler.submit(note());
  await clock.settle();
  expect(await other.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

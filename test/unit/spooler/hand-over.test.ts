// Hand-overs that are interrupted, refused, answered with nonsense, or never begin.
import { TransportError, type OutboundMessage, type SubmitResult, type TransportProvider } from 'mailspool/provider';
import { expect, test, vi } from 'vitest';
import { testInMemory } from './stores.ts';
import { collect, note, world } from './world.ts';

const five = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@harbour.example`);
const accepted = { outcome: 'accepted' } as const;
const refused = { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 no such user' } } as const;
const later = { outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451 later' } } as const;

/** A promise with its end outside. */
function gateway<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open: (value) => open(value) };
}

test('M-072 a cancel also stops the recipients that a limit left for the next hand-over', async () => {
  const { spooler, clock, provider, states } = await world({
    loopback: {
      limits: { recipientsPerMessage: 2 },
      transfer: async (_message, signal) => await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    },
  });
  const { id } = await spooler.submit(note(five));
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.advance('1h');
  expect(await cancelling).toEqual({ result: 'cancelled' });
  expect(provider.handedOver).toHaveLength(0);
  expect(new Set(Object.values(await states(id)))).toEqual(new Set(['cancelled']));
});

test('M-072 a cancel that comes after the final dot stops what this attempt leaves over, and says so', async () => {
  const reply = gateway<SubmitResult>();
  const { spooler, clock, provider, states } = await world({
    loopback: { limits: { recipientsPerMessage: 2 }, answer: async () => await reply.opened },
  });
  const { id } = await spooler.submit(note(five));
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.advance('1s');
  reply.open([
    { recipient: 1, ...accepted },
    { recipient: 2, ...later },
  ]);
  await clock.advance('1h');
  expect(await cancelling).toMatchObject({ result: 'partial', tooLate: [{ address: five[0] }] });
  expect(provider.handedOver).toHaveLength(1);
  expect(Object.values(await states(id))).toEqual(['relayed', 'cancelled', 'cancelled', 'cancelled', 'cancelled']);
});

test('M-072 a claim that only waits for its turn is cancelled at once', async () => {
  const { spooler, clock, provider, states } = await world({ loopback: { limits: { outbound: 1, maxUnsettled: 4 }, delayMs: 600_000 } });
  await spooler.submit(note());
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'claimed' });
  const cancelling = spooler.cancel(id);
  await clock.settle();
  expect(await cancelling).toEqual({ result: 'cancelled' });
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(1);
});

testInMemory('M-073 a cancel reaches a hand-over of another spooler on the same store', async (store) => {
  const first = await world({
    store,
    loopback: {
      transfer: async (_message, signal) => await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    },
  });
  const { id } = await first.spooler.submit(note());
  await first.clock.settle();
  const second = await world({ store: store.sharing(), clock: first.clock });
  const cancelling = second.spooler.cancel(id);
  await first.clock.advance('20s');
  expect(await cancelling).toEqual({ result: 'cancelled' });
  await first.clock.advance('1h');
  expect([first, second].flatMap(({ provider }) => provider.handedOver)).toEqual([]);
});

test.each([
  ['cancel', 'M-073'],
  ['stop', 'U-061'],
])('a provider that hears of a %s only from handingOver, and stops there, has sent nothing (%s)', async (what) => {
  const read = gateway();
  const own = await world({
    loopback: {
      transfer: async (message) => {
        await message.content.bytes();
        await read.opened;
      },
    },
  });
  const { spooler, clock, provider } = own;
  const { id } = await spooler.submit(note(), { onUnknown: 'hold' });
  await clock.settle();
  const ending = what === 'cancel' ? spooler.cancel(id) : spooler.stop({ drainMs: 0 });
  if (what === 'cancel') await clock.settle();
  else await new Promise((resolve) => setImmediate(resolve));
  read.open();
  await clock.advance('1s');
  await ending;
  const reader = what === 'cancel' ? own : await world({ store: own.store.sharing(), clock, start: false });
  expect(provider.handedOver).toHaveLength(0);
  expect((await reader.spooler.get(id))?.recipients[0]).toMatchObject({ status: { state: what === 'cancel' ? 'cancelled' : 'queued' }, attempts: 0 });
});

test('M-061 a person’s cancel during a deferred hand-over cancels the message, it is not parked again', async () => {
  const { spooler, clock, provider, states } = await world({
    loopback: {
      end: () => 'hold',
      transfer: async (message, signal) => {
        if (message.deferred) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
      answer: () => later,
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  provider.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.settle();
  expect(await cancelling).toEqual({ result: 'cancelled' });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'cancelled' });
});

test('U-019 whose lease ran out while the store cannot be asked does not begin the final dot', async () => {
  const waiting = gateway();
  const { spooler, clock, store, provider, states } = await world({ loopback: { transfer: async () => await waiting.opened } });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const broken = vi.spyOn(store, 'renew').mockRejectedValue(new Error('the disk is gone'));
  clock.jump('1m');
  waiting.open();
  await clock.settle();
  expect(provider.handedOver).toHaveLength(0);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'deferred' });
  broken.mockRestore();
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(1);
});

test('U-003 what was claimed for a session that takes nothing any more waits in its queue, where it is cancelled and expires', async () => {
  const { spooler, clock, provider, states } = await world({ loopback: { limits: { outbound: 1, maxUnsettled: 4 }, delayMs: 1_000 } });
  const ids = [];
  for (let n = 0; n < 4; n += 1) ids.push((await spooler.submit(note(), { expiresAt: clock.now() + 60_000 })).id);
  await clock.settle();
  await spooler.suspend();
  await clock.advance('2s');
  expect(provider.handedOver).toHaveLength(1);
  for (const id of ids.slice(1)) expect(await states(id)).toEqual({ 'bob@harbour.example': 'queued' });
  expect(await spooler.cancel(ids[1] as never)).toEqual({ result: 'cancelled' });
  await clock.advance('2m');
  expect(await states(ids[2] as never)).toEqual({ 'bob@harbour.example': 'expired' });
});

test.each([
  ['a string', 'accepted'],
  ['null in a list', [null]],
  ['an outcome that there is not', { outcome: 'banana' }],
  ['nothing', undefined],
  ['a failure without a reason', { outcome: 'unknown' }],
])('T-008 a provider that answers with %s leaves its recipients uncertain and the way open', async (_title, answer) => {
  let calls = 0;
  const provider: TransportProvider = {
    name: 'odd',
    logon: async () => ({
      addressTypes: ['SMTP'],
      submitMessage: async () => {
        calls += 1;
        return (calls === 1 ? answer : accepted) as SubmitResult;
      },
    }),
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  const one = await spooler.submit(note(), { onUnknown: 'hold' });
  await clock.settle();
  const two = await spooler.submit(note());
  await clock.advance('10m');
  expect(calls).toBe(2);
  expect(await states(one.id)).toEqual({ 'bob@harbour.example': 'uncertain' });
  expect(await states(two.id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test.each([
  ['a delay that is no number', { ...later, retryAfterMs: Number.NaN }, undefined],
  [
    'a policy that throws',
    later,
    {
      next: () => {
        throw new Error('bug');
      },
      warnAfterMs: [],
      lifetimeMs: 86_400_000,
    },
  ],
] as const)('T-008 %s costs no outcome: the accepted recipient stays accepted, the other is tried again', async (_title, odd, retry) => {
  let calls = 0;
  const { spooler, clock, provider, states } = await world({
    ...(retry && { retry }),
    loopback: {
      answer: ({ recipients }) => {
        calls += 1;
        return calls === 1 ? recipients.map(({ id }) => ({ recipient: id, ...(id === 1 ? accepted : odd) })) : accepted;
      },
    },
  });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.advance('1h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'relayed' });
  expect(provider.handedOver.map(({ recipients }) => recipients.length)).toEqual([2, 1]);
});

test('T-043 an outcome that the provider saved and then repeats is reported once', async () => {
  const both = [
    { recipient: 1, ...refused },
    { recipient: 2, ...accepted },
  ] as const;
  const { spooler, clock } = await world({
    loopback: { transfer: async (message) => await message.saveChanges([both[0]]), answer: () => both },
  });
  await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.settle();
  expect(await collect(spooler.list({ direction: 'inbound' }))).toHaveLength(1);
});

test('T-012 a gate that closes after the final dot does not make an at-most-once message unsent', async () => {
  const { spooler, clock, provider, states } = await world({
    loopback: {
      answer: () => {
        throw new TransportError('ECONNECTION', 'reset', { gate: { reason: 'unreachable' } });
      },
    },
  });
  const { id } = await spooler.submit(note(), { guarantee: 'atMostOnce' });
  await clock.settle();
  expect((await spooler.status()).at(-1)?.gate?.reason).toBe('unreachable');
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(1);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'uncertain' });
});

test('M-056 the handle works until endMessage has settled, and not a moment longer', async () => {
  let kept: OutboundMessage | undefined;
  const read: string[] = [];
  const { spooler, clock } = await world({
    loopback: {
      transfer: (message) => void (kept = message),
      end: async (): Promise<'sent'> => {
        read.push(Buffer.from((await kept?.content.bytes()) ?? []).toString());
        return 'sent';
      },
    },
  });
  await spooler.submit(note());
  await clock.settle();
  expect(read).toEqual([expect.stringContaining('The pilot boards at noon.')]);
  expect(() => kept?.setProperties({})).toThrow(expect.objectContaining({ code: 'EINVALIDOBJECT' }));
});

test('M-056 endMessage is not called on a session that logged on after the hand-over', async () => {
  const ended: string[] = [];
  const reply = gateway();
  const { spooler, clock, provider } = await world({
    loopback: { answer: async () => await reply.opened.then(() => accepted), end: (reference) => (ended.push(reference), 'sent') },
  });
  await spooler.submit(note());
  await clock.settle();
  provider.sessions[0]?.support.spoolerNotify({ type: 'criticalError', error: new Error('the modem is on fire') });
  await clock.advance('1m');
  reply.open();
  await clock.settle();
  expect(ended).toEqual([]);
});

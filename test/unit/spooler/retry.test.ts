import { TransportError, type OutboundMessage, type TransportProvider } from 'mailspool/provider';
import { seededRandom, virtualTime, type VirtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import { defaultRetry, retryPolicy } from '../../../src/index.ts';
import { collect, note, world } from './world.ts';

const temporary = { outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451 later', responseCode: 451 } } as const;
const permanent = {
  outcome: 'rejected',
  diagnostic: { code: 'EENVELOPE', text: '550 no such user', responseCode: 550, enhancedCode: '5.1.1' },
} as const;

test('U-015 retry is on by default: a 451 and a reset are tried again', async () => {
  let calls = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      transfer: () => {
        calls += 1;
        if (calls === 1) throw new TransportError('ECONNECTION', 'reset', { outcome: 'notSent' });
      },
      answer: () => (calls === 2 ? temporary : { outcome: 'accepted' }),
    },
  });
  const { id } = await spooler.submit(note());
  await clock.advance('10m');
  expect(provider.handedOver).toHaveLength(2);
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ status: { state: 'relayed' }, attempts: 3 });
});

test('T-026 the default schedule begins quickly, then waits at least 30 minutes, and gives up after five days', () => {
  const policy = retryPolicy(seededRandom(7));
  const failed = { diagnostic: temporary.diagnostic, message: {} as never, route: {} as never };
  const delays = Array.from({ length: 30 }, (_, index) => policy.next({ ...failed, attempt: index + 1 })).map((next) =>
    next === 'giveUp' ? 0 : next.afterMs,
  );
  expect(delays[0]).toBeLessThanOrEqual(10_000);
  for (const delay of delays.slice(defaultRetry.earlyMs.length)) expect(delay).toBeGreaterThanOrEqual(30 * 60_000);
  expect(policy.lifetimeMs).toBe(5 * 86_400_000);
});

test('T-011 U-020 a retry covers only unresolved recipients: of twenty with one 451 the second attempt has one', async () => {
  let attempt = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      answer: ({ recipients }) => {
        attempt += 1;
        return recipients.map(({ id }) => ({ recipient: id, ...(attempt === 1 && id === 7 ? temporary : { outcome: 'accepted' as const }) }));
      },
    },
  });
  await spooler.submit(note(Array.from({ length: 20 }, (_, n) => `r${n + 1}@harbour.example`)));
  await clock.advance('1m');
  expect(provider.handedOver.map(({ recipients }) => recipients.length)).toEqual([20, 1]);
  expect(provider.handedOver[1]?.recipients[0]?.address).toBe('r7@harbour.example');
});

test('U-021 partial acceptance proceeds and is told per recipient', async () => {
  const { spooler, clock, states } = await world({
    loopback: {
      answer: () => [
        { recipient: 1, outcome: 'accepted' },
        { recipient: 2, ...permanent },
        { recipient: 3, ...temporary },
      ],
    },
  });
  const { id } = await spooler.submit(note(['a@harbour.example', 'b@harbour.example', 'c@harbour.example']));
  await clock.settle();
  expect(await states(id)).toEqual({ 'a@harbour.example': 'relayed', 'b@harbour.example': 'failed', 'c@harbour.example': 'deferred' });
});

test('T-013 bytes, Message-ID and Date are identical on every attempt', async () => {
  let calls = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      answer: () => {
        calls += 1;
        return calls < 4 ? temporary : { outcome: 'accepted' };
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('1h');
  const [first, ...others] = provider.handedOver.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  expect(others).toHaveLength(3);
  for (const other of others) expect(other).toBe(first);
});

test.each([
  ['resend', 'relayed', 2],
  ['hold', 'uncertain', 1],
  ['verify', 'relayed', 1],
] as const)('U-016 an unknown outcome is stored and obeys the policy %s', async (onUnknown, state, handOvers) => {
  let calls = 0;
  const { spooler, clock, provider, states, events } = await world({
    loopback: {
      answer: () => {
        calls += 1;
        if (calls === 1) throw new TransportError('ECONNECTION', 'dropped after the final dot', { outcome: 'unknown', phase: 'final' });
        return { outcome: 'accepted' };
      },
      verify: () => ({ outcome: 'accepted' }),
    },
  });
  const { id } = await spooler.submit(note(), { onUnknown });
  await clock.advance('5m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': state });
  expect(provider.handedOver).toHaveLength(handOvers);
  const told = events.find(({ type }) => type === 'uncertain' || type === 'deferred');
  expect(told).toMatchObject({ recipient: { last: { phase: 'final' } } });
});

test('U-016 a person resolves what is uncertain', async () => {
  const { spooler, clock, states } = await world({
    loopback: {
      answer: () => {
        throw new TransportError('ECONNECTION', 'dropped', { outcome: 'unknown' });
      },
    },
  });
  const { id } = await spooler.submit(note(['a@harbour.example', 'b@harbour.example', 'c@harbour.example']), { onUnknown: 'hold' });
  await clock.settle();
  await spooler.resolve(id, 1, 'accepted');
  await spooler.resolve(id, 2, 'rejected');
  expect(await states(id)).toEqual({ 'a@harbour.example': 'relayed', 'b@harbour.example': 'failed', 'c@harbour.example': 'uncertain' });
  await expect(spooler.resolve(id, 1, 'rejected')).rejects.toMatchObject({ code: 'ENOTINQUEUE' });
});

test('U-016 a plain error is safe to retry before the content was read, and unknown after', async () => {
  const before = await world({
    loopback: {
      transfer: () => {
        throw new Error('bug');
      },
    },
  });
  const one = await before.spooler.submit(note(), { onUnknown: 'hold' });
  await before.clock.settle();
  expect(await before.states(one.id)).toEqual({ 'bob@harbour.example': 'deferred' });
  const after = await world({
    loopback: {
      answer: () => {
        throw new Error('bug');
      },
    },
  });
  const two = await after.spooler.submit(note(), { onUnknown: 'hold' });
  await after.clock.settle();
  expect(await after.states(two.id)).toEqual({ 'bob@harbour.example': 'uncertain' });
});

test.each([
  ['that reads everything and never speaks of the final dot', async (message: OutboundMessage) => void (await message.content.bytes())],
  ['that speaks of the final dot and sends bytes of its own', async (message: OutboundMessage) => await message.handingOver()],
])('U-016 a plain error of a provider %s is unknown', async (_title, hand) => {
  const provider: TransportProvider = {
    name: 'plain',
    logon: async () => ({
      addressTypes: ['SMTP'],
      submitMessage: async (message) => {
        await hand(message);
        throw new Error('bug');
      },
    }),
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  const { id } = await spooler.submit(note(), { onUnknown: 'hold' });
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'uncertain' });
});

test('U-017 the engine owns retries: fifty closed connections are exactly the attempts of the schedule', async () => {
  let calls = 0;
  const { spooler, clock } = await world({
    retry: { next: () => ({ afterMs: 60_000 }), warnAfterMs: [], lifetimeMs: 86_400_000 },
    loopback: {
      transfer: () => {
        calls += 1;
        throw new TransportError('ECONNECTION', 'closed before the greeting', { outcome: 'notSent', phase: 'greeting' });
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('49m');
  expect(calls).toBe(50);
});

test('U-003 expiry is checked in every state: also behind a provider that never comes back', async () => {
  const { spooler, clock, states, events } = await world({ loopback: { transfer: async () => await new Promise(() => undefined) } });
  const { id } = await spooler.submit(note(), { expiresAt: clock.now() + 600_000 });
  const other = await spooler.submit(note(), { expiresAt: clock.now() + 600_000 });
  await clock.advance('11m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'expired' });
  expect(await states(other.id)).toEqual({ 'bob@harbour.example': 'expired' });
  expect(events.filter(({ type }) => type === 'expired')).toHaveLength(2);
});

test.each(['held', 'deferred', 'uncertain', 'queued'])('U-003 a %s message expires, too', async (state) => {
  const { spooler, clock, states } = await world({
    loopback: {
      end: () => (state === 'held' ? 'hold' : 'sent'),
      answer: () => {
        if (state === 'uncertain') throw new TransportError('ECONNECTION', 'dropped', { outcome: 'unknown' });
        return { ...temporary, retryAfterMs: 10 * 86_400_000 };
      },
    },
  });
  if (state === 'queued') await spooler.suspend();
  const { id } = await spooler.submit(note(), { expiresAt: clock.now() + 3_600_000, onUnknown: 'hold' });
  await clock.advance('1m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': state });
  await clock.advance('1h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'expired' });
});

test('U-004 no terminal state is silent, and failed and expired accept retry', async () => {
  let healed = false;
  const { spooler, clock, states, events } = await world({ loopback: { answer: () => (healed ? { outcome: 'accepted' } : permanent) } });
  const failed = await spooler.submit(note());
  await spooler.suspend();
  const expired = await spooler.submit(note(), { expiresAt: clock.now() + 1000 });
  await clock.advance('1m');
  await spooler.resume();
  await clock.settle();
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['failed', 'expired']));
  healed = true;
  expect(await spooler.retry({ states: ['failed', 'expired'] })).toEqual({ changed: [failed.id, expired.id], unchanged: [] });
  await clock.advance('1m');
  expect(await states(failed.id)).toEqual({ 'bob@harbour.example': 'relayed' });
  expect(await states(expired.id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('U-025 retry keeps id and Message-ID; clone makes a new message', async () => {
  let healed = false;
  const { spooler, clock, provider } = await world({ loopback: { answer: () => (healed ? { outcome: 'accepted' } : permanent) } });
  const { id, messageId } = await spooler.submit(note());
  await clock.settle();
  healed = true;
  await spooler.retry(id);
  const copy = await spooler.clone(id);
  await clock.advance('1m');
  expect(copy.id).not.toBe(id);
  expect(copy.messageId).not.toBe(messageId);
  const again = provider.handedOver.filter(({ entryId }) => entryId === id);
  expect(again).toHaveLength(2);
  expect(Buffer.from(again[1]?.bytes ?? []).toString()).toContain(messageId);
  const cloned = Buffer.from(provider.handedOver.find(({ entryId }) => entryId === copy.id)?.bytes ?? []).toString();
  expect(cloned).toContain(copy.messageId);
  expect(cloned).not.toContain(messageId);
  expect(cloned).toContain('The pilot boards at noon.');
});

test('U-006 due times are stored: after a jump of ten hours and a restart overdue mail goes at once', async () => {
  const first = await world();
  const { id } = await first.spooler.submit(note(), { sendAt: { afterMs: 8 * 3_600_000 } });
  await first.spooler.stop();
  first.clock.jump('10h');
  const again = await world({ clock: first.clock, store: first.store.sharing() });
  await again.clock.settle();
  expect(again.provider.handedOver.map(({ entryId }) => entryId)).toEqual([id]);
});

test('U-006 a wall clock that jumps while timers stand still, as in a sleeping laptop, is noticed within half a minute', async () => {
  const clock = virtualTime();
  let slept = 0;
  const wall: VirtualTime = Object.create(clock, {
    now: { value: () => clock.now() + slept },
    ...Object.fromEntries((['sleep', 'work', 'advance', 'settle'] as const).map((name) => [name, { value: clock[name].bind(clock) }])),
  }) as VirtualTime;
  const { spooler, provider } = await world({ clock: wall });
  await spooler.submit(note(), { sendAt: { afterMs: 8 * 3_600_000 } });
  await clock.advance('1s');
  slept = 10 * 3_600_000;
  await clock.advance('31s');
  expect(provider.handedOver).toHaveLength(1);
});

test('U-006 a laptop that slept through the due time sends as soon as it wakes', async () => {
  const { spooler, clock, provider } = await world();
  await spooler.submit(note(), { sendAt: { afterMs: 8 * 3_600_000 } });
  clock.jump('10h');
  await clock.settle();
  expect(provider.handedOver).toHaveLength(1);
});

test('U-022 observers that throw at every event change nothing: the message goes out once', async () => {
  const { spooler, clock, provider, states } = await world();
  spooler.events$.subscribe(() => {
    throw new Error('observer');
  });
  const { id } = await spooler.submit(note());
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(1);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('U-014 one message that no preprocessor can digest does not block those behind it', async () => {
  const { spooler, clock, provider } = await world({
    preprocessors: [
      {
        name: 'picky',
        preprocess: async ({ properties }) => {
          if (properties.subject === 'poison') throw new Error('cannot digest');
        },
      },
    ],
  });
  const poison = await spooler.submit(note('bob@harbour.example', { subject: 'poison' }));
  for (let n = 0; n < 10; n += 1) await spooler.submit(note());
  await clock.advance('1s');
  expect(provider.handedOver).toHaveLength(10);
  expect((await spooler.get(poison.id))?.recipients[0]).toMatchObject({ status: { state: 'deferred' }, last: { code: 'EPREPROCESS' } });
});

test('T-012 an at-most-once message is never sent twice: an unknown end stays uncertain', async () => {
  const { spooler, clock, provider, states } = await world({
    loopback: {
      answer: () => {
        throw new TransportError('ECONNECTION', 'dropped', { outcome: 'unknown' });
      },
    },
  });
  const { id } = await spooler.submit(note(), { guarantee: 'atMostOnce' });
  await clock.advance('2h');
  expect(provider.handedOver).toHaveLength(1);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'uncertain' });
});

test('T-047 a delay warning is sent once at each age, and never where it is declined or the sender is null', async () => {
  const hour = 3_600_000;
  const retry = { ...retryPolicy(seededRandom(1)), warnAfterMs: [hour, 4 * hour] };
  const { spooler, clock } = await world({ retry, loopback: { answer: () => temporary } });
  await spooler.submit(note());
  await spooler.submit(note(), { report: { delay: false } });
  await spooler.submit(note('bob@harbour.example', { dsn: { notify: 'never' } }));
  await spooler.submit(note('bob@harbour.example', { envelope: { from: '', to: 'bob@harbour.example' } }));
  await clock.advance('3h');
  expect(await collect(spooler.list({ direction: 'inbound' }))).toHaveLength(1);
  await clock.advance('20h');
  const reports = await collect(spooler.list({ direction: 'inbound' }));
  expect(reports.map(({ properties }) => properties.named?.['reportKind'])).toEqual(['delay', 'delay']);
});

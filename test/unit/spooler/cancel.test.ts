import { TransportError } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { note, world } from './world.ts';

test('M-072 what is queued and unlocked is cancelled; sent and unknown are too late or not found', async () => {
  const { spooler, clock, provider, states } = await world();
  await spooler.suspend();
  const { id } = await spooler.submit(note());
  expect(await spooler.cancel(id)).toEqual({ result: 'cancelled' });
  await spooler.resume();
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(0);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'cancelled' });
  expect(await spooler.cancel(id)).toEqual({ result: 'tooLate', reason: 'notQueued' });
  const sent = await spooler.submit(note());
  await clock.settle();
  expect(await spooler.cancel(sent.id)).toEqual({ result: 'tooLate', reason: 'notQueued' });
  await expect(spooler.cancel('none-0000000000' as never)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('M-072 a hand-over that cannot be stopped is too late, and goes its way', async () => {
  let finish = (): void => undefined;
  const { spooler, clock, states } = await world({
    loopback: { answer: async () => await new Promise((resolve) => (finish = () => resolve({ outcome: 'accepted' }))) },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.settle();
  finish();
  await clock.advance('10s');
  expect(await cancelling).toEqual({ result: 'tooLate', reason: 'notQueued' });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-072 the answer is partial where some recipients are under way already', async () => {
  const { spooler, clock } = await world({
    loopback: {
      answer: () => [
        { recipient: 1, outcome: 'accepted' },
        { recipient: 2, outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451 later' } },
      ],
    },
  });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.settle();
  expect(await spooler.cancel(id)).toMatchObject({
    result: 'partial',
    cancelled: [{ address: 'cleo@harbour.example', status: { state: 'cancelled' } }],
    tooLate: [{ address: 'bob@harbour.example', status: { state: 'relayed' } }],
  });
});

test('M-073 a cancel reaches a hand-over that is still pending: its signal aborts and nothing is sent', async () => {
  let aborted: unknown;
  const { spooler, clock, provider, states } = await world({
    loopback: {
      transfer: async (_message, signal) =>
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = signal.reason;
            reject(signal.reason as Error);
          });
        }),
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.settle();
  expect(await cancelling).toEqual({ result: 'cancelled' });
  expect(aborted).toMatchObject({ code: 'ECANCEL' });
  expect(provider.handedOver).toHaveLength(0);
  await clock.advance('1h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'cancelled' });
});

test('M-073 a provider that had read everything and says that nothing left makes a cancel true', async () => {
  const { spooler, clock, states } = await world({
    loopback: {
      transfer: async (message, signal) => {
        await message.content.bytes();
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new TransportError('ECANCEL', 'stopped before the dot', { outcome: 'notSent' })));
        });
      },
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.settle();
  expect(await cancelling).toEqual({ result: 'cancelled' });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'cancelled' });
});

test('M-072 a cancel after the final dot does not touch the hand-over: its reply decides, and nothing is sent twice', async () => {
  let aborted = false;
  let finish = (): void => undefined;
  const { spooler, clock, provider, states } = await world({
    loopback: {
      answer: async (_message, signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        return await new Promise((resolve) => (finish = () => resolve({ outcome: 'accepted' })));
      },
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const cancelling = spooler.cancel(id);
  await clock.advance('6s');
  expect(await cancelling).toEqual({ result: 'tooLate', reason: 'inProgress' });
  expect(aborted).toBe(false);
  finish();
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(1);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('a cancelled message can be rescheduled neither, a waiting one can', async () => {
  const { spooler, clock, provider } = await world();
  const { id } = await spooler.submit(note(), { sendAt: { afterMs: 60_000 } });
  expect(await spooler.reschedule(id, { afterMs: 3_600_000 })).toEqual({ result: 'rescheduled' });
  await clock.advance('30m');
  expect(provider.handedOver).toHaveLength(0);
  await clock.advance('31m');
  expect(provider.handedOver).toHaveLength(1);
  expect(await spooler.reschedule(id, { afterMs: 1 })).toEqual({ result: 'tooLate', reason: 'notQueued' });
});

test('what waits anew is told as queued: rescheduled, or tried once more', async () => {
  const refused = { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 no such user' } } as const;
  const { spooler, clock, events } = await world({ loopback: { answer: () => refused } });
  const { id } = await spooler.submit(note(), { sendAt: { afterMs: 60_000 } });
  const told = () => events.filter((event) => event.type === 'queued' && event.id === id).length;
  expect(told()).toBe(1);
  await spooler.reschedule(id, { afterMs: 0 });
  expect(told()).toBe(2);
  await clock.settle();
  await spooler.retry(id);
  expect(told()).toBe(3);
});

test('hold, release and purge act on what waits, say what they changed, and can be tried without effect', async () => {
  const { spooler, clock, provider, states } = await world();
  await spooler.suspend();
  const one = await spooler.submit(note());
  const two = await spooler.submit(note('cleo@harbour.example'));
  expect(await spooler.hold({ recipient: 'cleo@harbour.example' }, { dryRun: true })).toEqual({ changed: [two.id], unchanged: [] });
  expect(await states(two.id)).toEqual({ 'cleo@harbour.example': 'queued' });
  await spooler.hold(two.id, { reason: 'awaiting the harbour master' });
  await spooler.resume();
  await clock.advance('1h');
  expect(provider.handedOver.map(({ entryId }) => entryId)).toEqual([one.id]);
  await spooler.release({ states: ['held'] });
  await clock.settle();
  expect(provider.handedOver).toHaveLength(2);
  await spooler.suspend();
  const three = await spooler.submit(note());
  expect(await spooler.purge(three.id)).toEqual({ changed: [three.id], unchanged: [] });
  await clock.settle();
  expect(await spooler.get(three.id)).toBeUndefined();
  await expect(spooler.retry('none-0000000000' as never)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

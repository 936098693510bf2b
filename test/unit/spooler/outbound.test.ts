import { type OutboundMessage, TransportError } from 'mailspool/provider';
import { loopback } from 'mailspool/providers/loopback';
import { expect, test, vi } from 'vitest';
import type { DeferredSendUnit, SessionKey } from '../../../src/index.ts';
import { collect, note, world } from './world.ts';

test('M-026 submit saves the message, stamps its time and leaves every recipient queued', async () => {
  const { spooler, clock } = await world({ start: false });
  const { id, messageId, envelope, existing } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  const message = await spooler.get(id);
  expect(message).toMatchObject({ direction: 'outbound', folder: 'Outbox', submitTime: clock.now() });
  expect(message?.recipients.map(({ status }) => status.state)).toEqual(['queued', 'queued']);
  expect(message?.properties.messageId).toBe(messageId);
  expect(envelope).toEqual({ from: 'ann@harbour.example', to: ['bob@harbour.example', 'cleo@harbour.example'] });
  expect(existing).toBe(false);
});

test('M-028 messages are handed over in ascending order of submit, whatever their priority', async () => {
  const { spooler, clock, provider } = await world({ start: false });
  const ids = [];
  for (const priority of [0, 9, -9, 4]) ids.push((await spooler.submit(note(), { priority })).id);
  await spooler.start();
  await clock.advance('1s');
  expect(provider.handedOver.map(({ entryId }) => entryId)).toEqual(ids);
});

test('T-041 only a session with ordering by priority takes higher ones first', async () => {
  const { spooler, clock, provider } = await world({ start: false, loopback: { limits: { ordering: 'priority', outbound: 1, maxUnsettled: 8 } } });
  for (const priority of [-9, 0, 9]) await spooler.submit(note(`p${priority}@harbour.example`), { priority });
  await spooler.start();
  await clock.advance('1s');
  expect(provider.handedOver.map(({ recipients }) => recipients[0]?.address)).toEqual([
    'p9@harbour.example',
    'p0@harbour.example',
    'p-9@harbour.example',
  ]);
});

test('M-035 a deferred send time is kept, and one in the past sends at once', async () => {
  const { spooler, clock, provider } = await world();
  await spooler.submit(note('late@harbour.example'), { sendAt: { afterMs: 3_600_000 } });
  await spooler.submit(note('past@harbour.example'), { sendAt: new Date(clock.now() - 1000) });
  await clock.advance('59m');
  expect(provider.handedOver.map(({ recipients }) => recipients[0]?.address)).toEqual(['past@harbour.example']);
  await clock.advance('2m');
  expect(provider.handedOver).toHaveLength(2);
});

test('M-036 a number of units counts from the submit time, also when it is said later, and the time beside it is ignored', async () => {
  const { spooler, clock, provider } = await world();
  const submitted = clock.now();
  const waits = async (unit: DeferredSendUnit, number: number) => {
    const { id } = await spooler.submit(note(`${unit}@harbour.example`), { sendAt: { number, unit, time: submitted } });
    return { id, ms: ((await spooler.explain(id))[0]?.nextAt ?? 0) - submitted };
  };
  const { id } = await waits('hour', 3);
  expect([(await waits('minute', 3)).ms, (await waits('day', 999)).ms, (await waits('week', 2)).ms]).toEqual([
    180_000, 86_313_600_000, 1_209_600_000,
  ]);
  const addresses = () => provider.handedOver.map(({ recipients }) => recipients[0]?.address);
  await clock.advance('2m59s');
  expect(addresses()).toEqual([]);
  await clock.advance('1s');
  expect(addresses()).toEqual(['minute@harbour.example']);
  await spooler.reschedule(id, { number: 10, unit: 'minute', time: submitted });
  await clock.advance('6m59s');
  expect(addresses()).toHaveLength(1);
  await clock.advance('1s');
  expect(addresses()).toEqual(['minute@harbour.example', 'hour@harbour.example']);
});

test('M-036 a number outside 0 to 999 or another unit is refused before anything is stored', async () => {
  const { spooler } = await world();
  for (const [number, unit, field] of [
    [-1, 'day', 'sendAt.number'],
    [1000, 'day', 'sendAt.number'],
    [1.5, 'day', 'sendAt.number'],
    [1, 'month' as 'week', 'sendAt.unit'],
  ] as const)
    await expect(spooler.submit(note(), { sendAt: { number, unit } })).rejects.toMatchObject({ code: 'EINVALID', field });
  expect(await collect(spooler.list())).toEqual([]);
});

test('M-038 a message is claimed before any transport sees it', async () => {
  const seen: (string | undefined)[] = [];
  const { spooler, clock } = await world({
    loopback: {
      transfer: async ({ id }) => {
        seen.push((await spooler.get(id))?.recipients[0]?.status.state);
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('1s');
  expect(seen).toEqual(['claimed']);
});

test('M-041 a message that spans transports is finished only when every recipient is final', async () => {
  const queue = loopback({ name: 'queue', addressTypes: ['MSMQ'], delayMs: 60_000 });
  const smtp = loopback({ name: 'smtp' });
  const { spooler, clock, states } = await world({ providers: [smtp, queue] });
  const { id } = await spooler.submit(note('bob@harbour.example', { recipients: [{ type: 'MSMQ', address: 'harbour\\private$\\berths' }] }));
  await clock.advance('1s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'harbour\\private$\\berths': 'claimed' });
  expect((await spooler.get(id))?.folder).toBe('Outbox');
  await clock.advance('2m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'harbour\\private$\\berths': 'relayed' });
  expect((await spooler.get(id))?.folder).toBe('Sent');
});

test('M-022 a provider is given only its own recipients to send to, and sees everyone', async () => {
  const all: string[][] = [];
  const smtp = loopback({ name: 'smtp', transfer: ({ allRecipients }) => void all.push(allRecipients.map(({ address }) => address)) });
  const queue = loopback({ name: 'queue', addressTypes: ['MSMQ'] });
  const { spooler, clock } = await world({ providers: [smtp, queue] });
  await spooler.submit(note('bob@harbour.example', { recipients: [{ type: 'MSMQ', address: 'q' }] }));
  await clock.advance('1s');
  expect(smtp.handedOver[0]?.recipients.map(({ address }) => address)).toEqual(['bob@harbour.example']);
  expect(queue.handedOver[0]?.recipients.map(({ address }) => address)).toEqual(['q']);
  expect(all).toEqual([['bob@harbour.example', 'q']]);
});

test('M-023 a recipient that a result forgets is unknown, never silently sent', async () => {
  const { spooler, clock, states } = await world({ loopback: { answer: () => [{ recipient: 1, outcome: 'accepted' }] } });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']), { onUnknown: 'hold' });
  await clock.advance('1s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'uncertain' });
  expect((await spooler.get(id))?.recipients[1]?.last?.code).toBe('EFORGOTTEN');
});

test('M-039 a message for a session that is down does not hold up a later one for another', async () => {
  const down = loopback({ name: 'queue', addressTypes: ['MSMQ'] });
  const smtp = loopback({ name: 'smtp' });
  const { spooler, clock } = await world({ providers: [smtp, down] });
  await spooler.suspend('queue' as never);
  await spooler.submit(note([], { recipients: [{ type: 'MSMQ', address: 'q' }] }));
  await spooler.submit(note());
  await clock.advance('1s');
  expect(smtp.handedOver).toHaveLength(1);
  expect(down.handedOver).toHaveLength(0);
});

test('M-042 nothing is handed over while the spooler is suspended, and the queue goes out in order afterwards', async () => {
  const { spooler, clock, provider } = await world();
  await spooler.suspend();
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push((await spooler.submit(note())).id);
  await clock.advance('1h');
  expect(provider.handedOver).toHaveLength(0);
  await spooler.resume();
  await clock.advance('1s');
  expect(provider.handedOver.map(({ entryId }) => entryId)).toEqual(ids);
});

test('M-042 what is for a suspended session waits without being routed elsewhere, others go on, and it goes out in order afterwards', async () => {
  const fax = loopback({ name: 'fax', addressTypes: ['FAX'] });
  const mail = loopback({ name: 'mail' });
  const { spooler, clock } = await world({ providers: [fax, mail] });
  await spooler.suspend('fax' as SessionKey);
  const waiting = [];
  for (const number of ['1', '2', '3']) waiting.push((await spooler.submit(note({ type: 'FAX', address: number }))).id);
  await spooler.submit(note());
  await clock.advance('1h');
  expect([fax.handedOver.length, mail.handedOver.length]).toEqual([0, 1]);
  await spooler.resume('fax' as SessionKey);
  await clock.advance('1s');
  expect(fax.handedOver.map(({ entryId }) => entryId)).toEqual(waiting);
});

test.each([
  ['neither: it stays', {}, 'Outbox'],
  ['moveTo: it is moved', { moveTo: 'Archive' }, 'Archive'],
  ['delete: it is gone', { delete: true }, undefined],
  ['both: it is gone', { moveTo: 'Archive', delete: true }, undefined],
])('M-044 after sending, %s', async (_title, afterSend, folder) => {
  const { spooler, clock } = await world();
  const { id } = await spooler.submit(note(), { afterSend });
  const settled = spooler.settled(id);
  await clock.advance('1s');
  expect((await settled).accepted).toEqual(['bob@harbour.example']);
  expect((await spooler.get(id))?.folder).toBe(folder);
});

test('M-056 the handle dies when the hand-over has ended', async () => {
  let kept: { setProperties(properties: object): void } | undefined;
  const { spooler, clock } = await world({ loopback: { transfer: (message) => void (kept = message) } });
  await spooler.submit(note());
  await clock.advance('1s');
  expect(() => kept?.setProperties({})).toThrow(expect.objectContaining({ code: 'EINVALIDOBJECT' }));
});

test('M-056 endMessage follows a submitMessage that resolved, with its reference', async () => {
  const ended: string[] = [];
  const { spooler, clock } = await world({
    loopback: {
      transfer: (message) => {
        message.reference = 'berth-7';
      },
      end: (reference) => {
        ended.push(reference);
        return 'sent';
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('1s');
  expect(ended).toEqual(['berth-7']);
});

test.each(['EBUSY', 'ENOTME'])('M-057 %s means that nothing was processed: no endMessage and no attempt', async (code) => {
  const end = vi.fn(() => 'sent' as const);
  let refuse = true;
  const first = loopback({
    name: 'first',
    end,
    transfer: () => {
      if (refuse) throw new TransportError(code, 'not now');
    },
  });
  const second = loopback({ name: 'second', preferLast: true });
  const { spooler, clock } = await world({ providers: [first, second] });
  const { id } = await spooler.submit(note());
  await clock.advance('1s');
  expect(end).not.toHaveBeenCalled();
  if (code === 'ENOTME') expect(second.handedOver).toHaveLength(1);
  else {
    expect((await spooler.get(id))?.recipients[0]?.attempts).toBe(0);
    refuse = false;
    await clock.advance('5m');
    expect(first.handedOver).toHaveLength(1);
    expect(second.handedOver).toHaveLength(0);
  }
});

test.each(['EWAIT', 'ENETWORK'])('M-058 after %s the message is kept and not offered sooner than asked', async (code) => {
  let calls = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      transfer: () => {
        calls += 1;
        if (calls === 1) throw new TransportError(code, 'later', { retryAfterMs: 600_000 });
      },
    },
  });
  await spooler.submit(note());
  await clock.advance('9m');
  expect(calls).toBe(1);
  await clock.advance('2m');
  expect(provider.handedOver).toHaveLength(1);
});

test('M-059 outcomes that the provider saved itself survive a rejection, others do not', async () => {
  let first = true;
  const { spooler, clock, provider, states } = await world({
    loopback: {
      transfer: async (message) => {
        if (!first) return;
        first = false;
        await message.saveChanges([{ recipient: 1, outcome: 'accepted' }]);
        message.setProperties({ subject: 'changed' });
        throw new TransportError('ECONNECTION', 'the line broke', { outcome: 'notSent' });
      },
    },
  });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.advance('1s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'deferred' });
  await clock.advance('1m');
  expect(provider.handedOver[0]?.recipients.map(({ address }) => address)).toEqual(['cleo@harbour.example']);
  expect((await spooler.get(id))?.properties.subject).toBe('Berth 7');
});

test.each([
  ['resendNow', 0, 1],
  ['resendLater', 60_000, 0],
  ['sent', 60_000, 0],
] as const)('M-060 after endMessage says %s, what was not sent goes out again in its time', async (answer, laterMs, atOnce) => {
  let attempts = 0;
  const { spooler, clock, states } = await world({
    loopback: {
      end: () => answer,
      answer: () => {
        attempts += 1;
        return attempts === 1 ? { outcome: 'notSent', diagnostic: { code: 'EMESSAGE', text: 'not yet' } } : { outcome: 'accepted' };
      },
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(attempts).toBe(1 + atOnce);
  await clock.advance(laterMs);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-060 a provider that asks for resendNow for ever is bounded', async () => {
  let attempts = 0;
  const { spooler, clock } = await world({
    loopback: {
      end: () => 'resendNow',
      answer: () => {
        attempts += 1;
        return { outcome: 'notSent', diagnostic: { code: 'EMESSAGE', text: 'not yet' } };
      },
    },
  });
  await spooler.submit(note());
  await clock.settle();
  expect(attempts).toBeLessThan(10);
});

test('M-061 a held message rests until sentDeferred, then goes out as deferred under its own id', async () => {
  let hold = true;
  const { spooler, clock, provider, states } = await world({
    loopback: {
      end: () => 'hold',
      answer: () => (hold ? { outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'kept' } } : { outcome: 'accepted' }),
    },
  });
  const { id } = await spooler.submit(note());
  await clock.advance('2h');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'held' });
  expect(provider.handedOver).toHaveLength(1);
  hold = false;
  provider.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.settle();
  expect(provider.handedOver[1]).toMatchObject({ entryId: id, deferred: true });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-061 a deferred hand-over that rejects with cancel is skipped: the message stays held, and is not offered again', async () => {
  const offered: boolean[] = [];
  const { spooler, clock, provider, states } = await world({
    loopback: {
      end: () => 'hold',
      transfer: (message) => {
        offered.push(message.deferred);
        if (message.deferred) throw new TransportError('ECANCEL', 'not this one');
      },
      answer: () => ({ outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'kept' } }),
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  provider.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.advance('1h');
  expect(offered).toEqual([false, true]);
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ status: { state: 'held', by: 'provider' }, attempts: 1 });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'held' });
});

test('M-063 one message that waits does not stall later ones, and neither it nor a held one is filed or reported', async () => {
  const { spooler, clock, provider, events, states } = await world({
    loopback: {
      end: () => 'hold',
      transfer: (message) => {
        if (message.recipients[0]?.address.startsWith('wait')) throw new TransportError('EWAIT', 'later', { retryAfterMs: 3_600_000 });
      },
      answer: ({ recipients }) =>
        recipients[0]?.address.startsWith('held') ? { outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'kept' } } : { outcome: 'accepted' },
    },
  });
  const waiting = await spooler.submit(note('wait@harbour.example'));
  const held = await spooler.submit(note('held@harbour.example'));
  for (let n = 0; n < 5; n += 1) await spooler.submit(note());
  await clock.advance('1m');
  expect(provider.handedOver.map(({ recipients }) => recipients[0]?.address)).toEqual(
    ['held', 'bob', 'bob', 'bob', 'bob', 'bob'].map((name) => `${name}@harbour.example`),
  );
  expect(await states(waiting.id)).toEqual({ 'wait@harbour.example': 'deferred' });
  expect(await states(held.id)).toEqual({ 'held@harbour.example': 'held' });
  for (const { id } of [waiting, held]) expect((await spooler.get(id))?.folder).toBe('Outbox');
  expect(events.some(({ type }) => type === 'failed')).toBe(false);
  expect(await collect(spooler.list({ direction: 'inbound' }))).toEqual([]);
});

test('a session that names a recipient limit gets larger sets in several hand-overs', async () => {
  const { spooler, clock, provider } = await world({ loopback: { limits: { recipientsPerMessage: 2 } } });
  const { id } = await spooler.submit(note(['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@harbour.example`)));
  const settled = spooler.settled(id);
  await clock.advance('1s');
  expect((await settled).accepted).toHaveLength(5);
  expect(provider.handedOver.map(({ recipients }) => recipients.length)).toEqual([2, 2, 1]);
});

test('limits on hand-overs at once and per second are kept', async () => {
  const { spooler, clock, provider } = await world({ loopback: { delayMs: 1000, limits: { outbound: 3, messagesPerSecond: 10 } } });
  for (let n = 0; n < 30; n += 1) await spooler.submit(note());
  await clock.advance('60s');
  expect(provider.handedOver).toHaveLength(30);
  expect(provider.mostActive).toBe(3);
});

test('T-020 a destination that hangs holds up no other, however much waits for it', async () => {
  const hangs = async ({ recipients: [to] }: OutboundMessage): Promise<void> => {
    if (to?.address.endsWith('@hangs.example')) await new Promise(() => undefined);
  };
  const { spooler, clock, provider } = await world({
    loopback: { limits: { outbound: 4, outboundPerDestination: 2 }, destination: ({ address }) => address.split('@')[1] ?? '', transfer: hangs },
  });
  for (let n = 0; n < 40; n += 1) await spooler.submit(note(`crew${n}@hangs.example`));
  await clock.settle();
  await spooler.submit(note('bob@harbour.example'));
  await clock.settle();
  expect(provider.handedOver.map(({ recipients: [to] }) => to?.address)).toEqual(['bob@harbour.example']);
});

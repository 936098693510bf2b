// Calls that concern some recipients of a message: the others are left alone.
import { TransportError } from 'mailspool/provider';
import { loopback } from 'mailspool/providers/loopback';
import { expect, test } from 'vitest';
import { note, world } from './world.ts';

const both = ['bob@harbour.example', 'cleo@harbour.example'];
const later = { outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451 later' }, retryAfterMs: 3_600_000 } as const;
const lost = { outcome: 'unknown', diagnostic: { code: 'ECONNECTION', text: 'dropped after the final dot' } } as const;

test('U-016 only uncertain recipients are verified: the word on one is no word on another that was never sent to', async () => {
  const asked: string[][] = [];
  const { spooler, clock, states } = await world({
    loopback: {
      answer: ({ recipients }) => recipients.map(({ id, address }) => ({ recipient: id, ...(address.startsWith('bob') ? lost : later) })),
      verify: ({ recipients }) => {
        asked.push(recipients.map(({ address }) => address));
        return { outcome: 'accepted' };
      },
    },
  });
  const { id } = await spooler.submit(note(both), { onUnknown: 'verify' });
  await clock.advance('5m');
  expect(asked).toEqual([['bob@harbour.example']]);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'deferred' });
});

test.each([
  [
    'fails',
    () => {
      throw new TransportError('ECONNECTION', 'the archive is down');
    },
  ],
  [
    'closes the gate',
    () => {
      throw new TransportError('ECONNECTION', 'the archive is down', { gate: { reason: 'unreachable' } });
    },
  ],
  ['never comes back', async () => await new Promise<never>(() => undefined)],
] as const)('U-016 a verification that %s says nothing: the recipient stays uncertain and is not sent to again', async (_title, verify) => {
  let asked = 0;
  const { spooler, clock, provider, states } = await world({
    loopback: {
      limits: { submitTimeoutMs: 10_000 },
      answer: () => lost,
      verify: () => {
        asked += 1;
        return verify();
      },
    },
  });
  const { id } = await spooler.submit(note(), { onUnknown: 'verify' });
  await clock.advance('10m');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'uncertain' });
  expect(provider.handedOver).toHaveLength(1);
  expect(asked).toBeGreaterThan(1);
  expect(asked).toBeLessThan(30);
});

test('U-064 nobody is asked to verify while the spooler is offline', async () => {
  let asked = 0;
  const { spooler, clock } = await world({
    loopback: {
      answer: () => lost,
      verify: () => {
        asked += 1;
        return { outcome: 'accepted' };
      },
    },
  });
  await spooler.submit(note(), { onUnknown: 'verify' });
  await clock.settle();
  await spooler.setOffline(true);
  await clock.advance('1h');
  expect(asked).toBe(0);
  await spooler.setOffline(false);
  await clock.advance('2m');
  expect(asked).toBe(1);
});

test('M-061 T-012 sentDeferred takes nobody along whom another hand-over has under way', async () => {
  let hold = true;
  const first = loopback({ name: 'first', transfer: async () => await new Promise(() => undefined) });
  const second = loopback({
    name: 'second',
    addressTypes: ['FAX'],
    end: () => (hold ? 'hold' : 'sent'),
    answer: () => (hold ? later : { outcome: 'accepted' }),
  });
  const { spooler, clock, states } = await world({ providers: [first, second] });
  const { id } = await spooler.submit(note('bob@harbour.example', { recipients: [{ type: 'FAX', address: '1' }] }));
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'claimed', '1': 'held' });
  hold = false;
  second.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.settle();
  expect(second.handedOver.at(-1)?.recipients.map(({ address }) => address)).toEqual(['1']);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'claimed', '1': 'relayed' });
});

test('M-061 sentDeferred hands over what that provider holds, and nothing that waits for another or for a person', async () => {
  let hold = true;
  const first = loopback({ name: 'first', end: () => (hold ? 'hold' : 'sent'), answer: () => (hold ? later : { outcome: 'accepted' }) });
  const second = loopback({ name: 'second', addressTypes: ['FAX'], answer: () => later });
  const { spooler, clock, states } = await world({ providers: [first, second] });
  const { id } = await spooler.submit(note('bob@harbour.example', { recipients: [{ type: 'FAX', address: '1' }] }));
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'held', '1': 'deferred' });
  hold = false;
  second.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'held', '1': 'deferred' });
  first.sessions[0]?.support.spoolerNotify({ type: 'sentDeferred', entryId: id });
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', '1': 'deferred' });
  expect(first.handedOver.at(-1)?.recipients.map(({ address }) => address)).toEqual(['bob@harbour.example']);
});

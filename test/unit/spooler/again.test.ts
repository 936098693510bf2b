// Messages that are tried again, moved in time, or cannot be.
import { loopback } from 'mailspool/providers/loopback';
import { seededRandom } from 'mailspool/testing';
import { expect, test } from 'vitest';
import { retryPolicy } from '../../../src/index.ts';
import { collect, note, world } from './world.ts';

const refused = { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 no such user' } } as const;
const minute = 60_000;

test('U-004 a retried message waits in the outbox, outside its retention, and is filed again when it is done', async () => {
  let healed = false;
  const { spooler, clock } = await world({
    retention: { contentMs: minute, recordMs: 5 * minute },
    loopback: { answer: () => (healed ? { outcome: 'accepted' } : refused) },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect((await spooler.get(id))?.folder).toBe('Sent');
  await spooler.suspend();
  healed = true;
  await spooler.retry(id);
  await clock.advance('10m');
  expect(await spooler.get(id)).toMatchObject({ folder: 'Outbox', recipients: [{ status: { state: 'queued' } }] });
  await spooler.resume();
  await clock.settle();
  expect(await spooler.get(id)).toMatchObject({ folder: 'Sent', recipients: [{ status: { state: 'relayed' } }] });
});

test('U-004 what retention took is not retried: the answer and the explanation say so', async () => {
  const { spooler, clock, states } = await world({ retention: { contentMs: minute, recordMs: 90 * minute }, loopback: { answer: () => refused } });
  const { id } = await spooler.submit(note());
  await clock.advance('5m');
  expect(await spooler.retry(id)).toEqual({ changed: [], unchanged: [id] });
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'failed' });
  expect(await spooler.explain(id)).toMatchObject([{ sentence: expect.stringContaining('retention'), whoCanChange: 'nobody' }]);
  await expect(spooler.raw(id)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(spooler.clone(id)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('U-004 a retry goes by the way there is now: its session may be gone, and who left it may be asked again', async () => {
  let left = true;
  const old = loopback({ name: 'old', answer: () => refused });
  const first = await world({ providers: [old] });
  const { id } = await first.spooler.submit(note());
  await first.clock.settle();
  await first.spooler.stop();
  const fresh = loopback({
    name: 'fresh',
    answer: ({ recipients }) => recipients.map(({ id: recipient }) => ({ recipient, outcome: left ? 'notMine' : 'accepted' })),
  });
  const again = await world({ providers: [fresh], store: first.store.sharing(), clock: first.clock });
  await again.spooler.retry(id);
  await again.clock.settle();
  expect(await again.states(id)).toEqual({ 'bob@harbour.example': 'failed' });
  left = false;
  await again.spooler.retry(id);
  await again.clock.settle();
  expect(await again.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-035 a message that is put off beyond its lifetime still goes out: what we gave it moves along', async () => {
  const hour = 3_600_000;
  const { spooler, clock, provider } = await world({ retry: retryPolicy(seededRandom(1), { lifetimeMs: 2 * hour, warnAfterMs: [hour] }) });
  const { id } = await spooler.submit(note(), { sendAt: { afterMs: hour } });
  await spooler.reschedule(id, { afterMs: 6 * hour });
  await clock.advance('5h');
  expect(await collect(spooler.list({ direction: 'inbound' }))).toEqual([]);
  await clock.advance('2h');
  expect(provider.handedOver).toHaveLength(1);
  const own = await spooler.submit(note(), { sendAt: { afterMs: hour }, expiresAt: clock.now() + 5 * hour });
  await expect(spooler.reschedule(own.id, { afterMs: 6 * hour })).rejects.toMatchObject({ code: 'EINVALID', field: 'sendAt' });
  await spooler.reschedule(own.id, { afterMs: 2 * hour });
  expect((await spooler.get(own.id))?.properties.expiresAt).toBe(clock.now() + 5 * hour);
});

import { loopback } from 'mailspool/providers/loopback';
import { expect, test } from 'vitest';
import type { SessionKey, StatusRow } from '../../../src/index.ts';
import { note, world } from './world.ts';

test('M-095 the status table has a row for the spooler and one for each session, every column filled, also before the logon', async () => {
  const { spooler, clock } = await world({ providers: [loopback({ name: 'a' }), loopback({ name: 'b', addressTypes: ['FAX'] })], start: false });
  const columns = { displayName: expect.any(String), statusText: expect.any(String), gate: null, progress: null, remoteValidateOk: true };
  const rows = ['spooler', 'a', 'b'].map((id) => expect.objectContaining({ ...columns, id, flags: expect.anything(), methods: expect.any(Array) }));
  expect(await spooler.status()).toEqual(rows);
  await spooler.start();
  await clock.settle();
  await spooler.suspend('b' as SessionKey);
  await spooler.submit(note({ type: 'FAX', address: '1' }));
  const [own, a, b] = await spooler.status();
  expect(own).toMatchObject({ flags: { available: true }, queued: 0 });
  expect(a).toMatchObject({ statusText: 'logged on', flags: { available: true, inboundEnabled: true, outboundEnabled: true }, queued: 0 });
  expect(b).toMatchObject({ statusText: 'suspended', flags: { available: true, inboundEnabled: false, outboundEnabled: false }, queued: 1 });
});

test('M-095 who subscribes gets the table, and a new one after each change, many changes at once as one', async () => {
  const { spooler, clock, provider } = await world();
  const texts: (string | undefined)[] = [];
  spooler.status$.subscribe((rows: readonly StatusRow[]) => texts.push(rows.find(({ id }) => id === 'loopback')?.statusText));
  await clock.settle();
  expect(texts).toEqual(['logged on']);
  const [session] = provider.sessions;
  for (const statusText of ['dialling', 'ringing', 'connected']) session?.support.updateStatus({ statusText }, { merge: true });
  await clock.settle();
  session?.support.updateStatus({ statusText: 'hanging up' }, { merge: true });
  await clock.settle();
  expect(texts).toEqual(['logged on', 'connected', 'hanging up']);
});

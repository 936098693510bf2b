import { loopback } from 'mailspool/providers/loopback';
import type { TransportProvider } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { SessionKey, StatusRow } from '../../../src/index.ts';
import { version } from '../../../src/version.ts';
import { note, world } from './world.ts';

const idsOf = (rows: readonly StatusRow[]) => rows.map(({ id }) => id as string);
const rowOf = (rows: readonly StatusRow[], wanted: string) => rows.find(({ id }) => id === wanted);

test('M-095 the status table has rows for mailspool, the spooler, the address book and each session, every column filled, also before the logon', async () => {
  const { spooler, clock } = await world({ providers: [loopback({ name: 'a' }), loopback({ name: 'b', addressTypes: ['FAX'] })], start: false });
  const columns = { displayName: expect.any(String), statusText: expect.any(String), gate: null, progress: null, remoteValidateOk: true };
  const ids = ['subsystem', 'spooler', 'addressBook', 'a', 'b'];
  expect(await spooler.status()).toEqual(
    ids.map((id) => ({ ...columns, id, flags: expect.anything(), methods: expect.any(Array), queued: expect.any(Number) })),
  );
  await spooler.start();
  await clock.settle();
  await spooler.suspend('b' as SessionKey);
  await spooler.submit(note({ type: 'FAX', address: '1' }));
  const rows = await spooler.status();
  expect(rowOf(rows, 'spooler')).toMatchObject({ flags: { available: true }, queued: 0 });
  const open = { available: true, inboundEnabled: true, outboundEnabled: true };
  expect(rowOf(rows, 'a')).toMatchObject({ statusText: 'logged on', flags: open, queued: 0 });
  const closed = { available: true, inboundEnabled: false, outboundEnabled: false };
  expect(rowOf(rows, 'b')).toMatchObject({ statusText: 'suspended', gate: { reason: 'suspended' }, flags: closed, queued: 1 });
});

test('M-095 the row of mailspool itself tells its version and its store, that of the address book whether there is one', async () => {
  const bookless = await (await world()).spooler.status();
  expect(rowOf(bookless, 'subsystem')).toMatchObject({ displayName: 'mailspool', flags: { available: true, failure: false } });
  expect(rowOf(bookless, 'subsystem')?.statusText).toContain(`version ${version}, store open`);
  expect(rowOf(bookless, 'addressBook')).toMatchObject({ displayName: 'address book', flags: { available: false } });
  const addressBook = { resolve: async () => [] };
  const booked = await (await world({ addressBook })).spooler.status();
  expect(rowOf(booked, 'addressBook')).toMatchObject({ flags: { available: true } });
});

test('M-095 M-097 a store that does not answer is told by the row of mailspool, and its validate rejects', async () => {
  const { spooler, store } = await world();
  const { signal } = new AbortController();
  await spooler.statusObject('subsystem').validateState({}, signal);
  store.queues = () => Promise.reject(new Error('the disk is gone'));
  const rows = await spooler.status();
  expect(idsOf(rows)).toEqual(['subsystem', 'spooler', 'addressBook', 'loopback']);
  expect(rowOf(rows, 'subsystem')).toMatchObject({
    flags: { available: false, failure: true },
    statusText: expect.stringContaining('the disk is gone'),
  });
  await expect(spooler.statusObject('subsystem').validateState({}, signal)).rejects.toThrow('the disk is gone');
});

/** Logs on when it is told to. */
function late(name: string) {
  let answer: (error?: Error) => void = () => undefined;
  const answered = new Promise<void>((resolve, reject) => (answer = (error) => (error ? reject(error) : resolve())));
  const provider: TransportProvider = {
    name,
    logon: async () => {
      await answered;
      return { addressTypes: ['SMTP'] };
    },
  };
  return { provider, answer: (error?: Error) => answer(error) };
}

test('M-095 the first read after a start comes once every session is logged on or was refused, and no later one waits', async () => {
  const [slow, refused] = [late('slow'), late('refused')];
  const { spooler, clock } = await world({ providers: [slow.provider, refused.provider], start: false });
  expect(rowOf(await spooler.status(), 'slow')).toMatchObject({ flags: { available: false } });
  await spooler.start();
  let isRead = false;
  const reading = spooler.status().finally(() => (isRead = true));
  await clock.settle();
  expect(rowOf(await spooler.status({ atOnce: true }), 'slow')).toMatchObject({ statusText: 'not logged on', flags: { available: false } });
  refused.answer(new Error('no such user'));
  await clock.settle();
  expect(isRead).toBe(false);
  slow.answer();
  const rows = await reading;
  expect(rowOf(rows, 'slow')).toMatchObject({ flags: { available: true } });
  expect(rowOf(rows, 'refused')).toMatchObject({ statusText: 'no such user', flags: { available: false, failure: true } });
});

test('M-095 a first read that waits ends with its signal, and with the spooler', async () => {
  const { spooler } = await world({ providers: [late('slow').provider] });
  const own = new AbortController();
  const given = spooler.status({ signal: own.signal });
  const open = spooler.status();
  own.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  void spooler.stop({ drainMs: 0 });
  await expect(open).rejects.toMatchObject({ code: 'ESTOPPED' });
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

test('U-059 one call explains every recipient of the messages that a filter finds, and says of which message it is', async () => {
  const { spooler, clock } = await world();
  await spooler.suspend();
  const first = await spooler.submit(note(['bob@harbour.example', 'carol@harbour.example']));
  const second = await spooler.submit(note());
  await clock.settle();
  const explained = await spooler.explain({ direction: 'outbound', folder: 'Outbox' });
  expect(explained.map(({ id, recipient }) => [id, recipient.address])).toEqual([
    [first.id, 'bob@harbour.example'],
    [first.id, 'carol@harbour.example'],
    [second.id, 'bob@harbour.example'],
  ]);
  expect(new Set(explained.map(({ gate }) => gate?.reason))).toEqual(new Set(['suspended']));
  expect(await spooler.explain({ folder: 'Sent' })).toEqual([]);
});

test('M-095 a column that cannot be so is refused and named, and the row stays as it was', async () => {
  const { spooler, provider } = await world();
  const support = provider.sessions[0]?.support;
  const before = await spooler.status();
  const wrong: Record<string, unknown> = {
    displayName: 7,
    statusText: null,
    gate: 'shut',
    progress: { done: 'much' },
    remoteValidateOk: 1,
    flags: null,
    color: 'red',
  };
  for (const [column, value] of Object.entries(wrong))
    expect(() => support?.updateStatus({ [column]: value })).toThrow(expect.objectContaining({ code: 'EINVALID', field: column }) as Error);
  expect(await spooler.status()).toEqual(before);
  const halfGiven: object = { statusText: 'dialling', displayName: undefined };
  support?.updateStatus(halfGiven);
  expect(rowOf(await spooler.status(), 'loopback')).toMatchObject({ displayName: 'loopback', statusText: 'dialling', gate: null });
});

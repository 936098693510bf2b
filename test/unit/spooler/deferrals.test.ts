// What a provider keeps back, and how it hears that it was taken from it.
import { loopback, type LoopbackOptions } from 'mailspool/providers/loopback';
import type { TransportSession } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { newStore } from './stores.ts';
import { note, world } from './world.ts';

const keeping: LoopbackOptions = { end: () => 'hold', answer: () => ({ outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'kept' } }) };
const aborted = (provider: ReturnType<typeof loopback>) =>
  provider.sessions.flatMap(({ events }) => events.flatMap((event) => (event.type === 'abortDeferred' ? event.entryId : [])));

test('M-076 a held message that is cancelled: the transport hears it by abortDeferred, and the message is cancelled', async () => {
  const { spooler, clock, provider, states } = await world({ loopback: keeping });
  const { id } = await spooler.submit(note());
  await clock.settle();
  expect(await spooler.cancel(id)).toEqual({ result: 'cancelled' });
  expect(aborted(provider)).toEqual([id]);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'cancelled' });
});

test('M-076 so it hears of one that a person releases or purges; of what others hold it hears nothing', async () => {
  const other = loopback({ ...keeping, name: 'other', addressTypes: ['FAX'] });
  const mine = loopback(keeping);
  const { spooler, clock } = await world({ providers: [mine, other] });
  const [first, second] = [await spooler.submit(note()), await spooler.submit(note('carol@harbour.example'))];
  await clock.settle();
  await spooler.hold(first.id);
  await spooler.purge(second.id);
  expect(aborted(mine)).toEqual([first.id, second.id]);
  expect(aborted(other)).toEqual([]);
});

test('M-076 a transport that cannot keep anything back hears no abortDeferred, also where it once could', async () => {
  const heard: string[] = [];
  const session: TransportSession & { endMessage?: TransportSession['endMessage'] } = {
    addressTypes: ['SMTP'],
    submitMessage: async () => ({ outcome: 'notSent', diagnostic: { code: 'EWAIT', text: 'kept' } }),
    endMessage: async () => 'hold',
    transportNotify: ({ type }) => void heard.push(type),
  };
  const { spooler, clock } = await world({ providers: [{ name: 'forgetful', logon: async () => session }] });
  const { id } = await spooler.submit(note());
  await clock.settle();
  delete session.endMessage;
  expect(await spooler.cancel(id)).toEqual({ result: 'cancelled' });
  await spooler.stop();
  expect(heard).not.toContain('abortDeferred');
});

test('M-076 M-062 at logoff it forgets what it keeps back, which is offered to it anew after the next logon', async () => {
  const store = newStore();
  const { spooler, clock, provider } = await world({ store, loopback: keeping });
  const { id } = await spooler.submit(note());
  await clock.settle();
  const [session] = provider.sessions;
  await spooler.stop();
  expect(session?.events).toContainEqual({ type: 'abortDeferred', entryId: id });
  const later = await world({ store, clock });
  await clock.settle();
  expect(await later.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-062 what a transport kept back when the spooler died is offered to it anew, and does not rest for ever', async () => {
  const store = newStore();
  const { spooler, clock } = await world({ store, loopback: keeping });
  const { id } = await spooler.submit(note());
  await clock.settle();
  store.crash();
  await spooler.stop({ drainMs: 0 });
  const later = await world({ store: store.sharing(), clock, loopback: { end: () => 'sent' } });
  await clock.settle();
  expect(await later.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-061 M-062 so it is where the session that comes after a crash cannot keep anything back', async () => {
  const store = newStore();
  const { spooler, clock } = await world({ store, loopback: keeping });
  const { id } = await spooler.submit(note());
  await clock.settle();
  store.crash();
  await spooler.stop({ drainMs: 0 });
  const later = await world({ store: store.sharing(), clock });
  await clock.settle();
  expect(await later.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-061 M-062 so it is where the session is gone from the configuration: the next that matches is offered it', async () => {
  const store = newStore();
  const { spooler, clock } = await world({ store, providers: [loopback({ ...keeping, name: 'old' })] });
  const [kept, aside] = [await spooler.submit(note()), await spooler.submit(note())];
  await clock.settle();
  await spooler.hold(aside.id);
  store.crash();
  await spooler.stop({ drainMs: 0 });
  const later = await world({ store: store.sharing(), clock });
  await clock.settle();
  expect(await later.states(kept.id)).toEqual({ 'bob@harbour.example': 'relayed' });
  // What a person holds waits for a person.
  expect(await later.states(aside.id)).toEqual({ 'bob@harbour.example': 'held' });
});

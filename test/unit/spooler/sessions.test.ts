import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type TransportProvider, type SpoolerSupport } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { SessionKey } from '../../../src/index.ts';
import { newStore } from './stores.ts';
import { note, world } from './world.ts';

test('M-001 a provider of another contract version is never logged on, and its siblings work', async () => {
  let loggedOn = false;
  const old: TransportProvider = {
    name: 'old',
    contract: { min: 7, max: 9 },
    logon: async () => {
      loggedOn = true;
      return { addressTypes: null };
    },
  };
  const { spooler, clock, provider, events } = await world({ providers: [old, loopback()] });
  await spooler.submit(note());
  await clock.advance('1s');
  expect(loggedOn).toBe(false);
  expect(provider).toBeDefined();
  expect(events).toContainEqual(expect.objectContaining({ type: 'warning', diagnostic: expect.objectContaining({ code: 'EVERSION' }) }));
});

test('M-002 start-up is logon, address types, status row, delivery events; no call precedes that', async () => {
  const calls: string[] = [];
  const provider: TransportProvider = {
    name: 'order',
    logon: async () => {
      calls.push('logon');
      return {
        get addressTypes() {
          calls.push('addressTypes');
          return ['SMTP'];
        },
        transportNotify: (event) => void calls.push('on' in event ? `${event.type} ${event.on}` : event.type),
        poll: async () => {
          calls.push('poll');
          return true;
        },
        startMessage: async () => void calls.push('startMessage'),
        submitMessage: async () => {
          calls.push('submitMessage');
          return { outcome: 'accepted' };
        },
      };
    },
  };
  const { spooler, clock } = await world({ providers: [provider], start: false });
  await spooler.submit(note());
  await spooler.start();
  await clock.advance('1s');
  expect(calls.slice(0, 2)).toEqual(['logon', 'addressTypes']);
  const firstWork = calls.findIndex((call) => call === 'poll' || call === 'submitMessage');
  expect(calls.slice(2, firstWork)).toEqual(['outbound true', 'inbound true']);
  expect(calls).toContain('submitMessage');
  expect(calls.indexOf('poll')).toBeLessThan(calls.indexOf('startMessage'));
});

test('M-003 logon opens neither direction; each opens by its own event', async () => {
  const { provider } = await world();
  expect(provider.sessions[0]?.options).toMatchObject({ inbound: false, outbound: false });
  expect(provider.sessions[0]?.events).toEqual([
    { type: 'outbound', on: true },
    { type: 'inbound', on: true },
  ]);
});

test('M-004 only a session that has poll and idle, and wants to be polled, is ever asked for them', async () => {
  const asked: string[] = [];
  const sending = { addressTypes: ['SMTP'], submitMessage: async () => ({ outcome: 'accepted' as const }) };
  const ask = (what: string) => async () => (asked.push(what), false);
  const receiving = { poll: ask('poll'), startMessage: async () => void asked.push('startMessage') };
  const { clock, events } = await world({
    providers: [
      { name: 'plain', logon: async () => sending },
      { name: 'sender', logon: async () => ({ ...sending, ...receiving, reception: 'none' }) },
      { name: 'poller', logon: async () => ({ ...sending, ...receiving, reception: 'poll', idle: async () => void asked.push('idle') }) },
    ],
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_fields, text) => void asked.push(text),
      error: (_fields, text) => void asked.push(text),
    },
  });
  await clock.advance('30s');
  expect(asked).toEqual(['poll']);
  await clock.advance('1h');
  expect(new Set(asked)).toEqual(new Set(['poll', 'idle']));
  expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
});

test('M-006 without interaction a provider with bad credentials rejects; the gate says so and nothing is spent', async () => {
  let good = false;
  const logons: boolean[] = [];
  const { spooler, clock, provider, states } = await world({
    loopback: {
      logon: (_support, { interactive }) => {
        logons.push(interactive);
        if (!good) throw new TransportError('EAUTH', 'wrong password');
      },
    },
  });
  const { id } = await spooler.submit(note());
  await clock.advance('1m');
  expect(logons).toEqual([false]);
  expect((await spooler.status()).find((row) => row.id === 'loopback')?.gate?.reason).toBe('authRequired');
  expect(await states(id)).toEqual({ 'bob@harbour.example': expect.stringMatching(/queued|deferred/) });
  expect((await spooler.get(id))?.recipients[0]?.attempts).toBe(0);
  good = true;
  await clock.advance('6m');
  expect(provider.handedOver).toHaveLength(1);
});

test('M-010 profile sections are each session’s own: read-only and missing is not found, opened writable it is created', async () => {
  const supports: SpoolerSupport[] = [];
  const keep = (support: SpoolerSupport) => void supports.push(support);
  await world({ providers: [loopback({ name: 'one', logon: keep }), loopback({ name: 'two', logon: keep })] });
  const [one, two] = supports;
  await expect(one?.openProfileSection('position', 'read')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  const section = await one?.openProfileSection('position', 'write');
  await section?.save({ uid: 7 });
  expect((await one?.openProfileSection('position', 'read'))?.values).toEqual({ uid: 7 });
  await expect(two?.openProfileSection('position', 'read')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('M-010 a section saved by somebody else meanwhile is a conflict, and what is open for reading is not written', async () => {
  let support: SpoolerSupport | undefined;
  await world({ loopback: { logon: (own) => void (support = own) } });
  const one = await support?.openProfileSection('position', 'write');
  const two = await support?.openProfileSection('position', 'write');
  await one?.save({ uid: 1 });
  await expect(two?.save({ uid: 2 })).rejects.toMatchObject({ code: 'ECONFLICT' });
  await expect((await support?.openProfileSection('position', 'read'))?.save({})).rejects.toMatchObject({ code: 'ENOACCESS' });
});

test('M-014 address types are read after logon and hold until a change of configuration', async () => {
  let types = ['SMTP'];
  const handed: string[] = [];
  let support: SpoolerSupport | undefined;
  const provider: TransportProvider = {
    name: 'changing',
    logon: async (own) => {
      support = own;
      return {
        get addressTypes() {
          return types;
        },
        submitMessage: async ({ recipients }) => {
          handed.push(...recipients.map(({ type }) => type));
          return { outcome: 'accepted' };
        },
      };
    },
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  types = ['FAX'];
  await spooler.submit(note());
  await clock.advance('1s');
  expect(handed).toEqual(['SMTP']);
  support?.spoolerNotify({ type: 'configChange' });
  await clock.settle();
  const { id } = await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '+49 40 1' }] }));
  const gone = await spooler.submit(note());
  await clock.advance('1s');
  expect(handed).toEqual(['SMTP', 'FAX']);
  expect(await states(id)).toEqual({ '+49 40 1': 'relayed' });
  expect(await states(gone.id)).toEqual({ 'bob@harbour.example': 'failed' });
});

test('M-024 the address types of the spooler are those of its active sessions, each once', async () => {
  const away = loopback({
    name: 'd',
    addressTypes: ['MAILSLOT'],
    logon: () => {
      if (down) throw new TransportError('ECONNECTION', 'the host is down');
    },
  });
  let down = false;
  const first = await world({
    providers: [
      loopback({ name: 'a', addressTypes: ['SMTP', 'FAX'] }),
      loopback({ name: 'b', addressTypes: ['FAX', 'MSMQ'] }),
      loopback({ name: 'c', addressTypes: [''] }),
      away,
    ],
  });
  expect((await first.spooler.listAddressTypes()).toSorted()).toEqual(['FAX', 'MAILSLOT', 'MSMQ', 'SMTP']);
  await first.spooler.stop();
  down = true;
  const again = await world({ providers: [away, loopback({ name: 'a' })], store: first.store.sharing(), clock: first.clock });
  expect(await again.spooler.listAddressTypes()).toEqual(['SMTP']);
});

test('M-020 M-021 accounts are listed with their sessions in transport order, what each carries, and its status row', async () => {
  const { spooler } = await world({
    providers: [loopback({ name: 'rest', addressTypes: ['FAX', 'MSMQ'] })],
    accounts: [
      {
        name: 'work',
        identities: ['Ann@harbour.example'],
        connections: 3,
        providers: [loopback({ name: 'smtp' }), loopback({ name: 'any', addressTypes: null })],
      },
    ],
  });
  const places = async () =>
    (await spooler.listAccounts()).flatMap(({ sessions }) => sessions.map(({ place, session }) => `${place} ${session}`)).sort();
  expect(await spooler.listAccounts()).toMatchObject([
    {
      name: null,
      identities: [],
      sessions: [{ session: 'rest', provider: 'rest', place: 1, addressTypes: ['FAX', 'MSMQ'], status: { id: 'rest', gate: null } }],
    },
    {
      name: 'work',
      identities: ['ann@harbour.example'],
      connections: 3,
      sessions: [
        { session: 'work/smtp', provider: 'smtp', place: 2, addressTypes: ['SMTP'], status: { flags: { available: true } } },
        { session: 'work/any', place: 3, addressTypes: null },
      ],
    },
  ]);
  await spooler.setTransportOrder(['work/any', 'work/smtp', 'rest'] as SessionKey[]);
  expect(await places()).toEqual(['1 work/any', '2 work/smtp', '3 rest']);
});

test('M-021 an order that is no permutation is refused and changes nothing', async () => {
  const { spooler, clock } = await world({ providers: [loopback({ name: 'a' }), loopback({ name: 'b' })] });
  await expect(spooler.setTransportOrder(['a' as SessionKey])).rejects.toMatchObject({ code: 'EBUSY' });
  await expect(spooler.setTransportOrder(['a', 'x'] as SessionKey[])).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(spooler.setTransportOrder(['a', 'a'] as SessionKey[])).rejects.toMatchObject({ code: 'EBUSY' });
  await spooler.submit(note());
  await clock.advance('1s');
  expect((await spooler.status()).map(({ id }) => id)).toEqual(['subsystem', 'spooler', 'addressBook', 'a', 'b']);
});

test('M-021 after a new order what waits goes the new way', async () => {
  const first = loopback({ name: 'first' });
  const second = loopback({ name: 'second' });
  const { spooler, clock } = await world({ providers: [first, second] });
  await spooler.suspend();
  await spooler.submit(note());
  await spooler.setTransportOrder(['second', 'first'] as SessionKey[]);
  await spooler.resume();
  await clock.advance('1s');
  expect(first.handedOver).toHaveLength(0);
  expect(second.handedOver).toHaveLength(1);
});

test('M-040 a match that is unavailable means waiting without a report, also after a restart', async () => {
  const store = newStore();
  const first = await world({ store });
  await first.spooler.stop();
  const again = await world({
    store: store.sharing(),
    clock: first.clock,
    loopback: {
      logon: () => {
        throw new TransportError('ECONNECTION', 'the host is down');
      },
    },
  });
  const { id } = await again.spooler.submit(note());
  await again.clock.advance('2h');
  expect(await again.states(id)).toEqual({ 'bob@harbour.example': 'queued' });
});

test('M-105 a logoff that fails is ignored, and the session’s support is dead afterwards, also where the spooler goes on', async () => {
  const supports: SpoolerSupport[] = [];
  const provider: TransportProvider = {
    name: 'rude',
    logon: async (support) => {
      supports.push(support);
      return {
        addressTypes: ['SMTP'],
        logoff: async () => {
          throw new Error('no');
        },
      };
    },
  };
  const { spooler, clock } = await world({ providers: [provider] });
  supports[0]?.spoolerNotify({ type: 'criticalError', error: new Error('the modem is on fire') });
  await clock.advance('1m');
  const [first, second] = supports;
  await expect(first?.received(['x'])).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  expect(await second?.received(['x'])).toEqual(new Set());
  await spooler.stop();
  await expect(second?.received(['x'])).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
});

test('U-064 a link that flaps a hundred times spends no attempt, and nothing is tried while it is known to be down', async () => {
  let up = false;
  let calls = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      transfer: () => {
        calls += 1;
        if (!up) throw new TransportError('ECONNECTION', 'the link is down', { gate: { reason: 'offline', until: clock.now() + 1_000 } });
      },
    },
  });
  await spooler.setOffline(true);
  const { id } = await spooler.submit(note());
  for (let n = 0; n < 100; n += 1) {
    await spooler.setOffline(false);
    await clock.advance('2s');
    await spooler.setOffline(true);
    await clock.settle();
    const before = calls;
    await clock.advance('1m');
    expect(calls).toBe(before);
    expect((await spooler.explain(id))[0]?.gate?.reason).toBe('offline');
  }
  expect(calls).toBeGreaterThanOrEqual(100);
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ status: { state: 'queued' }, attempts: 0 });
  up = true;
  await spooler.setOffline(false);
  await clock.advance('2s');
  expect(provider.handedOver).toMatchObject([{ attempt: 1 }]);
});

test('U-064 while the spooler works offline every row of the status table says so, and no longer than that', async () => {
  const logon = (support: { updateStatus(columns: { statusText: string }): void }) =>
    support.updateStatus({ statusText: 'connected to the harbour' });
  const { spooler } = await world({ loopback: { logon } });
  const row = async () => (await spooler.status()).find(({ id }) => id === 'loopback');
  expect(await row()).toMatchObject({ statusText: 'connected to the harbour', gate: null });
  await spooler.setOffline(true);
  expect(await row()).toMatchObject({ statusText: 'offline', gate: { reason: 'offline' }, flags: { offline: true } });
  await spooler.setOffline(false);
  expect(await row()).toMatchObject({ statusText: 'connected to the harbour', gate: null });
});

test('U-064 a gate from the provider spends no attempt and opens at its end', async () => {
  let calls = 0;
  const { spooler, clock, provider } = await world({
    loopback: {
      transfer: () => {
        calls += 1;
        if (calls <= 3) throw new TransportError('ECONNECTION', 'refused', { gate: { reason: 'unreachable', until: clock0 + calls * 60_000 } });
      },
    },
    start: false,
  });
  const clock0 = clock.now();
  const { id } = await spooler.submit(note());
  await spooler.start();
  await clock.advance('10s');
  expect((await spooler.explain(id))[0]).toMatchObject({ gate: { reason: 'unreachable' }, nextAt: clock0 + 60_000 });
  await clock.advance('5m');
  expect(calls).toBe(4);
  expect(provider.handedOver[0]?.attempt).toBe(1);
});

test('U-044 a provider that throws everywhere leaves the process alive and the others at work', async () => {
  const fail = async (): Promise<never> => {
    throw new Error('always');
  };
  const hostile: TransportProvider = {
    name: 'hostile',
    logon: async () => ({
      addressTypes: ['FAX'],
      reception: 'poll',
      submitMessage: fail,
      endMessage: fail,
      poll: fail,
      startMessage: fail,
      idle: fail,
      transportNotify: () => {
        throw new Error('also here');
      },
      logoff: fail,
    }),
    shutdown: fail,
  };
  const good = loopback();
  const { spooler, clock } = await world({ providers: [hostile, good] });
  await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '1' }] }));
  await spooler.submit(note());
  await clock.advance('1h');
  expect(good.handedOver).toHaveLength(1);
  await spooler.stop();
});

test('a provider that hangs is timed out, logged off and on again, and the message goes out', async () => {
  let calls = 0;
  let logons = 0;
  const provider: TransportProvider = {
    name: 'hanging',
    logon: async () => {
      logons += 1;
      return {
        addressTypes: ['SMTP'],
        limits: { submitTimeoutMs: 30_000 },
        submitMessage: async () => {
          calls += 1;
          if (calls === 1) await new Promise(() => undefined);
          return { outcome: 'accepted' };
        },
      };
    },
  };
  const { spooler, clock, states } = await world({ providers: [provider] });
  const { id } = await spooler.submit(note());
  await clock.advance('10m');
  expect(logons).toBe(2);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-090 M-014 what waits for a session that carries something else after a restart goes to the next that matches', async () => {
  const store = newStore();
  const { spooler, clock } = await world({ store, offline: true, providers: [loopback({ name: 'a' }), loopback({ name: 'b' })] });
  const { id } = await spooler.submit(note());
  await clock.settle();
  await spooler.stop();
  const [a, b] = [loopback({ name: 'a', addressTypes: ['FAX'] }), loopback({ name: 'b' })];
  const later = await world({ store, clock, providers: [a, b] });
  await clock.settle();
  expect([a.handedOver.length, b.handedOver.length]).toEqual([0, 1]);
  expect(await later.states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-105 at a logoff the address types go first and the rows of the session last, and nothing it says meanwhile stays', async () => {
  const ids: string[][] = [];
  const supports: SpoolerSupport[] = [];
  const provider: TransportProvider = {
    name: 'one',
    logon: async (support) => {
      supports.push(support);
      support.updateStatus({}, { row: 'line' });
      return {
        addressTypes: ['SMTP'],
        logoff: async () => {
          ids.push(
            await spooler.listAddressTypes(),
            (await spooler.status({ atOnce: true })).map(({ id }) => id as string),
          );
          support.updateStatus({ statusText: 'hanging up' }, { row: 'line' });
        },
      };
    },
  };
  const { spooler, clock } = await world({ providers: [provider] });
  supports[0]?.spoolerNotify({ type: 'criticalError', error: new Error('x') });
  await clock.settle();
  expect((await spooler.status()).map(({ id }) => id)).toEqual(['subsystem', 'spooler', 'addressBook', 'one']);
  await clock.advance('10s');
  expect((await spooler.status()).map(({ id }) => id)).toContain('one/line');
  await spooler.stop();
  expect(ids).toEqual([[], ['subsystem', 'spooler', 'addressBook', 'one', 'one/line']]);
});

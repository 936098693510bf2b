// The edges of a session's life: what happens while it logs on, too late, or not at all.
import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type TransportProvider, type TransportSession } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { testInMemory } from './stores.ts';
import { note, world } from './world.ts';

test('M-002 nothing is handed over before the session has heard that its direction is open', async () => {
  const calls: string[] = [];
  let open = (): void => undefined;
  const provider: TransportProvider = {
    name: 'slow',
    logon: async () => ({
      addressTypes: ['SMTP'],
      transportNotify: async (event) => {
        if (!('on' in event)) return;
        calls.push(`${event.type} ${event.on}`);
        await new Promise<void>((resolve) => (open = resolve));
        calls.push(`${event.type} is open`);
      },
      submitMessage: async () => (calls.push('submitMessage'), { outcome: 'accepted' }),
    }),
  };
  const { spooler, clock } = await world({ providers: [provider] });
  await spooler.submit(note());
  await clock.settle();
  expect(calls).toEqual(['outbound true']);
  open();
  await clock.settle();
  open();
  await clock.settle();
  expect(calls).toEqual(['outbound true', 'outbound is open', 'inbound true', 'inbound is open', 'submitMessage']);
});

test('U-061 a session that comes back from logon after its time, or after the stop, is logged off: nothing stays open', async () => {
  const offs: string[] = [];
  const comings: ((session: TransportSession) => void)[] = [];
  const provider: TransportProvider = { name: 'late', logon: async () => await new Promise((resolve) => comings.push(resolve)) };
  const session = (name: string): TransportSession => ({ addressTypes: ['SMTP'], logoff: async () => void offs.push(name) });
  const { spooler, clock } = await world({ providers: [provider] });
  await clock.advance('70s');
  expect(comings.length).toBe(2);
  comings[0]?.(session('first'));
  await clock.settle();
  expect(offs).toEqual(['first']);
  await spooler.stop();
  comings[1]?.(session('second'));
  await clock.settle();
  expect(offs).toEqual(['first', 'second']);
});

test('U-044 a session whose address types throw is logged off before the next try', async () => {
  let open = 0;
  const provider: TransportProvider = {
    name: 'broken',
    logon: async () => {
      open += 1;
      return {
        get addressTypes(): string[] {
          throw new Error('not known');
        },
        logoff: async () => {
          open -= 1;
        },
      };
    },
  };
  const { clock } = await world({ providers: [provider] });
  await clock.advance('1h');
  expect(open).toBe(0);
});

testInMemory('T-005 a disk that is full at logon keeps nobody from sending what waits', async (store) => {
  const { spooler, clock, provider } = await world({ store, start: false });
  await spooler.submit(note());
  store.failWrites(({ table }) => table === 'sections');
  await spooler.start();
  await clock.advance('1s');
  expect(provider.handedOver).toHaveLength(1);
});

test('M-049 after a restart, too, no message goes out before a session that preprocesses has registered its preprocessors', async () => {
  const ran: string[] = [];
  const signing = loopback({
    name: 'signing',
    addressTypes: [''],
    logon: (support) => support.registerPreprocessor({ name: 'sign', preprocess: async ({ id }) => void ran.push(id) }),
  });
  const first = await world({ providers: [signing, loopback()] });
  await first.spooler.stop();
  const smtp = loopback();
  const again = await world({ providers: [signing, smtp], store: first.store.sharing(), clock: first.clock, start: false });
  const before = await again.spooler.submit(note());
  const starting = again.spooler.start();
  const meanwhile = await again.spooler.submit(note());
  await starting;
  await again.clock.settle();
  expect(smtp.handedOver).toHaveLength(2);
  expect(ran.toSorted()).toEqual([before.id, meanwhile.id].toSorted());
});

test.each([
  ['without an end', undefined],
  ['that has ended already', 0],
])('a gate %s opens all the same, and is no loop', async (_title, until) => {
  let calls = 0;
  const gate = { reason: 'throttled', ...(until !== undefined && { until }) } as const;
  const { spooler, clock, provider } = await world({
    loopback: {
      transfer: () => {
        calls += 1;
        if (calls < 4) throw new TransportError('ECONNECTION', 'not now', { gate });
      },
    },
  });
  await spooler.submit(note());
  await clock.settle();
  expect(calls).toBe(1);
  await clock.advance('1h');
  expect(provider.handedOver).toMatchObject([{ attempt: 1 }]);
});

test('a provider may listen to the end of its session as often as it likes without a warning', async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warned);
  const { clock } = await world({
    loopback: {
      logon: ({ signal }) => {
        for (let n = 0; n < 50; n += 1) signal.addEventListener('abort', () => undefined);
      },
    },
  });
  await clock.settle();
  process.off('warning', warned);
  expect(warnings).toEqual([]);
});

/** Refuses to log on without connections, and takes mail. */
const needsItsLine = (asked: boolean[]): TransportProvider => ({
  name: 'line',
  logon: async (_support, { offline }) => {
    asked.push(offline);
    if (offline) throw Object.assign(new Error('it needs its line'), { code: 'ENETWORK' });
    return { addressTypes: ['SMTP'], submitMessage: async () => ({ outcome: 'accepted' }) };
  },
});

test('M-005 who cannot log on offline does so as soon as the spooler is online', async () => {
  const asked: boolean[] = [];
  const { spooler, clock, states } = await world({ providers: [needsItsLine(asked)], offline: true });
  const { id } = await spooler.submit(note());
  await spooler.setOffline(false);
  await clock.settle();
  expect(asked).toEqual([true, false]);
  await clock.advance('6s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-005 who cannot log on offline does so for a group that is sent and received meanwhile', async () => {
  const asked: boolean[] = [];
  const { spooler, clock } = await world({ providers: [needsItsLine(asked)], offline: true });
  const { done } = spooler.sendReceive();
  await clock.settle();
  expect(await done).toEqual({ complete: true });
  expect(asked).toEqual([true, false]);
});

test('M-005 M-008 that one provider cannot log on offline closes no gate of its account', async () => {
  const providers = [needsItsLine([]), loopback()];
  const { spooler } = await world({ providers: [], accounts: [{ name: 'home', providers }], offline: true });
  const row = (await spooler.status()).find(({ id }) => id === 'home/loopback');
  expect(row?.gate?.reason).not.toBe('unreachable');
  await spooler.setOffline(false);
  expect((await spooler.status()).find(({ id }) => id === 'home/loopback')?.gate).toBeNull();
});

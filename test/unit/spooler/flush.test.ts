// Flush, and what stands behind the rows of the status table.
import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type FlushRequest, type SpoolerSupport, type TransportProvider, type TransportSession } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { SessionKey, StatusRow } from '../../../src/index.ts';
import { note, world } from './world.ts';

const row = (name: string): SessionKey => name as SessionKey;

/** A session that tells what is called on it, and sets its flush flags as asked unless it is told otherwise. */
function telling(name: string, calls: string[], more: Partial<TransportSession> & { readonly flags?: (request: FlushRequest) => object } = {}) {
  const supports: SpoolerSupport[] = [];
  const inbox: string[] = [];
  const { flags = ({ inbound, outbound }) => ({ inboundFlush: inbound, outboundFlush: outbound }), ...session } = more;
  const provider: TransportProvider = {
    name,
    logon: async (support) => {
      supports.push(support);
      return {
        addressTypes: [name.toUpperCase()],
        reception: 'poll',
        limits: { pollIntervalMs: 3_600_000 },
        submitMessage: async ({ recipients }) => {
          calls.push(`${name} submits to ${recipients.map(({ address }) => address).join()}`);
          return { outcome: 'accepted' };
        },
        poll: async () => inbox.length > 0,
        startMessage: async (message) => {
          const next = inbox.shift();
          if (next === undefined) return;
          calls.push(`${name} receives ${next}${message.wanted.maxSizeBytes === undefined ? '' : ` up to ${message.wanted.maxSizeBytes}`}`);
          await message.setReference(next);
          await message.setContent(Buffer.from(`Subject: ${next}\r\n\r\n`));
          await message.saveChanges();
        },
        transportNotify: (event) => {
          if (event.type !== 'inbound' && event.type !== 'outbound' && 'on' in event) calls.push(`${name} ${event.type} ${event.on ? 'on' : 'off'}`);
        },
        flush: async (request) => {
          calls.push(`${name} flush ${['outbound', 'inbound'].filter((way) => request[way as 'inbound' | 'outbound']).join('+')}`);
          support.updateStatus({ flags: flags(request) }, { merge: true });
        },
        ...session,
      };
    },
  };
  return { provider, supports, inbox };
}

const rows = async (spooler: { status(): Promise<readonly StatusRow[]> }): Promise<Map<string, StatusRow>> =>
  new Map((await spooler.status()).map((each) => [each.id, each]));

test('M-098 flush visits the sessions one at a time in their order, each outbound and then inbound, and says when each is over', async () => {
  const calls: string[] = [];
  const [a, b] = [telling('aaa', calls), telling('bbb', calls)];
  const { spooler, clock } = await world({ providers: [a.provider, b.provider] });
  await spooler.setTransportOrder([row('bbb'), row('aaa')]);
  a.inbox.push('first', 'second');
  b.inbox.push('third');
  const flushed = spooler.flush();
  await clock.settle();
  await flushed;
  expect(calls).toEqual([
    'bbb flush outbound+inbound',
    'bbb outboundFlush off',
    'bbb receives third',
    'bbb inboundFlush off',
    'aaa flush outbound+inbound',
    'aaa outboundFlush off',
    'aaa receives first',
    'aaa receives second',
    'aaa inboundFlush off',
  ]);
});

test('M-098 a flush tries what waits for its next attempt at once, also behind a closed gate, and is over when that is done', async () => {
  let isDown = true;
  const { spooler, clock, states, provider } = await world({
    loopback: {
      transfer: () => {
        if (isDown) throw new TransportError('ECONNECTION', 'down', { outcome: 'notSent', gate: { reason: 'unreachable' } });
      },
      answer: () => ({ outcome: 'accepted' }),
    },
  });
  const { id } = await spooler.submit(note());
  await clock.settle();
  isDown = false;
  const flushed = spooler.flush({ outbound: true });
  await clock.settle();
  await flushed;
  expect(provider.handedOver).toHaveLength(1);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-098 what failed for now is due again for a flush, without a word on other sessions', async () => {
  let attempts = 0;
  const refusing = loopback({
    answer: () => {
      attempts += 1;
      return { outcome: 'notSent', diagnostic: { code: 'EMESSAGE', text: '450 later' } };
    },
  });
  const { spooler, clock } = await world({ providers: [refusing] });
  await spooler.submit(note());
  await clock.settle();
  expect(attempts).toBe(1);
  const flushed = spooler.flush();
  await clock.settle();
  await flushed;
  expect(attempts).toBe(2);
});

test('M-099 a direction runs only while the row shows its flag', async () => {
  const calls: string[] = [];
  const one = telling('one', calls, { flags: () => ({ inboundFlush: false, outboundFlush: true }) });
  const { spooler, clock } = await world({ providers: [one.provider] });
  one.inbox.push('waits');
  const flushed = spooler.flush();
  await clock.settle();
  await flushed;
  expect(calls).toEqual(['one flush outbound+inbound', 'one outboundFlush off', 'one inboundFlush off']);
});

test('M-099 a session that clears its flag ends the flush, though more is there', async () => {
  const calls: string[] = [];
  const one = telling('one', calls, {
    startMessage: async (message) => {
      if (calls.length >= 1_000) return;
      await message.setReference(String(calls.length));
      await message.setContent(Buffer.from('Subject: much\r\n\r\n'));
      await message.saveChanges();
      calls.push('received');
      if (calls.length === 40) one.supports[0]?.updateStatus({ flags: {} }, { merge: true });
    },
  });
  const { spooler, clock } = await world({ providers: [one.provider] });
  one.inbox.push('something');
  const flushed = spooler.flush({ inbound: true });
  const received = flushed.then(() => calls.filter((call) => call === 'received').length);
  await clock.settle();
  expect(await received).toBeLessThan(200);
});

test('M-099 a flag that is set unasked requests a flush of that session and that direction alone', async () => {
  const calls: string[] = [];
  const [one, other] = [telling('one', calls), telling('other', calls)];
  const { clock } = await world({ providers: [one.provider, other.provider] });
  one.inbox.push('news');
  one.supports[0]?.updateStatus({ flags: { inboundFlush: true } }, { merge: true });
  await clock.settle();
  expect(calls).toEqual(['one flush inbound', 'one receives news', 'one inboundFlush off']);
});

test('M-100 a second flush is EBUSY; one in the background answers at once; stopping ends both', async () => {
  const calls: string[] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const slow = telling('slow', calls, {
    flush: async (_request, signal) =>
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        begin();
      }),
  });
  const { spooler } = await world({ providers: [slow.provider] });
  await spooler.flush({ async: true });
  await begun;
  await expect(spooler.flush()).rejects.toMatchObject({ code: 'EBUSY' });
  await expect(spooler.statusObject('spooler').flush({ inbound: true, outbound: true }, new AbortController().signal)).rejects.toMatchObject({
    code: 'EBUSY',
  });
  await spooler.stop({ drainMs: 0 });
  await expect(spooler.flush()).rejects.toMatchObject({ code: 'ESTOPPED' });
});

test("M-100 a flush by a session's own object is awaited, whatever it is asked", async () => {
  const calls: string[] = [];
  const one = telling('one', calls);
  const { spooler } = await world({ providers: [one.provider] });
  one.inbox.push('news');
  await spooler.statusObject(row('one')).flush({ inbound: true, outbound: true, async: true } as never, new AbortController().signal);
  expect(calls.at(-1)).toBe('one inboundFlush off');
});

test('M-100 whoever asked may give up: the flush ends, and the next one works', async () => {
  const { spooler, clock } = await world({ loopback: { delayMs: 60_000 } });
  await spooler.submit(note());
  const stop = new AbortController();
  const flushed = spooler.flush({ signal: stop.signal });
  await clock.settle();
  stop.abort(new Error('enough'));
  await expect(flushed).rejects.toThrow('enough');
  const again = spooler.flush();
  await clock.advance('2m');
  await again;
});

test('M-098 a session that is not there is an error that names it, and nothing is flushed', async () => {
  const { spooler } = await world();
  await expect(spooler.flush({ sessions: [row('nobody')] })).rejects.toMatchObject({ code: 'ENOTFOUND', field: 'sessions' });
});

test('what a flush wants of messages reaches the session with each of them', async () => {
  const calls: string[] = [];
  const one = telling('one', calls);
  const { spooler, clock } = await world({ providers: [one.provider] });
  one.inbox.push('small');
  const flushed = spooler.flush({ inbound: true, maxSizeBytes: 4096 });
  await clock.settle();
  await flushed;
  expect(calls).toContain('one receives small up to 4096');
});

test("M-097 the spooler's own object has validate and flush, mailspool's validate, the address book's nothing, a session's what it has; the rest is ENOSUPPORT", async () => {
  const changed: [string, string][] = [];
  const calls: string[] = [];
  const one = telling('one', calls, { changePassword: async (old, fresh) => void changed.push([old, fresh]) });
  const { spooler } = await world({ providers: [one.provider, loopback()] });
  const signal = new AbortController().signal;
  const table = await rows(spooler);
  expect(table.get('spooler')?.methods).toEqual(['validateState', 'flush']);
  expect(table.get('one')?.methods).toEqual(['flush', 'changePassword']);
  await spooler.statusObject('spooler').validateState({}, signal);
  await expect(spooler.statusObject('spooler').changePassword('a', 'b')).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await spooler.statusObject(row('one')).changePassword('old', 'new');
  expect(changed).toEqual([['old', 'new']]);
  await expect(spooler.statusObject(row('one')).validateState({}, signal)).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  await expect(spooler.statusObject(row('loopback')).flush({ inbound: true, outbound: true }, signal)).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  expect(table.get('subsystem')?.methods).toEqual(['validateState']);
  await spooler.statusObject('subsystem').validateState({}, signal);
  expect(table.get('addressBook')?.methods).toEqual([]);
  for (const own of ['subsystem', 'addressBook'] as const) {
    const object = spooler.statusObject(own);
    await expect(object.flush({ inbound: true, outbound: true }, signal)).rejects.toMatchObject({ code: 'ENOSUPPORT' });
    await expect(object.changePassword('a', 'b')).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  }
  await expect(spooler.statusObject('addressBook').validateState({}, signal)).rejects.toMatchObject({ code: 'ENOSUPPORT' });
  expect(() => spooler.statusObject(row('nobody'))).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }) as Error);
});

test('M-102 a wrong old password is what the session says of it, and a right one is changed', async () => {
  let password = 'old';
  const changePassword = async (old: string, fresh: string) => {
    if (old !== password) throw Object.assign(new Error('wrong'), { code: 'ENOACCESS' });
    password = fresh;
  };
  const { spooler } = await world({ providers: [telling('one', [], { changePassword }).provider] });
  const object = spooler.statusObject(row('one'));
  await expect(object.changePassword('wrong', 'new')).rejects.toMatchObject({ code: 'ENOACCESS' });
  await object.changePassword('old', 'new');
  expect(password).toBe('new');
});

test('M-101 validate with configChanged asks all sessions for their address types anew, and those that are out try again', async () => {
  let types = ['SMTP'];
  let isThere = false;
  const changing: TransportProvider = {
    name: 'changing',
    logon: async () => ({
      get addressTypes() {
        return types;
      },
      submitMessage: async () => ({ outcome: 'accepted' }),
    }),
  };
  const late: TransportProvider = {
    name: 'late',
    logon: async () => {
      if (!isThere) throw new Error('not yet');
      return { addressTypes: ['FAX'] };
    },
  };
  const { spooler, clock } = await world({ providers: [changing, late] });
  expect(await spooler.listAddressTypes()).toEqual(['SMTP']);
  types = ['SMTP', 'X400'];
  isThere = true;
  await spooler.validate({ configChanged: true });
  await clock.settle();
  expect(await spooler.listAddressTypes()).toEqual(['SMTP', 'X400', 'FAX']);
});

test("M-101 validate with configChanged on a session's object reads that session's types again; unknown flags reject", async () => {
  let types = ['SMTP'];
  const asked: object[] = [];
  const provider: TransportProvider = {
    name: 'one',
    logon: async () => ({
      get addressTypes() {
        return types;
      },
      validateState: async (request) => void asked.push(request),
    }),
  };
  const { spooler } = await world({ providers: [provider] });
  const { signal } = new AbortController();
  types = ['FAX'];
  await spooler.statusObject(row('one')).validateState({ configChanged: true, interactive: true }, signal);
  expect(asked).toEqual([{ configChanged: true, interactive: true }]);
  expect(await spooler.listAddressTypes()).toEqual(['FAX']);
  const unknown = { everything: true } as never;
  await expect(spooler.statusObject(row('one')).validateState(unknown, signal)).rejects.toMatchObject({ code: 'EUNKNOWNFLAGS', field: 'everything' });
  await expect(spooler.validate(unknown)).rejects.toMatchObject({ code: 'EUNKNOWNFLAGS', field: 'everything' });
  await expect(spooler.validate({ refreshHeaders: true })).rejects.toMatchObject({ code: 'EUNKNOWNFLAGS', field: 'refreshHeaders' });
});

test('M-092 in a critical section nobody polls or idles, and validate is EBUSY, until it is left', async () => {
  const calls: string[] = [];
  const one = telling('one', calls, {
    limits: { pollIntervalMs: 1_000 },
    poll: async () => {
      calls.push('poll');
      return false;
    },
    idle: async () => void calls.push('idle'),
    validateState: async () => undefined,
  });
  const { spooler, clock } = await world({ providers: [one.provider] });
  const { signal } = new AbortController();
  one.supports[0]?.spoolerNotify({ type: 'enterCritical' });
  calls.length = 0;
  await clock.advance('5m');
  expect(calls).toEqual([]);
  await expect(spooler.statusObject(row('one')).validateState({}, signal)).rejects.toMatchObject({ code: 'EBUSY' });
  one.supports[0]?.spoolerNotify({ type: 'leaveCritical' });
  await clock.advance('5m');
  expect(new Set(calls)).toEqual(new Set(['poll', 'idle']));
  await spooler.statusObject(row('one')).validateState({}, signal);
});

test('M-093 idle comes only while nothing is under way', async () => {
  let isBusy = false;
  const seen: boolean[] = [];
  const provider: TransportProvider = {
    name: 'one',
    logon: async ({ clock }) => ({
      addressTypes: ['SMTP'],
      submitMessage: async (_message, signal) => {
        isBusy = true;
        await clock.sleep(150_000, signal);
        isBusy = false;
        return { outcome: 'accepted' };
      },
      idle: async () => void seen.push(isBusy),
    }),
  };
  const { spooler, clock } = await world({ providers: [provider] });
  await spooler.submit(note());
  await clock.advance('10m');
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).not.toContain(true);
});

test('M-090 configChange: the address types are read again, and what found no way before goes by the new one', async () => {
  let types = ['SMTP'];
  const handed: string[] = [];
  const supports: SpoolerSupport[] = [];
  const provider: TransportProvider = {
    name: 'one',
    logon: async (support) => {
      supports.push(support);
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
  const { spooler, clock } = await world({ providers: [provider] });
  types = ['SMTP', 'FAX'];
  supports[0]?.spoolerNotify({ type: 'configChange' });
  await clock.settle();
  await spooler.submit(note({ type: 'FAX', address: '+49 30 1' }));
  await clock.settle();
  expect(handed).toEqual(['FAX']);
});

test('M-091 after a critical error nothing is called on the session again, and the others go on', async () => {
  const calls: string[] = [];
  const supports: SpoolerSupport[] = [];
  let logons = 0;
  const broken: TransportProvider = {
    name: 'broken',
    logon: async (support) => {
      supports.push(support);
      logons += 1;
      const session = logons;
      return {
        addressTypes: ['FAX'],
        submitMessage: async () => ({ outcome: 'accepted' }),
        transportNotify: () => void calls.push(`notify ${session}`),
        logoff: async () => void calls.push(`logoff ${session}`),
      };
    },
  };
  const { spooler, clock, provider } = await world({ providers: [broken, loopback()] });
  calls.length = 0;
  supports[0]?.spoolerNotify({ type: 'criticalError', error: new Error('the driver is gone') });
  await clock.settle();
  expect(calls).toEqual([]);
  expect((await rows(spooler)).get('broken')?.flags.failure).toBe(true);
  await spooler.submit(note());
  await clock.settle();
  expect((await rows(spooler)).get('loopback')?.flags.available).toBe(true);
  expect(provider).toBeDefined();
});

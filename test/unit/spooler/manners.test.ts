// How the spooler and its sessions treat each other beside the calls that move mail.
import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type SpoolerSupport, type TransportProvider, type TransportSession } from 'mailspool/provider';
import { expect, test } from 'vitest';
import type { SessionKey } from '../../../src/index.ts';
import { nextTurn } from '../../../src/time/turn.ts';
import { newStore } from './stores.ts';
import { collect, note, world } from './world.ts';

function session(name: string, open: (support: SpoolerSupport) => TransportSession): { provider: TransportProvider; supports: SpoolerSupport[] } {
  const supports: SpoolerSupport[] = [];
  return {
    supports,
    provider: {
      name,
      logon: async (support) => {
        supports.push(support);
        return open(support);
      },
    },
  };
}

test('M-030 a submitted message opens for reading only; while it is being handed over it does not open at all', async () => {
  const { spooler, clock } = await world({ loopback: { delayMs: 60_000 } });
  const { id } = await spooler.submit(note(), { sendAt: { afterMs: 60_000 } });
  await expect(spooler.openMessage(id, 'write')).rejects.toMatchObject({ code: 'ESUBMITTED' });
  expect((await spooler.openMessage(id, 'best')).access).toBe('read');
  await clock.advance('90s');
  await expect(spooler.openMessage(id, 'read')).rejects.toMatchObject({ code: 'ENOACCESS' });
  await expect(spooler.openMessage(id, 'best')).rejects.toMatchObject({ code: 'ENOACCESS' });
});

test('M-046 what a transport stamps on its copy is on that copy alone', async () => {
  const seen: string[] = [];
  const stamping = (name: string, addressTypes: string[]) =>
    session(name, () => ({
      addressTypes,
      submitMessage: async (message) => {
        seen.push(String(message.properties.messageClass));
        message.setProperties({ messageClass: `IPM.Note.${name}` });
        seen.push(String(message.properties.messageClass));
        return { outcome: 'accepted' };
      },
    })).provider;
  const { spooler, clock } = await world({ providers: [stamping('fax', ['FAX']), stamping('post', ['SMTP'])] });
  const { id } = await spooler.submit(note(['bob@harbour.example', { type: 'FAX', address: '1' }]));
  await clock.settle();
  expect(seen.sort()).toEqual(['IPM.Note', 'IPM.Note', 'IPM.Note.fax', 'IPM.Note.post']);
  expect((await spooler.get(id))?.properties.messageClass).toBe('IPM.Note');
});

test('M-047 properties that no transport can carry cost the message nothing', async () => {
  const { spooler, clock, states, provider } = await world();
  const { id } = await spooler.submit(note('bob@harbour.example', { properties: { 'x-internal': { deep: [1, null, 'two'] } } as object }));
  await clock.settle();
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
  expect(Buffer.from(provider.handedOver[0]?.bytes ?? []).toString()).not.toContain('x-internal');
});

test('M-075 after a cancel yield answers cancelled: no further recipient is sent to, and what was sent stays sent', async () => {
  const sent: string[] = [];
  const answers: string[] = [];
  const { provider } = session('slow', (support) => ({
    addressTypes: ['SMTP'],
    submitMessage: async (message) => {
      for (const recipient of message.recipients) {
        answers.push(await support.yield());
        if (answers.at(-1) === 'cancelled') throw new TransportError('EUSERCANCEL', 'as the user wished', { outcome: 'notSent' });
        await message.saveChanges([{ recipient: recipient.id, outcome: 'accepted' }]);
        sent.push(recipient.address);
        await support.clock.sleep(1_000);
      }
      return [];
    },
  }));
  const { spooler, clock, states } = await world({ providers: [provider] });
  const { id } = await spooler.submit(note(['a@harbour.example', 'b@harbour.example', 'c@harbour.example']));
  await clock.advance('1500ms');
  const cancelled = spooler.cancel(id);
  await clock.advance('1m');
  expect((await cancelled).result).toBe('partial');
  expect(answers).toEqual(['continue', 'continue', 'cancelled']);
  expect(sent).toEqual(['a@harbour.example', 'b@harbour.example']);
  expect(await states(id)).toEqual({ 'a@harbour.example': 'relayed', 'b@harbour.example': 'relayed', 'c@harbour.example': 'cancelled' });
});

test('M-094 a session that works for long and yields keeps nobody waiting', async () => {
  let turns = 0;
  const at: number[] = [];
  const { provider: long } = session('long', (support) => ({
    addressTypes: ['FAX'],
    submitMessage: async () => {
      for (; turns < 100_000 && at.length < 5; turns += 1) await support.yield();
      return { outcome: 'accepted' };
    },
  }));
  const quick = loopback({ answer: () => (at.push(turns), { outcome: 'accepted' }) });
  const { spooler, clock, states } = await world({ providers: [long, quick] });
  const { id } = await spooler.submit(note({ type: 'FAX', address: '1' }));
  for (let n = 0; n < 5; n += 1) await spooler.submit(note());
  while (at.length < 5 && turns < 100_000) await nextTurn();
  await clock.settle();
  expect(turns).toBeLessThan(100_000);
  expect(await states(id)).toEqual({ '1': 'relayed' });
});

test('M-096 updateStatus replaces the row, with merge only what is given; a named row is a further one, until the logoff', async () => {
  const { provider, supports } = session('one', () => ({ addressTypes: ['SMTP'] }));
  const { spooler } = await world({ providers: [provider] });
  const [support] = supports;
  const table = async () => new Map((await spooler.status()).map((row) => [row.id as string, row]));
  support?.updateStatus({ statusText: 'dialling', progress: { done: 1, total: 3 } });
  support?.updateStatus({ progress: { done: 2, total: 3 } }, { merge: true });
  expect((await table()).get('one')).toMatchObject({ statusText: 'dialling', progress: { done: 2, total: 3 } });
  support?.updateStatus({ displayName: 'The line' });
  expect((await table()).get('one')).toMatchObject({ displayName: 'The line', progress: null });
  support?.updateStatus({ statusText: 'ringing' }, { row: 'modem' });
  support?.updateStatus({ remoteValidateOk: false }, { row: 'modem', merge: true });
  expect((await table()).get('one/modem')).toMatchObject({ displayName: 'one modem', statusText: 'ringing', remoteValidateOk: false, methods: [] });
  expect((await table()).get('one')).toMatchObject({ displayName: 'The line' });
  expect(() => spooler.statusObject('one/modem' as SessionKey)).toThrow(expect.objectContaining({ code: 'ENOTFOUND' }) as Error);
});

test('M-074 a reference that a transport does not choose is 0 for what goes out and 1 for what comes in', async () => {
  const seen: string[] = [];
  const { provider } = session('plain', () => ({
    addressTypes: ['SMTP'],
    reception: 'poll',
    poll: async () => true,
    submitMessage: async ({ reference }) => {
      seen.push(`submitted ${reference}`);
      return { outcome: 'accepted' };
    },
    endMessage: async (reference) => (seen.push(`ended ${reference}`), 'sent'),
    startMessage: async ({ reference }) => void seen.push(`started ${reference}`),
  }));
  const { spooler, clock } = await world({ providers: [provider] });
  expect(seen.splice(0)).toEqual(['started 1']);
  await spooler.submit(note());
  await clock.settle();
  expect(seen).toEqual(['submitted 0', 'ended 0']);
});

test('M-077 reception that is broken off leaves nothing here and everything there: the transport offers it again, once', async () => {
  const store = newStore();
  const offered: string[] = [];
  const server = ['mail 1'];
  let reason: unknown;
  let comeBack = (): void => undefined;
  let late: Promise<unknown> | undefined;
  const { provider } = session('line', () => ({
    addressTypes: [],
    reception: 'poll',
    poll: async () => server.length > 0,
    startMessage: async (message, signal) => {
      const [next] = server;
      if (next === undefined) return;
      offered.push(next);
      await message.setReference(next);
      await message.setContent(Buffer.from('Subject: half\r\n\r\n'));
      if (offered.length === 1) {
        signal.addEventListener('abort', () => (reason = signal.reason), { once: true });
        await new Promise<void>((resolve) => (comeBack = resolve));
        late = message.saveChanges().catch((error: unknown) => error);
        await late;
        return;
      }
      await message.saveChanges();
      server.shift();
    },
  }));
  const { spooler, clock } = await world({ store, providers: [provider] });
  await clock.advance('2m');
  await spooler.stop({ drainMs: 0 });
  expect(reason).toMatchObject({ code: 'ESTOPPED' });
  comeBack();
  await clock.settle();
  expect(await late).toMatchObject({ code: 'EINVALIDOBJECT' });
  const later = await world({ store, clock, providers: [provider] });
  await clock.settle();
  expect(offered).toEqual(['mail 1', 'mail 1']);
  expect(await collect(later.spooler.list({ direction: 'inbound' }))).toHaveLength(1);
});

test('M-104 where a hook asks for deletion the message is gone, and nothing moves it or tells of it', async () => {
  const told: string[] = [];
  const postprocessors = [
    { name: 'mover', inbound: async () => ({ moveTo: 'Work' }) },
    { name: 'deleter', inbound: async () => ({ delete: true }) },
    { name: 'late mover', inbound: async () => ({ moveTo: 'Play' }) },
  ];
  const { spooler, clock, provider } = await world({ postprocessors });
  spooler.newMail$.subscribe(({ id }) => told.push(id));
  provider.push('Subject: unwanted\r\n\r\n');
  await clock.settle();
  expect(provider.acknowledged).toHaveLength(1);
  expect(await collect(spooler.list())).toEqual([]);
  expect(told).toEqual([]);
});

test('M-070 a native report: the transport says by statusRecipients what it means, or saves it as a message of its own under an id of the store', async () => {
  const incoming: ('status' | 'message')[] = [];
  let sentId = '';
  const { provider, supports } = session('post', (support) => ({
    addressTypes: ['SMTP'],
    reception: 'notify',
    submitMessage: async () => ({ outcome: 'accepted' }),
    startMessage: async (message) => {
      const next = incoming.shift();
      if (next === 'status') {
        await support.statusRecipients({ entryId: sentId as never }, [
          { recipient: { type: 'SMTP', address: 'bob@harbour.example' }, status: 'delivered', at: support.clock.now() },
        ]);
        await message.setReference('report 1');
        message.setProperties({ messageClass: 'REPORT.IPM.Note.DR' });
        await message.setContent(Buffer.from('Subject: Delivered\r\n\r\n'));
        await message.saveChanges({ announce: false });
      }
      if (next === 'message') {
        await message.setReference('report 2');
        message.setProperties({ messageClass: 'REPORT.IPM.Note.NDR', ...({ id: 'chosen', entryId: 'chosen' } as object) });
        await message.setContent(Buffer.from('Subject: Not delivered\r\n\r\n'));
        await message.saveChanges();
      }
    },
  }));
  const { spooler, clock, states } = await world({ providers: [provider] });
  sentId = (await spooler.submit(note())).id;
  await clock.settle();
  incoming.push('status', 'message');
  supports[0]?.spoolerNotify({ type: 'newMail' });
  await clock.settle();
  expect(await states(sentId as never)).toEqual({ 'bob@harbour.example': 'delivered' });
  const received = await collect(spooler.list({ direction: 'inbound' }));
  expect(received.map(({ properties }) => properties.messageClass)).toEqual(['REPORT.IPM.Note.DR', 'REPORT.IPM.Note.NDR']);
  expect(received.map(({ id }) => String(id))).not.toContain('chosen');
});

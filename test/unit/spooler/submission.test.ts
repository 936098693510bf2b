import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { testInMemory } from './stores.ts';
import { collect, note, world } from './world.ts';

test('M-025 submit without recipients rejects, and the handle stays usable for correction', async () => {
  const { spooler } = await world();
  await expect(spooler.submit(note([]))).rejects.toMatchObject({ code: 'ENORECIPIENTS' });
  const draft = await spooler.openMessage('new', 'write');
  await draft.saveChanges({ from: 'ann@harbour.example', subject: 'Berth 7', text: 'x' });
  await expect(draft.submit()).rejects.toMatchObject({ code: 'ENORECIPIENTS' });
  await draft.saveChanges({ to: 'bob@harbour.example' });
  const { id } = await draft.submit();
  expect((await spooler.get(id))?.properties.subject).toBe('Berth 7');
});

test('M-027 after a successful submit the handle is dead, and the message cannot be changed through its id', async () => {
  const { spooler } = await world({ start: false });
  const draft = await spooler.openMessage('new', 'write');
  await draft.saveChanges(note());
  const { id } = await draft.submit();
  expect(() => draft.saveChanges({ subject: 'other' })).toThrow(expect.objectContaining({ code: 'EINVALIDOBJECT' }));
  await expect(draft.submit()).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  await expect(spooler.openMessage(id, 'write')).rejects.toMatchObject({ code: 'ESUBMITTED' });
  const open = await spooler.openMessage(id, 'best');
  expect(open.access).toBe('read');
  await expect(open.saveChanges({ subject: 'other' })).rejects.toMatchObject({ code: 'ENOACCESS' });
});

test('M-029 every change of the queue wakes the spooler: no message waits for a timer', async () => {
  const { spooler, clock, provider } = await world();
  for (let n = 1; n <= 3; n += 1) {
    await spooler.submit(note());
    await clock.settle();
    expect(provider.handedOver).toHaveLength(n);
  }
});

test('M-032 lists are expanded, duplicates dropped and one-offs resolved at submit', async () => {
  const { spooler } = await world({
    addressBook: {
      resolve: async (names) => names.map((name) => [`${name}1`, `${name}2`].map((local) => ({ type: 'SMTP', address: `${local}@harbour.example` }))),
    },
  });
  const { id } = await spooler.submit(
    note(['Bob <bob@harbour.example>', 'BOB@harbour.example', '[FAX:+49 40 1]'], {
      recipients: [{ list: 'crew' }, { type: 'SMTP', address: 'crew1@harbour.example' }],
    }),
  );
  const rows = (await spooler.get(id))?.recipients.map(({ type, address }) => `${type}:${address}`);
  expect(rows).toEqual(['SMTP:bob@harbour.example', 'FAX:+49 40 1', 'SMTP:crew1@harbour.example', 'SMTP:crew2@harbour.example']);
});

test('M-037 expiry and delivery times reach the provider, and the spooler holds nothing back for a deferred delivery', async () => {
  const seen: unknown[] = [];
  const { spooler, clock } = await world({ loopback: { transfer: ({ properties }) => void seen.push(properties) } });
  const deferredDeliveryAt = clock.now() + 3_600_000;
  await spooler.submit(note('bob@harbour.example', { properties: { deferredDeliveryAt, latestDeliveryAt: deferredDeliveryAt + 1 } }), {
    expiresAt: deferredDeliveryAt + 2,
  });
  await clock.settle();
  expect(seen).toEqual([
    expect.objectContaining({ deferredDeliveryAt, latestDeliveryAt: deferredDeliveryAt + 1, expiresAt: deferredDeliveryAt + 2 }),
  ]);
});

test('T-009 U-026 the same key and input return the first id, also when both come at once; other input is a conflict', async () => {
  const { spooler, clock, provider } = await world();
  const [one, two] = await Promise.all([spooler.submit(note(), { idempotencyKey: 'k' }), spooler.submit(note(), { idempotencyKey: 'k' })]);
  expect(one.id).toBe(two.id);
  expect([one.existing, two.existing].toSorted()).toEqual([false, true]);
  await clock.advance('1h');
  const three = await spooler.submit(note(), { idempotencyKey: 'k' });
  expect(three).toMatchObject({ id: one.id, existing: true, messageId: one.messageId, envelope: one.envelope });
  expect(provider.handedOver).toHaveLength(1);
  await expect(spooler.submit(note('cleo@harbour.example'), { idempotencyKey: 'k' })).rejects.toMatchObject({
    code: 'EDUPLICATE',
    field: 'idempotencyKey',
  });
});

test('T-009 the bytes of attachments count, also of streams', async () => {
  const { spooler } = await world();
  const withStream = (text: string) =>
    note('bob@harbour.example', { attachments: [{ filename: 'chart.txt', content: Readable.from([Buffer.from(text)]) }] });
  const first = await spooler.submit(withStream('depth 7 m'), { idempotencyKey: 'k' });
  expect(await spooler.submit(withStream('depth 7 m'), { idempotencyKey: 'k' })).toMatchObject({ id: first.id, existing: true });
  await expect(spooler.submit(withStream('depth 8 m'), { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'EDUPLICATE' });
});

test('T-009 a stream that fails after its submit was refused does not end the process', async () => {
  const { spooler } = await world();
  const uncaught: unknown[] = [];
  const caught = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', caught);
  const content = new Readable({ read: () => undefined });
  await expect(spooler.submit(note([], { attachments: [{ filename: 'chart', content }] }), { idempotencyKey: 'k' })).rejects.toMatchObject({
    code: 'ENORECIPIENTS',
  });
  content.destroy(new Error('the disk is gone'));
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('uncaughtException', caught);
  expect(uncaught).toEqual([]);
});

test('T-010 a submit is whole or not at all: a failing attachment leaves nothing behind', async () => {
  const { spooler } = await world();
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('the disk is gone');
    })(),
  );
  await expect(spooler.submit(note('bob@harbour.example', { attachments: [{ filename: 'chart', content: broken }] }))).rejects.toThrow(
    'the disk is gone',
  );
  expect(await collect(spooler.list())).toEqual([]);
});

testInMemory('T-001 U-001 submit resolves only after the durable write, and a failed write leaves nothing and says what to do', async (store) => {
  const { spooler, clock, provider } = await world({ store });
  let resolved = false;
  const release = store.holdSync();
  const submitting = spooler.submit(note()).then(() => (resolved = true));
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(resolved).toBe(false);
  release();
  await submitting;
  await clock.settle();
  expect(provider.handedOver).toHaveLength(1);
  store.failWrites(1);
  await expect(spooler.submit(note())).rejects.toMatchObject({ code: 'ESTORE', temporary: true });
  await clock.settle();
  expect(provider.handedOver).toHaveLength(1);
});

test('U-005 the bytes as submitted stay retrievable whatever happens', async () => {
  const { spooler, clock } = await world({
    preprocessors: [{ name: 'stamp', preprocess: async (message) => await message.setContent(Buffer.from('Subject: other\r\n\r\nreplaced\r\n')) }],
    loopback: { answer: () => ({ outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 no' } }) },
  });
  const bytes = Buffer.from(
    'From: ann@harbour.example\r\nTo: bob@harbour.example\r\nMessage-ID: <1@harbour.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nSubject: Berth 7\r\n\r\nAs it was.\r\n',
  );
  const { id } = await spooler.submit({ raw: bytes });
  const raw = async () => Buffer.concat(await collect(await spooler.raw(id))).toString();
  expect(await raw()).toBe(bytes.toString());
  await clock.advance('2h');
  expect((await spooler.get(id))?.recipients[0]?.status.state).toBe('failed');
  expect(await raw()).toBe(bytes.toString());
});

test('bad input names its field, stores nothing and sends nothing', async () => {
  const { spooler } = await world();
  const bad: [Parameters<typeof spooler.submit>, string, RegExp][] = [
    [[note('bob@@harbour example')], 'EINVALID', /to/],
    [[note('bob@harbour.example', { subject: 'x\r\nBcc: eve@example.com' })], 'EINVALID', /subject/],
    [[note('bob@harbour.example', { headers: { 'X-Berth': '7\r\nX-Evil: 1' } })], 'EINVALID', /headers/],
    [[note([])], 'ENORECIPIENTS', /.*/],
    [[note(), { priority: 10 }], 'EINVALID', /priority/],
    [[note(), { sendAt: { local: 'tomorrow', timeZone: 'Europe/Berlin' } }], 'EINVALID', /sendAt/],
    [[note(), { sendAt: { local: '2030-01-01T10:00', timeZone: 'Mars/Olympus' } }], 'EINVALID', /sendAt/],
  ];
  for (const [args, code, field] of bad) {
    const error = await spooler.submit(...args).then(
      () => undefined,
      (reason: unknown) => reason as { code: string; field?: string; message: string; remedy: string },
    );
    expect(error?.code, String(args[0].subject)).toBe(code);
    expect(`${error?.field} ${error?.message}`).toMatch(field);
    expect(error?.remedy).not.toBe('');
  }
  expect(await collect(spooler.list())).toEqual([]);
});

test('local send times follow the zone over both edges of summer time', async () => {
  const { zonedInstant } = await import('../../../src/time/zoned.ts');
  expect(new Date(zonedInstant('2026-01-15T12:00', 'Europe/Berlin')).toISOString()).toBe('2026-01-15T11:00:00.000Z');
  expect(new Date(zonedInstant('2026-07-15T12:00', 'Europe/Berlin')).toISOString()).toBe('2026-07-15T10:00:00.000Z');
  expect(new Date(zonedInstant('2026-03-29T02:30', 'Europe/Berlin')).toISOString()).toBe('2026-03-29T01:30:00.000Z');
  expect(new Date(zonedInstant('2026-10-25T02:30', 'Europe/Berlin')).toISOString()).toBe('2026-10-25T00:30:00.000Z');
});

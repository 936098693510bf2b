// Receipts of reading: written once when received mail is read, or goes unread, and understood when they arrive.
import { loopback, type LoopbackProvider } from 'mailspool/providers/loopback';
import { virtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import type { EntryId, MemoryStore } from '../../../src/index.ts';
import { testInMemory } from './stores.ts';
import { collect, note, world, type World, type WorldOptions } from './world.ts';

const asking = (changes: Readonly<Record<string, string>> = {}): string => {
  const fields = {
    'Return-Path': '<ann@harbour.example>',
    From: 'Ann <ann@harbour.example>',
    To: 'bob@harbour.example',
    Subject: 'Berth 7',
    'Message-ID': '<m1@harbour.example>',
    'Disposition-Notification-To': 'ann@harbour.example',
    ...changes,
  };
  const lines = Object.entries(fields).map(([name, value]) => (value === '' ? '' : `${name}: ${value}\r\n`));
  return `${lines.join('')}\r\nThe pilot boards at noon.\r\n`;
};

/** A spooler that has received a message, and the message. */
async function received(
  content = asking(),
  { store, ...options }: WorldOptions & { store?: MemoryStore } = {},
): Promise<{ own: World; id: EntryId }> {
  const own = store ? await world({ ...options, store }) : await world(options);
  own.provider.push(content, { reference: `mail ${content.length}` });
  await own.clock.settle();
  const [message] = await collect(own.spooler.list({ direction: 'inbound' }));
  if (!message) throw new Error('nothing was received');
  return { own, id: message.id };
}

const texts = ({ provider }: { provider: LoopbackProvider }): string[] => provider.handedOver.map(({ bytes }) => Buffer.from(bytes).toString());
const dispositions = (own: { provider: LoopbackProvider }): string[] =>
  texts(own).flatMap((text) => /^Disposition: .*; (\S+)$/m.exec(text)?.[1] ?? []);

test('M-071 T-048 whoever asks is told that his message was read: through the providers, with the null return path, and nothing is kept of it', async () => {
  const { own, id } = await received();
  expect(await own.spooler.get(id)).toMatchObject({ report: { read: true }, properties: { reportTo: { address: 'ann@harbour.example' } } });
  const result = await own.spooler.markRead(id, 'read');
  if (result.report !== 'written') throw new Error('no report was written');
  expect(await own.spooler.get(result.id)).toMatchObject({ returnPath: null, properties: { messageClass: 'REPORT.IPM.Note.IPNRN' } });
  await own.clock.settle();
  expect(own.provider.handedOver).toMatchObject([{ returnPath: null, recipients: [{ address: 'ann@harbour.example' }] }]);
  expect(dispositions(own)).toEqual(['displayed']);
  expect(texts(own)[0]).toContain('Final-Recipient: rfc822; bob@harbour.example\r\nOriginal-Message-ID: <m1@harbour.example>\r\n');
  expect(await own.spooler.get(id)).toMatchObject({ read: true, receipt: { report: 'read' } });
  expect(await own.spooler.get(result.id)).toBeUndefined();
});

test('T-048 nobody is told unless the program says so', async () => {
  const { own, id } = await received();
  expect(await own.spooler.markRead(id)).toEqual({ report: 'none', reason: 'notAsked' });
  await own.clock.settle();
  expect((await own.spooler.get(id))?.read).toBe(true);
  expect(own.provider.handedOver).toEqual([]);
  // Still owed: what was only marked can be told later.
  expect(await own.spooler.markRead(id, 'read')).toMatchObject({ report: 'written' });
});

test.each([
  ['notRequested', { 'Disposition-Notification-To': '' }],
  ['nullReturnPath', { 'Return-Path': '<>' }],
  ['isReport', { 'Content-Type': 'multipart/report; report-type=disposition-notification; boundary=x' }],
])('T-048 %s: nobody is told, whoever agrees', async (reason, changes) => {
  const { own, id } = await received(asking(changes));
  for (const consent of ['policy', 'person'] as const)
    expect(await own.spooler.markRead(id, 'read', { consent })).toEqual({ report: 'none', reason });
  await own.clock.settle();
  expect((await own.spooler.get(id))?.read).toBe(true);
  expect(own.provider.handedOver).toEqual([]);
});

test.each([
  ['otherReturnPath', { 'Return-Path': '<bounces@harbour.example>' }],
  ['severalAddresses', { 'Disposition-Notification-To': 'ann@harbour.example, cleo@harbour.example' }],
  ['mailingList', { 'List-Id': '<crew.harbour.example>' }],
])('T-048 %s: told only if a person agreed for this message', async (reason, changes) => {
  const { own, id } = await received(asking(changes));
  expect(await own.spooler.markRead(id, 'read')).toEqual({ report: 'none', reason });
  expect(await own.spooler.markRead(id, 'read', { consent: 'person' })).toMatchObject({ report: 'written' });
  await own.clock.settle();
  expect(texts(own)[0]).toContain('manual-action/MDN-sent-manually; displayed');
});

test('M-071 at most once: repeated, at the same time, as the other report, or of a copy', async () => {
  const { own, id } = await received();
  const results = await Promise.all([own.spooler.markRead(id, 'read'), own.spooler.markRead(id, 'read'), own.spooler.markRead(id, 'read')]);
  expect(new Set(results.map((result) => (result.report === 'written' ? result.id : 'none'))).size).toBe(1);
  await own.clock.settle();
  for (const report of ['read', 'notRead'] as const)
    expect(await own.spooler.markRead(id, report)).toEqual({ report: 'none', reason: 'alreadyReported' });
  own.provider.push(asking({ Received: 'by another way' }), { reference: 'a copy' });
  await own.clock.settle();
  const copies = (await collect(own.spooler.list({ direction: 'inbound' }))).filter((message) => message.id !== id);
  expect(copies).toHaveLength(1);
  for (const copy of copies) expect(await own.spooler.markRead(copy.id, 'read')).toEqual({ report: 'none', reason: 'alreadyReported' });
  await own.clock.advance('1h');
  expect(dispositions(own)).toEqual(['displayed']);
});

test('M-071 after the idempotency keys are swept, a message that was reported on stays so', async () => {
  const { own, id } = await received(asking(), { retention: { idempotencyKeyMs: 1_000 } });
  await own.spooler.markRead(id, 'read');
  await own.clock.advance('4h');
  expect(await own.spooler.markRead(id, 'read')).toEqual({ report: 'none', reason: 'alreadyReported' });
  expect(dispositions(own)).toEqual(['displayed']);
});

testInMemory('M-071 mark and report are one write: a crash before it leaves both to be asked for again', async (store) => {
  const { own, id } = await received(asking(), { store, clock: virtualTime({ patienceMs: 100 }) });
  const release = store.holdSync();
  const marking = own.spooler.markRead(id, 'read');
  marking.catch(() => undefined);
  await expect(own.clock.settle()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  store.crash();
  release();
  const again = await world({ store: store.sharing(), clock: own.clock });
  expect(await again.spooler.get(id)).toMatchObject({ read: false });
  expect((await again.spooler.get(id))?.receipt).toBeUndefined();
  await again.spooler.markRead(id, 'read');
  await again.clock.advance('1m');
  expect(dispositions(again)).toEqual(['displayed']);
});

test('M-071 a crash after the write loses neither mark nor report, and asking again writes no second', async () => {
  const first = await received();
  await first.own.spooler.suspend();
  await first.own.spooler.markRead(first.id, 'read');
  first.own.store.crash();
  const again = await world({ store: first.own.store.sharing(), clock: first.own.clock });
  expect(await again.spooler.markRead(first.id, 'read')).toEqual({ report: 'none', reason: 'alreadyReported' });
  await again.clock.advance('1m');
  expect(dispositions(again)).toEqual(['displayed']);
});

test('M-071 a report that cannot be written leaves the message as it was, and is retryable', async () => {
  const { own, id } = await received(asking({ To: 'bob@harbour.example, cleo@harbour.example' }));
  await expect(own.spooler.markRead(id, 'read')).rejects.toMatchObject({ code: 'EINVALID', field: 'from' });
  expect(await own.spooler.get(id)).toMatchObject({ read: false });
  expect(await own.spooler.markRead(id, 'read', { from: 'cleo@harbour.example' })).toMatchObject({ report: 'written' });
  await own.clock.settle();
  expect(texts(own)[0]).toContain('Final-Recipient: rfc822; cleo@harbour.example');
});

test('M-071 the reader is the account’s identity among the recipients, and the report goes by that account', async () => {
  const provider = loopback();
  const other = loopback({ name: 'other' });
  const own = await world({
    providers: [],
    accounts: [
      { name: 'work', providers: [other] },
      { name: 'home', providers: [provider], identities: ['Cleo@harbour.example'] },
    ],
  });
  provider.push(asking({ To: 'bob@harbour.example, cleo@harbour.example' }));
  await own.clock.settle();
  const [message] = await collect(own.spooler.list({ direction: 'inbound' }));
  await own.spooler.markRead(message?.id as EntryId, 'read');
  await own.clock.settle();
  expect(other.handedOver).toEqual([]);
  expect(texts({ provider })[0]).toContain('Final-Recipient: rfc822; cleo@harbour.example');
});

test('M-071 what goes unread is told as such, and only of what is unread', async () => {
  const { own, id } = await received();
  expect(await own.spooler.markRead(id, 'notRead')).toMatchObject({ report: 'written' });
  await own.clock.settle();
  expect(dispositions(own)).toEqual(['deleted']);
  expect(await own.spooler.get(id)).toMatchObject({ read: false, receipt: { report: 'notRead' } });
  const read = await received(asking({ 'Message-ID': '<m2@harbour.example>' }));
  await read.own.spooler.markRead(read.id);
  expect(await read.own.spooler.markRead(read.id, 'notRead')).toEqual({ report: 'none', reason: 'wasRead' });
});

test('M-071 removed unread: the message is gone, and its sender is told if the program wants that', async () => {
  const silent = await received();
  expect(await silent.own.spooler.purge(silent.id)).toEqual({ changed: [silent.id], unchanged: [] });
  const { own, id } = await received(asking());
  expect(await own.spooler.purge({ direction: 'inbound' }, { report: 'notRead', dryRun: true })).toEqual({ changed: [id], unchanged: [] });
  await own.spooler.purge({ direction: 'inbound' }, { report: 'notRead' });
  for (const one of [silent.own, own]) {
    await one.clock.settle();
    expect(await collect(one.spooler.list())).toEqual([]);
  }
  expect([dispositions(silent.own), dispositions(own)]).toEqual([[], ['deleted']]);
});

test('M-071 a purge that names neither messages nor received mail leaves received mail alone', async () => {
  const { own, id } = await received();
  expect(await own.spooler.purge({})).toEqual({ changed: [], unchanged: [id] });
  expect(await own.spooler.get(id)).toBeDefined();
});

test('M-071 a copy that is sent on asks for nothing', async () => {
  const { own, id } = await received();
  const copy = await own.spooler.clone(id, { recipients: [{ type: 'SMTP', address: 'cleo@harbour.example' }] });
  await own.clock.settle();
  expect(texts(own)[0]).not.toContain('Disposition-Notification');
  expect((await own.spooler.get(copy.id))?.report.read).toBeUndefined();
});

test('T-045 a receipt that nobody takes stays as a dead letter, with a warning, and nothing is written about it', async () => {
  const refused = { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 5.7.1 no' } } as const;
  const { own, id } = await received(asking(), { loopback: { answer: () => refused } });
  const result = await own.spooler.markRead(id, 'read');
  await own.clock.advance('1h');
  const outbound = await collect(own.spooler.list({ direction: 'outbound' }));
  expect(outbound).toMatchObject([{ id: result.report === 'written' && result.id, recipients: [{ status: { state: 'failed' } }] }]);
  expect(own.events).toContainEqual(expect.objectContaining({ type: 'warning' }));
  expect(await collect(own.spooler.list({ direction: 'inbound' }))).toHaveLength(1);
});

test('M-065 M-070 A asks, B reads, and A’s row shows when', async () => {
  const clock = virtualTime();
  const annSide = loopback({ name: 'ann' });
  const bobSide = loopback({ name: 'bob', deliver: annSide });
  const ann = await world({ clock, providers: [loopback({ name: 'out', deliver: bobSide, reception: 'none' }), annSide] });
  const bob = await world({ clock, providers: [bobSide] });
  const { id } = await ann.spooler.submit(note(), { report: { read: true } });
  await clock.settle();
  const [message] = await collect(bob.spooler.list({ direction: 'inbound' }));
  expect(message?.report).toEqual({ read: true });
  await clock.advance('10m');
  const readAt = clock.now();
  // No server has written a return path, so a person must agree.
  expect(await bob.spooler.markRead(message?.id as EntryId, 'read')).toMatchObject({ reason: 'noReturnPath' });
  await bob.spooler.markRead(message?.id as EntryId, 'read', { consent: 'person' });
  await clock.settle();
  expect((await ann.spooler.get(id))?.recipients).toMatchObject([{ address: 'bob@harbour.example', readAt, status: { state: 'relayed' } }]);
  expect(ann.events.filter(({ type }) => type === 'read')).toMatchObject([{ id, recipient: { readAt } }]);
  expect((await ann.spooler.explain(id))[0]?.sentence).toContain(`It was read at ${new Date(readAt).toISOString()}.`);
  const [receipt] = await collect(ann.spooler.list({ direction: 'inbound' }));
  expect(receipt?.properties).toMatchObject({ messageClass: 'REPORT.IPM.Note.IPNRN', subject: 'Read: Berth 7' });
  expect(await ann.spooler.markRead(receipt?.id as EntryId, 'read', { consent: 'person' })).toMatchObject({ reason: 'isReport' });
});

const bounce = (messageId: string, lines: string[], type = 'delivery-status'): string =>
  [
    'Return-Path: <>',
    'From: MAILER-DAEMON@mx.pier.example',
    'To: ann@harbour.example',
    'Subject: News of your message',
    `Content-Type: multipart/report; report-type=${type}; boundary=x`,
    '',
    '--x',
    `Content-Type: message/${type}`,
    '',
    ...lines,
    '',
    '--x',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: ${messageId}`,
    '',
    '--x--',
    '',
  ].join('\r\n');

const row = (address: string, action: string, status: string): string[] => [
  '',
  `Final-Recipient: rfc822; ${address}`,
  `Action: ${action}`,
  `Status: ${status}`,
  ...(action === 'failed' ? [`Diagnostic-Code: smtp; 550 ${status} no such user`] : []),
];

test('M-070 T-050 a bounce that arrives settles the rows of the message that it is about, is the notice itself, and once', async () => {
  const own = await world();
  const { id, messageId } = await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example', 'dan@harbour.example']), {
    report: { delivery: true },
  });
  await own.clock.settle();
  const reportsBefore = (await collect(own.spooler.list({ direction: 'inbound' }))).length;
  const text = bounce(messageId, [
    'Reporting-MTA: dns; mx.pier.example',
    ...row('bob@harbour.example', 'failed', '5.1.1'),
    ...row('cleo@harbour.example', 'delivered', '2.0.0'),
    ...row('eve@harbour.example', 'failed', '5.1.1'),
  ]);
  own.provider.push(text, { reference: 'bounce' });
  own.provider.push(text, { reference: 'the same by another way' });
  await own.clock.settle();
  expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'failed', 'cleo@harbour.example': 'delivered', 'dan@harbour.example': 'relayed' });
  expect((await own.spooler.get(id))?.recipients[0]?.last).toMatchObject({ enhancedCode: '5.1.1', responseCode: 550 });
  expect(own.events.filter(({ type }) => type === 'bounced')).toMatchObject([{ id, recipient: { address: 'bob@harbour.example' } }]);
  const inbound = await collect(own.spooler.list({ direction: 'inbound' }));
  expect(inbound).toHaveLength(reportsBefore + 2);
  expect(inbound.at(-1)?.properties.messageClass).toBe('REPORT.IPM.Note.NDR');
});

test('M-070 T-050 by the ENVID that was sent, and by the original recipient; a report about nobody’s message changes nothing', async () => {
  const own = await world();
  const { id } = await own.spooler.submit(note(['crew@harbour.example', 'cleo@harbour.example']), { envelopeId: 'env-1' });
  await own.clock.settle();
  const known = ['Original-Envelope-Id: env-1', 'Reporting-MTA: dns; mx', ...row('bob@pier.example', 'failed', '5.2.2')];
  own.provider.push(bounce('<unheard@of.example>', ['Reporting-MTA: dns; mx', ...row('crew@harbour.example', 'failed', '5.1.1')]));
  await own.clock.settle();
  expect(await own.states(id)).toEqual({ 'crew@harbour.example': 'relayed', 'cleo@harbour.example': 'relayed' });
  own.provider.push(bounce('<x@y.example>', [...known, 'Original-Recipient: rfc822;crew@harbour.example']));
  await own.clock.settle();
  expect(await own.states(id)).toEqual({ 'crew@harbour.example': 'failed', 'cleo@harbour.example': 'relayed' });
});

test('M-070 a message with one recipient that was forwarded: whoever reads it is that recipient', async () => {
  const own = await world();
  const { id, messageId } = await own.spooler.submit(note('crew@harbour.example'), { report: { read: true } });
  await own.clock.settle();
  const lines = [
    'Final-Recipient: rfc822; bob@pier.example',
    `Original-Message-ID: ${messageId}`,
    'Disposition: manual-action/MDN-sent-manually; deleted',
  ];
  own.provider.push(bounce('<x@y.example>', lines, 'disposition-notification'));
  await own.clock.settle();
  const [recipient] = (await own.spooler.get(id))?.recipients ?? [];
  expect(recipient).toMatchObject({ notReadAt: own.clock.now() });
  expect(recipient?.readAt).toBeUndefined();
  expect((await own.spooler.explain(id))[0]?.sentence).toContain('It was deleted unread at');
});

test('M-070 a report that arrives is heeded once more where the spooler died over it', async () => {
  const own = await world();
  const { id, messageId } = await own.spooler.submit(note());
  await own.clock.settle();
  const later = { name: 'dies', inbound: async () => await new Promise<never>(() => undefined) };
  await own.spooler.stop({ drainMs: 0 });
  const second = await world({ store: own.store.sharing(), clock: own.clock, postprocessors: [later] });
  second.provider.push(bounce(messageId, ['Reporting-MTA: dns; mx', ...row('bob@harbour.example', 'failed', '5.1.1')]), { reference: 'bounce' });
  await second.clock.settle();
  expect(await second.states(id)).toEqual({ 'bob@harbour.example': 'failed' });
  second.store.crash();
  const third = await world({ store: second.store.sharing(), clock: own.clock });
  await third.clock.advance('2m');
  expect(await third.states(id)).toEqual({ 'bob@harbour.example': 'failed' });
  expect(await collect(third.spooler.list({ direction: 'inbound' }))).toHaveLength(1);
});

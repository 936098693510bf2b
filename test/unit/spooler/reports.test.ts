import { seededRandom, virtualTime } from 'mailspool/testing';
import { expect, test } from 'vitest';
import { retryPolicy } from '../../../src/index.ts';
import { testInMemory } from './stores.ts';
import { collect, note, world, type World } from './world.ts';

const refused = {
  outcome: 'rejected',
  diagnostic: { code: 'EENVELOPE', text: '550 5.1.1 no such user', response: '550 5.1.1 no such user', responseCode: 550, enhancedCode: '5.1.1' },
} as const;

const reports = async ({ spooler }: World) => await collect(spooler.list({ direction: 'inbound' }));
const text = async ({ spooler }: World, id: Parameters<typeof spooler.raw>[0]) => Buffer.concat(await collect(await spooler.raw(id))).toString();

test('M-064 a transport’s word on a recipient changes its state, and a repeated one changes nothing', async () => {
  const own = await world();
  const { spooler, clock, provider, states, events } = own;
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.settle();
  const support = provider.sessions[0]?.support;
  const rows = [
    { recipient: 1, status: 'delivered', at: clock.now() },
    { recipient: { type: 'SMTP', address: 'CLEO@harbour.example' }, status: 'failed', diagnostic: refused.diagnostic },
  ] as const;
  expect(await support?.statusRecipients({ entryId: id }, rows)).toBe('matched');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'delivered', 'cleo@harbour.example': 'failed' });
  await support?.statusRecipients({ entryId: id }, rows);
  await clock.settle();
  expect(await reports(own)).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1);
  expect(await support?.statusRecipients({ remoteId: 'unheard of' }, rows)).toBe('unmatched');
});

test('M-064 the first final word counts: a word during the hand-over is not overwritten by its result', async () => {
  const own = await world({
    loopback: {
      transfer: async ({ id }) => {
        await own.provider.sessions[0]?.support.statusRecipients({ entryId: id }, [{ recipient: 1, status: 'delivered', at: own.clock.now() }]);
      },
    },
  });
  const { id } = await own.spooler.submit(note());
  await own.clock.settle();
  expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'delivered' });
});

test('M-065 a delivery report only where it was asked for; a non-delivery report unless it was declined', async () => {
  const own = await world({
    loopback: {
      answer: ({ recipients }) =>
        recipients.map(({ id, address }) => ({ recipient: id, ...(address.startsWith('bob') ? { outcome: 'accepted' as const } : refused) })),
    },
  });
  await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']), { report: { nonDelivery: false } });
  await own.clock.settle();
  expect(await reports(own)).toEqual([]);
  await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']), { report: { delivery: true } });
  await own.clock.settle();
  expect((await reports(own)).map(({ properties }) => properties.messageClass).toSorted()).toEqual(['REPORT.IPM.Note.DR', 'REPORT.IPM.Note.NDR']);
});

test('T-046 where the next system reports no deliveries, "relayed" is told here; where it does, its report is the only one', async () => {
  const own = await world({
    loopback: {
      answer: ({ recipients }) =>
        recipients.map(({ id, address }) => ({
          recipient: id,
          outcome: 'accepted' as const,
          ...(address.startsWith('bob') && { reportsFollow: true as const }),
        })),
    },
  });
  const { id } = await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']), { report: { delivery: true } });
  await own.clock.settle();
  const [report, ...more] = await reports(own);
  expect(more).toEqual([]);
  const raw = await text(own, report?.id as never);
  expect(raw).toContain('Final-Recipient: rfc822; cleo@harbour.example\r\nAction: relayed\r\n');
  expect(raw).not.toContain('Final-Recipient: rfc822; bob@harbour.example');
  expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'relayed' });
});

test('M-066 a non-delivery report attaches the message as it was at submit; a delivery report does not', async () => {
  const own = await world({
    preprocessors: [
      { name: 'rewrite', preprocess: async (message) => await message.setContent(Buffer.from('Subject: rewritten\r\n\r\nrewritten\r\n')) },
    ],
    loopback: {
      answer: ({ recipients }) =>
        recipients.map(({ id, address }) => ({ recipient: id, ...(address.startsWith('bob') ? { outcome: 'accepted' as const } : refused) })),
    },
  });
  await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']), { report: { delivery: true } });
  await own.clock.settle();
  for (const report of await reports(own)) {
    const raw = await text(own, report.id);
    expect(raw.includes('The pilot boards at noon.')).toBe(report.properties.messageClass?.endsWith('.NDR'));
    expect(raw).not.toContain('rewritten');
  }
});

test('M-067 reports go to the report addressee if set, else to the sender', async () => {
  const own = await world({ loopback: { answer: () => refused } });
  await own.spooler.submit(note());
  await own.spooler.submit(note(), { reportTo: { type: 'SMTP', address: 'office@harbour.example' } });
  await own.clock.settle();
  expect((await reports(own)).map(({ recipients }) => recipients[0]?.address)).toEqual(['ann@harbour.example', 'office@harbour.example']);
});

test('M-068 a report carries the original subject, submit time, display lists and the reason', async () => {
  const own = await world({ loopback: { answer: () => refused } });
  const submittedAt = own.clock.now();
  await own.spooler.submit(note('Bob <bob@harbour.example>'));
  await own.clock.settle();
  const [report] = await reports(own);
  expect(report?.properties.named).toMatchObject({
    originalSubject: 'Berth 7',
    originalSubmitTime: submittedAt,
    originalDisplayTo: 'Bob',
    diagnosticCode: '5.1.1',
  });
  expect(await text(own, report?.id as never)).toContain('550 5.1.1 no such user');
});

testInMemory('T-043 a failed recipient gives exactly one report, also when the spooler crashes around the settlement', async (store) => {
  const own = await world({ store, clock: virtualTime({ patienceMs: 100 }), loopback: { answer: () => refused } });
  await own.spooler.suspend();
  await own.spooler.submit(note());
  const release = store.holdSync();
  void own.spooler.resume();
  await expect(own.clock.settle()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  expect(own.provider.handedOver).toHaveLength(1);
  store.crash();
  release();
  const again = await world({ store: store.sharing(), clock: own.clock, loopback: { answer: () => refused } });
  await again.clock.advance('1m');
  expect(await reports(again)).toHaveLength(1);
});

test('T-044 T-045 reports have the null return path, and nothing answers one', async () => {
  const own = await world({ reports: 'wire', loopback: { answer: () => refused } });
  await own.spooler.submit(note());
  await own.clock.advance('1h');
  const handed = own.provider.handedOver;
  expect(handed.map(({ returnPath }) => returnPath?.address ?? null)).toEqual(['ann@harbour.example', null]);
  expect(Buffer.from(handed[1]?.bytes ?? []).toString()).toContain('Auto-Submitted: auto-replied');
  expect(own.events).toContainEqual(expect.objectContaining({ type: 'warning' }));
  const outbound = await collect(own.spooler.list({ direction: 'outbound' }));
  const [letter] = outbound.filter(({ returnPath }) => returnPath === null);
  expect(letter).toMatchObject({ properties: { messageClass: 'REPORT.IPM.Note.NDR' }, recipients: [{ status: { state: 'failed' } }] });
  expect(outbound).toHaveLength(2);
});

test('T-045 a report that expires on its way stays as a dead letter; one that arrives leaves nothing', async () => {
  const temporary = { outcome: 'notSent', diagnostic: { code: 'EENVELOPE', text: '451 later' } } as const;
  let answer: 'refused' | 'later' | 'taken' = 'later';
  const answers = { refused, later: temporary, taken: { outcome: 'accepted' } } as const;
  const retry = { ...retryPolicy(seededRandom(1)), lifetimeMs: 3_600_000 };
  const own = await world({ retry, reports: 'wire', loopback: { answer: ({ returnPath }) => (returnPath ? refused : answers[answer]) } });
  const left = async () => (await collect(own.spooler.list({ direction: 'outbound' }))).filter(({ returnPath }) => returnPath === null);
  await own.spooler.submit(note());
  await own.clock.advance('2h');
  expect((await left()).map(({ recipients }) => recipients[0]?.status.state)).toEqual(['expired']);
  answer = 'taken';
  await own.spooler.submit(note());
  await own.clock.settle();
  expect(await left()).toHaveLength(1);
});

test('M-069 on the wire a report goes with the priority of the original', async () => {
  const seen: number[] = [];
  const own = await world({
    reports: 'wire',
    loopback: { answer: ({ returnPath, priority }) => (seen.push(priority), returnPath ? refused : { outcome: 'accepted' }) },
  });
  await own.spooler.submit(note(), { priority: 7 });
  await own.clock.settle();
  expect(seen).toEqual([7, 7]);
});

test('a report on this host is new mail of the sender’s account, in the same write that settles', async () => {
  const own = await world({ loopback: { answer: () => refused } });
  const news: string[] = [];
  own.spooler.newMail$.subscribe(({ messageClass }) => news.push(messageClass));
  await own.clock.settle();
  await own.spooler.submit(note());
  await own.clock.settle();
  expect(news).toEqual(['REPORT.IPM.Note.NDR']);
});

for (const [what, text] of Object.entries({ small: 'small', large: 'x'.repeat(100_000) }))
  testInMemory(
    `T-003 U-003 a message whose ${what} content is damaged fails or expires all the same, and its report goes without the original`,
    async (store) => {
      const errors: string[] = [];
      const ignore = () => undefined;
      const logger = { debug: ignore, info: ignore, warn: ignore, error: (_fields: unknown, line: string) => void errors.push(line) };
      const own = await world({ store, logger });
      await own.spooler.suspend();
      const { id } = await own.spooler.submit(note('bob@harbour.example', { text }), { expiresAt: own.clock.now() + 60_000 });
      const [stored] = await store.get([id]);
      store.damage(stored?.content as never);
      await own.clock.advance('2m');
      expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'expired' });
      expect(await reports(own)).toHaveLength(1);
      expect(errors.filter((line) => !line.includes('cannot be read'))).toEqual([]);
    },
  );

testInMemory('T-005 T-043 a disk that is full for a while loses neither the outcome nor the report with a large original', async (store) => {
  const answer = [
    { recipient: 1, outcome: 'accepted' as const },
    { recipient: 2, ...refused },
  ];
  const own = await world({ store, loopback: { answer: () => answer } });
  await own.spooler.suspend();
  const { id } = await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example'], { text: 'x'.repeat(200_000) }));
  const room = store.failWrites(({ table }) => table === 'contents');
  await own.spooler.resume();
  await own.clock.advance('10s');
  expect(own.provider.handedOver).toHaveLength(1);
  room();
  await own.clock.advance('1h');
  expect(own.provider.handedOver).toHaveLength(1);
  expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'failed' });
  expect(await reports(own)).toHaveLength(1);
});

testInMemory('T-003 a message whose content is damaged is set aside and told of; others go on', async (store) => {
  const own = await world({ store });
  await own.spooler.suspend();
  const damaged = [];
  for (const text of ['small', 'x'.repeat(100_000)]) {
    const { id } = await own.spooler.submit(note('bob@harbour.example', { text }));
    const [stored] = await store.get([id]);
    store.damage(stored?.content as never);
    damaged.push(id);
  }
  const sound = await own.spooler.submit(note());
  await own.spooler.resume();
  await own.clock.advance('1h');
  expect(own.provider.handedOver.map(({ entryId }) => entryId)).toEqual([sound.id]);
  for (const id of damaged)
    expect((await own.spooler.get(id))?.recipients[0]?.status).toMatchObject({
      state: 'held',
      by: 'policy',
      reason: expect.stringContaining('ECORRUPT'),
    });
  expect(own.events.filter(({ type }) => type === 'warning')).toHaveLength(2);
});

test('M-063 T-043 a recipient of whom was told during the hand-over is not reported again with the others', async () => {
  const own = await world({
    loopback: {
      transfer: async ({ id }) => {
        const word = { recipient: 1, status: 'failed', diagnostic: refused.diagnostic } as const;
        await own.provider.sessions[0]?.support.statusRecipients({ entryId: id }, [word]);
      },
      answer: () => refused,
    },
  });
  await own.spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await own.clock.settle();
  const texts = (await reports(own)).map(({ properties }) => String(properties.named?.['reportText']));
  expect(texts.filter((line) => line.includes('bob@harbour.example'))).toHaveLength(1);
  expect(texts.filter((line) => line.includes('cleo@harbour.example'))).toHaveLength(1);
});

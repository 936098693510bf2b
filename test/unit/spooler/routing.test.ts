import { loopback } from 'mailspool/providers/loopback';
import { describe, expect, test } from 'vitest';
import type { Recipient, SessionKey } from '../../../src/index.ts';
import { matchingSessions, normalAddressTypes, transportOrder, type RoutingSession } from '../../../src/spooler/routing.ts';
import { collect, note, world } from './world.ts';

const key = (name: string) => name as SessionKey;
const session = (name: string, types: readonly string[] | null, uids: readonly string[] = []): RoutingSession => ({ key: key(name), types, uids });
const recipient = (type: string, uid?: string): Recipient => ({ id: 1, kind: 'to', type, address: 'x', ...(uid && { uid }) });
const small = { sizeBytes: 1 };

describe('matching', () => {
  test('M-015 types match as whole strings, without regard to case', () => {
    const sessions = [session('a', ['SMT']), session('b', ['SMTPX']), session('c', ['SMTP']), { key: key('d'), ...normalAddressTypes(['smtp']) }];
    expect(matchingSessions(recipient('smtp'), small, sessions)).toEqual(['c', 'd']);
  });

  test('M-016 all UIDs come before all types: a late UID match beats an early type match', () => {
    const sessions = [session('byType', ['SMTP']), session('byUid', [''], ['uid-1'])];
    expect(matchingSessions(recipient('SMTP', 'uid-1'), small, sessions)).toEqual(['byUid', 'byType']);
  });

  test('M-017 who had its chance is passed over', () => {
    const sessions = [session('a', ['SMTP']), session('b', ['SMTP'])];
    expect(matchingSessions({ ...recipient('SMTP'), passed: [key('a')] }, small, sessions)).toEqual(['b']);
  });

  test('M-019 types null match anything and come last; an empty type matches nothing', () => {
    const sessions = [session('smartHost', null), session('preprocessorOnly', ['']), session('smtp', ['SMTP'])];
    expect(matchingSessions(recipient('SMTP'), small, sessions)).toEqual(['smtp', 'smartHost']);
    expect(matchingSessions(recipient('FAX'), small, sessions)).toEqual(['smartHost']);
  });

  test('a session of another account, or one that takes only smaller messages, does not match', () => {
    const sessions = [
      { ...session('work', ['SMTP']), account: 'work' },
      { ...session('tiny', ['SMTP']), messageSizeBytes: 10 },
      session('any', ['SMTP']),
    ];
    expect(matchingSessions(recipient('SMTP'), { sizeBytes: 11, account: 'home' }, sessions)).toEqual(['any']);
    expect(matchingSessions(recipient('SMTP'), { sizeBytes: 10, account: 'work' }, sessions)).toEqual(['work', 'tiny', 'any']);
  });

  test('a plain list stands for types without UIDs', () => {
    expect(normalAddressTypes(['smtp'])).toEqual({ types: ['SMTP'], uids: [] });
    expect(normalAddressTypes(null)).toEqual({ types: null, uids: [] });
  });

  test('M-020 the default order is that of addition with preferLast at the end; an explicit order overrides it', () => {
    const sessions = [
      { key: key('a'), preferLast: true },
      { key: key('b'), preferLast: false },
      { key: key('c'), preferLast: false },
    ];
    expect(transportOrder(sessions).map((one) => one.key)).toEqual(['b', 'c', 'a']);
    expect(transportOrder(sessions, [key('a'), key('c'), key('b')]).map((one) => one.key)).toEqual(['a', 'c', 'b']);
  });
});

test('M-016 in the spooler, too, the UID decides before the type', async () => {
  const byType = loopback({ name: 'type' });
  const byUid = loopback({ name: 'uid', addressTypes: { types: [''], uids: ['uid-1'] } });
  const { spooler, clock } = await world({ providers: [byType, byUid] });
  await spooler.submit(note([], { recipients: [{ type: 'SMTP', address: 'bob@harbour.example', uid: 'uid-1' }] }));
  await clock.advance('1s');
  expect(byUid.handedOver).toHaveLength(1);
  expect(byType.handedOver).toHaveLength(0);
});

test('M-017 recipients that the first match leaves go on to the next', async () => {
  const first = loopback({
    name: 'first',
    answer: ({ recipients }) =>
      recipients.map(({ id, address }) =>
        address.startsWith('bob') ? { recipient: id, outcome: 'accepted' } : { recipient: id, outcome: 'notMine' },
      ),
  });
  const second = loopback({ name: 'second' });
  const { spooler, clock, states } = await world({ providers: [first, second] });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  const settled = spooler.settled(id);
  await clock.advance('1s');
  expect((await settled).recipients).toEqual((await spooler.get(id))?.recipients);
  expect(second.handedOver.map(({ recipients }) => recipients.map(({ address }) => address))).toEqual([['cleo@harbour.example']]);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'relayed' });
  expect((await spooler.get(id))?.recipients[1]).toMatchObject({ attempts: 1, passed: ['first'] });
});

test('M-018 when no match is left, exactly those recipients are reported as undeliverable', async () => {
  const none = loopback({
    answer: ({ recipients }) =>
      recipients.map(({ id, address }) =>
        address.startsWith('bob') ? { recipient: id, outcome: 'accepted' } : { recipient: id, outcome: 'notMine' },
      ),
  });
  const { spooler, clock, states } = await world({ providers: [none] });
  const { id } = await spooler.submit(note(['bob@harbour.example', 'cleo@harbour.example']));
  await clock.advance('1s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed', 'cleo@harbour.example': 'failed' });
  const reports = await collect(spooler.list({ direction: 'inbound' }));
  expect(reports.map(({ properties }) => properties.messageClass)).toEqual(['REPORT.IPM.Note.NDR']);
  const text = String(reports[0]?.properties.named?.['reportText']);
  expect(text).toContain('cleo@harbour.example');
  expect(text).not.toContain('bob@harbour.example');
});

test('M-018 M-023 who leaves a recipient may say why: the next match is asked all the same, and without one the report says it', async () => {
  const diagnostic = { code: 'EBADNETPATH', text: 'a datagram carries 424 bytes', enhancedCode: '5.3.4' };
  const short = () =>
    loopback({ name: 'short', answer: ({ recipients }) => recipients.map(({ id }) => ({ recipient: id, outcome: 'notMine', diagnostic })) });
  const long = loopback({ name: 'long' });
  const both = await world({ providers: [short(), long] });
  await both.spooler.submit(note());
  await both.clock.advance('1s');
  expect(long.handedOver).toHaveLength(1);

  const { spooler, clock } = await world({ providers: [short()] });
  const { id } = await spooler.submit(note());
  await clock.advance('1s');
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ attempts: 0, status: { state: 'failed', diagnostic } });
  const [report] = await collect(spooler.list({ direction: 'inbound' }));
  expect(String(report?.properties.named?.['reportText'])).toContain('longer than a datagram carries');
});

test('M-019 a session with an empty type is never given messages', async () => {
  const only = loopback({ name: 'only', addressTypes: [''] });
  const { spooler, clock, states } = await world({ providers: [only] });
  const { id } = await spooler.submit(note());
  await clock.advance('1s');
  expect(only.handedOver).toHaveLength(0);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'failed' });
});

test('M-040 a type that nobody carries is reported at once', async () => {
  const { spooler, clock, states } = await world();
  const { id } = await spooler.submit(note([], { recipients: [{ type: 'FAX', address: '+49 40 1' }] }));
  await clock.settle();
  expect(await states(id)).toEqual({ '+49 40 1': 'failed' });
  expect((await spooler.get(id))?.recipients[0]?.last?.code).toBe('ENOROUTE');
});

test('a message of an account goes only through that account or through sessions without one', async () => {
  const work = loopback({ name: 'smtp' });
  const home = loopback({ name: 'smtp' });
  const { spooler, clock } = await world({
    providers: [],
    accounts: [
      { name: 'home', providers: [home], identities: ['ann@home.example'] },
      { name: 'work', providers: [work], identities: ['ann@harbour.example'] },
    ],
  });
  await spooler.submit(note());
  await spooler.submit(note('bob@harbour.example', { from: 'ann@home.example' }), { account: 'work' });
  await clock.advance('1s');
  expect(work.handedOver).toHaveLength(2);
  expect(home.handedOver).toHaveLength(0);
  expect(work.handedOver[0]?.session).toBe('work/smtp');
});

test.each([
  ['rejects', async () => await Promise.reject(new Error('SERVFAIL'))],
  ['never comes back', async () => await new Promise<string>(() => undefined)],
])('a destination that %s delays the recipient, never the submit, and the message goes out when it is known', async (_title, fail) => {
  let works = false;
  const { spooler, clock, provider, states } = await world({ loopback: { destination: (() => (works ? 'mx' : fail())) as () => string } });
  const submitting = spooler.submit(note());
  await clock.advance('6s');
  const { id } = await submitting;
  await clock.advance('6s');
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'deferred' });
  expect((await spooler.explain(id))[0]?.sentence).toContain('destination');
  works = true;
  await clock.advance('2m');
  expect(provider.handedOver).toMatchObject([{ attempt: 1 }]);
});

test.each(['', 'a\u001fb', 'mx.harbour.example'])('a destination called %j is a queue like any other', async (destination) => {
  const { spooler, clock, provider } = await world({ loopback: { destination: () => destination } });
  await spooler.submit(note());
  await clock.advance('1m');
  expect(provider.handedOver).toHaveLength(1);
});

test('a message that turns out too large for every provider fails with that reason, not for want of a provider', async () => {
  const { spooler, clock } = await world({ start: false, loopback: { limits: { messageSizeBytes: 10 } } });
  const { id } = await spooler.submit(note());
  await spooler.start();
  await clock.settle();
  expect((await spooler.get(id))?.recipients[0]).toMatchObject({ status: { state: 'failed' }, last: { code: 'EMAXSIZE' } });
});

// What MAPI's pages leave open, and what was chosen: docs/adr, "Choices that MAPI's pages leave open".
import { loopback } from 'mailspool/providers/loopback';
import { TransportError, type TransportProvider } from 'mailspool/provider';
import { expect, test, vi } from 'vitest';
import { collect, note, world } from './world.ts';

test.each(['EWAIT', 'ENETWORK', 'ECANCEL', 'ECONNECTION'])('M-056 M-057 after any rejection, here %s, there is no endMessage', async (code) => {
  const end = vi.fn(() => 'sent' as const);
  let calls = 0;
  const transfer = () => {
    calls += 1;
    throw new TransportError(code, 'not now', { outcome: 'notSent', retryAfterMs: 60_000 });
  };
  const { spooler, clock } = await world({ loopback: { end, transfer } });
  await spooler.submit(note());
  await clock.settle();
  expect(calls).toBe(1);
  expect(end).not.toHaveBeenCalled();
});

test('M-078 a session that is polled is asked every minute unless it says otherwise', async () => {
  const asked: string[] = [];
  const polled = (name: string, limits: object): TransportProvider => ({
    name,
    logon: async () => ({
      addressTypes: [],
      reception: 'poll',
      ...limits,
      poll: async () => (asked.push(name), false),
      startMessage: async () => undefined,
    }),
  });
  const { clock } = await world({ providers: [polled('plain', {}), polled('rare', { limits: { pollIntervalMs: 600_000 } })] });
  asked.length = 0;
  await clock.advance('10m');
  expect(asked.filter((name) => name === 'plain')).toHaveLength(10);
  expect(asked.filter((name) => name === 'rare')).toHaveLength(1);
});

test('M-057 what is busy is tried again as the retry policy says, as often as that takes within its lifetime', async () => {
  let calls = 0;
  const transfer = () => {
    calls += 1;
    if (calls < 20) throw new TransportError('EBUSY', 'not now');
  };
  const { spooler, clock, states } = await world({ loopback: { transfer } });
  const { id } = await spooler.submit(note());
  await clock.advance('9s');
  expect(calls).toBe(1);
  await clock.advance('2d');
  expect(calls).toBe(20);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-094 hand-overs to different sessions go on at the same time', async () => {
  const under = new Set<string>();
  let most = 0;
  const slow = (name: string): TransportProvider => ({
    name,
    logon: async ({ clock }) => ({
      addressTypes: [name.toUpperCase()],
      submitMessage: async (_message, signal) => {
        most = Math.max(most, under.add(name).size);
        await clock.sleep(60_000, signal);
        under.delete(name);
        return { outcome: 'accepted' };
      },
    }),
  });
  const { spooler, clock } = await world({ providers: [slow('fax'), slow('telex')] });
  for (const type of ['FAX', 'TELEX']) await spooler.submit(note({ type, address: '1' }));
  await clock.advance('90s');
  expect(most).toBe(2);
});

test.each(['inbound', 'outbound'] as const)(
  'M-103 an %s hook that throws keeps the message where it is: it runs again a while later, and a warning tells it',
  async (direction) => {
    let runs = 0;
    const hook = async () => {
      runs += 1;
      if (runs < 3) throw new Error('the hook is broken');
      return { moveTo: 'Done' };
    };
    const { spooler, clock, provider, events } = await world({ postprocessors: [{ name: 'hook', [direction]: hook }] });
    if (direction === 'inbound') provider.push('Subject: x\r\n\r\n');
    else await spooler.submit(note());
    const folders = async () => (await collect(spooler.list({ direction }))).map(({ folder }) => folder);
    await clock.settle();
    expect(await folders()).not.toContain('Done');
    await clock.advance('5m');
    expect(runs).toBe(3);
    expect(await folders()).toEqual(['Done']);
    const warnings = events.filter((event) => event.type === 'warning');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatchObject({ diagnostic: { text: expect.stringContaining('the hook is broken') } });
  },
);

test('M-050 a preprocessor that throws keeps the message waiting, and runs again a while later', async () => {
  let runs = 0;
  const preprocess = async () => {
    runs += 1;
    if (runs < 3) throw new Error('broken');
  };
  const { spooler, clock, states } = await world({ preprocessors: [{ name: 'one', preprocess }] });
  const { id } = await spooler.submit(note());
  await clock.advance('1h');
  expect(runs).toBe(3);
  expect(await states(id)).toEqual({ 'bob@harbour.example': 'relayed' });
});

test('M-015 address types are compared without regard to case, in what a session says as in what a recipient has', async () => {
  const fax = loopback({ addressTypes: ['Fax'] });
  const { spooler, clock } = await world({ providers: [fax] });
  await spooler.submit(note({ type: 'fAX', address: '1' }));
  await clock.settle();
  expect(fax.handedOver).toHaveLength(1);
});

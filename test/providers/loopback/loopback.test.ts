// The loopback provider by itself: what the engine's tests rely on.
import { virtualTime } from 'mailspool/testing';
import { loopback } from 'mailspool/providers/loopback';
import type { InboundMessage } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { outboundMessage, summary } from '../../../src/testing/provider-suite/outbound-message.ts';
import { logonOptions, testSupport } from '../../../src/testing/provider-suite/support.ts';

const never = new AbortController().signal;

async function loggedOn(options: Parameters<typeof loopback>[0] = {}, support = testSupport()) {
  const provider = loopback(options);
  const session = await provider.logon(support, logonOptions());
  const submit = (message = outboundMessage(), signal = never) =>
    session.submitMessage?.(message, signal) ?? Promise.reject(new Error('it does not send'));
  return { provider, session, support, submit };
}

/** A message to receive into; keeps what the provider did, in order. */
function inboundMessage(known: readonly string[] = [], failing = false) {
  const calls: string[] = [];
  const message: InboundMessage = {
    reference: '1',
    wanted: {},
    setReference: async (reference, aliases = []) => {
      calls.push(`reference ${[reference, ...aliases].join(' ')}`);
      return known.includes(reference) ? 'alreadyReceived' : 'new';
    },
    setContent: async (source) => void calls.push(`content ${Buffer.from(source as Uint8Array).toString()}`),
    setProperties: () => undefined,
    setRecipients: () => undefined,
    saveChanges: async () => {
      if (failing) throw new Error('the store is full');
      calls.push('saved');
      return 'saved';
    },
  };
  return { calls, message };
}

test('a hand-over is accepted and remembered as it was', async () => {
  const { provider, submit } = await loggedOn();
  const message = outboundMessage({ to: ['bob@x.test', 'eve@x.test'], raw: 'Subject: a\r\n\r\n', attempt: 3 });
  expect(summary(message, await submit(message))).toEqual(['1:accepted', '2:accepted']);
  expect(message.handOvers).toBe(1);
  expect(provider.handedOver).toMatchObject([{ entryId: message.id, attempt: 3, deferred: false, recipients: [{ id: 1 }, { id: 2 }] }]);
  expect(Buffer.from(provider.handedOver[0]?.bytes ?? []).toString()).toBe('Subject: a\r\n\r\n');
});

test('U-021 answers can differ by recipient, and only the accepted arrive', async () => {
  const refused = { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: 'no such user' } } as const;
  const { provider, submit } = await loggedOn({
    deliver: true,
    answer: () => [
      { recipient: 1, outcome: 'accepted' },
      { recipient: 2, ...refused },
    ],
  });
  const message = outboundMessage({ id: 'm', to: ['bob@x.test', 'eve@x.test'] });
  expect(summary(message, await submit(message))).toEqual(['1:accepted', '2:rejected']);
  expect(provider.waiting).toEqual(['m/1/1']);
});

test('T-015 a cancelled hand-over stops before it is remembered', async () => {
  const { provider, submit } = await loggedOn();
  await expect(submit(outboundMessage({ handingOver: () => Promise.reject(new Error('ECANCEL')) }))).rejects.toThrow('ECANCEL');
  expect(provider.handedOver).toEqual([]);
  expect(provider.active).toBe(0);
});

test('M-080 mail that arrives is announced and received, acknowledged only after it is saved', async () => {
  const { provider, session, support } = await loggedOn();
  provider.push('Subject: x\r\n\r\n', { reference: 'r1', aliases: ['a1'] });
  expect(support.news).toEqual([{ type: 'newMail' }]);
  expect(await session.poll?.(never)).toBe(true);

  const failing = inboundMessage([], true);
  await expect(session.startMessage?.(failing.message, never)).rejects.toThrow('the store is full');
  expect(provider.acknowledged).toEqual([]);

  const { calls, message } = inboundMessage();
  await session.startMessage?.(message, never);
  expect(calls).toEqual(['reference r1 a1', 'content Subject: x\r\n\r\n', 'saved']);
  expect(provider.acknowledged).toEqual(['r1']);
  expect(await session.poll?.(never)).toBe(false);
});

test('M-081 with nothing left a turn leaves no trace; what is known is acknowledged again', async () => {
  const { provider, session } = await loggedOn({ reception: 'poll' });
  const nothing = inboundMessage();
  await session.startMessage?.(nothing.message, never);
  expect(nothing.calls).toEqual([]);

  provider.push('x', { reference: 'old' });
  const known = inboundMessage(['old']);
  await session.startMessage?.(known.message, never);
  expect(known.calls).toEqual(['reference old']);
  expect(provider.waiting).toEqual([]);
});

test('M-078 a loopback without reception is send-only', async () => {
  const { session } = await loggedOn({ reception: 'none' });
  expect(session.poll).toBeUndefined();
  expect(session.startMessage).toBeUndefined();
});

test('two loopbacks can mail each other', async () => {
  const there = loopback({ name: 'there' });
  const { submit } = await loggedOn({ deliver: there });
  await submit(outboundMessage({ id: 'm' }));
  expect(there.waiting).toEqual(['m/1/1']);
});

test('hand-overs take as long as the clock says, and can be aborted on the way', async () => {
  const clock = virtualTime();
  const { provider, submit } = await loggedOn({ delayMs: 60_000 }, testSupport({ clock }));
  const slow = submit();
  const aborted = new AbortController();
  const stopped = expect(submit(outboundMessage(), aborted.signal)).rejects.toThrow('enough');
  aborted.abort(new Error('enough'));
  await stopped;
  await clock.advance(59_999);
  expect(provider.handedOver).toHaveLength(0);
  expect(provider.active).toBe(1);
  await clock.advance(1);
  expect(await slow).toEqual({ outcome: 'accepted' });
  expect(provider.mostActive).toBe(2);
});

test('M-011 sessions of one provider are kept apart, and gone after logoff', async () => {
  const provider = loopback();
  const [one, other] = [testSupport({ session: 'a/loopback' }), testSupport({ session: 'b/loopback' })];
  const session = await provider.logon(one, logonOptions());
  await provider.logon(other, logonOptions({ inbound: false }));
  await session.transportNotify?.({ type: 'inbound', on: true });
  expect(provider.sessions.map(({ support, options, events }) => [support.session, options.inbound, events.length])).toEqual([
    ['a/loopback', true, 1],
    ['b/loopback', false, 0],
  ]);
  await session.logoff?.();
  expect(provider.sessions.map(({ support }) => support)).toEqual([other]);
});

// The session's connections: how they are opened, shared, given up and closed, and what an outage is.
import { virtualTime } from 'mailspool/testing';
import type { Credentials, OutboundMessage, TransportError } from 'mailspool/provider';
import { expect, test, vi } from 'vitest';
import { outboundMessage, summary } from '../../../src/testing/provider-suite/outbound-message.ts';
import { testSupport } from '../../../src/testing/provider-suite/support.ts';
import { loggedOn, type LoggedOn } from './logged-on.ts';
import { certificate, scriptedServer } from './scripted-server.ts';

const accepted = ['1:accepted'];

async function send(provider: LoggedOn, message: OutboundMessage = outboundMessage()) {
  return summary(message, await provider.submit(message));
}

const failureOf = async (running: Promise<unknown>): Promise<TransportError> =>
  running.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: TransportError) => error,
  );

test('one connection serves message after message', async () => {
  await using server = await scriptedServer();
  await using provider = await loggedOn(server);
  for (let count = 0; count < 5; count++) expect(await send(provider)).toEqual(accepted);
  expect(server.connections.made).toBe(1);
  expect(server.steps.filter((step) => step === 'RSET')).toEqual([]);
});

test('U-035 U-050 a hundred messages at once use no more connections than allowed, each with its place in the budget', async () => {
  await using server = await scriptedServer();
  const support = testSupport({ connections: 3 });
  await using provider = await loggedOn(server, { connections: 4 }, support);
  await Promise.all(Array.from({ length: 100 }, () => send(provider)));
  expect(server.connections.made).toBeLessThanOrEqual(3);
  expect(support.places.most).toBeLessThanOrEqual(3);
  expect(server.bodies).toHaveLength(100);
  await provider.session.logoff?.();
  expect(support.places.open).toBe(0);
});

test('a server that takes fewer connections than allowed gets fewer, and nothing fails', async () => {
  await using server = await scriptedServer({
    on: (at) => (at === 'GREETING' && server.connections.open > 2 ? '421 too many connections' : undefined),
  });
  await using provider = await loggedOn(server, { connections: 5 });
  await send(provider);
  const outcomes: string[] = [];
  const one = async () => {
    for (let count = 0; count < 20; count++) outcomes.push(...(await send(provider)));
  };
  await Promise.all([one(), one(), one(), one(), one()]);
  expect(outcomes).toEqual(Array.from({ length: 100 }, () => '1:accepted'));
  expect(server.connections.made).toBeLessThan(10);
});

test('an unused connection is closed with QUIT after its time, and the next message opens another', async () => {
  const clock = virtualTime();
  await using server = await scriptedServer();
  await using provider = await loggedOn(server, { idleTimeoutMs: 10_000 }, testSupport({ clock }));
  await send(provider);
  await clock.advance(9_999);
  expect(server.steps).not.toContain('QUIT');
  await clock.advance(2);
  await vi.waitFor(() => expect(server.connections.open).toBe(0));
  expect(server.steps).toContain('QUIT');
  expect(await send(provider)).toEqual(accepted);
  expect(server.connections.made).toBe(2);
});

test('a connection that has served its number of messages is followed by a fresh one', async () => {
  await using server = await scriptedServer();
  await using provider = await loggedOn(server, { connections: 1, maxMessagesPerConnection: 2 });
  for (let count = 0; count < 6; count++) expect(await send(provider)).toEqual(accepted);
  expect(server.connections.made).toBe(3);
});

test('after a refused message the connection is reset and used again', async () => {
  let refuse = true;
  await using server = await scriptedServer({ on: (at) => (refuse && at.startsWith('RCPT') ? '450 later' : undefined) });
  await using provider = await loggedOn(server);
  expect(await send(provider)).toEqual(['1:notSent']);
  refuse = false;
  expect(await send(provider)).toEqual(accepted);
  expect(server.connections.made).toBe(1);
  expect(server.steps).toContain('RSET');
});

for (const how of ['drop', '421 4.4.2 idle for too long']) {
  test(`a connection that the server ends with ${JSON.stringify(how)} between messages costs no attempt`, async () => {
    await using server = await scriptedServer({
      on: (at) => (at.startsWith('MAIL') && server.bodies.length === 1 && server.connections.made === 1 ? how : undefined),
    });
    await using provider = await loggedOn(server);
    await send(provider);
    const message = outboundMessage();
    expect(await send(provider, message)).toEqual(accepted);
    expect(message.handOvers).toBe(1);
    expect(server.connections.made).toBe(2);
  });
}

test('U-017 fifty servers that close before the greeting see exactly fifty attempts', async () => {
  await using server = await scriptedServer({ on: (at) => (at === 'GREETING' ? 'drop' : undefined) });
  await using provider = await loggedOn(server);
  for (let count = 0; count < 50; count++) {
    const error = await failureOf(send(provider));
    expect(error).toMatchObject({ code: 'ECONNECTION', outcome: 'notSent', phase: 'greeting', gate: { reason: 'unreachable' } });
  }
  expect(server.connections.made).toBe(50);
});

test('U-064 a host that is down closes the gate, for 10 seconds at first and never for more than five minutes', async () => {
  const clock = virtualTime();
  const dead = await scriptedServer();
  await dead[Symbol.asyncDispose]();
  await using provider = await loggedOn(dead, {}, testSupport({ clock }));
  const waits: number[] = [];
  for (let count = 0; count < 12; count++) {
    const both = await Promise.all([failureOf(send(provider)), failureOf(send(provider))]);
    for (const error of both)
      expect(error).toMatchObject({ code: 'ECONNECTION', phase: 'connect', outcome: 'notSent', gate: { reason: 'unreachable' } });
    expect(both[0]?.gate?.until).toBe(both[1]?.gate?.until);
    const waitMs = (both[0]?.gate?.until ?? 0) - clock.now();
    waits.push(waitMs);
    await clock.advance(waitMs);
  }
  expect(waits[0]).toSatisfy((ms: number) => ms >= 8_000 && ms <= 10_000);
  expect(waits.at(-1)).toSatisfy((ms: number) => ms >= 240_000 && ms <= 300_000);
  expect([...waits].sort((a, b) => a - b).slice(0, 5)).toEqual(waits.slice(0, 5));
});

test('U-010 a host that is up again starts afresh', async () => {
  const clock = virtualTime();
  let down = true;
  await using server = await scriptedServer({ on: (at) => (down && at === 'GREETING' ? 'drop' : undefined) });
  await using provider = await loggedOn(server, { connections: 1, maxMessagesPerConnection: 1 }, testSupport({ clock }));
  for (let count = 0; count < 5; count++) {
    const { gate } = await failureOf(send(provider));
    await clock.advance((gate?.until ?? 0) - clock.now());
  }
  down = false;
  expect(await send(provider)).toEqual(accepted);
  expect(provider.support.columns['remoteValidateOk']).toBe(true);
  down = true;
  const { gate } = await failureOf(send(provider));
  expect((gate?.until ?? 0) - clock.now()).toBeLessThanOrEqual(10_000);
});

test('F-10 421 as greeting is a gate that says throttled', async () => {
  await using server = await scriptedServer({ on: (at) => (at === 'GREETING' ? '421 4.7.0 try again in 90 seconds' : undefined) });
  await using provider = await loggedOn(server);
  expect(await failureOf(send(provider))).toMatchObject({ code: 'EPROTOCOL', responseCode: 421, outcome: 'notSent', gate: { reason: 'throttled' } });
});

test('a name that nobody knows is EDNS', async () => {
  await using provider = await loggedOn({ port: 25 }, { host: 'nowhere.invalid' });
  expect(await failureOf(send(provider))).toMatchObject({ code: 'EDNS', phase: 'connect', gate: { reason: 'unreachable' } });
});

test('T-060 X-006 TLS is required and not offered: nothing is said, and it is temporary', async () => {
  for (const on of [undefined, (at: string) => (at === 'STARTTLS' ? '454 4.7.0 not now' : undefined)]) {
    await using server = await scriptedServer({ offers: ['AUTH PLAIN'], on: on ?? ((at) => (at === 'STARTTLS' ? '502 unknown' : undefined)) });
    await using provider = await loggedOn(server, { requireTLS: true, auth: { user: 'ann', pass: 'secret' } });
    expect(await failureOf(send(provider))).toMatchObject({ code: 'EREQUIRETLS', phase: 'tls', outcome: 'notSent', temporary: true });
    expect(server.steps.filter((step) => /^(AUTH|MAIL)/.test(step))).toEqual([]);
  }
});

test('T-060 a certificate that nobody vouches for ends it, with STARTTLS and from the start', async () => {
  await using starttls = await scriptedServer({ offers: ['STARTTLS'] });
  await using implicit = await scriptedServer({ secure: true });
  await using one = await loggedOn(starttls, { requireTLS: true });
  await using other = await loggedOn(implicit, { secure: true });
  for (const provider of [one, other]) expect(await failureOf(send(provider))).toMatchObject({ code: 'ETLS', phase: 'tls', outcome: 'notSent' });
  expect([...starttls.steps, ...implicit.steps].filter((step) => step.startsWith('MAIL'))).toEqual([]);
});

test('T-060 with TLS the message goes, by STARTTLS and from the start', async () => {
  await using starttls = await scriptedServer({ offers: ['STARTTLS', 'AUTH PLAIN'] });
  await using implicit = await scriptedServer({ secure: true });
  const tls = { ca: certificate.cert };
  await using one = await loggedOn(starttls, { requireTLS: true, tls, auth: { user: 'ann', pass: 'secret' } });
  await using other = await loggedOn(implicit, { secure: true, tls });
  expect(await send(one)).toEqual(accepted);
  expect(await send(other)).toEqual(accepted);
  const verbs = starttls.steps.map((step) => step.split(' ', 1)[0]);
  expect(verbs.slice(0, 6)).toEqual(['GREETING', 'EHLO', 'STARTTLS', 'EHLO', 'AUTH', expect.stringMatching(/^MAIL/)]);
});

test('X-005 replies that come before TLS are not believed after it', async () => {
  await using server = await scriptedServer({
    offers: ['STARTTLS'],
    on: (at) => (at === 'STARTTLS' ? '220 ready\r\n250-injected\r\n250 SIZE 1' : undefined),
  });
  await using provider = await loggedOn(server, { tls: { ca: certificate.cert } });
  const running = send(provider).then(
    ([one]) => one,
    (error: TransportError) => error.outcome,
  );
  expect(['1:accepted', 'notSent']).toContain(await running);
  expect(server.steps).not.toContain(expect.stringContaining('SIZE'));
});

test('refused credentials close the gate authRequired and cost no attempt', async () => {
  await using server = await scriptedServer({ offers: ['AUTH PLAIN LOGIN'], on: (at) => (at.startsWith('AUTH') ? '535 5.7.8 no' : undefined) });
  await using provider = await loggedOn(server, { auth: { user: 'ann', pass: 'wrong' } });
  const error = await failureOf(send(provider));
  expect(error).toMatchObject({ code: 'EAUTH', phase: 'auth', responseCode: 535, outcome: 'notSent', gate: { reason: 'authRequired' } });
  expect(error.message).not.toContain('wrong');
  expect(server.connections.made).toBe(1);
});

test('a server that cannot check credentials now is unreachable, not unauthorised', async () => {
  await using server = await scriptedServer({ offers: ['AUTH PLAIN'], on: (at) => (at.startsWith('AUTH') ? '454 4.7.0 later' : undefined) });
  await using provider = await loggedOn(server, { auth: { user: 'ann', pass: 'right' } });
  expect(await failureOf(send(provider))).toMatchObject({ code: 'EAUTH', gate: { reason: 'unreachable' } });
});

test('a server that wants credentials first gets no bounce', async () => {
  await using server = await scriptedServer({ on: (at) => (at.startsWith('MAIL') ? '530 5.7.0 authentication required' : undefined) });
  await using provider = await loggedOn(server);
  expect(await failureOf(send(provider))).toMatchObject({ code: 'ENOAUTH', outcome: 'notSent', gate: { reason: 'authRequired' } });
});

test('T-062 F-26 an expired token is renewed once, and the message goes', async () => {
  const tokens = ['expired', 'fresh'];
  const asked: (Credentials | undefined)[] = [];
  const support = testSupport({
    credentials: (stale) => {
      asked.push(stale);
      return { user: 'ann', accessToken: tokens[stale ? 1 : 0] ?? '' };
    },
  });
  const bearer = (token: string) => Buffer.from(`user=ann\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64');
  await using server = await scriptedServer({
    offers: ['AUTH XOAUTH2'],
    on: (at) =>
      at === `AUTH XOAUTH2 ${bearer('fresh')}`
        ? '235 ok'
        : at.startsWith('AUTH')
          ? '334 eyJzdGF0dXMiOiI0MDEifQ=='
          : at === ''
            ? '535 5.7.8 expired'
            : undefined,
  });
  await using provider = await loggedOn(server, {}, support);
  expect(await send(provider)).toEqual(accepted);
  expect(asked).toEqual([undefined, { user: 'ann', accessToken: 'expired' }]);
});

test('T-062 a token that is refused again is a gate', async () => {
  let asked = 0;
  const support = testSupport({ credentials: () => ({ user: 'ann', accessToken: `token${++asked}` }) });
  await using server = await scriptedServer({ offers: ['AUTH XOAUTH2'], on: (at) => (at.startsWith('AUTH') ? '535 5.7.8 no' : undefined) });
  await using provider = await loggedOn(server, {}, support);
  expect(await failureOf(send(provider))).toMatchObject({ code: 'EAUTH', gate: { reason: 'authRequired' } });
  expect([asked, server.connections.made]).toEqual([2, 2]);
});

test('T-015 U-019 a hand-over that may not go on stops before the final dot', async () => {
  for (const size of [10, 1_000_000]) {
    await using server = await scriptedServer();
    await using provider = await loggedOn(server);
    const lost = Object.assign(new Error('the lease is lost'), { code: 'ELEASE' });
    const message = outboundMessage({ raw: Buffer.alloc(size, 'x'), handingOver: () => Promise.reject(lost) });
    expect(await failureOf(send(provider, message))).toMatchObject({ code: 'ELEASE', outcome: 'notSent', cause: lost });
    await vi.waitFor(() => expect(server.connections.open).toBe(0));
    expect(server.bodies).toHaveLength(0);
    expect(await send(provider)).toEqual(accepted);
  }
});

for (const [step, outcome] of [
  ['GREETING', 'notSent'],
  ['EHLO', 'notSent'],
  ['MAIL', 'notSent'],
  ['RCPT', 'notSent'],
  ['DATA', 'notSent'],
  ['.', 'unknown'],
] as const) {
  test(`M-073 abort while the server is silent at ${step}: the socket is gone at once, and it is ${outcome}`, async () => {
    await using server = await scriptedServer({ offers: [], on: (at) => (at.startsWith(step) ? 'hang' : undefined) });
    await using provider = await loggedOn(server);
    const stop = new AbortController();
    const failing = failureOf(provider.submit(outboundMessage(), stop.signal));
    await server.reached(step);
    stop.abort(new Error('cancelled'));
    expect(await failing).toMatchObject({ code: 'ECANCEL', outcome });
    await vi.waitFor(() => expect(server.connections.open).toBe(0));
  });

  test(`T-027 F-13 a server that falls silent at ${step} is given up in time: ${outcome}`, async () => {
    const clock = virtualTime();
    await using server = await scriptedServer({ offers: [], on: (at) => (at.startsWith(step) ? 'hang' : undefined) });
    await using provider = await loggedOn(server, {}, testSupport({ clock }));
    const message = outboundMessage();
    let end: unknown;
    const running = provider.submit(message).then(
      (result) => (end = result),
      (error: unknown) => (end = error),
    );
    await server.reached(step);
    await clock.advance(step === '.' ? 599_000 : 299_000);
    expect(end).toBeUndefined();
    await clock.advance(1_200_000);
    await running;
    const early = step === 'GREETING' || step === 'EHLO';
    expect(end).toMatchObject(early ? { code: 'ETIMEDOUT', outcome, phase: 'greeting' } : [{ outcome, diagnostic: { code: 'ETIMEDOUT' } }]);
    await vi.waitFor(() => expect(server.connections.open).toBe(0));
  });
}

test('F-09 a server that takes no further byte is given up in time', async () => {
  const clock = virtualTime();
  await using server = await scriptedServer({ on: (at) => (at === 'BODY' ? (server.pause(), 'hang') : undefined) });
  await using provider = await loggedOn(server, {}, testSupport({ clock }));
  const message = outboundMessage({ raw: Buffer.alloc(20_000_000, `${'x'.repeat(62)}\r\n`) });
  let ended: readonly string[] | undefined;
  const running = send(provider, message).then((end) => (ended = end));
  await server.reached('BODY');
  await vi.waitFor(async () => {
    await clock.advance(180_001);
    expect(ended).toEqual(['1:notSent']);
  });
  await running;
});

test('U-044 nothing that a server does to an idle or a closed connection is unhandled', async () => {
  await using server = await scriptedServer();
  const provider = await loggedOn(server);
  for (const disturb of [() => server.say('250 unasked'), () => server.say('421 bye'), () => server.drop(), () => server.say('not SMTP at all')]) {
    expect(await send(provider)).toEqual(accepted);
    disturb();
    await vi.waitFor(() => expect(server.connections.open).toBe(0));
  }
  expect(await send(provider)).toEqual(accepted);
  await provider.session.logoff?.();
  server.drop();
});

test('U-061 logoff breaks off what is under way, closes everything and leaves no place taken', async () => {
  await using server = await scriptedServer({ on: (at) => (at.startsWith('DATA') ? 'hang' : undefined) });
  const support = testSupport();
  const provider = await loggedOn(server, { connections: 1 }, support);
  const message = outboundMessage();
  const underWay = provider.submit(message);
  const waiting = failureOf(send(provider));
  await server.reached('DATA');
  await provider.session.logoff?.();
  expect(summary(message, await underWay)).toEqual(['1:notSent']);
  expect(await waiting).toMatchObject({ outcome: 'notSent' });
  await vi.waitFor(() => expect(server.connections.open).toBe(0));
  expect(support.places.open).toBe(0);
  expect(await failureOf(send(provider))).toMatchObject({ code: 'ECANCEL', outcome: 'notSent' });
});

test('U-061 an idle session says QUIT, and does not wait for ever for an answer', async () => {
  const clock = virtualTime();
  await using server = await scriptedServer({ on: (at) => (at === 'QUIT' ? 'hang' : undefined) });
  const provider = await loggedOn(server, {}, testSupport({ clock }));
  await send(provider);
  const gone = provider.session.logoff?.();
  await vi.waitFor(() => expect(server.steps).toContain('QUIT'));
  await clock.advance(2_000);
  await gone;
  expect(clock.pending).toBe(0);
});

test('validateState says whether the server can be reached', async () => {
  let down = false;
  await using server = await scriptedServer({ on: (at) => (down && at === 'GREETING' ? 'drop' : undefined) });
  await using provider = await loggedOn(server, { idleTimeoutMs: 1 });
  const signal = new AbortController().signal;
  await provider.session.validateState?.({}, signal);
  await vi.waitFor(() => expect(server.connections.open).toBe(0));
  down = true;
  await expect(provider.session.validateState?.({}, signal)).rejects.toMatchObject({ code: 'ECONNECTION' });
});

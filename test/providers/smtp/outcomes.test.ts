// How a hand-over ends, reply by reply and break by break, against a server that does what it is told.
import type { SubmitResult } from 'mailspool/provider';
import { expect, test } from 'vitest';
import { outboundMessage, summary } from '../../../src/testing/provider-suite/outbound-message.ts';
import { loggedOn } from './logged-on.ts';
import { scriptedServer, type Script } from './scripted-server.ts';

const bobAndEve = ['bob@x.test', 'eve@x.test'];

async function handOver(script: Script, draft: Parameters<typeof outboundMessage>[0] = {}) {
  await using server = await scriptedServer(script);
  await using provider = await loggedOn(server);
  const message = outboundMessage(draft);
  const result = await provider.submit(message);
  return { message, result, outcomes: summary(message, result), steps: server.steps, bodies: server.bodies, connections: server.connections.made };
}

const diagnosticOf = (result: SubmitResult, index = 0) => {
  const one = 'outcome' in result ? result : result[index];
  return one && 'diagnostic' in one ? one.diagnostic : undefined;
};

test('a message goes through with the reply that took it', async () => {
  const { result, message, bodies } = await handOver({});
  expect(result).toEqual([{ recipient: 1, outcome: 'accepted', response: '250 2.0.0 Ok: queued as Q1', remoteId: 'Q1' }]);
  expect(message.handOvers).toBe(1);
  expect(bodies.map(String)).toEqual(['Subject: hello\r\n\r\nhello\r\n']);
});

for (const [phase, step] of [
  ['mail', 'MAIL'],
  ['rcpt', 'RCPT'],
  ['data', 'DATA'],
  ['final', '.'],
] as const) {
  for (const [code, outcome, rule] of [
    ['451 4.3.0', 'notSent', 'F-11'],
    ['550 5.7.1', 'rejected', 'F-12'],
  ] as const) {
    for (const offers of [['PIPELINING'], ['8BITMIME']]) {
      test(`T-021 ${rule} ${code} at ${step} is ${outcome}${offers.includes('PIPELINING') ? ', pipelined' : ''}`, async () => {
        const { result, outcomes, connections } = await handOver({ offers, on: (at) => (at.startsWith(step) ? `${code} no` : undefined) });
        expect(outcomes).toEqual([`1:${outcome}`]);
        expect(diagnosticOf(result)).toMatchObject({
          phase,
          responseCode: Number(code.slice(0, 3)),
          enhancedCode: code.slice(4),
          response: `${code} no`,
          text: 'no',
        });
        expect(connections).toBe(1);
      });
    }
  }
}

for (const [reply, outcome] of [
  ['451 4.3.0 later', 'notSent'],
  ['530 5.7.0 authentication required', undefined],
] as const) {
  test(`T-036 T-021 after ${reply} to MAIL the replies to RCPT that was sent with it say nothing of the recipients`, async () => {
    const on = (at: string) => (at.startsWith('MAIL') ? reply : at.startsWith('RCPT') ? '503 5.5.1 MAIL first' : undefined);
    if (outcome !== undefined) return expect((await handOver({ on })).outcomes).toEqual([`1:${outcome}`]);
    await using server = await scriptedServer({ on });
    await using provider = await loggedOn(server);
    const message = outboundMessage();
    await expect(provider.submit(message)).rejects.toMatchObject({ outcome: 'notSent' });
    expect(message.saved).toEqual([]);
  });
}

for (const step of ['MAIL', 'RCPT', 'DATA']) {
  test(`T-021 F-13 a malformed reply at ${step} is temporary`, async () => {
    const { outcomes, result } = await handOver({ offers: [], on: (at) => (at.startsWith(step) ? 'what?' : undefined) });
    expect(outcomes).toEqual(['1:notSent']);
    expect(diagnosticOf(result)?.code).toBe('EPROTOCOL');
  });
}

for (const reply of ['what?', '2', '354 more?']) {
  test(`F-13 F-14 the reply ${JSON.stringify(reply)} to the final dot leaves the outcome unknown`, async () => {
    expect((await handOver({ on: (at) => (at === '.' ? reply : undefined) })).outcomes).toEqual(['1:unknown']);
  });
}

for (const step of ['MAIL', 'RCPT', 'DATA', 'BODY']) {
  test(`T-022 a connection that breaks at ${step} is safe to retry`, async () => {
    const raw = step === 'BODY' ? Buffer.alloc(8_000_000, 'x'.repeat(76) + '\r\n') : undefined;
    const { outcomes, result } = await handOver({ offers: [], on: (at) => (at.startsWith(step) ? 'drop' : undefined) }, raw && { raw });
    expect(outcomes).toEqual(['1:notSent']);
    expect(diagnosticOf(result)?.code).toMatch(/^(ECONNECTION|ESOCKET)$/);
  });
}

test('U-016 F-14 T-022 a connection that breaks after the final dot leaves the outcome unknown', async () => {
  const { outcomes, result } = await handOver({ on: (at) => (at === '.' ? 'drop' : undefined) }, { to: bobAndEve });
  expect(outcomes).toEqual(['1:unknown', '2:unknown']);
  expect(diagnosticOf(result)).toMatchObject({ phase: 'final' });
});

test('U-016 a reply that comes before the message has gone is no acceptance', async () => {
  const { outcomes } = await handOver(
    { on: (at) => (at === 'DATA' ? '354 go\r\n250 2.0.0 that was quick' : undefined) },
    { raw: Buffer.alloc(8_000_000, 'x'.repeat(76) + '\r\n') },
  );
  expect(outcomes).toEqual(['1:notSent']);
});

test('a refusal in the middle of the message counts, and the connection is not used again', async () => {
  await using server = await scriptedServer({
    on: (at) => (at === 'BODY' && server.bodies.length === 0 && server.connections.made === 1 ? '552 5.3.4 too big' : undefined),
  });
  await using provider = await loggedOn(server, { connections: 1 });
  const message = outboundMessage({ raw: Buffer.alloc(8_000_000, 'x'.repeat(76) + '\r\n') });
  expect(summary(message, await provider.submit(message))).toEqual(['1:rejected']);
  expect(summary(message, await provider.submit(outboundMessage()))).toEqual(['1:accepted']);
  expect(server.connections.made).toBe(2);
});

test('T-011 U-021 250, 550 and 451 go on with those accepted, each told apart', async () => {
  const replies: Record<string, string> = { 'bob@x.test': '250 ok', 'eve@x.test': '550 5.1.1 no such user', 'joe@x.test': '451 4.3.0 later' };
  for (const offers of [['PIPELINING'], []]) {
    const { outcomes, result, bodies } = await handOver({ offers, on: (at) => replies[/<(.*)>/.exec(at)?.[1] ?? ''] }, { to: Object.keys(replies) });
    expect(outcomes).toEqual(['1:accepted', '2:rejected', '3:notSent']);
    expect(bodies).toHaveLength(1);
    expect(result).toContainEqual(
      expect.objectContaining({ recipient: 2, diagnostic: expect.objectContaining({ enhancedCode: '5.1.1', phase: 'rcpt' }) }),
    );
  }
});

test('T-011 all refused: each has its own outcome, and no message is sent', async () => {
  const { outcomes, bodies } = await handOver(
    { on: (at) => (at.includes('bob') ? '550 no' : at.includes('eve') ? '450 later' : undefined) },
    { to: bobAndEve },
  );
  expect(outcomes).toEqual(['1:rejected', '2:notSent']);
  expect(bodies).toHaveLength(0);
});

test('T-011 one refused for good and the message deferred: the refusal stands, the other is tried again', async () => {
  const { outcomes } = await handOver({ on: (at) => (at.includes('bob') ? '550 no' : at === '.' ? '451 later' : undefined) }, { to: bobAndEve });
  expect(outcomes).toEqual(['1:rejected', '2:notSent']);
});

for (const step of ['MAIL', 'RCPT', 'DATA', '.']) {
  test(`T-023 F-10 421 at ${step} is temporary for all unresolved, and the connection is not used again`, async () => {
    let closing = true;
    await using server = await scriptedServer({ on: (at) => (closing && at.startsWith(step) ? '421 4.3.2 going down' : undefined) });
    await using provider = await loggedOn(server, { connections: 1 });
    const message = outboundMessage({ to: bobAndEve });
    expect(summary(message, await provider.submit(message))).toEqual(['1:notSent', '2:notSent']);
    closing = false;
    expect(summary(message, await provider.submit(message))).toEqual(['1:accepted', '2:accepted']);
    expect(server.connections.made).toBe(2);
  });
}

test('T-023 a refusal before 421 stands', async () => {
  const { outcomes } = await handOver(
    { on: (at) => (at.includes('bob') ? '550 no' : at.includes('eve') ? '421 bye' : undefined) },
    { to: bobAndEve },
  );
  expect(outcomes).toEqual(['1:rejected', '2:notSent']);
});

for (const reply of ['452 4.5.3 too many recipients', '552 too many recipients']) {
  test(`T-024 ${reply}: the rest goes in a further transaction`, async () => {
    let recipients = 0;
    const { outcomes, message, bodies, connections } = await handOver(
      { on: (at) => (at.startsWith('MAIL') ? void (recipients = 0) : at.startsWith('RCPT') && ++recipients > 2 ? reply : undefined) },
      { to: ['a@x.test', 'b@x.test', 'c@x.test', 'd@x.test', 'e@x.test'] },
    );
    expect(outcomes).toEqual(['1:accepted', '2:accepted', '3:accepted', '4:accepted', '5:accepted']);
    expect(bodies).toHaveLength(3);
    expect(connections).toBe(1);
    expect(message.saved.map(({ recipient }) => recipient)).toEqual([1, 2, 3, 4]);
  });

  test(`T-024 ${reply} to the very first is temporary`, async () => {
    const { outcomes } = await handOver({ on: (at) => (at.startsWith('RCPT') ? reply : undefined) });
    expect(outcomes).toEqual(['1:notSent']);
  });
}

test('T-025 a hundred recipients go in one transaction', async () => {
  const to = Array.from({ length: 100 }, (_, index) => `r${index}@x.test`);
  const { outcomes, bodies } = await handOver({}, { to });
  expect(outcomes.every((one) => one.endsWith('accepted'))).toBe(true);
  expect(bodies).toHaveLength(1);
});

test('an address that is given twice is sent to once, and both are answered', async () => {
  const { outcomes, steps } = await handOver({}, { to: ['bob@x.test', 'bob@x.test'] });
  expect(outcomes).toEqual(['1:accepted', '2:accepted']);
  expect(steps.filter((step) => step.startsWith('RCPT'))).toHaveLength(1);
});

test('T-035 on conflict the class of the reply wins over the enhanced code, and the reply is kept whole', async () => {
  const reply = '550-4.1.1 no such user\r\n550 4.1.1 here';
  const { result } = await handOver({ on: (at) => (at.startsWith('RCPT') ? reply : undefined) });
  expect(result).toMatchObject([
    {
      outcome: 'rejected',
      diagnostic: { enhancedCode: '5.1.1', responseCode: 550, response: reply.replace('\r\n', '\n'), text: 'no such user here' },
    },
  ]);
});

test('U-036 greylisting is recognised, and a stated delay is passed on', async () => {
  const { result } = await handOver({ on: (at) => (at.startsWith('RCPT') ? '450 4.2.0 Greylisted, try again in 300 seconds' : undefined) });
  expect(result).toMatchObject([{ outcome: 'notSent', retryAfterMs: 300_000, diagnostic: { reason: 'greylisted' } }]);
});

test('T-038 LMTP answers for each recipient after the dot, and accepted is delivered', async () => {
  await using server = await scriptedServer({
    lmtp: true,
    on: (at) => (at.startsWith('. ') && at.includes('eve') ? '552 5.2.2 mailbox full' : undefined),
  });
  await using provider = await loggedOn(server, { lmtp: true });
  const message = outboundMessage({ to: bobAndEve });
  const result = await provider.submit(message);
  expect(summary(message, result)).toEqual(['1:accepted', '2:rejected']);
  expect(result).toContainEqual(expect.objectContaining({ recipient: 1, deliveredAt: expect.any(Number) as number }));
  expect(server.steps[1]).toMatch(/^LHLO /);
});

test('T-036 all refused, and 354 all the same: nothing is sent to nobody', async () => {
  const { outcomes, message, bodies } = await handOver({ on: (at) => (at.startsWith('RCPT') ? '550 no' : at === 'DATA' ? '354 go on' : undefined) });
  expect(outcomes).toEqual(['1:rejected']);
  expect(message.handOvers).toBe(0);
  expect(bodies.map(String)).toEqual(['']);
});

test('F-15 a server that breaks at QUIT changes nothing', async () => {
  await using server = await scriptedServer({ on: (at) => (at === 'QUIT' ? 'drop' : undefined) });
  const provider = await loggedOn(server);
  const message = outboundMessage();
  expect(summary(message, await provider.submit(message))).toEqual(['1:accepted']);
  await provider.session.logoff?.();
});

test('U-032 what the server refuses for good is tried once', async () => {
  const { steps } = await handOver({ on: (at) => (at.startsWith('RCPT') ? '550 no' : undefined) });
  expect(steps.filter((step) => step.startsWith('RCPT'))).toHaveLength(1);
});

test('U-020 a hand-over speaks only to the recipients that it was given', async () => {
  const message = outboundMessage({ to: bobAndEve });
  await using server = await scriptedServer();
  await using provider = await loggedOn(server);
  await provider.submit({ ...message, recipients: message.recipients.slice(1) });
  expect(server.steps.filter((step) => step.startsWith('RCPT'))).toEqual(['RCPT TO:<eve@x.test>']);
});

test('T-013 two attempts put the same bytes on the wire', async () => {
  await using server = await scriptedServer();
  await using provider = await loggedOn(server);
  const message = outboundMessage({ raw: 'Message-ID: <1@x>\nDate: now\n\n.dot\rbare\n' });
  await provider.submit(message);
  await provider.submit(message);
  expect(server.bodies[0]).toEqual(server.bodies[1]);
});

test('T-012 what one transaction has settled is saved before the next begins', async () => {
  const order: string[] = [];
  await using server = await scriptedServer({ offers: ['DSN'], on: (at) => void (at === '.' && order.push('dot')) });
  await using provider = await loggedOn(server);
  const to = [{ address: 'bob@x.test', report: { delivery: true } }, 'eve@x.test'];
  await provider.submit(
    outboundMessage({ to, saveChanges: async (outcomes) => void order.push(...outcomes.map(({ recipient }) => `saved ${recipient}`)) }),
  );
  expect(order).toEqual(['dot', 'saved 1', 'dot']);
});

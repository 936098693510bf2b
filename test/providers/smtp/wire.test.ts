// What is on the wire, and what never is: line ends, dots, addresses, parameters.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outboundMessage, summary, type OutboundDraft } from '../../../src/testing/provider-suite/outbound-message.ts';
import { loggedOn } from './logged-on.ts';
import { scriptedServer, type Script } from './scripted-server.ts';

async function sent(draft: OutboundDraft, script: Script = {}) {
  await using server = await scriptedServer(script);
  await using provider = await loggedOn(server);
  const message = outboundMessage(draft);
  const result = await provider.submit(message);
  return { result, outcomes: summary(message, result), steps: server.steps, bodies: server.bodies, connections: server.connections.made };
}

const envelopeOf = (steps: readonly string[]) => steps.filter((step) => /^(MAIL|RCPT)/.test(step));

/** What a receiver makes of the dots (RFC 5321, 4.5.2). */
const unstuffed = (wire: Buffer | undefined): string => (wire ?? Buffer.alloc(0)).toString('latin1').replace(/^\.|(?<=\r\n)\./g, '');
/** The documented canonical form: every bare CR or LF is CRLF, and the last line ends. */
const canonical = (raw: string): string => raw.replace(/\r\n|\r|\n/g, '\r\n').replace(/(?<!\r\n)$/, '\r\n');

const smuggled = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\r\n.\r\n'];
for (const end of smuggled) {
  test(`X-002 T-030 ${JSON.stringify(end)} in the content ends nothing and leaves no bare CR or LF`, async () => {
    const raw = `Subject: a\r\n\r\nbefore${end}MAIL FROM:<eve@x.test>\r\nRCPT TO:<bob@x.test>\r\nDATA\r\nafter`;
    for (const content of [raw, () => Readable.from(Array.from(raw, (char) => Buffer.from(char)))]) {
      const { bodies, steps } = await sent({ raw: content, sizeBytes: typeof content === 'string' ? raw.length : 1_000_000 });
      expect(bodies).toHaveLength(1);
      expect(bodies[0]?.toString()).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
      expect(unstuffed(bodies[0])).toBe(canonical(raw));
      expect(envelopeOf(steps)).toHaveLength(2);
    }
  });
}

test('T-029 dots and line ends arrive as they were, wherever the chunks are cut', async () => {
  await using server = await scriptedServer();
  await using provider = await loggedOn(server);
  const pieces = fc.array(fc.constantFrom('.', '\r', '\n', '\r\n', '..', 'a', '\r\n.', '.\r\n', ''), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const before = server.bodies.length;
      await provider.submit(outboundMessage({ raw: () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))), sizeBytes: 1_000_000 }));
      expect(server.bodies).toHaveLength(before + 1);
      // An empty message is one empty line.
      expect(unstuffed(server.bodies.at(-1))).toBe(canonical(chunks.join('')));
    }),
    { numRuns: 300 },
  );
});

for (const bad of [
  'bob@x.test\r\nRCPT TO:<eve@x.test>',
  'bob@x.test\n',
  'bob\0@x.test',
  'bob@x.test> SIZE=1',
  '<bob@x.test',
  ' bob@x.test',
  'b ob@x.test',
  '',
  'bob@ex\u00adample.test',
  'bob@\u202ex.test',
]) {
  test(`X-007 the recipient ${JSON.stringify(bad)} is refused before any connection`, async () => {
    const { outcomes, connections, result } = await sent({ to: [bad] });
    expect(outcomes).toEqual(['1:rejected']);
    expect(result).toMatchObject([{ diagnostic: { code: 'EENVELOPE', enhancedCode: '5.1.3' } }]);
    expect(connections).toBe(0);
  });

  test(`X-007 the sender ${JSON.stringify(bad)} is refused before any connection`, async () => {
    const { outcomes, connections } = await sent({ from: bad });
    expect(outcomes).toEqual(['1:rejected']);
    expect(connections).toBe(0);
  });
}

test('X-007 a bad recipient does not stop the good ones; a bad envelope id or original recipient stops its own', async () => {
  expect((await sent({ to: ['bob@x.test', 'eve@x.test\r\n'] })).outcomes).toEqual(['1:accepted', '2:rejected']);
  expect((await sent({ envelopeId: 'a\r\nb' })).outcomes).toEqual(['1:rejected']);
  expect((await sent({ to: [{ address: 'bob@x.test', originalRecipient: 'rfc822;a\nb' }] })).outcomes).toEqual(['1:rejected']);
});

test('a report has the null return path', async () => {
  expect(envelopeOf((await sent({ from: null })).steps)[0]).toMatch(/^MAIL FROM:<>/);
});

test('a quoted local part goes as it is', async () => {
  expect(envelopeOf((await sent({ to: ['"b ob"@x.test'] })).steps)[1]).toBe('RCPT TO:<"b ob"@x.test>');
});

test('T-033 a domain goes in A-labels and needs no SMTPUTF8', async () => {
  const { steps, outcomes } = await sent({ to: ['bob@bücher.test'] }, { offers: ['8BITMIME'] });
  expect(outcomes).toEqual(['1:accepted']);
  expect(envelopeOf(steps)).toEqual([expect.not.stringContaining('SMTPUTF8'), 'RCPT TO:<bob@xn--bcher-kva.test>']);
});

test('T-033 a local part that is not ASCII goes with SMTPUTF8 where that is offered, else nowhere', async () => {
  const to = ['bob@x.test', 'bücher@x.test'];
  const { steps } = await sent({ to });
  expect(envelopeOf(steps)[0]).toContain('SMTPUTF8');
  expect(envelopeOf(steps)[2]).toBe('RCPT TO:<bücher@x.test>');

  const without = await sent({ to }, { offers: [] });
  expect(without.outcomes).toEqual(['1:accepted', '2:rejected']);
  expect(without.result).toContainEqual(expect.objectContaining({ diagnostic: expect.objectContaining({ enhancedCode: '5.6.7' }) as object }));
  expect((await sent({ from: 'bücher@x.test' }, { offers: [] })).outcomes).toEqual(['1:rejected']);
});

test('T-032 8-bit content is declared where that is offered, else refused 5.6.3', async () => {
  const raw = 'Subject: a\r\n\r\nBücher\r\n';
  expect(envelopeOf((await sent({ raw })).steps)[0]).toContain('BODY=8BITMIME');
  expect(envelopeOf((await sent({})).steps)[0]).not.toContain('BODY');
  const streamed = () => Readable.from([Buffer.from(raw)]);
  for (const draft of [{ raw }, { raw: streamed, sizeBytes: 1_000_000 }]) {
    const without = await sent(draft, { offers: [] });
    expect(without.result).toMatchObject([{ outcome: 'rejected', diagnostic: { enhancedCode: '5.6.3' } }]);
    expect(envelopeOf(without.steps)).toEqual([]);
  }
});

test('T-032 what the server offers is known after AUTH, and where STARTTLS has failed', async () => {
  const raw = 'Subject: a\r\n\r\nBücher\r\n';
  for (const options of [{ auth: { user: 'ann', pass: 'secret' } }, { opportunisticTLS: true }]) {
    await using server = await scriptedServer({
      offers: ['8BITMIME', 'auth' in options ? 'AUTH PLAIN' : 'STARTTLS'],
      on: (at) => (at === 'STARTTLS' ? '454 no' : undefined),
    });
    await using provider = await loggedOn(server, options);
    const message = outboundMessage({ raw });
    expect(summary(message, await provider.submit(message))).toEqual(['1:accepted']);
    expect(envelopeOf(server.steps)[0]).toContain('BODY=8BITMIME');
  }
});

test('T-031 a message that is larger than the server takes is refused before MAIL', async () => {
  const { result, steps } = await sent({ raw: 'x'.repeat(101) }, { offers: ['SIZE 100'] });
  expect(result).toMatchObject([{ outcome: 'rejected', diagnostic: { code: 'EMAXSIZE', enhancedCode: '5.3.4' } }]);
  expect(envelopeOf(steps)).toEqual([]);
  expect(envelopeOf((await sent({ raw: 'x'.repeat(100) }, { offers: ['SIZE 100'] })).steps)[0]).toContain('SIZE=100');
});

test('T-046 what the sender wants to hear is passed on where DSN is offered, to each recipient his own', async () => {
  const draft: OutboundDraft = {
    envelopeId: 'env+1',
    report: { delivery: true, returns: 'headers' },
    to: ['a@x.test', 'b@x.test', { address: 'c@x.test', report: { delivery: false, nonDelivery: false }, originalRecipient: 'rfc822;orig@x.test' }],
  };
  const { steps, outcomes, result } = await sent(draft, { offers: ['DSN'] });
  expect(outcomes).toEqual(['1:accepted', '2:accepted', '3:accepted']);
  const followed = (results: unknown) => (results as { reportsFollow?: true }[]).map(({ reportsFollow = false }) => reportsFollow);
  expect(followed(result)).toEqual([true, true, false]);
  expect(envelopeOf(steps)).toEqual([
    'MAIL FROM:<ann@mailspool.test> RET=HDRS ENVID=env+2B1',
    'RCPT TO:<a@x.test> NOTIFY=SUCCESS,FAILURE',
    'RCPT TO:<b@x.test> NOTIFY=SUCCESS,FAILURE',
    'MAIL FROM:<ann@mailspool.test> RET=HDRS ENVID=env+2B1',
    'RCPT TO:<c@x.test> NOTIFY=NEVER ORCPT=rfc822;orig@x.test',
  ]);
  const plain = await sent(draft, { offers: [] });
  expect(envelopeOf(plain.steps)).toHaveLength(4);
  expect(followed(plain.result)).toEqual([false, false, false]);
});

test('T-002 content that turns out to be damaged is never ended: nothing is sent', async () => {
  const damaged = function* () {
    yield Buffer.from('Subject: a\r\n\r\n');
    throw Object.assign(new Error('the digest differs'), { code: 'ECORRUPT' });
  };
  const { result, bodies } = await sent({ raw: () => Readable.from(damaged()), sizeBytes: 1_000_000 });
  expect(result).toMatchObject([{ outcome: 'notSent', diagnostic: { code: 'ECORRUPT' } }]);
  expect(bodies).toHaveLength(0);
});

test('large content flows through at the pace of the server', async () => {
  const chunk = Buffer.alloc(65_536, `${'x'.repeat(62)}\r\n`);
  const chunks = Array.from({ length: 60 }, () => chunk);
  const { outcomes, bodies } = await sent({ raw: () => Readable.from(chunks), sizeBytes: chunks.length * chunk.length });
  expect(outcomes).toEqual(['1:accepted']);
  expect(bodies[0]?.equals(Buffer.concat(chunks))).toBe(true);
});

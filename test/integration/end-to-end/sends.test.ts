// Mail of every shape out of a spooler in a process of its own: five hundred messages arrive, each once and byte for
// byte, also when the process is killed in the middle.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeSmtp } from 'mailspool/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../crash/letters.ts';
import type { Phase } from '../../crash/phases.ts';
import { type End, Processes } from '../../crash/processes.ts';
import { generateMessages } from '../../fixtures/generate.ts';
import { hasSmtpSink, startSmtpSink } from '../postfix/smtp-sink.ts';
import { expectedBytes, withoutAdded } from './expected.ts';
import type { News, Task } from './spooler-process.ts';

const count = 500;
const seed = 'end to end';
const messages = generateMessages(seed, count);
/** Four for each of five connections, the provider's default. */
const maxUnsettled = 20;

const processes = new Processes<Task, News>(new URL('./spooler-process.ts', import.meta.url));
afterAll(() => processes[Symbol.dispose]());

/** What a server got: the envelope's recipients, and the octets as characters. */
interface Arrived {
  readonly to: readonly string[];
  readonly text: string;
}

describe.skipIf(!hasSmtpSink('that 500 messages of every shape go through the spooler once each'))('to smtp-sink', () => {
  test('T-001 T-013 U-005 F-02 F-03 500 messages of every shape, killed before a final dot in the middle: each once, byte for byte', async () => {
    await using sink = await startSmtpSink();
    const sent = await sentInLives(sink.port, [{ dieIn: 'before-dot', after: 250 }, {}]);
    expect(sent).toEqual(allRelayed);
    const arrived = (await sink.messages()).map(({ rcptTo, content }) => ({ to: rcptTo, text: content.toString('latin1') }));
    expect(arrived.length).toBe(count);
    expectEachAsSubmitted(arrived, '\n');
  });
});

describe('to a server that keeps every octet', () => {
  test('T-012 T-013 F-04 F-05 X-002 killed after a reply: only what was in flight comes twice, with the same octets', async () => {
    const arrived: Arrived[] = [];
    await using server = await fakeSmtp({
      onMessage: ({ raw, envelope }) =>
        arrived.push({ to: envelope.rcptTo.map(({ address }) => `<${address}>`), text: Buffer.from(raw).toString('latin1') }),
    });
    const sent = await sentInLives(server.port, [{ dieIn: 'replied', after: 170 }, { dieIn: 'settling', after: 170 }, {}]);
    expect(sent).toEqual(allRelayed);
    expectEachAsSubmitted(arrived, '\r\n');
    const twice = arrived.length - count;
    // The reply was there and the outcome was not: that one has to go again.
    expect(twice).toBeGreaterThanOrEqual(1);
    expect(twice).toBeLessThanOrEqual(2 * maxUnsettled);
    expect(new Set(arrived.map(({ text }) => digestOf(Buffer.from(text, 'latin1')))).size).toBe(count);
    for (const { text } of arrived) expect(/(?<!\r)\n|\r(?!\n)/.test(text)).toBe(false);
  });
});

const allRelayed = new Map(messages.map(({ name }) => [name, 'relayed, raw() is as submitted']));

/** The last life's words on each message. */
async function sentInLives(port: number, lives: readonly { readonly dieIn?: Phase; readonly after?: number }[]): Promise<Map<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-sends-'));
  const sent = new Map<string, string>();
  for (const life of lives) {
    let died: Phase | undefined;
    const end = await processes.run({ directory: join(directory, 'spool'), ...life, send: { port, seed, count } }, (news) => {
      if ('dying' in news) died = news.dying;
      if ('sent' in news)
        sent.set(
          news.sent,
          `${[...new Set(news.states)].join(' ')}, ${rawIsAsSubmitted(news) ? 'raw() is as submitted' : 'raw() is something else'}`,
        );
    });
    expect([died, end]).toEqual([life.dieIn, life.dieIn === undefined ? endedWell : killed]);
  }
  await rm(directory, { recursive: true });
  return sent;
}

const endedWell: End = { code: 0, signal: null };
const killed: End = { code: null, signal: 'SIGKILL' };

function rawIsAsSubmitted({ sent, digest }: Extract<News, { sent: string }>): boolean {
  const given = messages.find(({ name }) => name === sent);
  // What was added to those is seen at the server only.
  return given !== undefined && (sent.startsWith('without-id') || digestOf(Buffer.from(expectedBytes(given.bytes), 'latin1')) === digest);
}

/** Each message is there, for its recipients, as submitted; and no blind recipient is in any. */
function expectEachAsSubmitted(arrived: readonly Arrived[], lineEnd: '\n' | '\r\n'): void {
  const byAddress = new Map<string, (typeof messages)[number]>(
    messages.flatMap((message) => message.envelope.to.map((address) => [`<${address}>`, message])),
  );
  const seen = new Set<string>();
  for (const { to, text } of arrived) {
    const message = byAddress.get(to[0] ?? '');
    if (!message) throw new Error(`nobody sent anything to ${to.join(' ')}`);
    const { name, bytes, envelope, bcc } = message;
    const octets = text.replaceAll(lineEnd, '\r\n');
    expect([name, withoutAdded(octets, bytes)]).toEqual([name, expectedBytes(bytes)]);
    expect([name, ...to]).toEqual([name, ...new Set(envelope.to.map((address) => `<${address}>`))]);
    for (const address of bcc) expect([name, text.includes(address)]).toEqual([name, false]);
    seen.add(name);
  }
  expect(seen.size).toBe(count);
}

// What the IMAP provider answers to the conditions of U-042 to U-050, each one line on the fake server: whatever
// happens, three messages come in, each once.
import { describe, expect, test } from 'vitest';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import type { Clock } from 'mailspool/provider';
import { fakeImap, virtualTime, type FakeImap, type ImapFault } from 'mailspool/testing';
import { Spool } from '../../../src/testing/provider-suite/inbound-message.ts';
import { logonOptions, type TestSupport } from '../../../src/testing/provider-suite/support.ts';

const three = ['one', 'three', 'two'];
const mail = (subject: string): string => `From: ann@example.test\r\nSubject: ${subject}\r\n\r\nHello\r\n`;
const subjects = (spool: Spool): string[] => spool.saved.map((message) => /^Subject: (.*)\r$/m.exec(message.bytes.toString('latin1'))?.[1] ?? '?');

const conditions: readonly (readonly [string, ImapFault])[] = [
  ['U-042 IDLE tells nothing', { at: 'IDLE', times: 3, do: 'mute' }],
  ['U-043 a fetch is cut off in the midst of a literal', { at: 'UID FETCH', match: 'BODY', times: 2, do: { dropAtByte: 60 } }],
  ['U-043 a literal comes slowly', { at: 'UID FETCH', match: 'BODY', times: 3, do: { bytesPerSecond: 5_000 } }],
  ['U-043 a literal never ends', { at: 'UID FETCH', match: 'BODY', do: { stallAtByte: 60 } }],
  ['U-044 BYE comes, and the connection stays open', { at: 'STATUS', nth: 2, do: { bye: 'Going down', stay: true } }],
  ['U-044 BYE comes in IDLE, and the connection stays open', { at: 'IDLE', do: [{ say: '+ idling\r\n* BYE Going down\r\n' }, 'stall'] }],
  ['U-045 every answer is late', { at: 'any', times: 20, do: { delay: '5ms' } }],
  ['U-046 messages are announced and not there yet', { at: ['UID SEARCH', 'UID FETCH', 'FETCH'], times: 3, do: 'notYetThere' }],
  ['U-046 messages are found and cannot be fetched yet', { at: ['UID FETCH', 'FETCH'], times: 2, do: 'notYetThere' }],
  ['U-048 UIDVALIDITY changes before a fetch', { at: 'UID FETCH', do: 'newUidValidity' }],
  ['U-048 UIDVALIDITY changes before a SELECT', { at: ['SELECT', 'EXAMINE'], do: 'newUidValidity' }],
];

/** The provider waits half a minute and longer before it asks again. */
const throttled: readonly (readonly [string, ImapFault])[] = [
  ['U-049 a fetch is throttled', { at: 'UID FETCH', times: 2, do: { no: '[THROTTLED] Slow down' } }],
  ['U-049 a look at the mailbox is throttled', { at: 'STATUS', do: { no: '[THROTTLED] Slow down' } }],
  ['U-049 the logon is throttled', { at: 'logon', do: { no: '[UNAVAILABLE] Try again' } }],
  ['U-050 there are too many connections, says the greeting', { at: 'greeting', do: { bye: '[LIMIT] Too many connections' } }],
  ['U-050 there are too many connections, says the logon', { at: 'logon', times: 2, do: { no: '[LIMIT] Too many connections' } }],
];

describe('the IMAP provider against a server that misbehaves', () => {
  test.each(conditions)('%s: three messages come in, each once', async (_title, fault) => {
    const spool = new Spool();
    await using server = await fakeImap();
    const handle = server.script(fault);
    await using _session = await serving(spool, server);
    await spool.until(() => server.commands.at(-1)?.name === 'IDLE' || handle.fired > 0);
    for (const subject of three) server.deliver('user', 'INBOX', mail(subject));
    await spool.until(() => spool.saved.length === 3 && handle.fired > 0);
    expect(subjects(spool).sort()).toEqual(three);
  });

  test.each(throttled)('%s: the gate says so, and later three messages come in, each once', async (_title, fault) => {
    const clock = virtualTime();
    const spool = new Spool();
    await using server = await fakeImap({ clock });
    server.script(fault);
    for (const subject of three) server.deliver('user', 'INBOX', mail(subject));
    await using session = await serving(spool, server, clock);
    await spool.until(() => gateOf(session.support)?.reason === 'throttled');
    const logons = server.connections.total;
    await clock.advance('20s');
    expect(server.connections.total).toBe(logons);
    await clock.advance('10m');
    await spool.until(() => spool.saved.length === 3 && gateOf(session.support) === null);
    expect(subjects(spool).sort()).toEqual(three);
  });

  test('U-046 a message that is expunged during the fetch leaves nothing behind; the others come in', async () => {
    const spool = new Spool();
    await using server = await fakeImap();
    server.script({ at: 'UID FETCH', match: 'BODY', do: 'expungeMeanwhile' });
    for (const subject of three) server.deliver('user', 'INBOX', mail(subject));
    await using _session = await serving(spool, server);
    await spool.until(() => spool.saved.length === 2);
    expect(server.mailbox('user', 'INBOX').messages).toHaveLength(2);
  });
});

const gateOf = ({ columns }: TestSupport): { reason: string } | null | undefined => (columns as { gate?: { reason: string } | null }).gate;

async function serving(spool: Spool, server: FakeImap, clock?: Clock): Promise<AsyncDisposable & { readonly support: TestSupport }> {
  const stirring = server.onCommand(() => {
    spool.stir();
    return undefined;
  });
  const options: ImapOptions = {
    host: server.host,
    port: server.port,
    secure: false,
    auth: { user: 'user', pass: 'pass' },
    begin: 'all',
    ...(clock ? {} : { pollIntervalMs: 50, deadlines: { connectMs: 200, commandMs: 200 } }),
    retry: { firstMs: 5, factor: 1, maxMs: 5, jitter: 0 },
  };
  const support = spool.support({ connections: 1, ...(clock ? { clock } : {}) });
  const session = await imap(options).logon(support, logonOptions());
  const running = spool.serve(session, support);
  return {
    support,
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      await session.logoff?.();
      stirring[Symbol.dispose]();
    },
  };
}

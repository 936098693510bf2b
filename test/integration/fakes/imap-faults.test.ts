// What fakeImap does wrong on request, as a client sees it: each condition of U-042 to U-050 in one line.
import { describe, expect, it } from 'vitest';
import { fakeImap, virtualTime, type FakeImap, type FakeImapOptions } from 'mailspool/testing';
import { Conversation, talk } from './dialogue.ts';

const message = (n: number): string => `From: ann@test\r\nSubject: Number ${n}\r\n\r\nBody ${n}\r\n`;

/** A server with messages, and somebody who has logged on to it. */
async function serverWith(count: number, options: FakeImapOptions = {}): Promise<FakeImap> {
  const server = await fakeImap(options);
  for (let n = 1; n <= count; n++) server.deliver('user', 'INBOX', message(n));
  return server;
}

async function loggedOn(server: FakeImap): Promise<Conversation> {
  const client = new Conversation(server);
  await client.hears(/ready\r\n/);
  await client.says('l LOGIN user pass', /^l (OK|NO).*\r\n/m);
  return client;
}

async function inbox(server: FakeImap): Promise<Conversation> {
  const client = await loggedOn(server);
  await client.says('s SELECT INBOX', /^s OK.*\r\n/m);
  return client;
}

const answer = (client: Conversation, command: string): Promise<string> => client.says(`a ${command}`, /^a (OK|NO|BAD).*\r\n/m);

interface Condition {
  readonly title: string;
  /** The one line. */
  readonly arrange: (server: FakeImap) => unknown;
  readonly shows: (server: FakeImap) => Promise<void>;
}

const conditions: readonly Condition[] = [
  {
    title: 'U-042 IDLE looks alive and tells nothing, until the client asks',
    arrange: (server) => server.script({ at: 'IDLE', do: 'mute' }),
    shows: async (server) => {
      await using client = await inbox(server);
      await using other = await inbox(server);
      await client.says('i IDLE', /^\+.*\r\n/m);
      for (const n of [4, 5]) server.deliver('user', 'INBOX', message(n));
      expect(await answer(other, 'NOOP')).toContain('* 5 EXISTS');
      // Of the first it was not told while it idled.
      expect(await client.says('DONE', /^i OK.*\r\n/m)).toMatch(/^\* 5 EXISTS/);
      await client.says('j IDLE', /^\+.*\r\n/m);
      server.deliver('user', 'INBOX', message(6));
      expect(await client.hears(/EXISTS/)).toContain('* 6 EXISTS');
    },
  },
  {
    title: 'U-042 all that idle are told nothing, for as long as the test likes',
    arrange: (server) => server.mute(),
    shows: async (server) => {
      await using client = await inbox(server);
      await client.says('i IDLE', /^\+.*\r\n/m);
      for (const n of [4, 5]) server.deliver('user', 'INBOX', message(n));
      server.mute(false);
      expect(await client.hears(/EXISTS/)).toMatch(/^\* 5 EXISTS/);
    },
  },
  {
    title: 'U-043 the connection is reset at a step',
    arrange: (server) => server.script({ at: 'UID FETCH', do: 'drop' }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await answer(client, 'UID FETCH 1 FLAGS')).toBe('');
    },
  },
  {
    title: 'U-043 the connection is reset in the midst of an answer',
    arrange: (server) => server.script({ at: 'FETCH', do: { dropAtByte: 30 } }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await answer(client, 'FETCH 1 BODY[]')).toHaveLength(30);
    },
  },
  {
    title: 'U-043 the connection is reset while a client sends a message',
    arrange: (server) => server.script({ at: 'APPEND', do: { dropAtByte: 10 } }),
    shows: async (server) => {
      await using client = await loggedOn(server);
      expect(await client.says('a APPEND INBOX {100}', /^\+.*\r\n/m)).toBe('+ Go on\r\n');
      expect(await client.says('Subject: x', /OK/)).toBe('');
      expect(server.commands.filter(({ name }) => name === 'APPEND')).toHaveLength(1);
      await using other = await loggedOn(server);
      expect(await answer(other, `APPEND INBOX (\\Seen) {${message(4).length}+}\r\n${message(4)}`)).toContain('a OK [APPENDUID');
      expect(server.mailbox('user', 'INBOX').messages).toHaveLength(4);
    },
  },
  {
    title: 'U-043 the server reads a message not to its end and says nothing',
    arrange: (server) => server.script({ at: 'APPEND', do: { stallAtByte: 10 } }),
    shows: async (server) => {
      await using client = await loggedOn(server);
      expect(await client.says('a APPEND {5+}\r\nINBOX {100}', /^\+.*\r\n/m)).toBe('+ Go on\r\n');
      const answered = client.says(`${'x'.repeat(100)}\r\nb NOOP`, /OK/);
      await using other = await loggedOn(server);
      await answer(other, 'NOOP');
      server.dropConnections();
      expect([await answered, server.mailbox('user', 'INBOX').messages.length]).toEqual(['', 3]);
    },
  },
  {
    title: 'U-043 a literal comes slowly',
    arrange: (server) => server.script({ at: 'FETCH', do: { bytesPerSecond: 2_000 } }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await answer(client, 'FETCH 1 BODY.PEEK[]')).toContain('Body 1\r\n)\r\na OK');
    },
  },
  {
    title: 'U-043 a literal never ends',
    arrange: (server) => server.script({ at: 'FETCH', do: { stallAtByte: 60 } }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await client.says('a FETCH 1 BODY[]', /Subject: N/)).toMatch(/^\* 1 FETCH \(BODY\[\] \{\d+\}\r\nFrom: ann@test\r\nSubject: N$/);
      await using other = await inbox(server);
      expect(await answer(other, 'NOOP')).toMatch(/^a OK/m);
    },
  },
  {
    title: 'U-044 a client that has gone already is sent more',
    arrange: (server) => server.script({ at: 'LOGOUT', do: ['replyThenDrop', { say: '* BYE once more\r\n)(\r\n' }] }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await client.says('a LOGOUT', /nothing like that/)).toBe('* BYE once more\r\n)(\r\n');
    },
  },
  {
    title: 'U-044 BYE comes, and the connection stays open',
    arrange: (server) => server.script({ at: 'NOOP', do: { bye: 'Going down', stay: true } }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await client.says('a NOOP', /BYE.*\r\n/)).toBe('* BYE Going down\r\n');
      await using other = await inbox(server);
      expect([await answer(other, 'NOOP'), server.connections.open]).toEqual(['a OK NOOP completed\r\n', 2]);
    },
  },
  {
    title: 'U-045 a fetch takes its time, so that another command can come in between',
    arrange: (server) => server.script({ at: 'FETCH', do: { delay: '20ms' } }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await client.says('a FETCH 1 UID\r\nb NOOP', /^b OK.*\r\n/m)).toBe(
        '* 1 FETCH (UID 1)\r\na OK FETCH completed\r\nb OK NOOP completed\r\n',
      );
    },
  },
  {
    title: 'U-046 a message is announced and cannot be fetched yet',
    arrange: (server) => server.script({ at: ['UID FETCH', 'UID SEARCH', 'FETCH'], times: 3, do: 'notYetThere' }),
    shows: async (server) => {
      await using client = await inbox(server);
      server.deliver('user', 'INBOX', message(4));
      expect(await answer(client, 'NOOP')).toContain('* 4 EXISTS');
      expect(await answer(client, 'UID FETCH 4:* FLAGS')).toMatch(/^(?!\* 4)/);
      expect(await answer(client, 'UID SEARCH UID 4')).toMatch(/^\* SEARCH\r\n/);
      expect(await answer(client, 'FETCH 4 UID')).toBe('a OK FETCH completed\r\n');
      expect(await answer(client, 'FETCH 4 UID')).toContain('* 4 FETCH (UID 4)');
    },
  },
  {
    title: 'U-046 messages are expunged during a fetch',
    arrange: (server) => server.script({ at: 'FETCH', do: 'expungeMeanwhile' }),
    shows: async (server) => {
      await using client = await inbox(server);
      expect(await answer(client, 'FETCH 2:3 UID')).toBe('* 2 FETCH (UID 2)\r\na OK FETCH completed\r\n');
      expect(await answer(client, 'NOOP')).toContain('* 3 EXPUNGE');
      expect(server.mailbox('user', 'INBOX').messages).toHaveLength(2);
    },
  },
  {
    title: 'U-047 the server names other messages than it did: none is known to a client that has lost its state',
    arrange: (server) => server.script({ at: 'SELECT', nth: 2, do: 'newUidValidity' }),
    shows: async (server) => {
      await using client = await loggedOn(server);
      const [first, second] = [await answer(client, 'SELECT INBOX'), await answer(client, 'SELECT INBOX')];
      const validity = (text: string): number => Number(/UIDVALIDITY (\d+)/.exec(text)?.[1]);
      expect(validity(second)).toBe(validity(first) + 1);
    },
  },
  {
    title: 'U-048 UIDVALIDITY changes under a client that has the mailbox open',
    arrange: (server) => server.script({ at: 'UID FETCH', do: 'newUidValidity' }),
    shows: async (server) => {
      await using client = await inbox(server);
      const before = server.mailbox('user', 'INBOX').uidValidity;
      expect(await client.says('a UID FETCH 1:* FLAGS', /BYE.*\r\n/)).toContain('* BYE UIDVALIDITY has changed');
      expect(server.mailbox('user', 'INBOX').uidValidity).toBe(before + 1);
    },
  },
  {
    title: 'U-048 UIDVALIDITY changes at a moment of the test',
    arrange: (server) => server.setUidValidity('user', 'INBOX', 4_242),
    shows: async (server) => {
      await using client = await loggedOn(server);
      expect(await answer(client, 'SELECT INBOX')).toContain('[UIDVALIDITY 4242]');
    },
  },
  {
    title: 'U-049 what goes beyond a rate is throttled, for that user alone',
    arrange: (server) => server.script({ at: 'UID FETCH', user: 'user', beyond: { count: 2, within: '1h' }, do: { no: '[THROTTLED] Slow down' } }),
    shows: async (server) => {
      await using client = await inbox(server);
      const said: string[] = [];
      for (let n = 1; n <= 3; n++) said.push(await answer(client, 'UID FETCH 1 UID'));
      expect(said.map((each) => /^a (\w+)/m.exec(each)?.[1])).toEqual(['OK', 'OK', 'NO']);
      expect(said[2]).toBe('a NO [THROTTLED] Slow down\r\n');
      server.mailboxes.setUser('other', 'pass');
      await using other = new Conversation(server);
      await other.says('l LOGIN other pass', /^l OK.*\r\n/m);
      await other.says('s SELECT INBOX', /^s OK.*\r\n/m);
      expect(await answer(other, 'UID FETCH 1 UID')).toBe('a OK FETCH completed\r\n');
    },
  },
  {
    title: 'U-049 logons are refused for a time',
    arrange: (server) => server.script({ at: 'logon', times: 2, do: { no: '[UNAVAILABLE] Try again' } }),
    shows: async (server) => {
      await using client = new Conversation(server);
      const said: string[] = [];
      for (let n = 1; n <= 3; n++) said.push(await answer(client, 'LOGIN user pass'));
      expect(said.map((each) => /a (NO \[\w+\]|OK)/.exec(each)?.[1])).toEqual(['NO [UNAVAILABLE]', 'NO [UNAVAILABLE]', 'OK']);
    },
  },
  {
    title: 'U-050 more connections than are allowed are refused at logon',
    arrange: (server) => server.script({ at: 'logon', beyond: { connections: 1 }, do: { no: '[LIMIT] Too many connections' } }),
    shows: async (server) => {
      await using first = await loggedOn(server);
      expect(await answer(first, 'NOOP')).toBe('a OK NOOP completed\r\n');
      await using second = new Conversation(server);
      expect(await answer(second, 'LOGIN user pass')).toContain('a NO [LIMIT] Too many connections');
      expect(server.connections.peak).toBe(2);
    },
  },
  {
    title: 'U-050 more connections than are allowed are sent away with the greeting',
    arrange: (server) => server.script({ at: 'greeting', beyond: { connections: 1 }, do: { bye: '[LIMIT] Too many connections' } }),
    shows: async (server) => {
      await using _first = await loggedOn(server);
      expect(await talk(server, [])).toBe('* BYE [LIMIT] Too many connections\r\n');
    },
  },
];

describe('faults of fakeImap', () => {
  it.each(conditions.map((condition) => [condition.title, condition] as const))('%s', async (_title, { arrange, shows }) => {
    await using server = await serverWith(3);
    arrange(server);
    await shows(server);
  });

  it('U-043 an expired token is refused, at once or from a time on', async () => {
    const clock = virtualTime();
    await using server = await fakeImap({ clock, users: { ann: { token: 't', tokenExpiresAt: clock.now() + 3_600_000 }, bob: { token: 't' } } });
    const bearer = (user: string): string => Buffer.from(`user=${user}\x01auth=Bearer t\x01\x01`).toString('base64');
    const logon = (user: string): Promise<string> => talk(server, [`a AUTHENTICATE XOAUTH2 ${bearer(user)}`, '', 'b LOGOUT']);
    expect(await logon('ann')).toContain('a OK');
    await clock.advance('1h');
    expect(await logon('ann')).toMatch(/\+ [\w=]+\r\na NO \[AUTHENTICATIONFAILED\]/);
    server.script({ at: 'LOGOUT', do: 'expireToken' });
    expect([await logon('bob'), await logon('bob')].map((said) => /a (OK|NO)/.exec(said)?.[1])).toEqual(['OK', 'NO']);
  });

  it('a fault that never fired fails the test that asked for it', async () => {
    const server = await serverWith(1);
    server.script({ at: 'IDLE', do: 'mute' });
    await expect(server.close()).rejects.toMatchObject({ code: 'ENOTFIRED' });
  });

  it('U-061 U-062 a hundred servers start in a moment, work side by side, and leave nothing behind', async () => {
    const before = handles();
    const servers = await Promise.all(Array.from({ length: 100 }, () => serverWith(1)));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(100);
    const clients = await Promise.all(servers.map(inbox));
    await Promise.all(clients.map((client) => client.says('i IDLE', /^\+.*\r\n/m)));
    for (const server of servers) server.deliver('user', 'INBOX', message(2));
    expect((await Promise.all(clients.map((client) => client.hears(/EXISTS/)))).every((said) => said.includes('* 2 EXISTS'))).toBe(true);
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    expect(servers.map(({ connections }) => connections.open)).toEqual(servers.map(() => 0));
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await expect.poll(handles, { interval: 1 }).toBeLessThanOrEqual(before);
  });
});

/** What keeps the process alive in the way of sockets. */
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP/.test(name)).length;

// What fakeSmtp and fakePop3 do wrong on request, as a client sees it: the conditions of U-016, U-036 and U-042 to U-051
// that these two can bring about, each in one line. Each fault at each step of SMTP: docs/reference/smtp-faults.md.
import { describe, expect, it } from 'vitest';
import { fakePop3, fakeSmtp, virtualTime, type FakePop3, type FakeSmtp, type Pop3Misdeed, type Pop3Step, type VirtualTime } from 'mailspool/testing';
import { Conversation, talk } from './dialogue.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const bearer = `AUTH XOAUTH2 ${base64('user=user\x01auth=Bearer token\x01\x01')}`;
const users = { user: { password: 'pass', token: 'token' } };

interface Condition<Server> {
  readonly title: string;
  /** The one line. */
  readonly arrange: (server: Server) => unknown;
  readonly shows: (server: Server, clock: VirtualTime) => Promise<void>;
}

/** Says lines one by one, and gives the answers. */
async function asked(client: Conversation, ...lines: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const line of lines) answers.push(await client.says(line, /^(?!\d{3}-).*\r\n/m));
  return answers;
}

const codes = async (client: Conversation, ...lines: readonly string[]): Promise<string[]> =>
  (await asked(client, ...lines)).map((answer) => answer.slice(0, 3));

async function greeted(server: { readonly host: string; readonly port: number }): Promise<Conversation & { readonly greeting: string }> {
  const client = new Conversation(server);
  return Object.assign(client, { greeting: await client.hears(/\r\n/) });
}

const oneMail = ['HELO me', 'MAIL FROM:<ann@test>', 'RCPT TO:<bob@test>', 'DATA', 'Subject: Hi\r\n\r\nHi\r\n.'];

const smtp: readonly Condition<FakeSmtp>[] = [
  {
    title: 'U-016 the message is taken, and the line is cut',
    arrange: (server) => server.script({ at: 'dot', do: 'acceptThenDrop' }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await codes(client, ...oneMail)).toEqual(['250', '250', '250', '354', '']);
      expect(server.messages()).toHaveLength(1);
    },
  },
  {
    title: 'U-036 a sender and a recipient are greylisted for a time',
    arrange: (server) => server.script({ at: 'RCPT', greylist: '5m', do: { code: 451, enhancedCode: '4.7.1', message: 'Greylisted' } }),
    shows: async (server, clock) => {
      await using client = await greeted(server);
      expect(await codes(client, 'HELO me', 'MAIL FROM:<ann@test>', 'RCPT TO:<bob@test>', 'RCPT TO:<bob@test>')).toEqual([
        '250',
        '250',
        '451',
        '451',
      ]);
      await clock.advance('5m');
      expect(await codes(client, 'RCPT TO:<bob@test>', 'RCPT TO:<carol@test>')).toEqual(['250', '451']);
    },
  },
  {
    title: 'U-043 the connection is reset at a step',
    arrange: (server) => server.script({ at: 'RCPT', do: 'drop' }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await codes(client, ...oneMail.slice(0, 3))).toEqual(['250', '250', '']);
    },
  },
  ...(['drop', 'acceptThenDrop', 'replyThenDrop', { dropAtByte: 0 }, { dropAtByte: 3 }] as const).map((misdeed) => ({
    title: `U-043 what was sent behind a cut is not done (${JSON.stringify(misdeed)})`,
    arrange: (server: FakeSmtp) => server.script({ at: 'NOOP', do: misdeed }),
    shows: async (server: FakeSmtp) => {
      await talk(server, ['NOOP', ...oneMail, 'QUIT']);
      await talk(server, ['QUIT']);
      expect(server.messages()).toEqual([]);
    },
  })),
  {
    title: 'U-044 the connection is reset while nobody waits for anything',
    arrange: (server) => server.script({ at: 'RSET', do: 'replyThenDrop' }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await codes(client, 'RSET', 'NOOP')).toEqual(['250', '']);
    },
  },
  {
    title: 'U-044 a client that has gone already is sent more',
    arrange: (server) => server.script({ at: 'QUIT', do: ['replyThenDrop', { say: '221 Bye\r\n554 And once more\r\n' }] }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await client.says('QUIT', /nothing like that/)).toBe('221 Bye\r\n554 And once more\r\n');
    },
  },
  {
    title: 'U-044 nonsense comes instead of an answer',
    arrange: (server) => server.script({ at: 'EHLO', do: { say: Buffer.from([0, 255, 13, 10]) } }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await client.says('EHLO me', /\r\n/)).toBe('\0\ufffd\r\n');
    },
  },
  {
    title: 'U-049 what goes beyond a rate is put off',
    arrange: (server) =>
      server.script({ at: 'MAIL', beyond: { count: 2, within: '1m' }, do: { code: 450, enhancedCode: '4.7.0', message: 'Not so fast' } }),
    shows: async (server, clock) => {
      await using client = await greeted(server);
      const thrice = ['MAIL FROM:<a@b>', 'RSET', 'MAIL FROM:<a@b>', 'RSET', 'MAIL FROM:<a@b>'];
      expect(await codes(client, 'HELO me', ...thrice)).toEqual(['250', '250', '250', '250', '250', '450']);
      await clock.advance('1m');
      expect(await codes(client, 'MAIL FROM:<a@b>')).toEqual(['250']);
    },
  },
  {
    title: 'U-049 every answer is slow',
    arrange: (server) => server.script({ at: 'any', times: Number.POSITIVE_INFINITY, do: { delay: '10s' } }),
    shows: async (server, clock) => {
      const begun = clock.now();
      const heard = clock.work(talk(server, ['HELO me', 'NOOP', 'QUIT']));
      await clock.advance('1m');
      expect(await heard).toContain('221');
      expect(server.commands).toHaveLength(3);
      expect(clock.now() - begun).toBe(60_000);
    },
  },
  {
    title: 'U-050 connections beyond a number are turned away',
    arrange: (server) => server.script({ at: 'greeting', beyond: { connections: 2 }, do: { code: 421, message: 'Too many connections' } }),
    shows: async (server) => {
      await using first = await greeted(server);
      await using second = await greeted(server);
      await using third = await greeted(server);
      expect([first, second, third].map(({ greeting }) => greeting.slice(0, 3))).toEqual(['220', '220', '421']);
    },
  },
  {
    title: 'U-054 a user is refused, and the others are not',
    arrange: (server) => server.script({ at: 'logon', user: 'user', do: { code: 535, enhancedCode: '5.7.8', message: 'Disabled' } }),
    shows: async (server) => {
      server.mailboxes.setUser('ann', 'pass');
      await using client = await greeted(server);
      const logons = ['user', 'ann'].map((name) => `AUTH PLAIN ${base64(`\0${name}\0pass`)}`);
      expect(await codes(client, 'EHLO me', ...logons)).toEqual(['250', '535', '235']);
    },
  },
  {
    title: 'U-054 somebody unknown makes no token expire',
    arrange: (server) => server.script({ at: 'logon', do: 'expireToken' }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await codes(client, 'EHLO me', `AUTH PLAIN ${base64('\0nobody\0pass')}`, bearer)).toEqual(['250', '535', '235']);
    },
  },
  {
    title: 'U-054 the token expires between two messages',
    arrange: (server) => server.script({ at: 'dot', do: 'expireToken' }),
    shows: async (server) => {
      await using client = await greeted(server);
      expect(await codes(client, 'EHLO me', bearer, ...oneMail.slice(1))).toEqual(['250', '235', '250', '250', '354', '250']);
      await using next = await greeted(server);
      expect(await codes(next, 'EHLO me', bearer, '')).toEqual(['250', '334', '535']);
    },
  },
];

const logon = ['USER user', 'PASS pass'];

const pop3: readonly Condition<FakePop3>[] = [
  {
    title: 'U-043 a message never ends',
    arrange: (server) => server.script({ at: 'RETR', do: { stallAtByte: 40 } }),
    shows: async (server) => {
      await using client = await greeted(server);
      await asked(client, ...logon);
      expect(await client.says('RETR 1', /Subject/)).toMatch(/^\+OK \d+ octets\r\nSubject$/);
      expect(server.connections.open).toBe(1);
    },
  },
  {
    title: 'U-046 what was listed cannot be fetched yet',
    arrange: (server) => server.script({ at: 'RETR', match: /^RETR 2$/, do: { err: '[SYS/TEMP] Not yet' } }),
    shows: async (server) => {
      await using client = await greeted(server);
      await asked(client, ...logon);
      expect(await client.says('LIST', /\r\n\.\r\n/)).toMatch(/^2 /m);
      expect(await asked(client, 'RETR 2')).toEqual(['-ERR [SYS/TEMP] Not yet\r\n']);
      expect(await client.says('RETR 2', /\r\n\.\r\n/)).toContain('Subject: Number 2');
    },
  },
  {
    title: 'U-048 U-051 the unique ids change, the messages do not',
    arrange: (server) => server.mailboxes.setUidValidity('user', 'INBOX', 7),
    shows: async (server) => {
      expect(await talk(server, [...logon, 'UIDL', 'QUIT'])).toContain('\r\n1 7.1\r\n2 7.2\r\n.\r\n');
    },
  },
  {
    title: 'U-049 who logs on too often is refused',
    arrange: (server) => server.script({ at: 'logon', beyond: { count: 1, within: '15m' }, do: { err: '[LOGIN-DELAY] Not so often' } }),
    shows: async (server, clock) => {
      const logsOn = async (): Promise<boolean> => !(await talk(server, [...logon, 'QUIT'])).includes('-ERR [LOGIN-DELAY]');
      expect([await logsOn(), await logsOn()]).toEqual([true, false]);
      await clock.advance('15m');
      expect(await logsOn()).toBe(true);
    },
  },
  {
    title: 'U-050 connections beyond a number are turned away',
    arrange: (server) => server.script({ at: 'greeting', beyond: { connections: 1 }, do: [{ err: '[SYS/TEMP] Too many' }, 'replyThenDrop'] }),
    shows: async (server) => {
      await using first = await greeted(server);
      await using second = await greeted(server);
      expect([first, second].map(({ greeting }) => greeting.slice(0, 4))).toEqual(['+OK ', '-ERR']);
      expect(await asked(first, 'NOOP')).toEqual(['-ERR Log on first\r\n']);
    },
  },
  {
    title: 'U-054 the token expires, and the next logon is refused',
    arrange: (server) => server.script({ at: 'QUIT', do: 'expireToken' }),
    shows: async (server) => {
      expect(await talk(server, [bearer, 'QUIT'])).toMatch(/\+OK 2 messages\r\n\+OK Bye\r\n$/);
      expect(await talk(server, [bearer, '', 'QUIT'])).toContain('-ERR [AUTH]');
    },
  },
];

describe('one line on fakeSmtp', () => {
  it.each(smtp.map((condition) => [condition.title, condition] as const))('%s', async (_title, { arrange, shows }) => {
    const clock = virtualTime();
    await using server = await fakeSmtp({ clock, users });
    arrange(server);
    await shows(server, clock);
  });
});

describe('one line on fakePop3', () => {
  it.each(pop3.map((condition) => [condition.title, condition] as const))('%s', async (_title, { arrange, shows }) => {
    const clock = virtualTime();
    await using server = await fakePop3({ clock, users });
    for (const n of [1, 2]) server.deliver('user', `Subject: Number ${n}\r\n\r\nBody ${n}\r\n`);
    arrange(server);
    await shows(server, clock);
  });
});

/** Each step of POP3 with the line that leads to it, in the order of a dialogue. */
const dialogue: readonly (readonly [Pop3Step, string?])[] = [
  ['greeting'],
  ['CAPA', 'CAPA'],
  ['STLS', 'STLS'],
  ['APOP', 'APOP user 0'],
  ['AUTH', 'AUTH'],
  ['USER', 'USER user'],
  ['PASS', 'PASS pass'],
  ['STAT', 'STAT'],
  ['LIST', 'LIST'],
  ['UIDL', 'UIDL'],
  ['RETR', 'RETR 1'],
  ['TOP', 'TOP 1 0'],
  ['DELE', 'DELE 1'],
  ['RSET', 'RSET'],
  ['NOOP', 'NOOP'],
  ['QUIT', 'QUIT'],
];

/** What comes instead of the usual answer, and whether the line is cut then. */
const instead: readonly (readonly [Pop3Misdeed | readonly Pop3Misdeed[], string | undefined, 'cut' | 'open'])[] = [
  [{ err: '[SYS/TEMP] Later' }, '-ERR [SYS/TEMP] Later\r\n', 'open'],
  ['drop', '', 'cut'],
  ['acceptThenDrop', '', 'cut'],
  ['replyThenDrop', undefined, 'cut'],
  [[{ err: 'No' }, 'replyThenDrop'], '-ERR No\r\n', 'cut'],
  [{ delay: 1 }, undefined, 'open'],
  [{ bytesPerSecond: 1e6 }, undefined, 'open'],
  [{ say: 'what?\r\n' }, 'what?\r\n', 'open'],
  ['expireToken', undefined, 'open'],
];

describe('each fault at each step of POP3', () => {
  /** The answers, up to the one that is cut. */
  async function walk(server: FakePop3, steps = dialogue): Promise<Map<Pop3Step, string>> {
    await using client = new Conversation(server);
    const answers = new Map<Pop3Step, string>();
    for (const [step, line] of steps) {
      const end = ['CAPA', 'AUTH', 'LIST', 'UIDL', 'RETR', 'TOP'].includes(step) ? /^(?:\+OK[^]*?\r\n\.|-.*|what\?)\r\n/ : /\r\n/;
      answers.set(step, line === undefined ? await client.hears(end) : await client.says(line, end));
      if (answers.get(step)?.endsWith('\r\n') !== true) break;
    }
    return answers;
  }

  const stamp = (text = ''): string => text.replace(/<.*>/, '<stamp>');

  it.each(instead)('U-043 U-062 %j', async (misdeed, answer, line) => {
    await using usualServer = await fakePop3();
    usualServer.deliver('user', 'Subject: Hi\r\n\r\n.Hi\r\n');
    usualServer.mailboxes.setUidValidity('user', 'INBOX', 1);
    const usual = await walk(usualServer);
    expect([...usual.keys()]).toEqual(dialogue.map(([step]) => step));
    await Promise.all(
      dialogue.map(async ([step], index) => {
        await using server = await fakePop3();
        server.deliver('user', 'Subject: Hi\r\n\r\n.Hi\r\n');
        server.mailboxes.setUidValidity('user', 'INBOX', 1);
        server.script({ at: step, do: misdeed });
        const seen = await walk(server);
        const before = dialogue.slice(0, index).map(([earlier]) => earlier);
        expect(before.map((earlier) => stamp(seen.get(earlier)))).toEqual(before.map((earlier) => stamp(usual.get(earlier))));
        expect([step, stamp(seen.get(step))]).toEqual([step, stamp(answer ?? usual.get(step))]);
        const after = dialogue[index + 1]?.[0];
        if (after === undefined) return;
        if (line === 'open') expect(seen.get(after)).toMatch(/^[+-]/);
        else expect([undefined, '']).toContain(seen.get(after));
      }),
    );
  });

  it.each([0, 1, 2, 5])('U-043 U-062 the line is cut after %i bytes of the answer', async (count) => {
    for (const [step] of dialogue) {
      await using server = await fakePop3();
      server.deliver('user', 'Subject: Hi\r\n\r\n.Hi\r\n');
      server.script({ at: step, do: { dropAtByte: count } });
      expect([step, (await walk(server)).get(step)]).toEqual([step, expect.stringMatching(new RegExp(`^[^]{${count}}$`))]);
    }
  });
});

// Mail of every shape from a real Dovecot into a spooler in a process of its own, told by IDLE and by polling: five
// hundred messages, each once and byte for byte, although the process is killed before and after a commit.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../crash/letters.ts';
import type { Phase } from '../../crash/phases.ts';
import { Processes } from '../../crash/processes.ts';
import { generateMessages } from '../../fixtures/generate.ts';
import { hasDovecot, startDovecot, type Dovecot } from '../dovecot/server.ts';
import type { News, Task } from './spooler-process.ts';

const count = 500;
/** With the line ends that a server keeps. */
const messages = generateMessages('end to end', count).map(({ bytes }) =>
  Buffer.from(bytes.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n'), 'latin1'),
);
const lives: readonly { readonly dieIn?: Phase; readonly after?: number }[] = [
  { dieIn: 'inbound-saved', after: 120 },
  { dieIn: 'inbound-content', after: 120 },
  {},
];

const processes = new Processes<Task, News>(new URL('./spooler-process.ts', import.meta.url));
afterAll(() => processes[Symbol.dispose]());

describe.skipIf(!hasDovecot('that 500 messages of every shape are received once each by a process that is killed'))('from Dovecot', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await startDovecot();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  test.each(['notify', 'poll'] as const)(
    'T-001 T-052 F-24 500 messages of every shape by %s, killed before and after a commit: each once, byte for byte',
    async (reception) => {
      const directory = await mkdtemp(join(tmpdir(), 'mailspool-receives-'));
      const { user, pass } = server.newUser();
      const mailbox = { port: server.securePort, ca: server.ca, user, pass };
      const received: string[] = [];
      let filling: Promise<void> | undefined;
      for (const life of lives) {
        const ends: unknown[] = [];
        const end = await processes.run({ directory: join(directory, 'spool'), ...life, receive: { mailbox, reception, count } }, (news) => {
          // The first comes when somebody waits for it: IDLE, or the next poll, brings it.
          if ('ready' in news) filling ??= fill(user);
          if ('received' in news) received.push(news.received);
          if ('dying' in news) ends.push(news.dying);
        });
        expect([...ends, end]).toEqual(life.dieIn ? [life.dieIn, { code: null, signal: 'SIGKILL' }] : [{ code: 0, signal: null }]);
      }
      await filling;
      expect(received.toSorted()).toEqual(messages.map(digestOf).toSorted());
      const unseen = await server.doveadm('search', '-u', user, 'mailbox', 'INBOX', 'unseen');
      expect(unseen.trim()).toBe('');
      await rm(directory, { recursive: true });
    },
    120_000,
  );

  async function fill(user: string): Promise<void> {
    for (const message of messages) await server.append(user, message);
  }
});

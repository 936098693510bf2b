// Five hundred messages of every shape from a real Dovecot into a spooler: each once, byte for byte, by IDLE and by
// polling, although sessions are closed and the spooler dies and comes back in the middle.
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSpooler, memoryStore, type Spooler } from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import type { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { hasDovecot, startDovecot, type Dovecot } from './server.ts';

const count = 500;

/** Shapes that have been trouble elsewhere; the number makes each its own. */
const shapes: readonly ((n: number) => Buffer)[] = [
  (n) => Buffer.from(`Subject: plain ${n}\r\nMessage-ID: <${n}@shapes.test>\r\n\r\nHello\r\n`),
  (n) => Buffer.from(`Subject: only headers ${n}\r\n\r\n`),
  (n) => Buffer.from(`Subject: dots ${n}\r\n\r\n.\r\n..\r\n...\r\n`),
  (n) => Buffer.from(`Subject: no final line end ${n}\r\n\r\nthe end`),
  (n) => Buffer.from(`Subject: 8-bit ${n}\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe \xff\xfe\x80\r\n`, 'latin1'),
  (n) => Buffer.from(`Subject: =?utf-8?B?w7w=?= ${n}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nüñ€𐍈\r\n`),
  (n) => Buffer.from(`Subject: long line ${n}\r\n\r\n${'x'.repeat(20_000)}\r\n`),
  (n) => Buffer.from(`Subject: folded\r\n ${n}\r\n\tand on\r\nX-Empty:\r\n\r\n\r\n\r\n`),
  (n) => Buffer.from(`Subject: literal ${n} {10}\r\n\r\n* 1 FETCH (UID 1)\r\nA1 OK done\r\n{4294967295}\r\n`),
  (n) =>
    Buffer.from(
      `Subject: parts ${n}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nText\r\n--b\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(60_000, n).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--b--\r\n`,
    ),
];

const message = (n: number): Buffer => shapes[n % shapes.length]?.(n) ?? Buffer.alloc(0);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.skipIf(!hasDovecot('500 messages received by IDLE and by polling'))('IMAP through the spooler', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await startDovecot();
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  test.each(['notify', 'poll'] as const)(
    'M-080 M-078 T-052 F-24 500 messages by %s, with closed sessions and two deaths in the middle: each once, byte for byte',
    async (reception) => {
      const who = server.newUser();
      const provider = imap({
        host: 'localhost',
        port: server.securePort,
        tls: { ca: server.ca },
        auth: who,
        begin: 'all',
        after: { flag: '\\Seen' },
        reception,
        pollIntervalMs: 100,
        retry: { firstMs: 10, factor: 2, maxMs: 200, jitter: 0 },
      });
      const store = memoryStore();
      let spooler = await started(store, provider);
      for (let n = 0; n < count; n++) {
        await server.append(who.user, message(n));
        if (n % 125 === 60) await server.kick(who.user);
        if (n === 150 || n === 350) {
          await arrived(spooler, n - 100);
          store.crash();
          await spooler.stop({ drainMs: 0 });
          spooler = await started(store, provider);
        }
      }
      await arrived(spooler, count);
      const digests = await received(spooler);
      await spooler.stop();
      expect(digests.length).toBe(count);
      expect(new Set(digests)).toEqual(new Set(Array.from({ length: count }, (_, n) => digest(message(n)))));
      const unseen = await server.doveadm('search', '-u', who.user, 'mailbox', 'INBOX', 'unseen');
      expect(unseen.trim()).toBe('');
    },
  );
});

async function started(store: MemoryStore, provider: ReturnType<typeof imap>): Promise<Spooler> {
  const spooler = await createSpooler({ store, providers: [provider] });
  await spooler.start();
  return spooler;
}

async function received(spooler: Spooler): Promise<string[]> {
  const digests: string[] = [];
  for await (const { id } of spooler.list({ direction: 'inbound' })) digests.push(digest(await buffer(await spooler.raw(id))));
  return digests;
}

/** Follows the change feed until so many messages are there. */
async function arrived(spooler: Spooler, enough: number): Promise<void> {
  const stop = new AbortController();
  const news = spooler.changes({ signal: stop.signal })[Symbol.asyncIterator]();
  for (let next = news.next(); ; next = news.next()) {
    let there = 0;
    for await (const _ of spooler.list({ direction: 'inbound' })) there++;
    if (there >= enough) break;
    await next;
  }
  stop.abort();
}

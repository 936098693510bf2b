// Headers first from a real Dovecot into a spooler: what comes over, what stays there, and what marks do.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSpooler, embeddedStore, type Mark, type Message, type MessageStore, type Spooler, type ValidateRequest } from 'mailspool';
import { imap, type ImapOptions } from 'mailspool/providers/imap';
import { hasDovecot, startDovecot, type Dovecot } from './server.ts';

const mail = (subject: string, body = 'Hello\r\n'): string =>
  `From: ann@example.test\r\nTo: bob@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.test>\r\n\r\n${body}`;

describe.skipIf(!hasDovecot('headers first from a real server'))('headers first from Dovecot', () => {
  let server: Dovecot;
  let directory: string;
  let running: Spooler | undefined;
  beforeAll(async () => {
    server = await startDovecot();
    directory = await mkdtemp(join(tmpdir(), 'mailspool-remote-'));
  });
  afterAll(async () => {
    await running?.stop({ drainMs: 0 });
    await server?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  const started = async (store: MessageStore, who: { user: string; pass: string }, more: Partial<ImapOptions>): Promise<Spooler> => {
    const account = { name: 'work', wanted: { headersOnly: true } };
    const options = { host: 'localhost', port: server.securePort, tls: { ca: server.ca }, auth: who, begin: 'all' as const, ...more };
    const spooler = await createSpooler({ store, accounts: [{ ...account, providers: [imap(options)] }] });
    running = spooler;
    await spooler.start();
    await until(async () => (await spooler.status()).some(({ flags }) => flags.inboundEnabled));
    return spooler;
  };

  const messages = async (spooler: Spooler, headersOnly: boolean): Promise<Message[]> => {
    const found: Message[] = [];
    for await (const message of spooler.list({ direction: 'inbound', headersOnly })) found.push(message);
    return found;
  };

  const validate = async (spooler: Spooler, request: ValidateRequest): Promise<void> => {
    const row = (await spooler.status()).find(({ flags }) => flags.remoteAccess);
    if (row === undefined) throw new Error('no session has remote access');
    await spooler.statusObject(row.id).validateState(request, new AbortController().signal);
    await until(async () => (await spooler.status()).every(({ remoteValidateOk }) => remoteValidateOk));
  };

  test.each(['notify', 'poll'] as const)(
    'M-110 by %s an account that wants headers gets headers, and fetches, deletes and moves what is marked, also after a restart',
    async (reception) => {
      const who = server.newUser();
      const place = join(directory, reception);
      const large = mail('large', `${'x'.repeat(998)}\r\n`.repeat(500));
      for (const raw of [large, mail('unwanted'), mail('moved'), mail('left')]) await server.append(who.user, raw);
      let spooler = await started(embeddedStore({ directory: place }), who, { reception });
      await validate(spooler, { refreshHeaders: true });
      const entries = await messages(spooler, true);
      expect(entries.map(({ properties, sizeBytes }) => [properties.subject, sizeBytes])).toEqual([
        ['large', large.length],
        ['unwanted', mail('unwanted').length],
        ['moved', mail('moved').length],
        ['left', mail('left').length],
      ]);
      const marks: Record<string, Mark> = { large: 'download', unwanted: 'delete', moved: 'move' };
      for (const { id, properties } of entries) await spooler.mark(id, marks[properties.subject ?? ''] ?? null);
      await spooler.stop();
      spooler = await started(embeddedStore({ directory: place }), who, { reception });
      await validate(spooler, { processHeaders: true });
      const whole = await messages(spooler, false);
      expect(whole.map(({ properties, id }) => [properties.subject, id])).toEqual([
        ['large', entries[0]?.id],
        ['moved', entries[2]?.id],
      ]);
      expect((await buffer(await spooler.raw(entries[0]?.id ?? ('' as never)))).toString()).toBe(large);
      expect((await messages(spooler, true)).map(({ properties }) => properties.subject)).toEqual(['left']);
      const left = await server.doveadm('fetch', '-u', who.user, 'hdr.subject', 'mailbox', 'INBOX');
      expect([...left.matchAll(/^hdr\.subject: (.*)$/gm)].map(([, subject]) => subject)).toEqual(['large', 'left']);
      await spooler.stop();
      running = undefined;
    },
  );
});

// Testing that a program that watches an INBOX comes back when the connection is lost, and shows every mail once.
import assert from 'node:assert/strict';
import { on } from 'node:events';
import { test } from 'node:test';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { fakeImap } from 'mailspool/testing';

/** The code under test: hands over the subject of every mail, and reconnects until it is told to stop. */
async function watch(options: ImapFlowOptions, show: (subject: string) => void, stop: AbortSignal): Promise<void> {
  for (let lastUid = 0; !stop.aborted;) {
    const client = new ImapFlow(options);
    const over = new AbortController();
    client.on('error', () => undefined).once('close', () => over.abort());
    stop.addEventListener('abort', () => over.abort());
    // Counts what is announced from now on; how much it is does not matter.
    const announcements = on(client, 'exists', { signal: over.signal });
    try {
      await client.connect();
      await client.mailboxOpen('INBOX');
      do {
        for await (const { uid, envelope } of client.fetch(`${lastUid + 1}:*`, { envelope: true }, { uid: true })) {
          if (uid > lastUid) show(envelope?.subject ?? '');
          lastUid = Math.max(lastUid, uid);
        }
        client.idle().catch(() => undefined);
      } while (await announcements.next());
    } catch {
      // The connection is gone: here is another one. A real program waits a little, and longer each time.
    } finally {
      client.close();
    }
  }
}

test('a mail that comes while the connection is down is shown, and none is shown twice', { timeout: 10_000 }, async (t) => {
  const server = await fakeImap();
  t.after(() => server.close());
  const subjects: string[] = [];
  const stopping = new AbortController();
  const options = { host: server.host, port: server.port, secure: false, auth: { user: 'user', pass: 'pass' }, logger: false } as const;
  const shown = (count: number) => until(() => subjects.length === count);
  const deliver = (subject: string) => server.deliver('user', 'INBOX', `Subject: ${subject}\r\n\r\nHi\r\n`);

  deliver('one');
  const watching = watch(options, (subject) => subjects.push(subject), stopping.signal);
  await shown(1);
  // The next connection is turned away, and the one after it is cut when it asks for mail.
  server.script({ at: 'greeting', do: { bye: 'Restarting' } });
  server.script({ at: 'UID FETCH', do: 'drop' });
  server.dropConnections();
  deliver('two');
  await shown(2);
  deliver('three');
  await shown(3);
  stopping.abort();
  await watching;
  assert.deepEqual(subjects, ['one', 'two', 'three']);
  assert.equal(server.connections.total, 4);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

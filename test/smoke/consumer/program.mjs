// Shows that the installed package works, whichever way it was loaded: one message out through a provider, settled, and
// in again, on both stores; every entry loads.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const entries = [
  'mailspool',
  'mailspool/provider',
  'mailspool/testing',
  'mailspool/database',
  ...['smtp', 'imap', 'loopback', 'template'].map((name) => `mailspool/providers/${name}`),
];

/** @param {(name: string) => any} load what `require` or an awaited `import` gives */
export async function show(load) {
  for (const entry of entries) assert.ok(Object.keys(await load(entry)).length > 0, entry);
  const { memoryStore, embeddedStore } = await load('mailspool');
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-smoke-'));
  try {
    await roundTrip(load, memoryStore());
    await roundTrip(load, embeddedStore({ directory: join(directory, 'spool') }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function roundTrip(load, store) {
  const { createSpooler } = await load('mailspool');
  const { loopback } = await load('mailspool/providers/loopback');
  const transport = loopback({ deliver: true });
  const spooler = await createSpooler({ store, providers: [transport] });
  try {
    await spooler.start();
    const arrived = new Promise((resolve) => spooler.newMail$.subscribe(resolve));
    const { id } = await spooler.submit({ from: 'ann@example.org', to: 'bob@example.org', subject: 'Smoke', text: 'It works.' });
    const { accepted } = await spooler.settled(id);
    assert.deepEqual(accepted, ['bob@example.org']);
    assert.equal(transport.handedOver.length, 1);
    assert.equal((await arrived).folder, 'Inbox');
  } finally {
    await spooler.stop();
  }
}

// embeddedStore keeps what every message store promises.
import { copyFile, mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { openConnection } from '../../src/database/driver.ts';
import { contentNumber, sequenceOf } from '../../src/store/entry-id.ts';
import { embeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { describeMessageStore, type StoreCapabilities, type StoreFactory } from 'mailspool/testing';
import type { ScheduleEntry } from '../../src/store/schedule.ts';
import { failWrites } from './failing-writes.ts';

const root = await mkdtemp(join(tmpdir(), 'mailspool-contract-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;

const capabilities: StoreCapabilities = {
  reopen: true,
  crash: true,
  failWrites: true,
  damage: true,
  scheduled: true,
  sweep: true,
  share: 'one process owns the directory',
  holdSync: 'SQLite syncs by itself; the crash runs show it with real kills',
};

const factory: StoreFactory = async () => {
  count += 1;
  const directory = join(root, String(count));
  const file = join(directory, 'store.db');
  const store = embeddedStore({ directory });
  return {
    store,
    reopen: async () => store,
    crash: async () => embeddedStore({ directory: await asKilled(directory) }),
    failWrites: (which) => failWrites(file, which),
    damage: async ({ ref }) => {
      using connection = opened(file);
      connection.prepare('UPDATE content SET bytes = CAST(replace(bytes, ?, ?) AS BLOB) WHERE id = ?').run('Hello', 'Jello', contentNumber(ref) ?? 0);
    },
    scheduled: async (id) => {
      using connection = opened(file);
      const tag = String(connection.prepare("SELECT value FROM meta WHERE name = 'tag'").get()?.['value']);
      return scheduledIn(connection, sequenceOf(tag, id) ?? 0);
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
};

describeMessageStore(factory, capabilities, { name: 'embeddedStore', runner: { describe, it } });

/** What a kill leaves behind: the files as they are at this moment, with their log, and no lock. */
async function asKilled(directory: string): Promise<string> {
  const copy = `${directory}-killed`;
  await mkdir(copy, { mode: 0o700 });
  for (const name of ['store.db', 'store.db-wal']) await copyFile(join(directory, name), join(copy, name));
  return copy;
}

function opened(file: string) {
  const connection = openConnection(file);
  return { ...connection, [Symbol.dispose]: () => connection.close() };
}

function scheduledIn(connection: ReturnType<typeof opened>, sequence: number): ScheduleEntry[] {
  const rows = connection.prepare('SELECT key, due, priority FROM schedule JOIN queue ON queue.id = queue WHERE sequence = ?').all(sequence);
  return rows.map((row) => ({ queue: String(row['key']), dueAt: Number(row['due']), priority: Number(row['priority']) }));
}

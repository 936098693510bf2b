// What `verifyStore` finds in a store that somebody broke on purpose, and that it finds nothing in one that nobody did.
import { copyFile, cp, mkdir, mkdtemp, open, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compactStore, verifyStore } from '../../../src/index.ts';
import type { EntryId, SessionKey } from '../../../src/message/recipient.ts';
import { openConnection } from '../../../src/database/driver.ts';
import { message, openStore, submitOne } from './support.ts';

let root: string;
let directory: string;
/** Filled once: each test breaks a copy. */
let filled: string;
beforeAll(async () => {
  filled = await mkdtemp(join(tmpdir(), 'mailspool-filled-'));
  directory = join(filled, 'spool');
  await (await fill())[Symbol.asyncDispose]();
});
afterAll(() => rm(filled, { recursive: true, force: true }));
const copied = async () => await cp(join(filled, 'spool'), directory, { recursive: true });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailspool-verify-'));
  directory = join(root, 'spool');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const large = Buffer.alloc(200_000, 'large ');
const session = 'work/imap' as SessionKey;

/** Some of everything: due, deferred, held, claimed, finished, removed, large, received. */
async function fill() {
  const store = await openStore({ directory });
  const ids: EntryId[] = [];
  for (let at = 0; at < 6; at++) ids.push(await submitOne(store));
  await store.submit([
    { ...message(await store.putContent([large] as unknown as AsyncIterable<Uint8Array>)), envelopeId: 'e1', idempotencyKey: 'k', inputDigest: 'd' },
  ]);
  const all = 'all' as const;
  const from = ['queued'] as const;
  const diagnostic = { code: 'ENETWORK', text: 'later' };
  const claim = async (id: EntryId) =>
    (await store.claim([{ queue: { message: id }, messages: 1, bytes: 1e6 }], { name: 'me', until: Date.now() + 60_000, inlineBytes: 0 })).claims[0]!
      .lease;
  const sent = { recipient: all, status: { state: 'relayed', at: 1 }, remoteId: 'r1' } as const;
  await store.settle([
    { id: ids[0]!, guard: { from }, recipients: [{ recipient: all, status: { state: 'deferred', until: 9e12, diagnostic } }] },
    { id: ids[1]!, guard: { from }, recipients: [{ recipient: all, status: { state: 'held', by: 'operator', reason: 'x' } }] },
    { id: ids[2]!, guard: await claim(ids[2]!), recipients: [sent], then: { finished: { moveTo: 'Sent' } } },
    { id: ids[3]!, guard: { from }, then: 'remove' },
  ]);
  await claim(ids[4]!);
  const { content, properties, returnPath } = message();
  await store.receive([
    {
      content,
      properties,
      returnPath,
      session,
      reference: 'u1',
      aliases: ['<a>'],
      recipients: [],
      folder: 'Inbox',
      announce: true,
      section: { key: 'position', version: 0, values: { uid: 1 } },
    },
  ]);
  return store;
}

describe('verifyStore', () => {
  it('finds nothing wrong while the store is in use, after it was closed, and as a kill leaves it', async () => {
    const store = await fill();
    const inUse = await verifyStore({ directory });
    expect(inUse).toMatchObject({ messages: 7, contents: 7, setAside: 0, orphanFiles: 0, problems: [] });
    expect(inUse.contentBytes).toBeGreaterThan(large.length);
    const killed = join(root, 'killed');
    await mkdir(join(killed, 'content'), { recursive: true, mode: 0o700 });
    for (const name of ['store.db', 'store.db-wal']) await copyFile(join(directory, name), join(killed, name));
    await store[Symbol.asyncDispose]();
    expect((await verifyStore({ directory })).problems).toEqual([]);
    // The large content's file was not copied.
    expect((await verifyStore({ directory: killed })).problems).toMatchObject([{ kind: 'content' }]);
  });

  const sql: [string, string, RegExp][] = [
    ['message', "UPDATE message SET record = replace(record, 'bob@', 'bab@') WHERE sequence = 1", /does not match its checksum/],
    ['message', "UPDATE message SET folder = 'Elsewhere' WHERE sequence = 1", /say different things/],
    ['schedule', 'DELETE FROM schedule WHERE sequence = 1', /the schedule does not say so/],
    ['schedule', 'UPDATE schedule SET due = 5 WHERE sequence = 1', /the schedule does not say so/],
    ['schedule', 'INSERT INTO schedule SELECT queue, ready, 77, due, priority FROM schedule LIMIT 1', /where it does not wait/],
    ['claim', "INSERT INTO claimed VALUES (77, 'work/smtp', 1, 'me', '[]', 0)", /that is not there/],
    ['claim', "UPDATE claimed SET covers = '{'", /cannot be read/],
    ['name', "DELETE FROM name WHERE kind = 'remoteId'", /not found by its remoteId/],
    ['name', "INSERT INTO name VALUES ('messageId', '<other>', 1)", /that it does not have/],
    ['reference', "DELETE FROM reference WHERE reference = 'u1'", /would be received again/],
    ['idempotencyKey', "UPDATE idempotency_key SET id = 'other0-0000000001'", /another store/],
    ['section', `UPDATE section SET "values" = '{' WHERE key = 'position'`, /cannot be read/],
    ['feed', "INSERT INTO meta VALUES ('feed trimmed', 1)", /where the feed was trimmed/],
    ['feed', "UPDATE change SET id = 'x' WHERE place = 1", /another store/],
    ['counter', "UPDATE meta SET value = 1 WHERE name = 'counter sequence'", /given twice/],
    ['content', 'DELETE FROM content WHERE id = (SELECT max(id) FROM content)', /is not there/],
    ['content', 'UPDATE content SET uses = 0 WHERE uses = 1 AND file IS NULL', /would go too early/],
    ['content', 'UPDATE content SET uses = 2', /uses are counted/],
    ['content', "UPDATE content SET bytes = CAST(replace(bytes, 'Hello', 'Jello') AS BLOB) WHERE file IS NULL", /are not the \d+ that were written/],
    ['content', 'UPDATE content SET bytes = NULL WHERE file IS NULL', /neither in the table nor in one file/],
  ];
  it.each(sql)('T-003 says what is wrong and what to do: %s, after %s', async (kind, statement, text) => {
    await copied();
    const connection = openConnection(join(directory, 'store.db'));
    connection.exec(statement);
    connection.close();
    const { problems } = await verifyStore({ directory });
    expect(problems.map((problem) => problem.kind)).toContain(kind);
    const problem = problems.find((each) => each.kind === kind && text.test(each.text));
    expect(problem?.remedy).toMatch(/\.$/);
  });

  it('finds a content file that is gone, cut, or that nobody names', async () => {
    await copied();
    const [folder = ''] = await readdir(join(directory, 'content'));
    const [name = ''] = await readdir(join(directory, 'content', folder));
    const file = join(directory, 'content', folder, name);
    await writeFile(join(directory, 'content', folder, 'nobody'), 'x');
    expect(await verifyStore({ directory })).toMatchObject({ problems: [], orphanFiles: 1 });
    await truncate(file, 100);
    expect((await verifyStore({ directory })).problems).toMatchObject([
      { kind: 'content', text: expect.stringMatching(/^its 100 bytes are not/) as string },
    ]);
    await unlink(file);
    expect((await verifyStore({ directory })).problems).toMatchObject([{ kind: 'content', text: expect.stringMatching(/cannot be read/) as string }]);
  });

  it('T-003 a database file that SQLite finds broken is told as such; no store is an error', async () => {
    await copied();
    const connection = openConnection(join(directory, 'store.db'));
    const page = Number(connection.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'message_by_folder'").get()?.['rootpage']);
    connection.close();
    const handle = await open(join(directory, 'store.db'), 'r+');
    await handle.write(Buffer.alloc(2000, 255), 0, 2000, (page - 1) * 16_384);
    await handle.close();
    const { problems } = await verifyStore({ directory });
    expect(problems[0]).toMatchObject({ kind: 'file', subject: 'store.db', remedy: expect.stringContaining('backup') as string });
    await expect(verifyStore({ directory: root })).rejects.toMatchObject({ code: 'ECONFIG', field: 'directory' });
  });

  it('ends when its signal aborts', async () => {
    await copied();
    const abort = new AbortController();
    const verification = verifyStore({ directory, signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) });
    await expect(verification).rejects.toThrow('enough');
  });
});

describe('compactStore', () => {
  it('gives back what removed messages left, tells its progress, and leaves the store in order', async () => {
    const store = await openStore({ directory });
    const ids = [];
    for (let at = 0; at < 120; at++) ids.push(await submitOne(store, Buffer.alloc(60_000, 'x')));
    await store.settle(ids.slice(1).map((id) => ({ id, guard: { from: ['queued'] as const }, then: 'remove' as const })));
    await expect(compactStore({ directory })).rejects.toMatchObject({ code: 'ESTORELOCKED', temporary: true });
    await store[Symbol.asyncDispose]();
    const told: number[] = [];
    const { beforeBytes, afterBytes } = await compactStore({ directory, onProgress: ({ doneBytes }) => told.push(doneBytes) });
    expect(beforeBytes).toBeGreaterThan(7_000_000);
    expect(afterBytes).toBeLessThan(1_000_000);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBeGreaterThan(6_000_000);
    expect((await verifyStore({ directory })).problems).toEqual([]);
    const again = await openStore({ directory });
    expect(await again.get([ids[0]!])).toMatchObject([{ id: ids[0] }]);
    await again[Symbol.asyncDispose]();
  });

  it('where there is no store it makes none', async () => {
    await expect(compactStore({ directory })).rejects.toMatchObject({ code: 'ECONFIG' });
    expect(await readdir(root)).toEqual([]);
  });
});

// Content of every size: in the table or in a file, streamed, checked when it is read; damage hurts one message only.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openConnection } from '../../../src/database/driver.ts';
import { sequenceOf } from '../../../src/store/entry-id.ts';
import type { ContentRef, MessageStore } from '../../../src/store/message-store.ts';
import { allIds, claimAll, type Logged, openStore, scratch, submitOne } from './support.ts';

const filesBelow = async (directory: string): Promise<string[]> =>
  (await readdir(join(directory, 'content'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function readAll(store: MessageStore, ref: ContentRef): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.readContent(ref)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const change = (file: string, sql: string, ...values: (string | number)[]): void => {
  const connection = openConnection(file);
  connection.pragma('busy_timeout = 5000');
  connection.prepare(sql).run(...values);
  connection.close();
};

describe('large content', () => {
  it('lies in a private file of its own, comes back byte for byte after a restart, and goes with its message', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using store = await openStore({ directory });
    const bytes = Buffer.alloc(300_000, 'The quick brown fox. ');
    const ref = await store.putContent(Readable.from([bytes.subarray(0, 10), bytes.subarray(10, 200_000), bytes.subarray(200_000)]));
    expect(ref).toMatchObject({ sizeBytes: 300_000, digest: createHash('sha256').update(bytes).digest('hex') });
    const id = await submitOne(store, ref);
    const [file = ''] = await filesBelow(directory);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await store[Symbol.asyncDispose]();
    await using again = await openStore({ directory });
    expect((await readAll(again, ref)).equals(bytes)).toBe(true);
    const [claim] = await claimAll(again, 1_000_000);
    expect([claim?.lease.id, claim?.inline]).toEqual([id, undefined]);
    if (claim) await again.settle([{ id, guard: claim.lease, then: 'remove' }]);
    await again[Symbol.asyncDispose]();
    expect(await filesBelow(directory)).toEqual([]);
  });

  it('T-001 is synced, and its folder, before a row names it; a file without a row goes at the next opening', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const store = await openStore({ directory });
    const ref = await store.putContent(Readable.from([Buffer.alloc(100_000, 'a')]));
    await submitOne(store, ref);
    const [kept = ''] = await filesBelow(directory);
    await writeFile(join(kept, '..', 'left-by-a-crash'), 'half of it');
    expect((await filesBelow(directory)).length).toBe(2);
    await store[Symbol.asyncDispose]();
    await using again = await openStore({ directory });
    expect(await filesBelow(directory)).toEqual([kept]);
    expect((await readAll(again, ref)).byteLength).toBe(100_000);
  });

  it('200 MB stream in and out at constant memory', async () => {
    await using place = await scratch();
    await using store = await openStore({ directory: join(place.directory, 'spool') });
    const piece = Buffer.alloc(1_000_000, 'z');
    const before = process.memoryUsage().rss;
    let most = 0;
    const source = async function* () {
      for (let count = 0; count < 200; count += 1) {
        most = Math.max(most, process.memoryUsage().rss);
        yield piece;
      }
    };
    const ref = await store.putContent(source());
    let read = 0;
    for await (const chunk of store.readContent(ref)) {
      read += (chunk as Buffer).byteLength;
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(read).toBe(200_000_000);
    expect(most - before).toBeLessThan(100_000_000);
  });

  it('an aborted source leaves nothing behind', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using store = await openStore({ directory });
    const stop = new AbortController();
    const source = async function* () {
      yield Buffer.alloc(100_000);
      stop.abort(new Error('enough'));
      yield Buffer.alloc(100_000);
    };
    await expect(store.putContent(source(), stop.signal)).rejects.toThrow('enough');
    expect(await filesBelow(directory)).toEqual([]);
  });
});

describe('damage', () => {
  it('T-002 a byte changed in a content file fails the read with ECORRUPT', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using store = await openStore({ directory });
    const ref = await store.putContent(Readable.from([Buffer.alloc(100_000, 'a')]));
    const [file = ''] = await filesBelow(directory);
    const bytes = await readFile(file);
    bytes[50_000] = 98;
    await writeFile(file, bytes);
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'ECORRUPT' });
    await writeFile(file, bytes.subarray(0, 5000));
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'ECORRUPT' });
  });

  it('T-003 a damaged record is set aside, counted and reported; claims and searches go on with the others', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const file = join(directory, 'store.db');
    const store = await openStore({ directory });
    const [first, second, third] = [await submitOne(store), await submitOne(store), await submitOne(store)];
    await store[Symbol.asyncDispose]();
    const sequence = sequenceOf(second.split('-')[0] ?? '', second) ?? 0;
    change(file, "UPDATE message SET record = replace(record, 'bob@', 'eve@') WHERE sequence = ?", sequence);
    const warnings: Logged[] = [];
    await using again = await openStore({ directory }, {}, warnings);
    expect((await claimAll(again)).map(({ lease }) => lease.id)).toEqual([first, third]);
    expect(await allIds(again)).toEqual([first, third]);
    expect(await again.get([second])).toEqual([undefined]);
    await submitOne(again);
    expect(warnings.map(({ fields }) => fields)).toEqual([
      { code: 'ECORRUPT', damaged: [{ sequence, reason: 'the record does not match its checksum' }], total: 1 },
    ]);
    await again[Symbol.asyncDispose]();
    const connection = openConnection(file);
    expect(connection.prepare('SELECT sequence, record FROM damaged_message').all()).toMatchObject([
      { sequence, record: expect.stringContaining('eve@') },
    ]);
    expect(connection.prepare('SELECT count(*) AS waiting FROM schedule WHERE sequence = ?').get(sequence)).toMatchObject({ waiting: 0 });
    connection.close();
  });
});

describe('claims over crashes', () => {
  it('T-017 a message that was there at each restart is seen: the count of lost claims grows', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    for (const recovered of [undefined, 1, 2, 3]) {
      await using store = await openStore({ directory });
      if (recovered === undefined) await submitOne(store);
      const [claim] = await claimAll(store);
      expect(claim?.recovered).toBe(recovered);
    }
  });
});

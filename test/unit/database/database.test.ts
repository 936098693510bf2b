// A database of a provider's own: shared commits, calls that fail alone, a worker that may die but takes nobody along.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Database, openDatabase } from 'mailspool/database';
import { systemClock } from '../../../src/time/clock.ts';

const program = new URL('./counting-program.js', import.meta.url);

async function opened(directory?: string): Promise<Database & { readonly directory: string; readonly news: unknown[] }> {
  const place = directory ?? join(await mkdtemp(join(tmpdir(), 'mailspool-database-')), 'data');
  const news: unknown[] = [];
  const database = await openDatabase({ directory: place, program, options: { a: 1 }, clock: systemClock, onNews: (each) => news.push(each) });
  return Object.assign(database, { directory: place, news });
}

const words = async (database: Database) => (await database.call('words', null)).value;

describe('a database', () => {
  it('T-001 keeps what calls wrote, with their bytes, over closing and opening', async () => {
    const first = await opened();
    expect(first.greeting).toEqual({ options: { a: 1 } });
    const { value, bytes } = await first.call('add', 'a', [Buffer.from('one'), new Uint8Array()]);
    expect([value, ...bytes.map((each) => Buffer.from(each).toString())]).toEqual(['a', 'one', '']);
    await first[Symbol.asyncDispose]();
    await using again = await opened(first.directory);
    expect(await words(again)).toEqual(['a']);
    await rm(join(first.directory, '..'), { recursive: true });
  });

  it('many calls of one turn share a commit', async () => {
    await using database = await opened();
    await Promise.all(Array.from({ length: 300 }, (_, number) => database.call('add', `word ${number}`)));
    expect((await database.call('transactions', null)).value).toBeLessThanOrEqual(2);
    expect(((await words(database)) as string[]).length).toBe(300);
  });

  it('T-010 calls that throw leave nothing behind, and the others of the commit stand', async () => {
    await using database = await opened();
    const calls = Array.from({ length: 40 }, (_, number) => database.call(number % 3 === 0 ? 'fail' : 'add', `${number}`));
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual(calls.map((_, number) => (number % 3 === 0 ? 'rejected' : 'fulfilled')));
    expect(results[0]).toMatchObject({ reason: { code: 'ESTORE', message: expect.stringMatching(/no 0/) } });
    expect(await words(database)).toEqual(calls.map((_, number) => `${number}`).filter((_, number) => number % 3 !== 0));
  });

  it('what a caller writes into its buffer after the call is not stored', async () => {
    await using database = await opened();
    const mine = Buffer.from('before');
    const call = database.call('add', 'a', [mine]);
    mine.write('after!');
    expect(Buffer.from((await call).bytes[0] ?? []).toString()).toBe('before');
  });

  it('a worker that crashes rejects what waits and what comes, and ends nothing else', async () => {
    const database = await opened();
    await database.call('crash', null).catch(() => undefined);
    // It dies in the turn after its answer: what is asked until then may still be answered.
    let refused: unknown;
    while (refused === undefined) await database.call('words', null).catch((error: unknown) => (refused = error));
    expect(refused).toMatchObject({
      code: 'ESTORE',
      temporary: true,
      message: expect.stringMatching(/a bug/),
      remedy: expect.stringMatching(/Open the database again/),
    });
    await expect(database.call('words', null)).rejects.toMatchObject({ code: 'ESTORE' });
    await database[Symbol.asyncDispose]();
    await using again = await opened(database.directory);
    expect(await words(again)).toEqual([]);
  });

  it('closing waits for the calls before it; after it calls are refused', async () => {
    const database = await opened();
    const calls = Array.from({ length: 50 }, (_, number) => database.call('add', `${number}`));
    await database[Symbol.asyncDispose]();
    expect((await Promise.allSettled(calls)).every(({ status }) => status === 'fulfilled')).toBe(true);
    await expect(database.call('words', null)).rejects.toMatchObject({ code: 'ESTORE' });
  });

  it('an unknown procedure and a module that does not load are errors with a code', async () => {
    await using database = await opened();
    await expect(database.call('nothing', null)).rejects.toMatchObject({ code: 'ESTORE' });
    const directory = join(database.directory, '..', 'other');
    const missing = openDatabase({ directory, program: new URL('./missing-program.js', import.meta.url), clock: systemClock });
    await expect(missing).rejects.toMatchObject({ code: 'ESTORE', message: expect.stringMatching(/missing-program/) });
  });

  it('T-007 a file where the directory should be is refused', async () => {
    const place = await mkdtemp(join(tmpdir(), 'mailspool-database-'));
    await writeFile(join(place, 'file'), '');
    await expect(opened(join(place, 'file'))).rejects.toMatchObject({ code: 'ESTORE' });
  });
});

// One owner at a time, a directory that nobody else reads, a format that is known: otherwise the store stays as it is.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openConnection } from '../../../src/database/driver.ts';
import { embeddedStore } from '../../../src/store/embedded/embedded-store.ts';
import { startStoreProcess, type Told } from './store-process.ts';
import { allIds, openStore, scratch, submitOne, supportOf } from './support.ts';

const tellings = async (told: AsyncIterable<Told>): Promise<Told[]> => {
  const all: Told[] = [];
  for await (const each of told) all.push(each);
  return all;
};

const refusal = async (directory: string): Promise<{ code: string; message: string; remedy: string }> => {
  const store = embeddedStore({ directory });
  const error: unknown = await store.open(supportOf()).catch((reason: unknown) => reason);
  if (!(error instanceof Error)) await store[Symbol.asyncDispose]();
  return error as { code: string; message: string; remedy: string } & Error;
};

const digestOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('the owner', () => {
  it('T-007 a second opener in another process fails at once, with the directory and the remedy; the first goes on', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using first = await openStore({ directory });
    const { told, ended } = startStoreProcess({ directory, submits: 1 });
    const [only] = await tellings(told);
    expect(only?.error?.code).toBe('ESTORELOCKED');
    expect(only?.error?.message).toContain(directory);
    expect(only?.error?.remedy).toMatch(/Stop that process/);
    expect((await ended).code).toBe(0);
    await submitOne(first);
  });

  it('T-007 a second opener in the same process is refused too, and does not loosen the lock of the first', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using first = await openStore({ directory });
    expect((await refusal(directory)).code).toBe('ESTORELOCKED');
    const { told } = startStoreProcess({ directory, submits: 1 });
    expect((await tellings(told))[0]?.error?.code).toBe('ESTORELOCKED');
    await submitOne(first);
  });

  it('X-042 of twelve processes that start at once on one store one gets it', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using reserved = await openStore({ directory });
    await reserved[Symbol.asyncDispose]();
    const processes = Array.from({ length: 12 }, () => startStoreProcess({ directory, submits: 1_000_000 }));
    const opened: typeof processes = [];
    const codes: string[] = [];
    await Promise.all(
      processes.map(async (each) => {
        for await (const { opened: isOpen, error } of each.told) {
          if (isOpen) opened.push(each);
          if (error) codes.push(error.code);
          // The owner stays until all others have had their answer.
          if (codes.length === 11) opened[0]?.child.kill('SIGKILL');
        }
        await each.ended;
      }),
    );
    expect(opened.length).toBe(1);
    expect(codes).toEqual(Array.from({ length: 11 }, () => 'ESTORELOCKED'));
  });

  it('U-061 after closing no handle is left: the process ends by itself', async () => {
    await using place = await scratch();
    const { told, ended } = startStoreProcess({ directory: join(place.directory, 'spool'), submits: 3 });
    expect((await tellings(told)).filter(({ id }) => id !== undefined).length).toBe(3);
    expect(await ended).toEqual({ code: 0, stderr: '' });
  });

  it('it can be opened, closed and opened again', async () => {
    await using place = await scratch();
    const store = embeddedStore({ directory: join(place.directory, 'spool') });
    for (let turn = 1; turn <= 3; turn += 1) {
      await store.open(supportOf());
      await submitOne(store);
      expect((await allIds(store)).length).toBe(turn);
      await store[Symbol.asyncDispose]();
    }
    expect((await readdir(join(place.directory, 'spool'))).toSorted()).toEqual(['owner.db', 'store.db']);
  });
});

describe('the format', () => {
  it('T-070 a store of a newer version is refused with its remedy, unchanged', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const file = join(directory, 'store.db');
    await (await openStore({ directory }))[Symbol.asyncDispose]();
    const connection = openConnection(file);
    connection.pragma('user_version = 99');
    connection.pragma('wal_checkpoint(TRUNCATE)');
    connection.close();
    const before = await digestOf(file);
    const error = await refusal(directory);
    expect(error.code).toBe('ESTOREVERSION');
    expect(error.remedy).toMatch(/newer/);
    expect(await digestOf(file)).toBe(before);
  });

  it('a file that is no database is refused with ESTORE, unchanged', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const file = join(directory, 'store.db');
    await mkdir(directory, { mode: 0o700 });
    await writeFile(file, 'something else entirely\n'.repeat(1000), { mode: 0o600 });
    const before = await digestOf(file);
    const error = await refusal(directory);
    expect([error.code, error.remedy]).toEqual(['ESTORE', expect.stringMatching(/damaged/)]);
    expect(await digestOf(file)).toBe(before);
  });
});

describe('access', () => {
  it('the directory is 0700 and its files 0600, whatever the umask', async () => {
    for (const umask of [0o000, 0o277]) {
      await using place = await scratch();
      const directory = join(place.directory, 'spool');
      const under = ['sh', '-c', `umask ${umask.toString(8)}; exec "$@"`, 'sh'];
      const running = startStoreProcess({ directory, submits: 200, under });
      const modes: Record<string, string> = {};
      for await (const { id } of running.told) {
        if (id === undefined || Object.keys(modes).length > 0) continue;
        for (const name of ['.', ...(await readdir(directory))]) modes[name] = ((await stat(join(directory, name))).mode & 0o777).toString(8);
      }
      await running.ended;
      expect(modes).toEqual({ '.': '700', 'owner.db': '600', 'store.db': '600', 'store.db-wal': '600', 'store.db-shm': '600' });
    }
  });

  it.each(['755', '750', '701'])('a directory that others can read (mode %s) is refused with the remedy, and stays as it is', async (mode) => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await mkdir(directory);
    await chmod(directory, Number.parseInt(mode, 8));
    const error = await refusal(directory);
    expect([error.code, error.remedy]).toEqual(['ESTOREACCESS', `Make it private: chmod 700 ${directory}`]);
    expect(await readdir(directory)).toEqual([]);
  });

  const isRoot = process.getuid?.() === 0;
  const nobody = 65_534;
  it.skipIf(!isRoot)('a directory that this user may not write is refused with ESTORE and what to do', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await mkdir(directory, { mode: 0o700 });
    await chmod(place.directory, 0o755);
    const canRun = spawnSync(process.execPath, ['-e', `require('fs').accessSync(${JSON.stringify(import.meta.dirname)})`], {
      uid: nobody,
      gid: nobody,
    });
    expect(canRun.status, 'the checkout can be read by nobody').toBe(0);
    const { told } = startStoreProcess({ directory, submits: 1, uid: nobody });
    const [only] = await tellings(told);
    expect([only?.error?.code, only?.error?.remedy]).toEqual(['ESTORE', 'Make the directory and its files writable for this process.']);
  });
});

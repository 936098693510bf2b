// A disk that is full or fails: refused as temporary, nothing lost, and the store goes on by itself.
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MailspoolError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { startStoreProcess } from './store-process.ts';
import { allIds, claimAll, message, openStore, scratch, submitOne } from './support.ts';

const isCI = process.env['CI'] === 'true';
const canMount = await mountable();
const canTrace = spawnSync('strace', ['-f', '-e', 'inject=fdatasync:error=EIO:when=9999', '-o', '/dev/null', 'true']).status === 0;
if (!canMount && !isCI) process.stderr.write('skipped: no file system can be mounted here: what a really full disk does is not shown\n');
if (!canTrace && !isCI) process.stderr.write('skipped: no strace here: what a failed sync does is not shown\n');

const errorOf = async (promise: Promise<unknown>): Promise<MailspoolError> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as MailspoolError,
  );

const large = (bytes: number) => Readable.from([Buffer.alloc(100_000, 'x'), Buffer.alloc(bytes - 100_000, 'y')]);

describe.skipIf(!canMount && !isCI)('a full disk', () => {
  it('T-005 U-012 submits are refused as temporary, what was accepted is there, queued mail drains, and acceptance resumes without a restart', async () => {
    await using disk = await smallDisk('12m');
    await using store = await openStore({ directory: join(disk.directory, 'spool'), reserveBytes: 0 });
    const body = Buffer.alloc(60_000, 'x');
    const accepted = [await submitOne(store, body)];
    const claims = await claimAll(store);
    const filler = join(disk.directory, 'filler');
    await writeFile(filler, Buffer.alloc(freeBytes(disk.directory) - 400_000));
    let refused: MailspoolError | undefined;
    while (!refused)
      await submitOne(store, body).then(
        (id) => accepted.push(id),
        (error: MailspoolError) => (refused = error),
      );
    expect([refused.code, refused.temporary, refused.remedy]).toEqual(['ESTORE', true, expect.stringMatching(/Free space/)]);
    expect(await allIds(store)).toEqual(accepted);
    expect((await claimAll(store)).length).toBe(accepted.length - 1);
    await rm(filler);
    const [settled] = await store.settle(
      claims.map(({ lease }) => ({
        id: lease.id,
        guard: lease,
        recipients: [{ recipient: 'all' as const, status: { state: 'relayed' as const, at: 1 } }],
      })),
    );
    expect(settled?.result).toBe('written');
    accepted.push(await submitOne(store, body));
    expect(await allIds(store)).toEqual(accepted);
  });

  it('T-005 large content that does not fit is refused as temporary and leaves no file', async () => {
    await using disk = await smallDisk('8m');
    const directory = join(disk.directory, 'spool');
    await using store = await openStore({ directory, reserveBytes: 0 });
    const error = await errorOf(store.putContent(large(20_000_000)));
    expect([error.code, error.temporary]).toEqual(['ESTORE', true]);
    const left = await Promise.all((await readdir(join(directory, 'content'))).map((folder) => readdir(join(directory, 'content', folder))));
    expect(left.flat()).toEqual([]);
    await submitOne(store, await store.putContent(large(200_000)));
  });
});

describe('the reserve', () => {
  it('T-006 intake stops at the reserve, settling goes on, and intake resumes when there is room', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await using store = await openStore({ directory });
    const id = await submitOne(store);
    await store[Symbol.asyncDispose]();

    const more = 2 ** 52;
    await using tight = await openStore({ directory, reserveBytes: more });
    for (const call of [tight.submit([message()]), tight.putContent(large(200_000)), tight.putContent(Readable.from([Buffer.from('small')]))]) {
      const error = await errorOf(call);
      expect([error.code, error.temporary, error.message]).toEqual(['ESTORE', true, expect.stringMatching(/MiB are kept/)]);
    }
    const [claim] = await claimAll(tight);
    if (!claim) expect.fail('queued mail can be claimed');
    const [settled] = await tight.settle([
      { id, guard: claim.lease, recipients: [{ recipient: 'all', status: { state: 'relayed', at: systemClock.now() } }] },
    ]);
    expect(settled?.result).toBe('written');
  });
});

describe.skipIf(!canTrace && !isCI)('a failed sync', () => {
  it('T-004 nothing of it is acknowledged, the file is read anew, and what follows is accepted', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    await (await openStore({ directory }))[Symbol.asyncDispose]();
    // Of the worker's syncs of its log the third and fourth fail.
    const under = [
      'strace',
      '-f',
      '-e',
      'trace=fdatasync,fsync',
      '-e',
      'inject=fdatasync,fsync:error=EIO:when=6..7',
      '-e',
      'signal=none',
      '-o',
      join(place.directory, 'trace'),
    ];
    const { told, ended } = startStoreProcess({ directory, submits: 40, under });
    const acknowledged: string[] = [];
    const errors: string[] = [];
    for await (const { id, error } of told) {
      if (id !== undefined) acknowledged.push(id);
      if (error) errors.push(`${error.code} ${error.temporary}`);
    }
    await ended;
    expect(errors.length).toBeGreaterThan(0);
    expect(new Set(errors)).toEqual(new Set(['ESTORE true']));
    expect(acknowledged.length).toBeGreaterThan(30);
    await using store = await openStore({ directory });
    const there = new Set<string>(await allIds(store));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
  });
});

const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

async function smallDisk(size: string): Promise<AsyncDisposable & { readonly directory: string }> {
  const place = await scratch();
  const directory = join(place.directory, 'disk');
  await mkdir(directory);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory]);
  if (mounted.status !== 0) throw new Error(`mount failed: ${mounted.stderr.toString()}`);
  return {
    directory,
    [Symbol.asyncDispose]: async () => {
      spawnSync('umount', ['-l', directory]);
      await place[Symbol.asyncDispose]();
    },
  };
}

async function mountable(): Promise<boolean> {
  try {
    await (await smallDisk('1m'))[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

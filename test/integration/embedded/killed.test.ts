// What an embedded store acknowledged is there after the process was killed, and each acknowledgement was synced.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startStoreProcess } from './store-process.ts';
import { allIds, openStore, scratch } from './support.ts';

const kills = 20;

describe('a killed owner', () => {
  it('T-001 U-001 what was acknowledged is there after each of twenty kills under load', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const acknowledged: string[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      const { child, told, ended } = startStoreProcess({ directory, submits: 1_000_000, atOnce: 8 });
      let sinceStart = 0;
      for await (const { id } of told) {
        if (id === undefined) continue;
        acknowledged.push(id);
        sinceStart += 1;
        if (sinceStart === kill * 3) child.kill('SIGKILL');
      }
      await ended;
    }
    await using store = await openStore({ directory });
    const there = new Set<string>(await allIds(store));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual((3 * kills * (kills + 1)) / 2);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
  });

  it('T-007 the lock of a killed owner is free at once', async () => {
    await using place = await scratch();
    const directory = join(place.directory, 'spool');
    const { child, told, ended } = startStoreProcess({ directory, submits: 1_000_000 });
    for await (const { id } of told) if (id !== undefined) child.kill('SIGKILL');
    await ended;
    await using store = await openStore({ directory });
    expect((await allIds(store)).length).toBeGreaterThan(0);
  });
});

const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
if (!canTrace && process.env['CI'] !== 'true')
  process.stderr.write('skipped: no strace here: that every acknowledged submit was synced is not shown\n');

describe.skipIf(!canTrace && process.env['CI'] !== 'true')('syncs', () => {
  it('T-001 each of a hundred sequential submits was synced before it was acknowledged', async () => {
    await using place = await scratch();
    const trace = join(place.directory, 'trace');
    const under = ['strace', '-f', '-e', 'trace=fsync,fdatasync,write', '-e', 'signal=none', '-s', '40', '-o', trace];
    const { ended } = startStoreProcess({ directory: join(place.directory, 'spool'), submits: 100, under });
    expect((await ended).code).toBe(0);
    expect(unsynced(await readFile(trace, 'utf8'))).toEqual([]);
  });
});

/** Acknowledgements (lines that the program wrote) without a completed sync since the one before. */
function unsynced(trace: string): string[] {
  const missing: string[] = [];
  let acknowledgements = 0;
  let syncs = 0;
  for (const line of trace.split('\n')) {
    if (/(?:fsync|fdatasync)(?:\(\d+\)| resumed>.*\))\s*= 0/.test(line)) syncs += 1;
    if (!/write\(1, "\{\\"id\\"/.test(line)) continue;
    acknowledgements += 1;
    if (syncs === 0) missing.push(line);
    syncs = 0;
  }
  if (acknowledgements !== 100) missing.push(`${acknowledgements} acknowledgements were seen`);
  return missing;
}

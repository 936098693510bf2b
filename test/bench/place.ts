// Where the store stands: the file system, and what a sync costs there. A tmpfs syncs nothing, so it answers nothing.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly fileSystem: string;
  readonly meanFsyncMs: number;
}

/** This machine or directory cannot answer the question; the sentence says why and what to do. */
export class Unfit extends Error {}

const defaultDirectory = 'node_modules/.cache/mailspool-bench';
const withoutDisk: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'devtmpfs']);

/** A fresh directory, removed at the end. @throws Unfit on a file system that keeps nothing */
export async function preparePlace(parent: string = defaultDirectory): Promise<Place> {
  await mkdir(parent, { recursive: true });
  const fileSystem = await fileSystemOf(parent);
  if (withoutDisk.has(fileSystem))
    throw new Unfit(`${resolve(parent)} is on a ${fileSystem}, where a sync costs nothing; name a directory on a disk with --directory`);
  const directory = await mkdtemp(join(parent, 'run-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    directory,
    fileSystem,
    meanFsyncMs: await meanFsyncMs(directory),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', remove);
      await rm(directory, { recursive: true });
    },
  };
}

/** The type of the mount that the path is on, by the longest mount point that it begins with. */
async function fileSystemOf(path: string): Promise<string> {
  const real = await realpath(path);
  const mounts = (await readFile('/proc/self/mounts', 'utf8').catch(() => '')).split('\n').map((line) => line.split(' '));
  let [longest, type] = ['', 'unknown'];
  for (const [, encoded = '', kind = ''] of mounts) {
    const point = encoded.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const isAbove = point === '/' || real === point || real.startsWith(`${point}/`);
    if (isAbove && point.length >= longest.length) [longest, type] = [point, kind];
  }
  return type;
}

const probes = 200;

/** Small writes, each followed by its sync, as a store's journal has them. */
async function meanFsyncMs(directory: string): Promise<number> {
  const path = join(directory, 'fsync-probe');
  const file = await open(path, 'w');
  let total = 0n;
  for (let probe = 0; probe < probes; probe++) {
    await file.write(Buffer.alloc(4096, probe));
    const from = process.hrtime.bigint();
    await file.sync();
    total += process.hrtime.bigint() - from;
  }
  await file.close();
  await rm(path);
  return Number(total) / probes / 1e6;
}

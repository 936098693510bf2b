// Shortens the file of a store by what is free in it, in small steps: it can be interrupted, and needs no room.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openDatabase } from '../../database/index.ts';
import { MailspoolError } from '../../errors.ts';
import { type Clock, systemClock } from '../../time/clock.ts';
import { systemRandom } from '../../time/random.ts';
import { newStoreTag } from '../entry-id.ts';
import type { FilePages } from './embedded-tables.ts';
import type { EmbeddedOptions } from './program.ts';
import { storeFile } from './schema.ts';

/** 16 MiB, well below a second. */
const pagesPerStep = 1024;

export interface CompactOptions {
  /** The directory of an `embeddedStore` that nobody has open. */
  readonly directory: string;
  readonly clock?: Clock;
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void;
  /** What was given back until then stays given back. */
  readonly signal?: AbortSignal;
}

export interface Compaction {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/**
 * Gives free space of the store back to the disk, and removes content files that no message refers to. A spooler that runs
 * does most of this by itself, in idle time.
 * @throws ESTORELOCKED while a process owns the store; ECONFIG if there is none; ESTOREVERSION, ESTOREACCESS, ESTORE
 */
export async function compactStore({ directory, clock = systemClock, onProgress, signal }: CompactOptions): Promise<Compaction> {
  signal?.throwIfAborted();
  const place = resolve(directory);
  if (!existsSync(join(place, storeFile))) throw noStore(place);
  const options: EmbeddedOptions = { reserveBytes: 0, tag: newStoreTag(systemRandom) };
  const program = new URL(import.meta.url.endsWith('.ts') ? './program.ts' : './program.js', import.meta.url);
  const before = sizeOf(place);
  const database = await openDatabase({ directory: place, file: storeFile, program, options, clock });
  try {
    let total: number | undefined;
    for (let isDone = false; !isDone;) {
      signal?.throwIfAborted();
      const { free, bytesEach } = (await database.call('giveBack', total === undefined ? 0 : pagesPerStep)).value as FilePages;
      total ??= free;
      onProgress?.({ doneBytes: (total - free) * bytesEach, totalBytes: total * bytesEach });
      isDone = free === 0;
    }
  } finally {
    await database[Symbol.asyncDispose]();
  }
  return { beforeBytes: before, afterBytes: sizeOf(place) };
}

const noStore = (directory: string): MailspoolError =>
  new MailspoolError('ECONFIG', `there is no store in ${directory}`, { field: 'directory', remedy: 'Name the directory of the store.' });

const sizeOf = (directory: string): number =>
  [storeFile, `${storeFile}-wal`].reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);

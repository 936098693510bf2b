// Content files that no row knows: a crash came between the file and its commit. They go when the store is opened.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const contentFolder = 'content';

/** Nobody writes yet. A file that cannot be removed is tried again at the next opening. */
export function removeOrphans(directory: string, isInUse: (file: string) => boolean): void {
  for (const folder of namesIn(join(directory, contentFolder))) {
    for (const name of namesIn(join(directory, contentFolder, folder))) {
      const file = join(contentFolder, folder, name);
      if (!isInUse(file)) removeQuietly(join(directory, file));
    }
  }
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Next time.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

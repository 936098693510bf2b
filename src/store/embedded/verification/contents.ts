// Content: each row's bytes against its digest, where they lie, and how many messages hold it. What is gone between two
// looks, because a spooler runs, is not a problem.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, Row } from '../../../database/index.ts';
import { contentNumber, encode } from '../../entry-id.ts';
import { contentFolder } from '../orphans.ts';
import type { Use } from './messages.ts';
import { type Problems, remedies } from './problem.ts';
import { count, rowsByKey } from './rows.ts';

const chunkBytes = 1024 * 1024;

export class ContentChecks {
  bytes = 0;
  readonly #connection: Connection;
  readonly #problems: Problems;
  readonly #directory: string;

  constructor(connection: Connection, problems: Problems, directory: string) {
    this.#connection = connection;
    this.#problems = problems;
    this.#directory = directory;
  }

  /** In the same look as the messages. `setAside`: messages that nobody can read hold content too. */
  uses(uses: ReadonlyMap<string, Use>, setAside: number): void {
    const statement = this.#connection.prepare('SELECT uses, size_bytes, sha256 FROM content WHERE id = ?');
    for (const [ref, { uses: counted, ref: said, message }] of uses) {
      const row = statement.get(contentNumber(ref) ?? 0);
      if (!row) this.#problems.add('content', message, `its content ${ref} is not there`, remedies.content);
      else if (row['sha256'] !== said.digest || row['size_bytes'] !== said.sizeBytes)
        this.#problems.add('content', message, `its content ${ref} is not the one that it was given`, remedies.content);
      else if (Number(row['uses']) < counted)
        this.#problems.add(
          'content',
          ref,
          `${counted} messages hold it and ${String(row['uses'])} are counted: it would go too early`,
          remedies.report,
        );
    }
    if (setAside > 0) return;
    for (const row of rowsByKey(this.#connection, 'content', 'id', 'id, uses')) {
      const ref = refOf(row);
      if (Number(row['uses']) > (uses.get(ref)?.uses ?? 0))
        this.#problems.add(
          'content',
          ref,
          `${String(row['uses'])} uses are counted, and ${uses.get(ref)?.uses ?? 0} messages hold it`,
          remedies.space,
        );
    }
  }

  /** Answers with how many there are. */
  digests(progress: (done: number, total: number) => void): number {
    const total = count(this.#connection, 'content');
    let done = 0;
    for (const row of rowsByKey(this.#connection, 'content', 'id', 'id')) {
      this.#digest(Number(row['id']), refOf(row));
      progress(++done, total);
    }
    return total;
  }

  orphanFiles(): number {
    const isKnown = this.#connection.prepare('SELECT 1 FROM content WHERE file = ?');
    const folders = namesIn(join(this.#directory, contentFolder));
    return folders
      .flatMap((folder) => namesIn(join(this.#directory, contentFolder, folder)).map((name) => join(contentFolder, folder, name)))
      .filter((file) => !isKnown.get(file)).length;
  }

  #digest(id: number, ref: string): void {
    const row = this.#row(id);
    if (!row) return;
    const { file, bytes } = row;
    const hash = createHash('sha256');
    const hasBytes = bytes instanceof Uint8Array;
    if (typeof file === 'string' ? hasBytes : !hasBytes)
      return this.#problems.add('content', ref, 'it lies neither in the table nor in one file', remedies.content);
    const size = hasBytes ? hash.update(bytes) && bytes.byteLength : this.#hashFile(String(file), hash);
    if (size === undefined) {
      if (this.#row(id)) this.#problems.add('content', ref, `its file ${String(file)} cannot be read`, remedies.content);
      return;
    }
    this.bytes += size;
    if (size !== row['size_bytes'] || hash.digest('hex') !== row['sha256'])
      this.#problems.add('content', ref, `its ${size} bytes are not the ${String(row['size_bytes'])} that were written`, remedies.content);
  }

  #row(id: number): Row | undefined {
    return this.#connection.prepare('SELECT size_bytes, sha256, file, bytes FROM content WHERE id = ?').get(id);
  }

  #hashFile(file: string, hash: Hash): number | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(join(this.#directory, file), 'r');
      const buffer = new Uint8Array(chunkBytes);
      let size = 0;
      for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
        hash.update(buffer.subarray(0, read));
        size += read;
      }
      return size;
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

const refOf = (row: Row): string => `c${encode(Number(row['id']))}`;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

// Content and its count of uses. Small content stands in the table, large content in a file that was synced before.
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../database/index.ts';
import type { Instant } from '../../time/clock.ts';
import { contentNumber } from '../entry-id.ts';
import type { ContentRow } from '../tables.ts';
import type { Shared } from './statements.ts';

const columns = 'INSERT INTO content (id, uses, stored_at, size_bytes, sha256, file, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)';

export class ContentTable {
  readonly #shared: Shared;
  readonly #directory: string;

  constructor(shared: Shared, directory: string) {
    this.#shared = shared;
    this.#directory = directory;
  }

  row(ref: string): ContentRow | undefined {
    const row = this.#shared.statements.first('SELECT uses, stored_at, size_bytes, sha256 FROM content WHERE id = ?', idOf(ref));
    if (!row) return undefined;
    return { ref, uses: Number(row['uses']), at: Number(row['stored_at']), sizeBytes: Number(row['size_bytes']), digest: String(row['sha256']) };
  }

  put({ ref, uses, at, sizeBytes, digest }: ContentRow, where: { readonly bytes: Uint8Array } | { readonly file: string }): void {
    const place: [Value, Value] = 'file' in where ? [where.file, null] : [null, where.bytes];
    this.#shared.statements.write(columns, idOf(ref), uses, at, sizeBytes, digest, ...place);
  }

  use(ref: string, change: 1 | -1): void {
    const id = idOf(ref);
    const sql = 'SELECT uses, file FROM content WHERE id = ?';
    const row = this.#shared.statements.first(sql, id);
    if (!row) return;
    if (Number(row['uses']) + change > 0) this.#shared.statements.write('UPDATE content SET uses = uses + ? WHERE id = ?', change, id);
    else this.#remove(id, row['file']);
  }

  bytes(ref: string): Uint8Array | undefined {
    const bytes = this.#shared.statements.first('SELECT bytes FROM content WHERE id = ?', idOf(ref))?.['bytes'];
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  /** Where large content lies, below the store's directory. */
  file(ref: string): string | undefined {
    const file = this.#shared.statements.first('SELECT file FROM content WHERE id = ?', idOf(ref))?.['file'];
    return typeof file === 'string' ? file : undefined;
  }

  isInUse(file: string): boolean {
    return this.#shared.statements.first('SELECT 1 FROM content WHERE file = ?', file) !== undefined;
  }

  trim(at: Instant, limit: number): number {
    const rows = this.#shared.statements.all('SELECT id, file FROM content WHERE uses = 0 AND stored_at < ? LIMIT ?', at, limit);
    for (const row of rows) this.#remove(Number(row['id']), row['file']);
    return rows.length;
  }

  /** The file goes once that is certain. */
  #remove(id: number, file: Value | undefined): void {
    this.#shared.statements.write('DELETE FROM content WHERE id = ?', id);
    if (typeof file === 'string') this.#shared.transaction.afterCommit(() => removeQuietly(join(this.#directory, file)));
  }
}

/** No row has id 0. */
const idOf = (ref: string): number => contentNumber(ref) ?? 0;

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // A file without a row is removed at the next opening.
  }
}

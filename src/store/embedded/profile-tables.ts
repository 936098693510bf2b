// Idempotency keys and sections of the profile: what is found by a key and has a lifetime.
import type { EntryId } from '../../message/recipient.ts';
import type { Instant } from '../../time/clock.ts';
import type { Section } from '../message-store.ts';
import type { IdempotencyRow } from '../tables.ts';
import type { Shared } from './statements.ts';

export class ProfileTables {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  idempotencyKey(key: string): IdempotencyRow | undefined {
    const row = this.#shared.statements.first('SELECT digest, id, at FROM idempotency_key WHERE key = ?', key);
    return row && { key, digest: String(row['digest']), id: String(row['id']) as EntryId, at: Number(row['at']) };
  }

  putIdempotencyKey({ key, digest, id, at }: IdempotencyRow): void {
    this.#shared.statements.write('INSERT OR REPLACE INTO idempotency_key (key, digest, id, at) VALUES (?, ?, ?, ?)', key, digest, id, at);
  }

  trimIdempotencyKeys(at: Instant, limit: number): number {
    return this.#shared.statements.write(
      'DELETE FROM idempotency_key WHERE key IN (SELECT key FROM idempotency_key WHERE at < ? LIMIT ?)',
      at,
      limit,
    );
  }

  section(key: string): Section | undefined {
    const row = this.#shared.statements.first('SELECT version, "values", expires_at FROM section WHERE key = ?', key);
    if (!row) return undefined;
    const expiresAt = row['expires_at'];
    const values = JSON.parse(String(row['values'])) as Section['values'];
    return { key, version: Number(row['version']), values, ...(typeof expiresAt === 'number' && { expiresAt }) };
  }

  putSection({ key, version, values, expiresAt }: Section): void {
    const sql = 'INSERT OR REPLACE INTO section (key, version, "values", expires_at) VALUES (?, ?, ?, ?)';
    this.#shared.statements.write(sql, key, version, JSON.stringify(values), expiresAt ?? null);
  }

  trimSections(now: Instant, limit: number): number {
    const sql = 'DELETE FROM section WHERE key IN (SELECT key FROM section WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ?)';
    return this.#shared.statements.write(sql, now, limit);
  }
}

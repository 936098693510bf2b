// The tables of the embedded store, named for whoever looks into them with `sqlite3 -readonly store.db`.
import type { Connection } from '../../database/index.ts';

export const format = 1;
/** Below the store's directory. */
export const storeFile = 'store.db';

/**
 * `message.record` is the whole message as JSON; the columns beside it are copies for searching and for the eye.
 * `schedule.ready` is 0 for what may be taken at once, else when: so that taking the next one reads one row, however many wait.
 * `claimed` notes the leases of the owner; they live in its memory and are written with the next commit.
 */
const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE message (
    sequence INTEGER PRIMARY KEY, direction TEXT NOT NULL, folder TEXT NOT NULL, finished INTEGER NOT NULL,
    checksum INTEGER NOT NULL, record TEXT NOT NULL
  );
  CREATE INDEX message_by_folder ON message (folder, sequence);
  CREATE TABLE damaged_message (sequence INTEGER PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL, record);
  CREATE TABLE content (
    id INTEGER PRIMARY KEY, uses INTEGER NOT NULL, stored_at INTEGER NOT NULL, size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    file TEXT, bytes BLOB
  );
  CREATE INDEX content_unused ON content (stored_at) WHERE uses = 0;
  CREATE INDEX content_in_file ON content (file) WHERE file IS NOT NULL;
  CREATE TABLE queue (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
  CREATE TABLE schedule (
    queue INTEGER NOT NULL, ready INTEGER NOT NULL, sequence INTEGER NOT NULL, due INTEGER NOT NULL, priority INTEGER NOT NULL,
    PRIMARY KEY (queue, ready, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX schedule_by_priority ON schedule (queue, priority DESC, sequence) WHERE ready = 0 AND priority <> 0;
  CREATE TABLE claimed (
    sequence INTEGER NOT NULL, queue TEXT NOT NULL, fence INTEGER NOT NULL, owner TEXT NOT NULL, covers TEXT NOT NULL, recovered INTEGER NOT NULL,
    PRIMARY KEY (sequence, queue)
  ) WITHOUT ROWID;
  CREATE TABLE name (kind TEXT NOT NULL, value TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (kind, value, sequence)) WITHOUT ROWID;
  CREATE TABLE reference (session TEXT NOT NULL, reference TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (session, reference)) WITHOUT ROWID;
  CREATE TABLE idempotency_key (key TEXT PRIMARY KEY, digest TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX idempotency_key_by_age ON idempotency_key (at);
  CREATE TABLE section (key TEXT PRIMARY KEY, version INTEGER NOT NULL, "values" TEXT NOT NULL, expires_at INTEGER) WITHOUT ROWID;
  CREATE INDEX section_by_expiry ON section (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE change (
    place INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, folder TEXT NOT NULL, message_class TEXT, session TEXT
  );
  CREATE VIEW recipient AS
    SELECT message.sequence, message.folder, row.value ->> 'address' AS address, row.value ->> '$.status.state' AS state,
      row.value ->> '$.route.session' AS route, row.value ->> 'attempts' AS attempts, row.value ->> '$.last.text' AS last
    FROM message, json_each(message.record, '$.recipients') AS row;
`;

export function createTables(connection: Connection, tag: string): void {
  connection.exec(tables);
  connection.prepare('INSERT INTO meta (name, value) VALUES (?, ?)').run('tag', tag);
}

// The tables of the embedded engine.
import type { Connection } from 'mailspool/database';

export const format = 1;

/** `deadline` is when the message is past its time, in ms; `purged` that it goes whatever its transaction does. */
export function createTables(connection: Connection, machine: string): void {
  connection.exec(`
    CREATE TABLE manager (machine TEXT NOT NULL, ordinal INTEGER NOT NULL) STRICT;
    CREATE TABLE queue (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, properties TEXT NOT NULL,
      messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE message (
      lookup INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, priority INTEGER NOT NULL, express INTEGER NOT NULL,
      deadline INTEGER, bytes INTEGER NOT NULL, record TEXT NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX message_order ON message (queue, priority DESC, lookup);
    CREATE INDEX message_deadline ON message (deadline) WHERE deadline IS NOT NULL;
    CREATE INDEX message_express ON message (lookup) WHERE express = 1;
  `);
  connection.prepare('INSERT INTO manager (machine, ordinal) VALUES (?, 0)').run(machine);
}

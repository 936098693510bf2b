// A small program for a database: a list of words, and ways to misbehave.
import { MailspoolErrorLike } from './error-like.js';

export const program = {
  format: 2,
  migrate(connection, from) {
    if (from < 1) connection.exec('CREATE TABLE word (text TEXT PRIMARY KEY)');
    if (from < 2) connection.exec('ALTER TABLE word ADD COLUMN bytes BLOB');
  },
  start: (connection, { options }) => {
    let transactions = 0;
    return {
      greeting: { options },
      writes: {
        add: (text, { bytes }) => {
          connection.prepare('INSERT INTO word (text, bytes) VALUES (?, ?)').run(text, bytes[0] ?? null);
          return { value: text, bytes };
        },
        fail: (text) => {
          connection.prepare('INSERT INTO word (text) VALUES (?)').run(text);
          throw new MailspoolErrorLike(`no ${text}`);
        },
        crash: () => {
          process.nextTick(() => {
            throw new Error('a bug');
          });
          return {};
        },
      },
      reads: {
        words: () => ({
          value: connection
            .prepare('SELECT text FROM word ORDER BY rowid')
            .all()
            .map((row) => row.text),
        }),
        transactions: () => ({ value: transactions }),
      },
      committed: () => {
        transactions += 1;
      },
      news: () => ({ transactions }),
    };
  },
};

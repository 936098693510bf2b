// Both drivers behave alike, where this Node has both.
import { describe, expect, it } from 'vitest';
import { bestDriver, type DriverName, openConnection } from '../../../src/database/driver.ts';
import { isDiskFull, resultCodeOf, sqlite } from '../../../src/database/store-error.ts';

const drivers: readonly DriverName[] = bestDriver() === 'libsql' ? ['libsql'] : ['libsql', 'node:sqlite'];

describe.each(drivers)('the driver over %s', (driver) => {
  const opened = () => {
    const connection = openConnection(':memory:', driver);
    connection.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)');
    return connection;
  };

  it('hands back text, numbers, nothing and bytes as they were given', () => {
    const connection = opened();
    const insert = connection.prepare('INSERT INTO t (id, text, bytes) VALUES (?, ?, ?)');
    expect(insert.run(3_000_000_000_000, 'é\u001fx', Buffer.from('abc').subarray(1)).changes).toBe(1);
    insert.run(1, null, null);
    const row = connection.prepare('SELECT * FROM t WHERE id > ?').get(1);
    expect({ ...row, bytes: [...((row?.['bytes'] as Uint8Array | undefined) ?? [])] }).toEqual({
      id: 3_000_000_000_000,
      text: 'é\u001fx',
      bytes: [98, 99],
    });
    expect(
      connection
        .prepare('SELECT id, text, bytes FROM t ORDER BY id')
        .all()
        .map(({ id, text }) => [id, text]),
    ).toEqual([
      [1, null],
      [3_000_000_000_000, 'é\u001fx'],
    ]);
    expect(connection.prepare('SELECT * FROM t WHERE id = ?').get(2)).toBeUndefined();
  });

  it('takes a single value that is bytes, also none, or nothing', () => {
    const connection = opened();
    const insert = connection.prepare('INSERT INTO t (bytes) VALUES (?)');
    insert.run(new Uint8Array([1, 2]));
    insert.run(null);
    insert.run(new Uint8Array(new ArrayBuffer(0)));
    expect(
      connection
        .prepare('SELECT length(bytes) AS length FROM t ORDER BY id')
        .all()
        .map((row) => row['length']),
    ).toEqual([2, null, 0]);
  });

  it('refuses what is no value of a column, with an error', () => {
    const insert = opened().prepare('INSERT INTO t (text) VALUES (?)');
    expect(() => insert.run(true as never)).toThrow(/a boolean/);
    expect(() => insert.run({} as never)).toThrow(/an? object/);
    expect(() => insert.run('cut \u0000 here')).toThrow(/NUL/);
  });

  it('U-012 errors carry the result code of SQLite', () => {
    const connection = opened();
    connection.exec('INSERT INTO t (id) VALUES (1)');
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return [resultCodeOf(error), isDiskFull(error)];
      }
      return undefined;
    };
    expect(codeOf(() => connection.exec('INSERT INTO t (id) VALUES (1)'))).toEqual([19, false]);
    connection.pragma('max_page_count = 2');
    expect(codeOf(() => connection.prepare('INSERT INTO t (bytes) VALUES (zeroblob(?))').run(1_000_000))).toEqual([sqlite.full, true]);
  });

  it('pragmas answer their value', () => {
    const connection = opened();
    expect(connection.pragma('user_version')).toBe(0);
    connection.pragma('user_version = 7');
    expect(connection.pragma('user_version')).toBe(7);
  });
});

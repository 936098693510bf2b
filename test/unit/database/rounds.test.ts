// Shared commits when the disk misbehaves: small changes still pass on a full disk, and after a failed sync the file is
// read anew before anything is accepted.
import { describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../../src/database/driver.ts';
import type { Procedures } from '../../../src/database/program.ts';
import { type Request, Rounds } from '../../../src/database/rounds.ts';

const sqliteError = (message: string, rawCode: number) => Object.assign(new Error(message), { rawCode });

/** A connection whose commits fail as told. */
function failing(): Connection & { failCommits: Error[] } {
  const connection = openConnection(':memory:');
  connection.exec('CREATE TABLE word (text TEXT)');
  const failCommits: Error[] = [];
  const exec = (sql: string) => {
    const error = sql === 'COMMIT' ? failCommits.shift() : undefined;
    if (error) throw error;
    connection.exec(sql);
  };
  return { ...connection, exec, failCommits };
}

function roundsOn(connection: Connection, given: Partial<Procedures> = {}, reopen: (broken: Connection) => Connection = (broken) => broken) {
  const procedures: Procedures = {
    writes: {
      add: (text: string) => {
        if (text === 'large') throw sqliteError('database or disk is full', 13);
        connection.prepare('INSERT INTO word (text) VALUES (?)').run(text);
        return { value: text };
      },
    },
    reads: {
      words: () => ({
        value: connection
          .prepare('SELECT text FROM word')
          .all()
          .map((row) => row['text']),
      }),
    },
    ...given,
  };
  return new Rounds({ connection, procedures, reopen, directory: '/spool' });
}

let lastId = 0;
const request = (name: string, input: unknown): Request => ({ id: (lastId += 1), name, input: JSON.stringify(input), bytes: [], now: 0 });
const add = (...texts: string[]) => texts.map((text) => request('add', text));
const told = ({ answers }: ReturnType<Rounds['run']>) =>
  answers.map(({ reply }) => ('error' in reply ? [reply.error.code, reply.error.temporary] : reply.value));

describe('rounds', () => {
  it('T-005 on a full disk each call has a transaction of its own: what fits is stored, the rest refused as temporary', () => {
    const rounds = roundsOn(failing());
    expect(told(rounds.run(add('a', 'large', 'b')))).toEqual(['a', ['ESTORE', true], 'b']);
    expect(told(rounds.run([request('words', null)]))).toEqual([['a', 'b']]);
  });

  it('T-005 a commit that does not fit is repeated call by call', () => {
    const connection = failing();
    connection.failCommits.push(sqliteError('full', 13), sqliteError('full', 13));
    const rounds = roundsOn(connection);
    expect(told(rounds.run(add('a', 'b', 'c')))).toEqual([['ESTORE', true], 'b', 'c']);
    expect(told(rounds.run([request('words', null)]))).toEqual([['b', 'c']]);
  });

  it('T-004 after a failed sync nothing of the commit is acknowledged or tried again, and the file is read anew first', () => {
    const connection = failing();
    const events: string[] = [];
    const reopen = (broken: Connection) => {
      events.push('reopen');
      return broken;
    };
    const rounds = roundsOn(
      connection,
      { rolledBack: () => events.push('rolled back'), committed: () => events.push('committed'), reopened: () => events.push('reopened') },
      reopen,
    );
    connection.failCommits.push(sqliteError('disk I/O error', 10 | (4 << 8)));
    expect(told(rounds.run(add('a', 'b')))).toEqual([
      ['ESTORE', true],
      ['ESTORE', true],
    ]);
    expect(events).toEqual(['rolled back']);
    expect(told(rounds.run([...add('c'), request('words', null)]))).toEqual(['c', ['c']]);
    expect(events).toEqual(['rolled back', 'reopen', 'reopened', 'committed']);
  });

  it('T-004 while the file cannot be read anew every call is refused; later it goes on', () => {
    const connection = failing();
    let isBack = false;
    const rounds = roundsOn(connection, {}, (broken) => {
      if (!isBack) throw sqliteError('unable to open database file', 14);
      return broken;
    });
    connection.failCommits.push(sqliteError('disk I/O error', 10));
    rounds.run(add('a'));
    expect(told(rounds.run([...add('b'), request('words', null)])).map((each) => (each as unknown[])[0])).toEqual(['ESTORE', 'ESTORE']);
    isBack = true;
    expect(told(rounds.run(add('c')))).toEqual(['c']);
  });

  it('a write that runs last sees what came after it in its round, and all have their own answers', () => {
    const connection = failing();
    const count = (): { value: unknown } => ({ value: connection.prepare('SELECT count(*) AS n FROM word').all()[0]?.['n'] });
    const insert = (text: string) => (connection.prepare('INSERT INTO word (text) VALUES (?)').run(text), { value: text });
    const rounds = roundsOn(connection, { writes: { add: insert, count }, last: new Set(['count']) });
    const [first, counted, second] = [request('add', 'a'), request('count', null), request('add', 'b')];
    const { answers } = rounds.run([first, counted, second]);
    expect(answers.map(({ id, reply }) => [id, 'error' in reply || reply.value])).toEqual([
      [first.id, 'a'],
      [second.id, 'b'],
      [counted.id, 2],
    ]);
  });

  it('news are asked for once a round, after the commits', () => {
    const rounds = roundsOn(failing(), { news: () => 'news' });
    expect(rounds.run(add('a', 'large', 'b')).news).toBe('news');
  });
});

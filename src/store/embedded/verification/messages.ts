// Records, and what is derived from them: where each message waits, by what names it is found, what content it uses.
import { crc32 } from 'node:zlib';
import type { Connection, Row } from '../../../database/index.ts';
import { stateNames } from '../../../message/transitions.ts';
import { entryIdOf } from '../../entry-id.ts';
import type { ContentRef, StoredMessage } from '../../message-store.ts';
import { otherNames } from '../../operations/insert.ts';
import { remoteIdsOf } from '../../operations/message-change.ts';
import { type ScheduleEntry, scheduleOf } from '../../schedule.ts';
import { type Problems, remedies } from './problem.ts';
import { count, rowsByKey, rowsInOrder } from './rows.ts';

/** Content and how many messages hold it, with what they say of it. */
export interface Use {
  uses: number;
  readonly ref: ContentRef;
  readonly message: string;
}

/** A report that was stored here has a reference of its own, which nobody looks up. */
const isOwnReport = (reference: string): boolean => reference.startsWith('report:');

export class MessageChecks {
  readonly uses = new Map<string, Use>();
  readonly #connection: Connection;
  readonly #problems: Problems;
  readonly #tag: string;
  readonly #queues: ReadonlyMap<string, number>;
  #entries = 0;
  #names = 0;

  constructor(connection: Connection, problems: Problems, tag: string) {
    this.#connection = connection;
    this.#problems = problems;
    this.#tag = tag;
    this.#queues = new Map(
      connection
        .prepare('SELECT id, key FROM queue')
        .all()
        .map((row) => [String(row['key']), Number(row['id'])]),
    );
  }

  /** Answers with how many there are. */
  run(progress: (done: number, total: number) => void): number {
    const total = count(this.#connection, 'message');
    let done = 0;
    for (const row of rowsByKey(this.#connection, 'message', 'sequence', 'sequence, direction, folder, finished, checksum, record')) {
      this.#check(row);
      progress(++done, total);
    }
    this.#surplus();
    return total;
  }

  #check(row: Row): void {
    const sequence = Number(row['sequence']);
    const id = entryIdOf(this.#tag, sequence);
    const record = recordOf(row);
    if (record === undefined) return this.#problems.add('message', id, 'its record does not match its checksum', remedies.message);
    const finished = record.finishedAt === undefined ? 0 : 1;
    if (record.id !== id || record.direction !== row['direction'] || record.folder !== row['folder'] || finished !== row['finished'])
      this.#problems.add('message', id, 'its record and the columns beside it say different things', remedies.report);
    const rows = record.recipients;
    if (new Set(rows.map((each) => each.id)).size !== rows.length)
      this.#problems.add('message', id, 'two of its recipients have the same number', remedies.report);
    const strange = rows.find(({ status }) => !(stateNames as readonly string[]).includes(status.state));
    if (strange) this.#problems.add('message', id, `${strange.address} is in no known state`, remedies.report);
    this.#schedule(sequence, id, record);
    this.#otherNames(sequence, id, record);
    this.#content(id, record);
  }

  #schedule(sequence: number, id: string, record: StoredMessage): void {
    for (const entry of scheduleOf(record)) {
      this.#entries += 1;
      if (!this.#isScheduled(sequence, entry))
        this.#problems.add(
          'schedule',
          id,
          `it waits in ${shown(entry.queue)}, and the schedule does not say so: it would stay there`,
          remedies.schedule,
        );
    }
  }

  /** What became due may stand among what is ready. */
  #isScheduled(sequence: number, { queue, dueAt, priority }: ScheduleEntry): boolean {
    const number = this.#queues.get(queue);
    if (number === undefined) return false;
    const sql = 'SELECT due, priority FROM schedule WHERE queue = ? AND ready IN (0, ?) AND sequence = ?';
    const rows = this.#connection.prepare(sql).all(number, dueAt, sequence);
    return rows.length === 1 && rows[0]?.['due'] === dueAt && rows[0]['priority'] === priority;
  }

  #otherNames(sequence: number, id: string, record: StoredMessage): void {
    const sql = 'SELECT 1 FROM name WHERE kind = ? AND value = ? AND sequence = ?';
    for (const [kind, value] of namesOf(record)) {
      this.#names += 1;
      if (!this.#connection.prepare(sql).get(kind, value, sequence))
        this.#problems.add('name', id, `it is not found by its ${kind}`, remedies.report);
    }
    const { session, reference } = record;
    if (session === undefined || reference === undefined || isOwnReport(reference)) return;
    const known = this.#connection.prepare('SELECT sequence FROM reference WHERE session = ? AND reference = ?').get(session, reference);
    if (known?.['sequence'] !== sequence)
      this.#problems.add('reference', id, `its reference is not known to ${session}: it would be received again`, remedies.report);
  }

  #content(message: string, record: StoredMessage): void {
    if (record.contentGone) return;
    for (const ref of record.submitted ? [record.content, record.submitted] : [record.content]) {
      const use = this.uses.get(ref.ref) ?? { uses: 0, ref, message };
      use.uses += 1;
      this.uses.set(ref.ref, use);
    }
  }

  /** Looked for only where there are more rows than the records ask for. */
  #surplus(): void {
    if (count(this.#connection, 'schedule') > this.#entries) this.#surplusSchedule();
    if (count(this.#connection, 'name') > this.#names) this.#surplusNames();
  }

  #surplusSchedule(): void {
    const keys = new Map([...this.#queues].map(([key, number]) => [number, key]));
    for (const row of rowsInOrder(this.#connection, 'schedule', ['queue', 'ready', 'sequence'], 'queue, ready, sequence, due')) {
      const key = keys.get(Number(row['queue']));
      const record = this.#record(Number(row['sequence']));
      const isWanted = record && scheduleOf(record).some((entry) => entry.queue === key && entry.dueAt === row['due']);
      if (!isWanted)
        this.#problems.add(
          'schedule',
          entryIdOf(this.#tag, Number(row['sequence'])),
          `the schedule has it in ${shown(key ?? '?')}, where it does not wait`,
          remedies.surplus,
        );
    }
  }

  /** A message that was set aside keeps its names. */
  #surplusNames(): void {
    const aside = this.#connection.prepare('SELECT 1 FROM damaged_message WHERE sequence = ?');
    for (const row of rowsInOrder(this.#connection, 'name', ['kind', 'value', 'sequence'], 'kind, value, sequence')) {
      const sequence = Number(row['sequence']);
      const record = this.#record(sequence);
      const isWanted = record ? namesOf(record).some(([kind, value]) => kind === row['kind'] && value === row['value']) : aside.get(sequence);
      if (!isWanted)
        this.#problems.add('name', entryIdOf(this.#tag, sequence), `it is found by a ${String(row['kind'])} that it does not have`, remedies.surplus);
    }
  }

  #record(sequence: number): StoredMessage | undefined {
    const row = this.#connection.prepare('SELECT checksum, record FROM message WHERE sequence = ?').get(sequence);
    return row && recordOf(row);
  }
}

function recordOf({ checksum, record }: Row): StoredMessage | undefined {
  if (typeof record !== 'string' || crc32(record) !== checksum) return undefined;
  try {
    return JSON.parse(record) as StoredMessage;
  } catch {
    return undefined;
  }
}

const namesOf = (record: StoredMessage): (readonly [string, string])[] => {
  const unique = new Map(
    [...otherNames(record), ...[...remoteIdsOf(record)].map((id) => ['remoteId', id] as const)].map((name) => [name.join(' '), name]),
  );
  return [...unique.values()];
};

/** A route's separator, for people. */
const shown = (queue: string): string => queue.replace('\u001f', ' ').replace(/^@/, 'the queue ');

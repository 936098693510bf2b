// Rows of the embedded engine: queues with their counts, and messages in their order. It decides nothing.
import type { Connection, Row, Statement, Value } from 'mailspool/database';
import type { Instant } from 'mailspool/provider';
import type { QueueInfo, QueueKey, Seek } from '../engine.ts';
import type { QueueProperties } from '../properties.ts';
import type { LookupId, MessageRecord } from '../queued-message.ts';

export interface QueueRow extends QueueInfo {
  readonly id: number;
}

interface Known extends QueueRow {
  messages: number;
  bytes: number;
  isChanged: boolean;
}

export interface MessageRow {
  readonly lookup: LookupId;
  readonly queue: number;
  readonly priority: number;
  readonly bytes: number;
  readonly deadline: Instant | undefined;
  readonly record: MessageRecord;
  readonly body: Uint8Array;
}

export class Tables {
  readonly #connection: Connection;
  readonly #prepared = new Map<string, Statement>();
  readonly machine: string;
  #ordinal: number;
  /** Queues as they will be once the transaction is committed; what is not here stands on disk. */
  readonly #known = new Map<number, Known>();
  readonly #ids = new Map<QueueKey, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
    const row = this.#first('SELECT machine, ordinal FROM manager');
    this.machine = String(row?.['machine']);
    this.#ordinal = Number(row?.['ordinal']);
  }

  /** Ids are never given twice, whatever became of the messages. */
  nextId(): string {
    this.#ordinal += 1;
    return `${this.machine}\\${this.#ordinal}`;
  }

  /** Counts and the last ordinal change with every message, and are written once for all of a commit. */
  note(): void {
    this.#run('UPDATE manager SET ordinal = ? WHERE ordinal < ?', this.#ordinal, this.#ordinal);
    for (const known of this.#known.values()) {
      if (!known.isChanged) continue;
      this.#run('UPDATE queue SET messages = ?, bytes = ? WHERE id = ?', known.messages, known.bytes, known.id);
      known.isChanged = false;
    }
  }

  /** What was not committed is not known. */
  forget(): void {
    this.#known.clear();
    this.#ids.clear();
  }

  queue(name: QueueKey): QueueRow | undefined {
    const id = this.#ids.get(name);
    return id === undefined ? this.#learn(this.#first('SELECT * FROM queue WHERE name = ?', name)) : this.#known.get(id);
  }

  queueById(id: number): QueueRow | undefined {
    return this.#known.get(id) ?? this.#learn(this.#first('SELECT * FROM queue WHERE id = ?', id));
  }

  queues(): QueueRow[] {
    return this.#all('SELECT * FROM queue ORDER BY name').flatMap((row) => queueOf(row) ?? []);
  }

  #learn(row: Row | undefined): Known | undefined {
    const found = queueOf(row);
    if (!found) return undefined;
    const known = { ...found, isChanged: false };
    this.#known.set(known.id, known);
    this.#ids.set(known.queue, known.id);
    return known;
  }

  addQueue(name: QueueKey, properties: QueueProperties): void {
    this.#run('INSERT INTO queue (name, properties) VALUES (?, ?)', name, JSON.stringify(properties));
  }

  setProperties(id: number, properties: QueueProperties): void {
    this.#run('UPDATE queue SET properties = ? WHERE id = ?', JSON.stringify(properties), id);
    this.note();
    this.forget();
  }

  removeQueue(id: number): void {
    this.#run('DELETE FROM queue WHERE id = ?', id);
    this.note();
    this.forget();
  }

  allBytes(): number {
    this.note();
    return Number(this.#first('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM queue')?.['bytes']);
  }

  put({ queue, record, body, bytes, deadline }: Omit<MessageRow, 'lookup' | 'priority'>): void {
    const express = record.delivery === 'express' ? 1 : 0;
    this.#run(
      'INSERT INTO message (queue, priority, express, deadline, bytes, record, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
      queue,
      record.priority,
      express,
      deadline ?? null,
      bytes,
      JSON.stringify(record),
      body,
    );
    this.#count(queue, 1, bytes);
  }

  remove({ lookup, queue, bytes }: Pick<MessageRow, 'lookup' | 'queue' | 'bytes'>): void {
    this.#run('DELETE FROM message WHERE lookup = ?', lookup);
    this.#count(queue, -1, -bytes);
  }

  get(lookup: LookupId): MessageRow | undefined {
    return messageOf(this.#first('SELECT * FROM message WHERE lookup = ?', lookup));
  }

  /** A page in the order that `seek` goes; the first is the one it means. */
  from(queue: number, seek: Seek, limit: number): MessageRow[] {
    const { where, order, values } = conditionOf(seek);
    return this.#all(`SELECT * FROM message WHERE queue = ? ${where} ORDER BY ${order} LIMIT ?`, queue, ...values, limit).flatMap(
      (row) => messageOf(row) ?? [],
    );
  }

  due(now: Instant, after: LookupId, limit: number): MessageRow[] {
    return this.#all('SELECT * FROM message WHERE deadline <= ? AND lookup > ? ORDER BY lookup LIMIT ?', now, after, limit).flatMap(
      (row) => messageOf(row) ?? [],
    );
  }

  nextDeadline(after: Instant): Instant | undefined {
    const next = this.#first('SELECT MIN(deadline) AS next FROM message WHERE deadline > ?', after)?.['next'];
    return next === null || next === undefined ? undefined : Number(next);
  }

  /** Express messages do not outlive their manager. */
  removeExpress(): void {
    const gone = this.#all('SELECT queue, COUNT(*) AS messages, SUM(bytes) AS bytes FROM message WHERE express = 1 GROUP BY queue');
    for (const { queue, messages, bytes } of gone) this.#count(Number(queue), -Number(messages), -Number(bytes));
    this.#run('DELETE FROM message WHERE express = 1');
  }

  #count(queue: number, messages: number, bytes: number): void {
    this.queueById(queue);
    const known = this.#known.get(queue);
    if (!known) return;
    known.messages += messages;
    known.bytes += bytes;
    known.isChanged = true;
  }

  #run(sql: string, ...values: readonly Value[]): void {
    this.#statement(sql).run(...values);
  }

  #first(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: readonly Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): Statement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

const inOrder = 'priority DESC, lookup';

function conditionOf(seek: Seek): { readonly where: string; readonly order: string; readonly values: readonly Value[] } {
  switch (seek.at) {
    case 'first':
      return { where: '', order: inOrder, values: [] };
    case 'last':
      return { where: '', order: 'priority, lookup DESC', values: [] };
    case 'behind': {
      const { priority, lookupId } = seek.of;
      return { where: 'AND (priority < ? OR (priority = ? AND lookup > ?))', order: inOrder, values: [priority, priority, lookupId] };
    }
    case 'current':
      return { where: 'AND lookup = ?', order: 'lookup', values: [seek.of] };
    // By lookup id, whatever the priority is: it shows the order of arrival.
    case 'next':
      return { where: 'AND lookup > ?', order: 'lookup', values: [seek.of] };
    case 'previous':
      return { where: 'AND lookup < ?', order: 'lookup DESC', values: [seek.of] };
  }
}

const queueOf = (row: Row | undefined): QueueRow | undefined =>
  row && {
    id: Number(row['id']),
    queue: String(row['name']),
    properties: JSON.parse(String(row['properties'])) as QueueProperties,
    messages: Number(row['messages']),
    bytes: Number(row['bytes']),
  };

const messageOf = (row: Row | undefined): MessageRow | undefined =>
  row && {
    lookup: Number(row['lookup']),
    queue: Number(row['queue']),
    priority: Number(row['priority']),
    bytes: Number(row['bytes']),
    deadline: row['deadline'] === null ? undefined : Number(row['deadline']),
    record: JSON.parse(String(row['record'])) as MessageRecord,
    body: row['body'] as Uint8Array,
  };

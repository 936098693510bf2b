// Prepared statements of one connection, each prepared when it is first needed, and the mark that something was written.
import type { Connection, Row, Statement, Value } from '../../database/index.ts';
import type { Transaction } from './transaction.ts';

export class Statements {
  readonly #connection: Connection;
  readonly #transaction: Transaction;
  readonly #prepared = new Map<string, Statement>();

  constructor(connection: Connection, transaction: Transaction) {
    this.#connection = connection;
    this.#transaction = transaction;
  }

  /** How many rows it changed. */
  write(sql: string, ...values: readonly Value[]): number {
    this.#transaction.isDirty = true;
    return this.#statement(sql).run(...values).changes;
  }

  first(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: readonly Value[]): Row[] {
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

/** What all tables of one opened file share. */
export interface Shared {
  readonly statements: Statements;
  readonly transaction: Transaction;
}

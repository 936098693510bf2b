// What the tables keep in memory follows the transaction: a rollback undoes it, a commit makes it good.

export class Transaction {
  #undo: (() => void)[] = [];
  #then: (() => void)[] = [];
  /** Whether anything was written that a commit must sync. */
  isDirty = false;

  onRollback(undo: () => void): void {
    this.#undo.push(undo);
  }

  afterCommit(then: () => void): void {
    this.#then.push(then);
  }

  committed(): void {
    const then = this.#then;
    this.#reset();
    for (const each of then) each();
  }

  rolledBack(): void {
    const undo = this.#undo.reverse();
    this.#reset();
    for (const each of undo) each();
  }

  #reset(): void {
    this.#undo = [];
    this.#then = [];
    this.isDirty = false;
  }
}

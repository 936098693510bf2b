// By what else a message is known: Message-ID, envelope id, names that other systems gave it, references of received mail.
import type { SessionKey } from '../../message/recipient.ts';
import type { LookupKind, Sequence } from '../tables.ts';
import type { Shared } from './statements.ts';

export class NameTables {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  add(kind: LookupKind, value: string, sequence: Sequence): void {
    this.#shared.statements.write('INSERT OR IGNORE INTO name (kind, value, sequence) VALUES (?, ?, ?)', kind, value, sequence);
  }

  remove(kind: LookupKind, value: string, sequence: Sequence): void {
    this.#shared.statements.write('DELETE FROM name WHERE kind = ? AND value = ? AND sequence = ?', kind, value, sequence);
  }

  find(kind: LookupKind, value: string): Sequence[] {
    return this.#shared.statements
      .all('SELECT sequence FROM name WHERE kind = ? AND value = ? ORDER BY sequence', kind, value)
      .map((row) => Number(row['sequence']));
  }

  reference(session: SessionKey, reference: string): Sequence | undefined {
    const row = this.#shared.statements.first('SELECT sequence FROM reference WHERE session = ? AND reference = ?', session, reference);
    return row && Number(row['sequence']);
  }

  putReference(session: SessionKey, reference: string, sequence: Sequence): void {
    this.#shared.statements.write('INSERT OR REPLACE INTO reference (session, reference, sequence) VALUES (?, ?, ?)', session, reference, sequence);
  }
}

// What was promised and what became of it. Kept by the process that is not killed.
import { digestOf, letter } from './letters.ts';
import type { Taken } from './sink.ts';

export interface Findings {
  /** Accepted and not at the sink, sent or received. */
  readonly lost: readonly string[];
  readonly receivedTwice: readonly string[];
  /** Each further time that the sink took a message. */
  readonly duplicated: number;
  /** Bytes that are not those that were submitted, or recipients that are missing. */
  readonly altered: readonly string[];
  /** Taken twice although nothing crashed in between. */
  readonly twiceInOneLife: readonly string[];
  /** The most that one kill sent out again. */
  readonly mostAtOneKill: number;
}

export class Ledger {
  readonly taken: Taken[] = [];
  readonly #accepted = new Map<string, string>();
  readonly #delivered = new Map<string, string>();
  readonly #received = new Map<string, string[]>();

  /** `submit` has resolved. */
  accepted(epoch: number, number: number): void {
    const { messageId, raw } = letter(`${epoch}.${number}`, number);
    this.#accepted.set(messageId, digestOf(raw));
  }

  /** The mailbox has it. */
  delivered(messageId: string, digest: string): void {
    this.#delivered.set(messageId, digest);
  }

  received(messageId: string, digest: string): void {
    this.#received.set(messageId, [...(this.#received.get(messageId) ?? []), digest]);
  }

  get acceptedCount(): number {
    return this.#accepted.size;
  }

  get deliveredCount(): number {
    return this.#delivered.size;
  }

  findings(): Findings {
    const taken = grouped(this.taken);
    const again = new Map<number, number>();
    for (const times of taken.values()) for (const { epoch } of times.slice(0, -1)) again.set(epoch, (again.get(epoch) ?? 0) + 1);
    return {
      lost: [...missing(this.#accepted, taken), ...missing(this.#delivered, this.#received)],
      receivedTwice: [...this.#received].filter(([, digests]) => digests.length > 1).map(([messageId]) => messageId),
      duplicated: this.taken.length - taken.size,
      altered: [...this.#alteredOut(), ...this.#alteredIn()],
      twiceInOneLife: [...taken].filter(([, times]) => new Set(times.map(({ epoch }) => epoch)).size < times.length).map(([messageId]) => messageId),
      mostAtOneKill: Math.max(0, ...again.values()),
    };
  }

  /** Every attempt, also of what nobody was promised: half a message is at no sink (T-010, T-013). */
  *#alteredOut(): Generator<string> {
    for (const { messageId, digest, recipients } of this.taken) {
      const [, name = '', number = ''] = /^<(\d+\.(\d+))@/.exec(messageId) ?? [];
      const sent = letter(name, Number(number));
      if (digestOf(sent.raw) !== digest || recipients !== sent.envelope.to.length) yield messageId;
    }
  }

  *#alteredIn(): Generator<string> {
    for (const [messageId, digests] of this.#received) if (digests.some((digest) => digest !== this.#delivered.get(messageId))) yield messageId;
  }
}

const missing = (promised: ReadonlyMap<string, unknown>, there: ReadonlyMap<string, unknown>): string[] =>
  [...promised.keys()].filter((messageId) => !there.has(messageId));

function grouped(taken: readonly Taken[]): Map<string, Taken[]> {
  const groups = new Map<string, Taken[]>();
  for (const one of taken) {
    const times = groups.get(one.messageId);
    if (times) times.push(one);
    else groups.set(one.messageId, [one]);
  }
  return groups;
}

// The invariants, and how often each was looked at. A violation ends the run.
export const invariants = {
  'nothing accepted is lost': 'every message whose submit was answered is there, with every recipient and its bytes',
  'one state, one sum': 'each recipient is in exactly one state, and the states add up to what was accepted (T-008)',
  'only permitted transitions': 'no recipient goes from one state to another that the table does not permit',
  'exactly one report': 'each failure that the sender wants to hear of is reported once, with the state or not at all (T-043)',
  'exactly one receipt': 'received mail whose sender asks is told of once, together with its mark, or not at all (M-071)',
  'no reference twice': 'no mail of a mailbox is stored twice, whatever it is called there',
  'nothing acknowledged is lost': 'mail that was deleted at its server is stored, with its bytes',
  'relayed means taken': 'nobody counts as served whom the world outside did not serve, unless somebody says so',
  'only what was in flight twice': 'a recipient is served again only after a lost answer, a crash or a word of the operator (T-012)',
  'the same bytes': 'every attempt sends the bytes that were submitted (T-013)',
  'at most once': 'an at-most-once message reaches nobody twice',
  'cancelled means cancelled': 'nobody is sent what was cancelled',
  'no wake-up is lost': 'whoever is due, with nothing in the way, is served within seconds',
  'a flood delays nobody': 'a flood in one mailbox does not keep another waiting for more than its turns (M-080)',
  'in order of submission': 'a queue gives its messages in the order in which they were submitted (M-028)',
  'bounded memory': 'timers, claims and work in flight stay below fixed bounds',
  'final or at a named gate': 'in the end every recipient is final, and nothing waits without somebody who is named',
} as const;

export type Invariant = keyof typeof invariants;

export class Violation extends Error {
  readonly invariant: Invariant | 'the run';

  constructor(invariant: Invariant | 'the run', text: string) {
    super(`${invariant}: ${text}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

export class Checks {
  readonly counts: Partial<Record<Invariant, number>> = {};

  /** Throws unless `holds`. */
  hold(invariant: Invariant, holds: boolean, text: () => string): void {
    this.counts[invariant] = (this.counts[invariant] ?? 0) + 1;
    if (!holds) throw new Violation(invariant, text());
  }
}

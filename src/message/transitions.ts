// The state table of a recipient: which event leads from which states to which state. The engine, the stores, their
// suite and docs/reference/states.md all read this one table.
import type { StateName } from './recipient.ts';

interface Transition {
  readonly from: readonly StateName[];
  readonly to: StateName;
  /** One sentence for the documentation. */
  readonly when: string;
}

export const transitions = {
  claim: { from: ['queued', 'deferred', 'held', 'uncertain'], to: 'claimed', when: 'a spooler takes the recipient for an attempt, or to verify one' },
  handOver: { from: ['claimed'], to: 'claimed', when: 'the hand-over of an at-most-once message is written down' },
  release: {
    from: ['claimed', 'held', 'queued'],
    to: 'queued',
    when: 'a claim or a hold ends without an attempt, or the recipient gets another route',
  },
  relay: { from: ['claimed', 'uncertain', 'held'], to: 'relayed', when: 'the next system has taken responsibility' },
  deliver: { from: ['claimed', 'uncertain', 'held', 'relayed'], to: 'delivered', when: 'the message is known to have arrived' },
  defer: { from: ['claimed', 'queued', 'deferred'], to: 'deferred', when: 'an attempt ended without sending; the next has a time' },
  hold: {
    from: ['queued', 'claimed', 'deferred', 'held', 'uncertain'],
    to: 'held',
    when: 'a provider, a preprocessor, the operator, the sender or a policy parks it',
  },
  lose: { from: ['claimed', 'uncertain'], to: 'uncertain', when: 'the wire broke after the final dot, and the policy does not resend' },
  fail: {
    from: ['queued', 'claimed', 'deferred', 'held', 'uncertain', 'relayed', 'delivered'],
    to: 'failed',
    when: 'a permanent refusal, no route left, no attempt left, or a later report of failure',
  },
  expire: { from: ['queued', 'claimed', 'deferred', 'held', 'uncertain'], to: 'expired', when: 'its lifetime is over' },
  cancel: { from: ['queued', 'deferred', 'held', 'uncertain'], to: 'cancelled', when: 'the sender cancels before it is under way' },
  cancelClaimed: { from: ['claimed'], to: 'cancelled', when: 'a cancelled hand-over stopped before anything was sent' },
  retry: { from: ['deferred', 'failed', 'expired', 'uncertain'], to: 'queued', when: 'somebody asks for another attempt' },
} as const satisfies Record<string, Transition>;

/** Nothing more happens by itself; `retry` and late reports may still change some. */
export const finalStates = ['relayed', 'delivered', 'failed', 'cancelled', 'expired'] as const satisfies readonly StateName[];
export type FinalState = (typeof finalStates)[number];

export const stateNames = ['queued', 'claimed', 'deferred', 'held', 'uncertain', ...finalStates] as const satisfies readonly StateName[];

const permittedPairs: ReadonlySet<string> = new Set(Object.values(transitions).flatMap(({ from, to }) => from.map((state) => `${state} ${to}`)));

export const isFinal = (state: StateName): state is FinalState => (finalStates as readonly StateName[]).includes(state);

/** Whether any event leads from one state to the other. */
export const isPermitted = (from: StateName, to: StateName): boolean => permittedPairs.has(`${from} ${to}`);

/** Whether `settled()` has its answer for this recipient. */
export const isSettled = (state: StateName): boolean => isFinal(state) || state === 'uncertain';

// The state table, pair by pair: what is not written here is not permitted.
import { describe, expect, it } from 'vitest';
import type { StateName } from '../../../src/message/recipient.ts';
import { finalStates, isFinal, isPermitted, isSettled, stateNames, transitions } from '../../../src/message/transitions.ts';

const permitted: Record<StateName, readonly StateName[]> = {
  queued: ['queued', 'claimed', 'deferred', 'held', 'failed', 'cancelled', 'expired'],
  claimed: ['queued', 'claimed', 'deferred', 'held', 'uncertain', 'relayed', 'delivered', 'failed', 'cancelled', 'expired'],
  deferred: ['queued', 'claimed', 'deferred', 'held', 'failed', 'cancelled', 'expired'],
  held: ['queued', 'claimed', 'held', 'relayed', 'delivered', 'failed', 'cancelled', 'expired'],
  uncertain: ['queued', 'claimed', 'held', 'uncertain', 'relayed', 'delivered', 'failed', 'cancelled', 'expired'],
  relayed: ['delivered', 'failed'],
  delivered: ['failed'],
  failed: ['queued'],
  cancelled: [],
  expired: ['queued'],
};

const pairs = stateNames.flatMap((from) => stateNames.map((to) => ({ from, to, expected: permitted[from].includes(to) })));

describe('the state table of a recipient', () => {
  it.each(pairs)('U-002 $from to $to: $expected', ({ from, to, expected }) => {
    expect(isPermitted(from, to)).toBe(expected);
  });

  it('U-002 names every state once, and no other', () => {
    expect([...stateNames].sort()).toEqual(Object.keys(permitted).sort());
    const named = Object.values(transitions).flatMap(({ from, to }) => [...from, to]);
    expect(new Set(named)).toEqual(new Set(stateNames));
  });

  it('U-002 leads from every state that is not final to a final one', () => {
    for (const state of stateNames) if (!isFinal(state)) expect(permitted[state].some(isFinal), state).toBe(true);
  });

  it('U-004 what failed or expired can be tried again; what was cancelled stays cancelled', () => {
    expect(permitted.failed).toContain('queued');
    expect(permitted.expired).toContain('queued');
    expect(finalStates.filter((state) => permitted[state].length === 0)).toEqual(['cancelled']);
  });

  it('M-064 no final word can be repeated', () => {
    for (const state of finalStates) expect(isPermitted(state, state), state).toBe(false);
  });

  it('U-016 settled is final or uncertain', () => {
    expect(stateNames.filter(isSettled)).toEqual(['uncertain', ...finalStates]);
  });

  it('says in one sentence when each happens', () => {
    for (const { when } of Object.values(transitions)) expect(when).toMatch(/^[a-z].*[^.]$/);
  });
});

// The language of faults by itself: when a fault is due, and what is said of one that never was.
import { describe, expect, it } from 'vitest';
import { virtualTime } from 'mailspool/testing';
import type { Fault, Misdeed, Occasion } from '../../../src/testing/faults/fault.ts';
import { FaultPlan } from '../../../src/testing/faults/fault-plan.ts';

type Step = 'MAIL' | 'RCPT' | 'dot' | 'handshake';
type Deed = Misdeed | { readonly code: number } | { readonly effect: true };

const clock = virtualTime();
const ask: Occasion<Step> = { at: 'MAIL', line: 'MAIL FROM:<ann@test>', address: '127.0.0.1', from: 'ann@test', connections: 1 };

function planned(...faults: readonly Fault<Step, Deed>[]) {
  const plan = new FaultPlan<Step, Deed>(clock, (own) => typeof own === 'object' && 'code' in own);
  const handles = faults.map((fault) => plan.add(fault));
  /** What happens on `times` occasions in a row. */
  const asked = (times: number, occasion: Partial<Occasion<Step>> = {}) => Array.from({ length: times }, () => plan.due({ ...ask, ...occasion }));
  return { plan, handles, asked };
}

describe('when a fault is due', () => {
  it('U-062 at its step, once, unless told otherwise', () => {
    expect(planned({ at: 'MAIL', do: 'drop' }).asked(3)).toEqual([['drop'], [], []]);
    expect(planned({ at: 'RCPT', do: 'drop' }).asked(1)).toEqual([[]]);
    expect(planned({ at: ['RCPT', 'MAIL'], do: 'drop', times: 2 }).asked(3)).toEqual([['drop'], ['drop'], []]);
    expect(planned({ at: 'any', do: 'drop', times: Number.POSITIVE_INFINITY }).asked(2, { at: 'dot' })).toEqual([['drop'], ['drop']]);
  });

  it('U-062 the nth time that its conditions hold, whatever else is planned for the times before', () => {
    expect(planned({ at: 'MAIL', nth: 3, do: 'drop' }).asked(4)).toEqual([[], [], ['drop'], []]);
    const two = planned({ at: 'MAIL', do: { code: 451 } }, { at: 'MAIL', nth: 2, do: { code: 550 } });
    expect(two.asked(3)).toEqual([[{ code: 451 }], [{ code: 550 }], []]);
  });

  it.each<[string, Partial<Fault<Step, Deed>>, Partial<Occasion<Step>>, boolean]>([
    ['a line', { match: 'from:<ANN@' }, {}, true],
    ['another line', { match: /^RCPT/ }, {}, false],
    ['an address', { address: '127.0.0.1' }, {}, true],
    ['a part of an address', { address: '127' }, {}, false],
    ['a sender', { from: 'Ann@Test' }, {}, true],
    ['no sender', { from: /./ }, { from: undefined }, false],
    ['one of the recipients', { to: /^bob/ }, { to: ['carol@test', 'bob@test'] }, true],
    ['no recipient', { to: 'bob@test' }, {}, false],
    ['a user', { user: 'ann' }, { user: 'ann' }, true],
    ['nobody', { user: 'ann' }, {}, false],
    ['all at once, of which one fails', { from: 'ann@test', user: 'ann' }, { user: 'bob' }, false],
  ])('U-062 for %s', (_name, conditions, occasion, due) => {
    expect(planned({ at: 'MAIL', do: 'drop', ...conditions }).asked(1, occasion)).toEqual([due ? ['drop'] : []]);
  });

  it('U-062 beside others, as long as none of them decides the answer', () => {
    const slow = { at: 'any', times: 9, do: [{ delay: '1s' }, { bytesPerSecond: 5 }] } as const;
    const { handles, asked } = planned(slow, { at: 'MAIL', do: { effect: true } }, { at: 'MAIL', do: 'drop' }, { at: 'MAIL', do: { code: 451 } });
    expect(asked(3)).toEqual([[...slow.do, { effect: true }, 'drop'], [...slow.do, { code: 451 }], slow.do]);
    expect(handles.map(({ fired }) => fired)).toEqual([3, 1, 1, 1]);
  });

  it('U-036 greylists each address, sender and recipient for its time', async () => {
    const { asked } = planned({ at: 'RCPT', greylist: '5m', do: { code: 451 } });
    const due = (to: string, address = ask.address) => asked(1, { at: 'RCPT', to: [to], address })[0]?.length === 1;
    expect([due('bob@test'), due('BOB@test')]).toEqual([true, true]);
    await clock.advance('4m59s');
    expect([due('bob@test'), due('carol@test')]).toEqual([true, true]);
    await clock.advance('1s');
    expect([due('bob@test'), due('carol@test'), due('bob@test', '127.0.0.2')]).toEqual([false, true, true]);
  });

  it('U-034 lets so many pass in a time, and no more', async () => {
    const { asked } = planned({ at: 'MAIL', beyond: { count: 2, within: '1s' }, do: { code: 450 } });
    const due = (times: number) => asked(times).map((deeds) => deeds.length);
    expect(due(4)).toEqual([0, 0, 1, 1]);
    await clock.advance('1s');
    expect(due(3)).toEqual([0, 0, 1]);
  });

  it('U-050 lets so many connections be open, and no more', () => {
    const { asked } = planned({ at: 'MAIL', beyond: { connections: 3 }, do: { code: 421 } });
    expect([3, 4, 3].map((connections) => asked(1, { connections })[0]?.length)).toEqual([0, 1, 0]);
  });
});

describe('a fault that never happened', () => {
  it('U-062 is named with what came of it, once', () => {
    const { plan, asked } = planned({ at: 'MAIL', nth: 3, do: { code: 451 } }, { at: 'RCPT', to: /^bob/, do: 'drop' }, { at: 'MAIL', do: 'stall' });
    asked(2);
    expect(() => plan.verify()).toThrow(
      expect.objectContaining({
        code: 'ENOTFIRED',
        message: `planned, but never happened:
  { at: 'MAIL', nth: 3, do: { code: 451 } }: its step and conditions came 2 times
  { at: 'RCPT', to: /^bob/, do: 'drop' }: its step and conditions never came`,
      }),
    );
    expect(() => plan.verify()).not.toThrow();
  });

  it('U-062 may be optional, or be taken back', () => {
    const { plan, handles } = planned({ at: 'MAIL', do: 'drop', optional: true }, { at: 'RCPT', do: 'drop' });
    handles[1]?.remove();
    expect(() => plan.verify()).not.toThrow();
  });
});

describe('a fault that makes no sense is refused', () => {
  it.each<[string, Partial<Fault<Step, Deed>>]>([
    ['nth counts from 1', { nth: 0 }],
    ['once at least', { times: 0 }],
    ['does something', { do: [] }],
    ['dropAtByte cannot be -1', { do: { dropAtByte: -1 } }],
    ['bytesPerSecond cannot be 0', { do: { bytesPerSecond: 0 } }],
    ['at handshake there is no answer', { at: ['MAIL', 'handshake'], do: { dropAtByte: 1 } }],
    ['not a duration', { do: { delay: 'soon' } }],
    ['not a duration', { greylist: '5 minutes' }],
    ['not a duration', { beyond: { count: 1, within: 'a while' } }],
  ])('%s: %j', (message, fault) => {
    expect(() => planned({ at: 'MAIL', do: 'drop', ...fault })).toThrow(
      expect.objectContaining({ code: 'EINVALID', message: expect.stringContaining(message) }),
    );
  });
});

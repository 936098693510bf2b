// Which queues a message waits in, and from when, as a table.
import { describe, expect, it } from 'vitest';
import type { RecipientRow, RecipientState, Route, SessionKey } from '../../../src/message/recipient.ts';
import { isFinal, stateNames } from '../../../src/message/transitions.ts';
import type { Queue, StoredMessage } from '../../../src/store/message-store.ts';
import { queueKey, queueOf, scheduleChange, scheduleOf } from '../../../src/store/schedule.ts';

const smtp: Route = { session: 'work/smtp' as SessionKey };
const mx: Route = { ...smtp, destination: 'mx.example' };
const diagnostic = { code: 'ECONNECTION', text: 'no answer' };

const states = {
  queued: { state: 'queued' },
  claimed: { state: 'claimed', owner: 'gone', until: 5, handingOver: true },
  deferred: { state: 'deferred', until: 500, diagnostic },
  held: { state: 'held', by: 'operator', reason: 'looks odd' },
  uncertain: { state: 'uncertain', since: 1, diagnostic, next: 'operator' },
  relayed: { state: 'relayed', at: 1 },
  delivered: { state: 'delivered', at: 1 },
  failed: { state: 'failed', at: 1, diagnostic },
  cancelled: { state: 'cancelled', at: 1 },
  expired: { state: 'expired', at: 1, diagnostic },
} as const satisfies Record<string, RecipientState>;

const row = (status: RecipientState, route?: Route, more: Partial<RecipientRow> = {}): RecipientRow => ({
  id: 1,
  kind: 'to',
  type: 'SMTP',
  address: 'bob@example.org',
  attempts: 0,
  status,
  ...(route && { route }),
  ...more,
});

const message = (recipients: readonly RecipientRow[], more: Partial<StoredMessage> = {}): StoredMessage =>
  ({ direction: 'outbound', priority: 0, properties: {}, recipients, ...more }) as StoredMessage;

/** `queue@dueAt`, sorted. */
const waits = (record: StoredMessage): string[] =>
  scheduleOf(record)
    .map(({ queue, dueAt }) => `${queue}@${dueAt}`)
    .sort();

describe('scheduleOf', () => {
  it.each([
    ['queued, no route', [row(states.queued)], {}, ['@intake@0']],
    ['M-035 queued, not offered before', [row(states.queued)], { dueAt: 90 }, ['@intake@90']],
    ['queued, routed', [row(states.queued, smtp)], {}, ['work/smtp@0']],
    ['M-035 routed, not offered before', [row(states.queued, smtp)], { dueAt: 90 }, ['work/smtp@90']],
    ['U-033 a destination is a queue of its own', [row(states.queued, mx)], {}, ['work/smtp\u001fmx.example@0']],
    ['deferred', [row(states.deferred, smtp)], { dueAt: 90 }, ['work/smtp@500']],
    ['deferred without a route', [row(states.deferred)], {}, ['@intake@500']],
    ['the earliest recipient of a route counts', [row(states.deferred, smtp), row(states.queued, smtp, { id: 2 })], {}, ['work/smtp@0']],
    [
      'M-041 each route by itself',
      [row(states.queued, smtp), row(states.deferred, mx, { id: 2 })],
      {},
      ['work/smtp\u001fmx.example@500', 'work/smtp@0'],
    ],
    ['U-007 a hand-over that was written down can be claimed', [row(states.claimed, smtp)], {}, ['work/smtp@0']],
    ['M-062 held: nowhere', [row(states.held, smtp)], {}, []],
    ['held with an end', [row({ ...states.held, until: 70 }, smtp)], {}, ['@timers@70']],
    ['uncertain for a person: nowhere', [row(states.uncertain, smtp)], {}, []],
    ['uncertain, to be verified', [row({ ...states.uncertain, next: { verifyAt: 60 } }, smtp)], {}, ['@timers@60']],
    ['U-003 expiry of what is queued', [row(states.queued, smtp)], { properties: { expiresAt: 80 } }, ['@timers@80', 'work/smtp@0']],
    ['U-003 expiry of what is held', [row(states.held, smtp)], { properties: { expiresAt: 80 } }, ['@timers@80']],
    ['U-003 expiry of what is uncertain', [row(states.uncertain)], { properties: { expiresAt: 80 } }, ['@timers@80']],
    ['T-047 the next delay warning', [row(states.queued, smtp)], { warnAt: [40, 30], properties: { expiresAt: 80 } }, ['@timers@30', 'work/smtp@0']],
    ['every recipient final', [row(states.relayed, smtp), row(states.failed, smtp, { id: 2 })], { properties: { expiresAt: 80 } }, ['@finishing@0']],
    ['M-053 no recipient at all', [], {}, ['@finishing@0']],
    ['M-033 shown, not sent to', [row(states.queued, undefined, { submitted: true })], {}, ['@finishing@0']],
    ['M-033 shown beside others', [row(states.queued, undefined, { submitted: true }), row(states.queued, smtp, { id: 2 })], {}, ['work/smtp@0']],
    ['filed: its content has a retention', [row(states.relayed, smtp)], { finishedAt: 33 }, ['@content@33']],
    ['filed, content gone: its record has one', [row(states.relayed, smtp)], { finishedAt: 33, contentGone: true }, ['@record@33']],
    ['received, not announced', [row(states.delivered)], { direction: 'inbound' }, ['@received@0']],
    ['received and announced: nowhere, it is kept', [row(states.delivered)], { direction: 'inbound', finishedAt: 33 }, []],
  ] as const)('%s', (_, recipients, more, expected) => {
    expect(waits(message(recipients, more as Partial<StoredMessage>))).toEqual(expected);
  });

  it('U-002 every state that is not final waits for its time, or names who must act', () => {
    for (const name of stateNames) {
      const scheduled = scheduleOf(message([row(states[name], smtp)], { properties: { expiresAt: 80 } })).length > 0;
      expect(scheduled || name === 'held' || name === 'uncertain', name).toBe(true);
      if (!isFinal(name)) expect(waits(message([row(states[name], smtp)])).includes('@finishing@0'), name).toBe(false);
    }
  });

  it('M-028 every entry shows the priority of its message', () => {
    const entries = scheduleOf(message([row(states.queued, smtp)], { priority: 4, properties: { expiresAt: 9 } }));
    expect(entries.map((entry) => entry.priority)).toEqual([4, 4]);
  });
});

describe('scheduleChange', () => {
  const before = message([row(states.queued, smtp)], { properties: { expiresAt: 80 } });

  it('is nothing where nothing changes', () => {
    expect(scheduleChange(before, before)).toEqual({ removed: [], added: [] });
  });

  it('leaves alone what stays', () => {
    const after = { ...before, recipients: [row(states.deferred, smtp)] };
    expect(scheduleChange(before, after)).toEqual({
      removed: [{ queue: 'work/smtp', dueAt: 0, priority: 0 }],
      added: [{ queue: 'work/smtp', dueAt: 500, priority: 0 }],
    });
  });

  it('removes everything with the message', () => {
    expect(scheduleChange(before, undefined)).toEqual({ removed: scheduleOf(before), added: [] });
  });
});

describe('queueKey', () => {
  it.each<Queue>(['intake', 'timers', 'finishing', 'received', smtp, mx])('names %j, and back', (queue) => {
    expect(queueOf(queueKey(queue))).toEqual(queue);
  });

  it('tells no queue that is the store’s own', () => {
    expect([queueOf('@content'), queueOf('@record')]).toEqual([undefined, undefined]);
  });
});

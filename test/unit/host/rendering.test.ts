import { describe, expect, it } from 'vitest';
import { durationArgument, priorityArgument, stateArgument, timeArgument, userArgument } from '../../../src/host/cli/arguments.ts';
import { eventText } from '../../../src/host/cli/rendering/events.ts';
import { explanationText, messageRow, recipientRow as recipientCells, statusCells } from '../../../src/host/cli/rendering/messages.ts';
import { duration, size } from '../../../src/host/cli/rendering/quantities.ts';
import type { EntryId, SessionKey } from '../../../src/message/recipient.ts';
import type { SpoolerEvent, StatusRow } from '../../../src/spooler/contract.ts';
import { recipientRow, storedMessage } from './fake-spooler.ts';

const id = 'id-1' as EntryId;
const session = 'work/smtp' as SessionKey;
const diagnostic = { code: 'EENVELOPE', text: 'the server refused', response: '550 5.1.1 unknown' };

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['10min', 600_000],
    ['10m', 600_000],
    ['1h30min', 5_400_000],
    ['2d', 172_800_000],
    ['1.5 h', 5_400_000],
    ['250ms', 250],
    ['1w', 604_800_000],
  ])('%s is read as %d ms', (text, ms) => {
    expect(durationArgument(text)).toBe(ms);
  });

  it.each(['', '5', 'soon', '5 apples', '-5s', '5s!', '1h x'])('%j is refused', (text) => {
    expect(() => durationArgument(text)).toThrow('Write a duration');
  });

  it.each([
    [800, '800 ms'],
    [10_000, '10 s'],
    [2_400_000, '40 min'],
    [5_400_000, '1 h 30 min'],
    [86_400_000, '1 day'],
    [432_000_000, '5 days'],
    [3_599_999, '59 min'],
    [Number.POSITIVE_INFINITY, 'for ever'],
  ])('%d ms are shown as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('other values', () => {
  it.each([
    [999, '999 B'],
    [1234, '1.2 kB'],
    [12_345, '12 kB'],
    [999_999, '1.0 MB'],
    [200_000_000, '200 MB'],
  ])('%d bytes are shown as %s', (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  it('times have to be ISO 8601, with or without a zone', () => {
    expect(timeArgument('2026-03-01T08:00:00Z').getTime()).toBe(Date.UTC(2026, 2, 1, 8));
    expect(timeArgument('2026-03-01T08:00').getHours()).toBe(8);
    for (const text of ['1', 'March 1', '2026-13-01', '2026-03-01T25:00']) expect(() => timeArgument(text)).toThrow('Write a time');
  });

  it('priorities have names, states may be listed, users have a password', () => {
    expect([priorityArgument('high'), priorityArgument('-9'), priorityArgument('low')]).toEqual([4, -9, -4]);
    expect(stateArgument('failed,expired', ['held'])).toEqual(['held', 'failed', 'expired']);
    expect(userArgument('ann:a:b')).toEqual([{ user: 'ann', pass: 'a:b' }]);
    expect(() => userArgument('ann')).toThrow('name:password');
  });
});

describe('events', () => {
  it.each<[SpoolerEvent, string, string]>([
    [{ seq: 1, at: 0, type: 'sending', id, session }, 'handed over', 'work/smtp'],
    [
      { seq: 1, at: 0, type: 'relayed', id, recipient: recipientRow('bob@test'), outcome: { outcome: 'accepted', response: '250 Ok' } },
      'relayed',
      'bob@test  250 Ok',
    ],
    [
      { seq: 1, at: 0, type: 'failed', id, recipient: recipientRow('bob@test', { status: { state: 'failed', at: 0, diagnostic } }) },
      'failed',
      'bob@test  550 5.1.1 unknown',
    ],
    [
      {
        seq: 1,
        at: 0,
        type: 'deferred',
        id,
        recipient: recipientRow('x'),
        outcome: { outcome: 'notSent', diagnostic: { code: 'ECONNECTION', text: 'refused' } },
      },
      'deferred',
      'x  refused (ECONNECTION)',
    ],
    [{ seq: 1, at: 0, type: 'gate', session, gate: { reason: 'offline' } }, 'gate', 'offline'],
    [{ seq: 1, at: 0, type: 'warning', diagnostic }, 'warning', '550 5.1.1 unknown'],
  ])('%# have a name, and what the other side said', (event, label, detail) => {
    expect(eventText(event)).toMatchObject({ label, detail });
  });
});

describe('messages', () => {
  it('show the worst of several states by its colour, and all in words', () => {
    const rows = (['relayed', 'failed', 'failed'] as const).map((state, at) =>
      recipientRow(`${at}@test`, { id: at, status: state === 'failed' ? { state, at: 0, diagnostic } : { state, at: 0 } }),
    );
    expect(messageRow(storedMessage('a', { recipients: rows }))[2]).toEqual({ text: '1 relayed, 2 failed', tone: 'bad' });
    expect(messageRow(storedMessage('a', { direction: 'inbound', folder: 'Inbox' }))[2]).toEqual({ text: 'Inbox', tone: 'name' });
  });

  it('an address of another type has its type', () => {
    expect(messageRow(storedMessage('a', { recipients: [recipientRow('\\\\host\\mailslot\\x', { type: 'MAILSLOT' })] }))[4]).toBe(
      '[MAILSLOT:\\\\host\\mailslot\\x]',
    );
  });

  it('U-059 an explanation has its gate, the next time and who can change it', () => {
    const text = explanationText({
      id: 'x' as EntryId,
      recipient: recipientRow('x'),
      sentence: 'It waits.',
      gate: { reason: 'authRequired' },
      nextAt: 0,
      whoCanChange: 'operator',
    });
    expect(text).toMatch(/^It waits\. Gate: authRequired\. Next attempt: \S+ \S+\. An operator can change it\.$/);
  });

  it.each<[Partial<StatusRow>, string]>([
    [{ gate: { reason: 'throttled' } }, 'throttled'],
    [{ flags: { failure: true } }, 'failure'],
    [{ flags: { outboundActive: true, inboundActive: true } }, 'sending, receiving'],
    [{ flags: { available: true } }, 'ready'],
  ])('a session of %j is shown as %s', (row, state) => {
    const whole: StatusRow = {
      id: session,
      displayName: '',
      statusText: '',
      gate: null,
      progress: null,
      remoteValidateOk: true,
      flags: {},
      methods: [],
      queued: 0,
      ...row,
    };
    expect(statusCells(whole)[1]).toMatchObject({ text: state });
  });
});

describe('recipients', () => {
  it.each([
    [{ readAt: 1 }, 'relayed, read'],
    [{ notReadAt: 1 }, 'relayed, deleted unread'],
    [{}, 'relayed'],
  ])('M-070 what a receipt has told stands beside the state: %j', (told, text) => {
    expect(recipientCells(recipientRow('bob@test', { status: { state: 'relayed', at: 1 }, ...told }))[1]).toMatchObject({ text });
  });
});

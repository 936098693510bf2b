// Turns, bells and promises that can be given up.
import { describe, expect, test } from 'vitest';
import { abortable } from 'mailspool/provider';
import { Bell, Turns } from '../../../providers/imap/waiting.ts';

const never = new AbortController().signal;
const latch = (): { open: () => void; opened: Promise<void> } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
};

describe('waiting', () => {
  test('U-045 turns come one after the other, and an error ends only its own', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const gate = latch();
    const first = turns.take(never, async () => {
      await gate.opened;
      log.push('first');
      throw new Error('mine');
    });
    const second = turns.take(never, async () => log.push('second'));
    expect(turns.busy).toBe(true);
    gate.open();
    await expect(first).rejects.toThrow('mine');
    await second;
    await turns.free(never);
    expect(log).toEqual(['first', 'second']);
    expect(turns.busy).toBe(false);
  });

  test('whoever gives up is answered at once, and is left out when the turn comes', async () => {
    const turns = new Turns();
    const gate = latch();
    const stop = new AbortController();
    const log: string[] = [];
    const first = turns.take(never, () => gate.opened);
    const second = turns.take(stop.signal, async () => log.push('second'));
    stop.abort(new Error('no more'));
    await expect(second).rejects.toThrow('no more');
    gate.open();
    await first;
    await turns.free(never);
    expect(log).toEqual([]);
  });

  test('M-080 rings that come while nobody listens are one', async () => {
    const bell = new Bell();
    bell.ring();
    bell.ring();
    await bell.heard(never);
    const stop = new AbortController();
    const more = bell.heard(stop.signal);
    stop.abort(new Error('silence'));
    await expect(more).rejects.toThrow('silence');
    const heard = bell.heard(never);
    bell.ring();
    await heard;
  });

  test('a promise that is given up may fail later without anybody noticing', async () => {
    const stop = new AbortController();
    const gate = latch();
    const work = gate.opened.then(() => Promise.reject(new Error('late')));
    const waiting = abortable(work, stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    gate.open();
    await expect(work).rejects.toThrow('late');
  });
});

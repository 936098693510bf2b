import { describe, expect, it } from 'vitest';
import { virtualTime } from 'mailspool/testing';
import { sleepUntil } from '../../../src/time/clock.ts';
import { withDeadline } from '../../../src/time/deadline.ts';
import { nextTurn } from '../../../src/time/turn.ts';

const never = new AbortController().signal;
const day = 86_400_000;

describe('virtualTime', () => {
  it('T-067 stands still until it is moved', async () => {
    const time = virtualTime({ startAt: 1_000 });
    let woke = false;
    void time.sleep(10).then(() => (woke = true));
    await time.settle();
    expect([time.now(), woke, time.pending]).toEqual([1_000, false, 1]);
    await time.advance(9);
    expect(woke).toBe(false);
    await time.advance(1);
    expect([time.now(), woke, time.pending]).toEqual([1_010, true, 0]);
  });

  it('wakes sleepers in order of their time, those of one instant in order of arrival, each at its own time', async () => {
    const time = virtualTime({ startAt: 0 });
    const log: string[] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await time.sleep(ms);
      log.push(`${name}@${time.now()}`);
    };
    await Promise.race([Promise.all([sleep('c', 30), sleep('a', 10), sleep('b1', 20), sleep('b2', 20)]), nextTurn()]);
    await time.advance('1m');
    expect(log).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30']);
    expect(time.now()).toBe(60_000);
  });

  it('runs what a woken sleeper starts, also when that sleeps again within the window', async () => {
    const time = virtualTime({ startAt: 0 });
    const at: number[] = [];
    void (async () => {
      for (;;) {
        await time.sleep(1_000);
        at.push(time.now());
      }
    })();
    await time.advance('3500ms');
    expect(at).toEqual([1_000, 2_000, 3_000]);
  });

  it('does not move before the work in flight has ended', async () => {
    const time = virtualTime({ startAt: 0 });
    const seen: number[] = [];
    void (async () => {
      await time.sleep(100);
      await time.work(turns(500));
      seen.push(time.now());
    })();
    void time.sleep(101).then(() => seen.push(time.now()));
    await time.advance('1s');
    expect(seen).toEqual([100, 101]);
    expect(time.inFlight).toBe(0);
  });

  it('says what is stuck when work does not end', async () => {
    const time = virtualTime({ patienceMs: 50 });
    void (function somebodyWhoHangs() {
      return time.work(new Promise(() => undefined));
    })();
    await expect(time.advance('1s')).rejects.toMatchObject({ code: 'ETIMEDOUT', message: expect.stringContaining('somebodyWhoHangs') });
  });

  it('moves on under work that waits for the remote side', async () => {
    const time = virtualTime({ startAt: 0, patienceMs: 200 });
    const hanging = withDeadline(time, 30_000, 'the server', never, (signal) => time.work(time.remote.sleep(Number.POSITIVE_INFINITY, signal)));
    const failed = expect(hanging).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await time.advance('29999ms');
    expect(time.inFlight).toBe(1);
    await time.advance(1);
    await failed;
    expect([time.inFlight, time.pending]).toEqual([0, 0]);
  });

  it('rejects an aborted sleep with the reason and forgets it', async () => {
    const time = virtualTime();
    const stop = new AbortController();
    const sleeping = time.sleep(1_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(time.sleep(1_000, stop.signal)).rejects.toThrow('enough');
    await expect(time.sleep(0, stop.signal)).rejects.toThrow('enough');
    expect(time.pending).toBe(0);
    await time.advance('1h');
  });

  it('a thousand aborted deadlines do not disturb the order of the others', async () => {
    const time = virtualTime({ startAt: 0 });
    const stop = new AbortController();
    const log: number[] = [];
    for (let n = 1; n <= 1_000; n++) {
      time.sleep(n * 7, stop.signal).catch(() => undefined);
      if (n % 10 === 0) void time.sleep(10_000 - n).then(() => log.push(time.now()));
    }
    stop.abort();
    void time.sleep(5).then(() => log.push(time.now()));
    await time.advance('1m');
    expect(log).toEqual([5, ...Array.from({ length: 100 }, (_, n) => 9_000 + n * 10)]);
  });

  it('a jump wakes nobody until the next settle, then all who are due', async () => {
    const time = virtualTime({ startAt: 0 });
    const seen: number[] = [];
    for (const ms of [10, 20, day]) void time.sleep(ms).then(() => seen.push(time.now()));
    time.jump('1h');
    await nextTurn();
    expect([time.now(), seen]).toEqual([3_600_000, []]);
    await time.settle();
    expect(seen).toEqual([3_600_000, 3_600_000]);
  });

  it('a jump backwards moves the wall clock and leaves sleepers their distance', async () => {
    const time = virtualTime({ startAt: day });
    let woke = 0;
    void time.sleep(1_000).then(() => (woke = time.now()));
    time.jump(-5_000);
    await time.advance(1_000);
    expect(woke).toBe(day - 4_000);
  });

  it('T-067 a day of loops that sleep in slices of 30 s passes within two seconds', async () => {
    const time = virtualTime({ startAt: 0 });
    const stop = new AbortController();
    const loops = Array.from({ length: 4 }, (_, n) => sleepUntil(time, 2 * day + n, stop.signal).catch(() => undefined));
    const before = process.hrtime.bigint();
    await time.advance('1d');
    const realMs = Number(process.hrtime.bigint() - before) / 1e6;
    stop.abort();
    await Promise.all(loops);
    expect(time.now()).toBe(day);
    expect(realMs).toBeLessThan(2_000);
  });

  it('reads durations, dates and times, and refuses what is none', async () => {
    const time = virtualTime({ startAt: '2030-01-01T00:00:00Z' });
    await time.advance('1d 2h 3m 4s 5ms');
    expect(new Date(time.now()).toISOString()).toBe('2030-01-02T02:03:04.005Z');
    await time.advanceTo('2030-01-03T00:00:00Z');
    await time.advanceTo(new Date(0));
    expect(new Date(time.now()).toISOString()).toBe('2030-01-03T00:00:00.000Z');
    expect(() => time.jump('soon')).toThrow(/not a duration: "soon"/);
    await expect(time.advance(Number.POSITIVE_INFINITY)).rejects.toMatchObject({ code: 'EINVALID' });
    await expect(time.advanceTo('whenever')).rejects.toMatchObject({ code: 'EINVALID' });
  });

  it('refuses to be moved by two at once', async () => {
    const time = virtualTime();
    const first = time.advance('1s');
    await expect(time.advance('1s')).rejects.toMatchObject({ code: 'EBUSY' });
    await first;
  });
});

async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await nextTurn();
}

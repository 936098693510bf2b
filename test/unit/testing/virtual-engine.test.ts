// What virtual time drives: the engine's retries, polls, leases and timeouts, and RxJS.
import { TransportError } from 'mailspool/provider';
import { virtualTime } from 'mailspool/testing';
import { debounceTime, defer, delay, firstValueFrom, interval, map, of, retry, Subject, take, throwError, timer, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/store/memory/memory-store.ts';
import { nextTurn } from '../../../src/time/turn.ts';
import { note, world } from '../spooler/world.ts';

describe('virtual time and the engine', () => {
  it('T-067 retries of a day and a half come in their order, each at its own time, and in no time', async () => {
    const at: number[] = [];
    const refuses = () => {
      at.push(own.clock.now() - begun);
      throw new TransportError('ECONNECTION', 'nobody answers', { outcome: 'notSent' });
    };
    const own = await world({ loopback: { answer: refuses } });
    const begun = own.clock.now();
    await own.spooler.submit(note());
    await own.clock.advance('36h');
    expect(at.length).toBeGreaterThan(10);
    const waited = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    // The early ones of the default policy, less a tenth at most.
    for (const [index, minutes] of [1 / 6, 1, 5, 15].entries()) {
      expect(waited[index]).toBeGreaterThanOrEqual(0.9 * minutes * 60_000);
      expect(waited[index]).toBeLessThanOrEqual(minutes * 60_000);
    }
    expect(Math.min(...waited.slice(4))).toBeGreaterThanOrEqual(30 * 60_000);
    expect(own.clock.now() - begun).toBe(36 * 3_600_000);
  });

  it('T-067 polls keep their interval', async () => {
    const own = await world({ loopback: { reception: 'poll', limits: { pollIntervalMs: 600_000 } } });
    own.provider.push('Subject: one\r\n\r\n');
    await own.clock.advance('599s');
    expect(own.provider.waiting).toHaveLength(1);
    await own.clock.advance('1s');
    expect(own.provider.waiting).toHaveLength(0);
  });

  it('T-067 a lease is renewed for as long as its hand-over lasts, and a hand-over that hangs is timed out', async () => {
    const own = await world({ loopback: { limits: { submitTimeoutMs: 300_000 }, transfer: async () => await new Promise(() => undefined) } });
    const { id } = await own.spooler.submit(note());
    const other = await world({ store: own.store.sharing(), clock: own.clock });
    await own.clock.advance('299s');
    expect([await own.states(id), other.provider.handedOver.length]).toEqual([{ 'bob@harbour.example': 'claimed' }, 0]);
    await own.clock.advance('5s');
    expect(await own.states(id)).toEqual({ 'bob@harbour.example': 'deferred' });
  });

  it('T-067 time waits for the work that it starts, however many turns of the event loop that takes', async () => {
    const store = memoryStore();
    const settle = store.settle.bind(store);
    store.settle = async (settlements) => {
      for (let turn = 0; turn < 300; turn += 1) await nextTurn();
      return await settle(settlements);
    };
    const own = await world({ store });
    const { id } = await own.spooler.submit(note(), { sendAt: { afterMs: 60_000 } });
    await own.clock.advance('1m');
    expect([await own.states(id), own.clock.inFlight]).toEqual([{ 'bob@harbour.example': 'relayed' }, 0]);
  });

  it('U-062 a working day of a spooler that sends and receives passes without network, and leaves no timer behind', async () => {
    const own = await world({ loopback: { deliver: true } });
    for (let hour = 0; hour < 8; hour += 1) await own.spooler.submit(note(), { sendAt: { afterMs: hour * 3_600_000 } });
    await own.clock.advance('8h');
    expect([own.provider.handedOver.length, own.provider.acknowledged.length]).toEqual([8, 8]);
    await own.spooler.stop();
    await own.clock.settle();
    expect([own.clock.pending, own.clock.inFlight]).toEqual([0, 0]);
  });
});

describe('virtual time and RxJS', () => {
  it('T-067 timers, intervals and delays follow it', async () => {
    const time = virtualTime({ startAt: 0 });
    const ticks = firstValueFrom(
      interval(60_000, time.scheduler).pipe(
        map(() => time.now()),
        take(3),
        toArray(),
      ),
    );
    const late = firstValueFrom(of('x').pipe(delay(90_000, time.scheduler)));
    await time.advance('1h');
    expect([await ticks, await late]).toEqual([[60_000, 120_000, 180_000], 'x']);
    expect(time.pending).toBe(0);
  });

  it('T-067 retry with a backoff, as RxJS has it, passes in no time', async () => {
    const time = virtualTime({ startAt: 0 });
    const at: number[] = [];
    const attempt = defer(() => (at.push(time.now()) < 4 ? throwError(() => new Error('not yet')) : of('sent')));
    const sent = firstValueFrom(attempt.pipe(retry({ delay: (_error, count) => timer(count * 3_600_000, time.scheduler) })));
    await time.advance('1d');
    expect(await sent).toBe('sent');
    expect(at.map((ms) => ms / 3_600_000)).toEqual([0, 1, 3, 6]);
  });

  it('T-067 what is replaced or unsubscribed never fires', async () => {
    const time = virtualTime({ startAt: 0 });
    const seen: string[] = [];
    const typed = new Subject<string>();
    typed.pipe(debounceTime(500, time.scheduler)).subscribe((value) => seen.push(value));
    typed.next('a');
    await time.advance(400);
    typed.next('ab');
    await time.advance(400);
    expect(seen).toEqual([]);
    await time.advance(100);
    expect(seen).toEqual(['ab']);
    const ticking = interval(10, time.scheduler).subscribe(() => seen.push('tick'));
    await time.advance(10);
    ticking.unsubscribe();
    await time.advance('1m');
    expect(seen).toEqual(['ab', 'tick']);
    expect(time.pending).toBe(0);
  });
});

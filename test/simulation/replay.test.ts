import { describe, expect, test } from 'vitest';
import { planned } from './plan.ts';
import { simulate } from './simulate.ts';
import { shortOf } from './summary.ts';

describe('a seed', () => {
  test('T-067 replays a run exactly: every step of every message, at the same instant', async () => {
    const [first, second] = [await simulate(11, { days: 1, keepTrace: true }), await simulate(11, { days: 1, keepTrace: true })];
    expect(first.failure).toBeUndefined();
    expect(first.world.trace.lines.length).toBeGreaterThan(500);
    expect(second.world.trace.lines).toEqual(first.world.trace.lines);
    expect(second.hash).toBe(first.hash);
    const other = await simulate(12, { days: 1 });
    expect(other.hash).not.toBe(first.hash);
  });

  test('T-067 has a plan that does not depend on what came of it, so that any beginning of it is a plan', async () => {
    const whole = planned(11, 7);
    expect(planned(11, 7)).toEqual(whole);
    const [half, more] = [await simulate(11, { steps: 12, keepTrace: true }), await simulate(11, { steps: 20, keepTrace: true })];
    const taken = more.world.trace.lines.slice(0, 200);
    expect(half.world.trace.lines.slice(0, 200)).toEqual(taken);
  });

  test('U-062 T-067 is a week with at least 300 messages each way, three crashes and twenty faults, without network', async () => {
    const { world: _world, ...run } = await simulate(5);
    expect(run.failure).toBeUndefined();
    expect(shortOf(run)).toEqual([]);
    expect(run.virtualMs).toBeGreaterThanOrEqual(7 * 86_400_000);
  });
});

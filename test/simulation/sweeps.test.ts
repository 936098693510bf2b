// Sweeps over one small world: each write and each sync fails once, and for good; the process dies at each labelled
// point, and at a thousand at random. Whatever happens, nothing that was accepted is lost (T-008).
import { describe, expect, test } from 'vitest';
import { Draws } from './draws.ts';
import { labels, type Letter, type Step } from './plan.ts';
import { simulate } from './simulate.ts';
import type { World } from './world.ts';

const letter = (number: number, to: readonly string[], options: Letter['options'] = {}): Letter => ({ number, to, options });
const step = (act: Step['act'], afterMs = 10_000): Step => ({ act, afterMs });

/** Served, refused, parked, uncertain, at most once, cancelled, failed with a report; and mail that comes in. */
const small: readonly Step[] = [
  step({ do: 'misdeed', target: 'south.example', what: 'lost reply', times: 1, forMs: 60_000 }, 1),
  step({
    do: 'submit',
    letters: [
      letter(1, ['crew.1@north.example', 'nobody.1@east.example'], { keyed: true }),
      letter(2, ['crew.2@south.example'], { onUnknown: 'hold' }),
      letter(3, ['[PILOT:crew.3]', 'crew.3@north.example'], { guarantee: 'atMostOnce' }),
      letter(4, ['crew.4@north.example'], { sendAt: { afterMs: 300_000 } }),
    ],
  }),
  step({ do: 'deliver', box: 'harbour', numbers: [1, 2] }),
  step({ do: 'deliver', box: 'lock', numbers: [3] }, 70_000),
  step({ do: 'resolve', number: 0, choice: 2 }),
  step({ do: 'cancel', number: 0, choice: 0 }),
];

const sound = async (plan: readonly Step[], prepare: (world: World) => void) => {
  const { failure, world } = await simulate(1, { plan, prepare });
  return { failure, world };
};

describe('on the disk model', () => {
  const crashed = [...small, step({ do: 'crash', written: 0 })];
  for (const [what, fails] of [
    ['write', (world: World, which: (n: number) => boolean) => void world.store.failWrites(({ number }) => which(number))],
    ['sync', (world: World, which: (n: number) => boolean) => void world.store.failSyncs(which)],
  ] as const) {
    for (const forGood of [false, true]) {
      test(
        `T-068 nothing is lost when the n-th ${what} fails, ${forGood ? 'and all that follow' : 'once'}, for all n`,
        { timeout: 120_000 },
        async () => {
          let fired = true;
          let n = 0;
          while (fired) {
            n += 1;
            fired = false;
            const { failure } = await sound(crashed, (world) =>
              fails(world, (number) => {
                const isIt = forGood ? number >= n : number === n;
                if (isIt) world.disturbAll(world.time.now());
                fired ||= isIt;
                return isIt;
              }),
            );
            expect(failure, `${what} ${n}`).toBeUndefined();
          }
          expect(n).toBeGreaterThan(15);
        },
      );
    }
  }
});

describe('a process that dies', () => {
  test('T-069 at every labelled point loses nothing that was accepted', { timeout: 120_000 }, async () => {
    const passed = new Set<string>();
    for (let point = 0; ; point += 1) {
      const { failure, world } = await sound(small, (own) => (own.dieAt = { label: '', skip: point, written: point % 3 }));
      expect(failure, `at point ${point}`).toBeUndefined();
      for (const name of Object.keys(world.faults.fired)) passed.add(name);
      if (world.crashes === 0) break;
    }
    expect(labels.filter((label) => ![...passed].some((name) => name.startsWith(`crash at ${label}`)))).toEqual([]);
  });

  test('T-069 at a thousand points at random loses nothing that was accepted', { timeout: 120_000 }, async () => {
    let crashes = 0;
    for (let seed = 1; crashes < 1_000; seed += 1) {
      const { failure, crashes: died } = await simulate(seed, { plan: manyCrashes(seed) });
      expect(failure, `seed ${seed}`).toBeUndefined();
      crashes += died;
    }
  });
});

/** A crash at some point of what the next letters and mails bring about, again and again. */
function manyCrashes(seed: number): Step[] {
  const draws = new Draws(`crashes ${seed}`);
  return Array.from({ length: 60 }, (_, at): Step[] => [
    step({ do: 'crash at', label: '', skip: draws.between(0, 30), written: draws.between(0, 3) }, 1),
    step(
      {
        do: 'submit',
        letters: [letter(2 * at + 1, [`crew@north.example`, `crew${at}@east.example`]), letter(2 * at + 2, ['[PILOT:crew]', 'nobody@south.example'])],
      },
      1,
    ),
    step({ do: 'deliver', box: 'harbour', numbers: [at + 1] }, draws.between(1, 6_000)),
  ]).flat();
}

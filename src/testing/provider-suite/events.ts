// Directions that open and close, and flushes: what a session does and says while one of them is on or off.
import assert from 'node:assert/strict';
import type { ProviderCase } from './suite.ts';
import { graceMs, type LoggedOn, type ProviderWorld } from './world.ts';

type Direction = 'inbound' | 'outbound';
const directions: readonly Direction[] = ['outbound', 'inbound'];

export const eventCases: readonly ProviderCase[] = [
  {
    title: 'M-086 a status row that says which direction is open is right when the event has been taken',
    async run(world) {
      const logged = await world.logOn({ open: false });
      let shown = false;
      for (const direction of directions) {
        const answers: unknown[] = [];
        for (const on of [true, false, true]) {
          await logged.session.transportNotify?.({ type: direction, on });
          answers.push(flag(logged, `${direction}Enabled`));
        }
        if (answers.every((answer) => answer === undefined)) continue;
        shown = true;
        assert.deepEqual(answers, [true, false, true], `${direction}Enabled after on, off and on`);
      }
      if (!shown) world.notShown('its row does not say it; the spooler does');
    },
  },
  {
    title: 'M-087 M-088 outbound off, or a flush, in the midst of a hand-over lets it finish',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      for (const event of [
        { type: 'outboundFlush', on: true },
        { type: 'outboundFlush', on: false },
        { type: 'outbound', on: false },
      ] as const) {
        const { summary } = await world.submit(logged, { handingOver: () => world.tell(logged, event) });
        assert.deepEqual(summary, ['1:accepted'], `${event.type} ${event.on ? 'on' : 'off'}`);
      }
    },
  },
  {
    title: 'M-079 M-087 while inbound is off nothing is announced, and afterwards what came meanwhile is',
    needs: ['notify', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.calm();
      await world.tell(logged, { type: 'inbound', on: false });
      const before = world.announced(logged);
      await world.side('arrive')(world.mail());
      await world.calm();
      assert.equal(world.announced(logged), before, 'nothing is announced');
      await world.tell(logged, { type: 'inbound', on: true });
      await world.until(() => world.announced(logged) > before, 'it is announced');
      await world.receive(logged, 1);
    },
  },
  {
    title: 'M-098 M-099 when a flush is over the status row shows none',
    async run(world) {
      const logged = await world.logOn();
      const stop = new AbortController();
      for (const direction of directions) await world.tell(logged, { type: `${direction}Flush`, on: true });
      await flushed(world, logged, stop.signal);
      for (const direction of directions) {
        await world.tell(logged, { type: `${direction}Flush`, on: false });
        await world.until(() => flag(logged, `${direction}Flush`) !== true, `${direction}Flush ends`, graceMs);
      }
      stop.abort();
    },
  },
];

const flag = ({ support }: LoggedOn, name: string): unknown => (support.columns['flags'] as Record<string, unknown> | undefined)?.[name];

async function flushed(world: ProviderWorld, { session }: LoggedOn, signal: AbortSignal): Promise<void> {
  await world.ends(Promise.resolve(session.flush?.({ inbound: true, outbound: true }, signal)), 'flush');
}

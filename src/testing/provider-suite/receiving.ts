// Reception: what arrives is received once, whatever happens, and given up by the other side only when it is on disk here.
import assert from 'node:assert/strict';
import { Crash } from './inbound-message.ts';
import type { ProviderCase } from './suite.ts';
import { graceMs, longestMs, subjectOf, type LoggedOn, type ProviderWorld } from './world.ts';

const never = (): AbortSignal => new AbortController().signal;

export const receivingCases: readonly ProviderCase[] = [
  {
    title: 'M-078 M-081 what arrived is found by poll, and received with its bytes, once',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      const raw = world.mail('.\r\n..two\r\n'.repeat(20_000));
      await world.side('arrive')(raw);
      assert.equal(await world.poll(logged), true, 'poll');
      assert.equal(await world.round(logged), 1);
      assert(world.spool.saved[0]?.bytes.equals(raw), 'the bytes differ');
      await world.round(logged);
      assert.equal(world.spool.saved.length, 1);
    },
  },
  {
    title: 'M-081 with nothing there poll says so, and a turn ends and leaves no trace',
    needs: ['receive'],
    async run(world) {
      const logged = await world.logOn();
      assert.equal(await world.poll(logged), false, 'poll');
      const turn = await world.turn(logged);
      assert.deepEqual([turn.result, turn.calls], ['nothing', []]);
    },
  },
  {
    title: 'M-081 one turn receives one message, in the order of arrival',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      const mails = Array.from({ length: 4 }, () => world.mail());
      for (const raw of mails) await world.side('arrive')(raw);
      for (let count = 1; count <= mails.length; count++) {
        const { calls } = await world.turn(logged);
        assert.equal(calls.filter((call) => call === 'saveChanges').length, 1, 'one saveChanges in a turn');
        assert.equal(world.spool.saved.length, count);
      }
      assert.deepEqual(subjects(world), mails.map(subjectOf));
    },
  },
  {
    title: 'M-074 the reference is set before the content, and both before saveChanges',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      const { calls } = await world.turn(logged);
      const firsts = [...new Set(calls)].filter((call) => ['setReference', 'setContent', 'saveChanges'].includes(call));
      assert.deepEqual(firsts, ['setReference', 'setContent', 'saveChanges']);
    },
  },
  {
    title: 'M-074 U-051 no two messages have one reference: not with equal bytes, not in another session',
    needs: ['receive', 'arrive'],
    async run(world) {
      const raw = world.mail();
      const first = await world.logOn();
      for (let count = 0; count < 2; count++) await world.side('arrive')(raw);
      await world.receive(first, 2);
      const second = await world.restart();
      await world.side('arrive')(raw);
      await world.receive(second, 3);
    },
  },
  {
    title: 'M-003 M-079 what arrives while inbound is closed is there when it opens',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn({ open: false });
      await world.side('arrive')(world.mail());
      await world.calm();
      await world.tell(logged, { type: 'inbound', on: true });
      await world.until(async () => world.announced(logged) > 0 || (await world.poll(logged)) === true, 'it is announced, or poll finds it');
      await world.receive(logged, 1);
    },
  },
  {
    title: 'M-087 inbound off in the midst of a message lets it finish',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      const beforeContent = (): Promise<void> => world.tell(logged, { type: 'inbound', on: false });
      assert.equal((await world.turn(logged, { beforeContent })).result, 'saved');
    },
  },
  {
    title: 'M-082 after its turn the message is left alone',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      for (let count = 0; count < 2; count++) await world.side('arrive')(world.mail());
      for (let count = 0; count < 3; count++) {
        const turn = await world.turn(logged);
        await world.calm();
        assert.deepEqual(turn.lateCalls, []);
      }
    },
  },
  {
    title: 'U-018 several turns at once take different messages',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      const { inbound = 1 } = logged.session.limits ?? {};
      if (inbound === 1) world.notShown('the session receives one message at a time');
      for (let count = 0; count < 6; count++) await world.side('arrive')(world.mail());
      for (let count = 0; count < 6; count += inbound) await Promise.all(Array.from({ length: inbound }, () => world.turn(logged)));
      assert.equal(new Set(subjects(world)).size, 6);
      assert.equal(world.spool.known, 0, 'nothing is offered twice');
    },
  },
  {
    title: 'T-052 nothing is acknowledged before it is saved, and all of it afterwards',
    needs: ['receive', 'arrive', 'waiting'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      let before: number | undefined;
      const beforeSave = async (): Promise<void> => {
        await world.calm();
        before = await world.side('waiting')();
      };
      await world.turn(logged, { beforeSave });
      assert.equal(before, 1, 'before saveChanges the other side still has it');
      await world.round(logged);
      await world.until(async () => (await world.side('waiting')()) === 0, 'it is acknowledged');
    },
  },
  {
    title: 'T-052 M-082 what could not be saved is offered again, under the same reference',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      const names: string[] = [];
      const beforeReference = (reference: string): void => void names.push(reference);
      const beforeSave = (): Promise<void> => Promise.reject(Object.assign(new Error('the disk is full'), { code: 'ESTORE' }));
      await assert.rejects(world.turn(logged, { beforeReference, beforeSave }), 'a turn whose save fails does not pretend');
      await world.until(async () => {
        await world.turn(logged, { beforeReference }).catch(() => undefined);
        return world.spool.saved.length === 1;
      }, 'it is offered again');
      assert.equal(new Set(names).size, 1, `one name, not ${names.join(' and ')}`);
    },
  },
  {
    title: 'T-052 T-069 a kill before the save loses nothing',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      for (let count = 0; count < 2; count++) await world.side('arrive')(world.mail());
      world.spool.crash = 'beforeSave';
      await world.turn(logged).catch(onlyCrash);
      await abandon(world, logged);
      await world.receive(await world.restart(), 2);
    },
  },
  {
    title: 'T-052 T-069 a kill between save and acknowledgement brings nothing twice, and the acknowledgement is made up for',
    needs: ['receive', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      for (let count = 0; count < 2; count++) await world.side('arrive')(world.mail());
      world.spool.crash = 'afterSave';
      await world.turn(logged).catch(onlyCrash);
      await abandon(world, logged);
      const again = await world.restart();
      await world.receive(again, 2);
      await world.round(again);
      assert.equal(new Set(subjects(world)).size, 2);
      if (world.can('waiting')) await world.until(async () => (await world.side('waiting')()) === 0, 'everything is acknowledged');
    },
  },
  {
    title: 'M-077 M-073 a turn whose signal aborts ends in time, and its message is offered again',
    needs: ['receive', 'arrive', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      await world.calm();
      const release = await world.side('stall')();
      const stop = new AbortController();
      const turn = world.spool.turn(logged.session, stop.signal);
      turn.catch(() => undefined);
      await world.calm();
      stop.abort(new Error('inbound is over'));
      await world.ends(
        turn.catch(() => undefined),
        'the aborted turn',
        graceMs,
      );
      await release();
      await world.receive(logged, 1);
    },
  },
  {
    title: 'M-078 a look for mail whose signal aborts ends in time',
    needs: ['receive', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const release = await world.side('stall')();
      const stop = new AbortController();
      const poll = Promise.resolve(logged.session.poll?.(stop.signal)).catch(() => undefined);
      await world.calm();
      stop.abort(new Error('enough'));
      await world.ends(poll, 'the aborted poll', graceMs);
      await release();
    },
  },
  {
    title: 'T-053 U-042 an other side that says nothing is given up by the clock',
    needs: ['receive', 'arrive', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      const release = await world.side('stall')();
      const turn = world.spool.turn(logged.session, never()).catch(() => undefined);
      await world.ends(turn, 'the turn', longestMs);
      await release();
      await world.receive(logged, 1);
    },
  },
  {
    title: 'U-043 a line that breaks in the midst of a message: it is received afterwards, once',
    needs: ['receive', 'arrive', 'breakReception'],
    async run(world) {
      const logged = await world.logOn();
      const raw = world.mail('Hello\r\n'.repeat(1_000));
      await world.side('arrive')(raw);
      world.side('breakReception')();
      await world.receive(logged, 1);
      assert(world.spool.saved[0]?.bytes.equals(raw), 'the bytes differ');
    },
  },
  {
    title: 'M-080 U-042 what arrives is announced',
    needs: ['notify', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      assert.equal(logged.session.reception, 'notify');
      for (let count = 1; count <= 3; count++) {
        const before = world.announced(logged);
        await world.side('arrive')(world.mail());
        await world.until(() => world.announced(logged) > before, 'it is announced');
        await world.receive(logged, count);
      }
    },
  },
  {
    title: 'M-080 a burst of arrivals is announced without a flood',
    needs: ['notify', 'arrive'],
    async run(world) {
      const logged = await world.logOn();
      for (let count = 0; count < 50; count++) await world.side('arrive')(world.mail());
      await world.until(() => world.announced(logged) > 0, 'it is announced');
      for (let count = 0; count < 5; count++) await world.calm();
      assert(world.announced(logged) <= 100, `50 arrivals are announced ${world.announced(logged)} times`);
    },
  },
  {
    title: 'U-043 U-042 after its line broke it announces again',
    needs: ['notify', 'arrive', 'dropConnections'],
    async run(world) {
      const logged = await world.logOn();
      await world.calm();
      world.side('dropConnections')();
      await world.calm();
      const before = world.announced(logged);
      await world.side('arrive')(world.mail());
      await world.until(() => world.announced(logged) > before, 'it is announced', longestMs);
      await world.receive(logged, 1);
    },
  },
];

const subjects = (world: ProviderWorld): (string | undefined)[] => world.spool.saved.map(({ bytes }) => subjectOf(bytes));

function onlyCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

/** The process is gone: its lines break, and nobody hears of what it does until then. */
async function abandon(world: ProviderWorld, { support }: LoggedOn): Promise<void> {
  support.logoff();
  world.under.dropConnections?.();
  await world.calm();
}

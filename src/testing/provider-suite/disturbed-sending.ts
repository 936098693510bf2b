// Hand-overs that are refused, cut off, left without an answer or aborted: the outcome says what is known, no more.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { RecipientOutcome } from '../../message/outcome.ts';
import type { ProviderCase } from './suite.ts';
import { graceMs, longestMs, subjectOf, type ProviderWorld } from './world.ts';

/** What the spooler allows where the session names no time of its own. */
const submitTimeoutMs = 20 * 60_000;

export const disturbedSendingCases: readonly ProviderCase[] = [
  {
    title: 'U-021 T-011 of three recipients one is refused: the other two get the message',
    needs: ['send', 'refuse'],
    async run(world) {
      await world.side('refuse')(world.recipient(2), 'forGood');
      const raw = world.mail();
      const { summary } = await world.submit(await world.logOn(), { recipients: 3, raw });
      assert.deepEqual(summary, ['1:accepted', '2:rejected', '3:accepted']);
      if (!world.can('delivered')) return;
      const { recipients } = await world.arrivedOf(raw);
      if (recipients) assert.deepEqual([...recipients].sort(), [world.recipient(1).address, world.recipient(3).address].sort());
    },
  },
  {
    title: 'T-021 U-032 what is refused for good is rejected: no report would come from an attempt that is repeated',
    needs: ['send', 'refuse'],
    async run(world) {
      await world.side('refuse')(world.recipient(1), 'forGood');
      const logged = await world.logOn();
      for (const attempt of [1, 2]) {
        const { summary, result } = await world.submit(logged, { attempt });
        assert.deepEqual(summary, ['1:rejected']);
        assertReasons(result);
      }
    },
  },
  {
    title: 'T-021 what is refused for now is notSent, and may be tried again',
    needs: ['send', 'refuse'],
    async run(world) {
      await world.side('refuse')(world.recipient(1), 'forNow');
      const { summary } = await world.submit(await world.logOn());
      assert.deepEqual(summary, ['1:notSent']);
    },
  },
  {
    title: 'T-022 U-016 a line that breaks in the midst of the message: notSent',
    needs: ['send', 'breakOff'],
    async run(world) {
      world.side('breakOff')();
      // More than a line takes before it is seen to be broken: otherwise all may have left, and nobody knows.
      const piece = Buffer.alloc(65_536, 'Hello World\r\n');
      const raw = () => Readable.from(Array.from({ length: 256 }, () => piece));
      const { summary } = await world.submit(await world.logOn(), { raw, sizeBytes: 256 * 65_536, recipients: 2 });
      assert.deepEqual(summary, ['1:notSent', '2:notSent']);
    },
  },
  {
    title: 'T-022 U-016 a line that breaks before the last reply: unknown, since the other side may have it',
    needs: ['send', 'loseReply'],
    async run(world) {
      world.side('loseReply')();
      const { summary } = await world.submit(await world.logOn(), { recipients: 2 });
      assert.deepEqual(summary, ['1:unknown', '2:unknown']);
    },
  },
  {
    title: 'U-009 after a line that broke the next message goes',
    needs: ['send', 'breakOff'],
    async run(world) {
      const logged = await world.logOn();
      world.side('breakOff')();
      await world.submit(logged, { raw: world.mail('Hello\r\n'.repeat(2_000)) });
      await goesAgain(world, logged);
    },
  },
  {
    title: 'U-016 verifyMessage finds out what became of an unknown attempt',
    needs: ['send', 'verify', 'loseReply', 'breakOff'],
    async run(world) {
      const logged = await world.logOn();
      const { verifyMessage } = logged.session;
      assert(verifyMessage, 'verifyMessage is there');
      for (const [how, outcome] of [
        ['loseReply', 'accepted'],
        ['breakOff', 'notSent'],
      ] as const) {
        world.side(how)();
        const { handOver, done } = world.begin(logged, { raw: world.mail('Hello\r\n'.repeat(2_000)) });
        await world.ends(done, 'submitMessage');
        const again = world.begin(
          { ...logged, session: { addressTypes: [], submitMessage: verifyMessage.bind(logged.session) } },
          { id: handOver.message.id },
        );
        assert.deepEqual((await world.ends(again.done, 'verifyMessage')).summary, [`1:${outcome}`], `after ${how}`);
      }
    },
  },
  {
    title: 'M-073 a hand-over whose signal aborts ends in time, and nothing goes afterwards',
    needs: ['send', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const release = await world.side('stall')();
      const stop = new AbortController();
      const raw = world.mail();
      const { done } = world.begin(logged, { raw }, stop.signal);
      await world.calm();
      stop.abort(new Error('the message was cancelled'));
      const { summary } = await world.ends(done, 'the aborted hand-over', graceMs);
      assert(!summary.includes('1:accepted') && !summary.includes('1:rejected'), `nothing was decided, not ${summary.join()}`);
      await release();
      await world.calm();
      if (world.can('delivered')) assert(!(await world.delivered()).some(({ bytes }) => subjectOf(bytes) === subjectOf(raw)), 'it went all the same');
      await goesAgain(world, logged);
    },
  },
  {
    title: 'M-073 a hand-over that is aborted before it begins sends nothing',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      const { summary } = await world.submit(logged, {}, AbortSignal.abort(new Error('the message was cancelled')));
      if (world.can('delivered')) assert.equal((await world.delivered()).length, summary.includes('1:accepted') ? 1 : 0, 'it says what it did');
      assert(!summary.includes('1:rejected'), 'nobody refused it');
      if (world.can('stall')) assert(!summary.includes('1:accepted'), 'who can wait looks at the signal');
    },
  },
  {
    title: 'T-019 U-009 an other side that says nothing is given up by the clock, within submitTimeoutMs',
    needs: ['send', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const release = await world.side('stall')();
      const { done } = world.begin(logged, { recipients: 2 });
      const { summary } = await world.ends(done, 'the hand-over', logged.session.limits?.submitTimeoutMs ?? submitTimeoutMs);
      assert.deepEqual(summary, ['1:notSent', '2:notSent']);
      await release();
    },
  },
  {
    title: 'U-064 M-058 an other side that cannot be reached closes a gate: no attempt is spent',
    needs: ['send', 'goDown'],
    async run(world) {
      const up = await world.side('goDown')();
      const logged = await world.logOn().catch(() => undefined);
      if (logged) {
        const { summary, error } = await world.submit(logged);
        assert.deepEqual(summary, ['1:notSent']);
        const gate = error?.gate as { readonly until?: number } | undefined;
        assert(gate ?? logged.support.columns['gate'], 'a gate is closed');
        assert(gate?.until === undefined || gate.until > world.clock.now(), 'it opens later');
      }
      await up();
    },
  },
  {
    title: 'U-010 U-064 once the other side is there again messages go, without another logon',
    needs: ['send', 'goDown'],
    async run(world) {
      const up = await world.side('goDown')();
      const logged = await world.logOn().catch(() => undefined);
      if (logged) for (let count = 0; count < 3; count++) await world.submit(logged);
      await up();
      await goesAgain(world, logged ?? (await world.logOn()));
    },
  },
  {
    title: 'U-044 whatever breaks at whatever time, no error is left uncaught',
    needs: ['send', 'dropConnections', 'stall'],
    async run(world) {
      const logged = await world.logOn();
      const drop = world.side('dropConnections');
      await world.submit(logged);
      drop();
      await world.calm();
      const release = await world.side('stall')();
      const { done } = world.begin(logged);
      await world.calm();
      drop();
      await world.ends(done, 'the hand-over', longestMs);
      await release();
      await world.logOff(logged);
      drop();
      await world.calm();
      assert.deepEqual(world.stray.errors, []);
    },
  },
];

/** The next message goes, at once or when the gate opens: never after more than five minutes. */
async function goesAgain(world: ProviderWorld, logged: Parameters<ProviderWorld['submit']>[0]): Promise<void> {
  for (let waits = 0; ; waits++) {
    const { summary, error } = await world.submit(logged);
    if (summary.includes('1:accepted')) return;
    assert(waits < 3 && summary.includes('1:notSent'), `the next message goes: ${summary.join()} ${error?.message ?? ''}`);
    await world.pass(300_000);
  }
}

/** Who is refused is told why. */
function assertReasons(result: unknown): void {
  for (const one of [result ?? []].flat() as RecipientOutcome[]) {
    if (one.outcome === 'accepted' || one.outcome === 'notMine') continue;
    assert(one.diagnostic.code !== '' && one.diagnostic.text !== '', 'the diagnostic has a code and a text');
  }
}

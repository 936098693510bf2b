// Hand-overs that nothing disturbs: who gets what, in which order, and what is said of it.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { RecipientRow } from '../../message/recipient.ts';
import type { HandOver } from './hand-over.ts';
import type { ProviderCase } from './suite.ts';
import { subjectOf, type ProviderWorld } from './world.ts';

const dotted = '.\r\n..two\r\nFrom here\r\n.last\r\n'.repeat(50);

export const sendingCases: readonly ProviderCase[] = [
  {
    title: 'M-023 U-056 each recipient gets one outcome, and nobody else does',
    needs: ['send'],
    async run(world) {
      const handOver = await world.submit(await world.logOn(), { recipients: 3 });
      assert.equal(handOver.error, undefined);
      assert.deepEqual(handOver.summary, ['1:accepted', '2:accepted', '3:accepted']);
    },
  },
  {
    title: 'M-022 it goes to the given recipients alone, whoever else the message is for',
    needs: ['send', 'delivered'],
    async run(world) {
      const { address, type } = world.recipient(2);
      const other: RecipientRow = { id: 2, kind: 'to', type, address, status: { state: 'queued' }, attempts: 0 };
      const raw = world.mail();
      await world.submit(await world.logOn(), { raw, allRecipients: [{ ...other, id: 1, ...world.recipient(1) }, other] });
      const { recipients } = await world.arrivedOf(raw);
      if (recipients === undefined) world.notShown('the other side does not show for whom a message is');
      assert.deepEqual(recipients, [world.recipient(1).address]);
    },
  },
  {
    title: 'T-013 T-029 the other side gets the bytes as they are, at the second attempt as at the first',
    needs: ['send', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      for (const attempt of [1, 2]) {
        const raw = world.mail(dotted.repeat(attempt === 1 ? 1 : 100));
        assert.deepEqual((await world.submit(logged, { raw, attempt })).summary, ['1:accepted']);
        assert(Buffer.from((await world.arrivedOf(raw)).bytes).equals(raw), 'the bytes differ');
      }
    },
  },
  {
    title: 'U-016 accepted is said of what the other side has, at once or soon after',
    needs: ['send', 'delivered'],
    async run(world) {
      const raw = world.mail();
      assert.deepEqual((await world.submit(await world.logOn(), { raw })).summary, ['1:accepted']);
      await world.arrivedOf(raw);
    },
  },
  {
    title: 'T-044 a message with the null return path goes as any other',
    needs: ['send'],
    async run(world) {
      assert.deepEqual((await world.submit(await world.logOn(), { from: null })).summary, ['1:accepted']);
    },
  },
  {
    title: 'M-028 messages arrive in the order in which they were handed over',
    needs: ['send', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      const mails = Array.from({ length: 5 }, () => world.mail());
      for (const raw of mails) await world.submit(logged, { raw });
      for (const raw of mails) await world.arrivedOf(raw);
      assert.deepEqual(
        (await world.delivered()).map(({ bytes }) => subjectOf(bytes)),
        mails.map((raw) => subjectOf(raw)),
      );
    },
  },
  {
    title: 'U-018 as many hand-overs at once as the limits allow: each arrives once, with its own recipients',
    needs: ['send', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      const count = Math.min(8, logged.session.limits?.outbound ?? 1);
      if (count === 1) world.notShown('the session takes one message at a time');
      const mails = Array.from({ length: count * 2 }, () => world.mail());
      const send = async (raw: Buffer, index: number): Promise<HandOver> => {
        const { type, address } = world.recipient((index % 3) + 1);
        return world.submit(logged, { raw, to: [{ type, address }] });
      };
      for (const half of [0, count]) {
        const all = await Promise.all(mails.slice(half, half + count).map((raw, index) => send(raw, index)));
        for (const { summary } of all) assert.deepEqual(summary, ['1:accepted']);
      }
      for (const [index, raw] of mails.entries()) {
        const { recipients, bytes } = await world.arrivedOf(raw);
        assert(Buffer.from(bytes).equals(raw), 'the bytes differ');
        if (recipients) assert.deepEqual(recipients, [world.recipient(((index % count) % 3) + 1).address]);
      }
      assert.equal((await world.delivered()).length, mails.length);
    },
  },
  {
    title: 'U-035 never more connections than the limits say',
    needs: ['send', 'connections'],
    async run(world) {
      const logged = await world.logOn();
      const { outbound = 1 } = logged.session.limits ?? {};
      assert((await most(world, logged, outbound)) <= outbound, `more than ${outbound} connections`);
    },
  },
  {
    title: 'U-050 never more connections than the account has places for, whatever the limits say',
    needs: ['send', 'connections'],
    async run(world) {
      const logged = await world.logOn({ support: { connections: 1 } });
      assert((await most(world, logged, logged.session.limits?.outbound ?? 1)) <= 1, 'more than one connection');
      assert.equal(logged.support.places.most, 1, 'a connection takes its place');
    },
  },
  {
    title: 'T-015 handingOver comes before the other side has the message',
    needs: ['send', 'delivered'],
    async run(world) {
      const raw = world.mail();
      let calls = 0;
      let there = false;
      const handingOver = async (): Promise<void> => {
        calls++;
        there ||= (await world.delivered()).some(({ bytes }) => subjectOf(bytes) === subjectOf(raw));
      };
      await world.submit(await world.logOn(), { raw, handingOver });
      assert.deepEqual([calls > 0, there], [true, false], 'it is called, and the message is not there yet');
    },
  },
  {
    title: 'T-015 U-019 where handingOver forbids it nothing goes, and the session goes on',
    needs: ['send', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      for (const code of ['ECANCEL', 'ELEASE']) {
        const handingOver = async (): Promise<void> => Promise.reject(Object.assign(new Error('forbidden'), { code }));
        const { summary } = await world.submit(logged, { handingOver });
        assert(!summary.includes('1:accepted') && !summary.includes('1:rejected'), `nothing was decided, not ${summary.join()}`);
      }
      await world.calm();
      assert.equal((await world.delivered()).length, 0);
      assert.deepEqual((await world.submit(logged)).summary, ['1:accepted']);
    },
  },
  {
    title: 'M-059 T-012 what is saved on the way is not said otherwise later',
    needs: ['send'],
    async run(world) {
      const { message, result } = await world.submit(await world.logOn(), { recipients: 2 });
      const last = result !== undefined && !('outcome' in result) ? result : [];
      for (const saved of message.saved) {
        const others = [...message.saved, ...last].filter(({ recipient }) => recipient === saved.recipient);
        assert(
          others.every(({ outcome }) => outcome === saved.outcome),
          `recipient ${saved.recipient} has two outcomes`,
        );
      }
    },
  },
  {
    title: 'M-056 after the hand-over has ended the message is left alone',
    needs: ['send'],
    async run(world) {
      const handOver = await world.submit(await world.logOn(), { recipients: 2 });
      await world.calm();
      assert.deepEqual(handOver.lateCalls, []);
    },
  },
  {
    title: 'M-060 endMessage answers with one of its words, in time',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      if (!logged.session.endMessage) return world.notShown('the session has no endMessage');
      const { end = 'nothing' } = await world.submit(logged);
      assert(['sent', 'resendNow', 'resendLater', 'hold'].includes(end), `it answers ${end}`);
    },
  },
  {
    title: 'M-075 M-094 a yield that says cancelled is the end of the hand-over',
    needs: ['send', 'delivered'],
    async run(world) {
      let yields = 0;
      const logged = await world.logOn({ support: { yield: async () => (yields++, 'cancelled') } });
      const { error } = await world.submit(logged);
      if (yields === 0) world.notShown('the session does not yield');
      assert.equal(error?.code, 'EUSERCANCEL');
      assert.equal((await world.delivered()).length, 0);
    },
  },
  {
    title: 'T-019 T-003 content that cannot be read to its end is not sent, and the session goes on',
    needs: ['send'],
    async run(world) {
      const logged = await world.logOn();
      const whole = world.mail('Hello\r\n'.repeat(1_000));
      const damaged = () => Readable.from(halfOf(whole));
      const { summary } = await world.submit(logged, { raw: damaged, sizeBytes: whole.length });
      assert(!summary.includes('1:accepted') && !summary.includes('1:rejected'), `it is not sent, not ${summary.join()}`);
      if (world.can('delivered')) assert.equal((await world.delivered()).length, 0, 'the other side has nothing of it');
      assert.deepEqual((await world.submit(logged)).summary, ['1:accepted']);
    },
  },
];

/** The most connections there were while so many hand-overs went on at once, three times over. */
async function most(world: ProviderWorld, logged: Parameters<ProviderWorld['submit']>[0], count: number): Promise<number> {
  const connections = world.side('connections');
  let peak = 0;
  const handingOver = async (): Promise<void> => {
    peak = Math.max(peak, connections());
  };
  for (let times = 0; times < 3; times++) {
    const all = await Promise.all(Array.from({ length: Math.min(count, 20) }, () => world.submit(logged, { handingOver })));
    for (const { summary } of all) assert.deepEqual(summary, ['1:accepted']);
  }
  return Math.max(peak, connections());
}

async function* halfOf(whole: Uint8Array): AsyncGenerator<Uint8Array> {
  yield whole.subarray(0, whole.length / 2);
  throw Object.assign(new Error('the content is damaged'), { code: 'ECORRUPT' });
}

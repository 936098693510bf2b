// What comes after the hand-over: messages that a session keeps back and asks for later, and news of recipients.
import assert from 'node:assert/strict';
import type { MessageLookup, StatusRecipient } from '../../provider/spooler-support.ts';
import type { HandOver } from './hand-over.ts';
import type { ProviderCase } from './suite.ts';
import { subjectOf, type LoggedOn, type ProviderWorld } from './world.ts';

export const deferringCases: readonly ProviderCase[] = [
  {
    title: 'M-061 M-060 what it keeps back is notSent and on hold; it asks for it by its id, and sends it once when it comes again',
    needs: ['send', 'hold', 'delivered'],
    async run(world) {
      const logged = await world.logOn();
      const { release, handOver, raw } = await keptBack(world, logged);
      assert.deepEqual(await world.delivered(), [], 'nothing has gone');
      await release();
      await world.until(() => asked(logged, handOver), 'it asks for it');
      assert.equal(sent(logged), 1, 'once');
      const again = await world.submit(logged, { id: handOver.message.id, raw, deferred: true, attempt: 2 });
      assert.deepEqual(again.summary, ['1:accepted']);
      assert.equal((await world.delivered()).filter(({ bytes }) => subjectOf(bytes) === subjectOf(raw)).length, 1);
    },
  },
  {
    title: 'M-063 while it keeps one back the rest of the session goes on',
    needs: ['send', 'hold'],
    async run(world) {
      const logged = await world.logOn();
      const { handOver } = await keptBack(world, logged);
      assert.equal(handOver.error?.gate ?? logged.support.columns['gate'] ?? undefined, undefined, 'no gate is closed');
      const next = await world.submit(logged);
      assert.equal(next.error, undefined);
      assert.deepEqual([next.summary, next.end], [['1:notSent'], 'hold']);
    },
  },
  {
    title: 'M-076 after abortDeferred it asks no more for what it kept back',
    needs: ['send', 'hold'],
    async run(world) {
      const logged = await world.logOn();
      const first = await keptBack(world, logged);
      const second = await world.submit(logged);
      await world.tell(logged, { type: 'abortDeferred', entryId: first.handOver.message.id });
      await first.release();
      await world.until(() => asked(logged, second), 'it asks for the other one');
      await world.calm();
      assert(!asked(logged, first.handOver), 'it asks for it');
    },
  },
  {
    title: 'M-064 what became of recipients is told once, of the message and the recipients that it is about',
    needs: ['send', 'report'],
    async run(world) {
      const { logged, told } = await logOnTelling(world, 'matched');
      const { message } = await world.submit(logged, { recipients: 2 });
      await world.side('report')(world.recipient(1), 'delivered');
      await world.side('report')(world.recipient(2), 'failed');
      await world.until(() => told.flatMap(({ rows }) => rows).length >= 2, 'both are told');
      await world.calm();
      const words = told.flatMap(({ lookup, rows }) => {
        assert(
          Object.values(lookup).some((name) => typeof name === 'string' && name !== ''),
          'the message is named',
        );
        if ('entryId' in lookup) assert.equal(lookup.entryId, message.id);
        return rows.map((row) => wordOf(world, row));
      });
      assert.deepEqual(words.sort(), ['1:delivered', '2:failed']);
    },
  },
  {
    title: 'M-064 M-070 news of a message that the spooler does not know harm nobody',
    needs: ['send', 'report'],
    async run(world) {
      const { logged, told } = await logOnTelling(world, 'unmatched');
      await world.submit(logged);
      await world.side('report')(world.recipient(1), 'failed');
      await world.until(() => told.length > 0, 'it is told');
      await world.calm();
      assert.deepEqual((await world.submit(logged)).summary, ['1:accepted']);
    },
  },
];

async function keptBack(world: ProviderWorld, logged: LoggedOn): Promise<{ release: () => void | Promise<void>; handOver: HandOver; raw: Buffer }> {
  const release = world.side('hold')();
  const raw = world.mail();
  const handOver = await world.submit(logged, { raw });
  assert.deepEqual([handOver.summary, handOver.end], [['1:notSent'], 'hold']);
  return { release, handOver, raw };
}

const sent = ({ support }: LoggedOn): number => support.news.filter(({ type }) => type === 'sentDeferred').length;

const asked = ({ support }: LoggedOn, { message }: HandOver): boolean =>
  support.news.some((news) => news.type === 'sentDeferred' && news.entryId === message.id);

interface Told {
  readonly lookup: MessageLookup;
  readonly rows: readonly StatusRecipient[];
}

async function logOnTelling(world: ProviderWorld, answer: 'matched' | 'unmatched'): Promise<{ logged: LoggedOn; told: readonly Told[] }> {
  const told: Told[] = [];
  const statusRecipients = async (lookup: MessageLookup, rows: readonly StatusRecipient[]) => {
    told.push({ lookup, rows });
    return answer;
  };
  return { logged: await world.logOn({ support: { statusRecipients } }), told };
}

/** As `1:delivered`; it fails where a row says too little. */
function wordOf(world: ProviderWorld, row: StatusRecipient): string {
  if ('at' in row) assert(Number.isFinite(row.at), 'it says when');
  else assert(row.diagnostic.code !== '' && row.diagnostic.text !== '', 'it says why');
  const { recipient } = row;
  const id = typeof recipient === 'number' ? recipient : [1, 2].find((n) => world.recipient(n).address === recipient.address);
  return `${id}:${row.status}`;
}

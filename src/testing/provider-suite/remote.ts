// Remote access: headers first, and then what the mark of a message says (M-110). For sessions that declare it.
import assert from 'node:assert/strict';
import type { Mark } from '../../message/message.ts';
import type { Turn, TurnWatch } from './inbound-message.ts';
import type { ProviderCase } from './suite.ts';
import { subjectOf, type LoggedOn, type ProviderWorld } from './world.ts';

const headersOnly = { headersOnly: true } as const;
const needs = ['receive', 'arrive', 'remoteAccess'] as const;

export const remoteCases: readonly ProviderCase[] = [
  {
    title: 'M-110 headers first: it lists headers, says that they are, and how large the whole is',
    needs,
    async run(world) {
      const logged = await world.logOn();
      assert.equal(logged.session.remoteAccess, true, 'the session declares remoteAccess');
      const raw = world.mail('Hello\r\n'.repeat(5_000));
      await world.side('arrive')(raw);
      await world.round(logged, undefined, headersOnly);
      const [entry, ...more] = world.spool.saved;
      assert(entry?.headersOnly, 'saved as headers');
      assert.deepEqual([subjectOf(entry.bytes), more.length], [subjectOf(raw), 0]);
      assert(entry.bytes.length < 2_000, `${entry.bytes.length} bytes are more than headers`);
      if (entry.sizeBytes !== undefined) assert.equal(entry.sizeBytes, raw.length, 'the size of the whole message');
      assert.equal(await world.round(logged, undefined, headersOnly), world.spool.knownHeaders, 'what is listed is not listed anew');
    },
  },
  {
    title: 'M-110 T-052 what is listed stays at the other side, whatever is received beside it',
    needs: [...needs, 'waiting'],
    async run(world) {
      const logged = await world.logOn();
      await world.side('arrive')(world.mail());
      await world.round(logged, undefined, headersOnly);
      await world.calm();
      assert.equal(await world.side('waiting')(), 1, 'after listing');
      const again = await world.restart();
      await world.round(again, undefined, headersOnly);
      await world.calm();
      assert.equal(await world.side('waiting')(), 1, 'after listing in another session');
      await world.side('arrive')(world.mail());
      await world.round(again);
      await world.calm();
      const left = world.spool.saved.filter((one) => one.headersOnly).length;
      assert.equal(await world.side('waiting')(), left, 'as long as only its headers are here');
    },
  },
  {
    title: 'M-110 a message above maxSizeBytes comes as headers, one below it whole',
    needs,
    async run(world) {
      const logged = await world.logOn();
      const small = world.mail();
      const large = world.mail('Hello\r\n'.repeat(5_000));
      for (const raw of [large, small]) await world.side('arrive')(raw);
      await world.round(logged, undefined, { maxSizeBytes: 10_000 });
      const came = new Map(world.spool.saved.map((one) => [subjectOf(one.bytes), one]));
      assert.deepEqual([came.get(subjectOf(small))?.headersOnly, came.get(subjectOf(large))?.headersOnly], [false, true]);
      assert(came.get(subjectOf(small))?.bytes.equals(small), 'the bytes differ');
    },
  },
  {
    title: 'M-110 download completes the message that is marked, and no other',
    needs,
    async run(world) {
      const [logged, , second] = await listed(world, 3);
      await marked(world, logged, second, 'download');
      assert.deepEqual(
        world.spool.saved.map((one) => one.headersOnly),
        [true, false, true],
      );
      assert(world.spool.saved[1]?.bytes.equals(second.raw), 'the bytes differ');
      if (world.can('waiting')) await world.until(async () => (await world.side('waiting')()) === 2, 'it is acknowledged as usual');
    },
  },
  {
    title: 'M-110 headers that an earlier session listed can be marked in the next',
    needs,
    async run(world) {
      const [, first] = await listed(world, 1);
      const again = await world.restart();
      await marked(world, again, first, 'download');
      assert(world.spool.saved[0]?.bytes.equals(first.raw), 'the bytes differ');
    },
  },
  {
    title: 'M-110 delete removes the message that is marked, and no other; asked again it is done',
    needs: [...needs, 'waiting'],
    async run(world) {
      const [logged, first] = await listed(world, 2);
      for (let time = 0; time < 2; time++) {
        await marked(world, logged, first, 'delete');
        await world.until(async () => (await world.side('waiting')()) === 1, 'one is removed');
      }
      const [, second] = world.spool.saved;
      await marked(world, logged, { reference: second?.reference ?? '' }, 'download');
      assert.equal(world.spool.saved[1]?.headersOnly, false, 'the other one is there');
    },
  },
  {
    title: 'M-110 T-052 move removes the message once it is saved, and not before',
    needs: [...needs, 'waiting'],
    async run(world) {
      const [logged, first] = await listed(world, 1);
      let before: number | undefined;
      const beforeSave = async (): Promise<void> => {
        await world.calm();
        before = await world.side('waiting')();
      };
      await marked(world, logged, first, 'move', { beforeSave });
      assert.equal(before, 1, 'before saveChanges the other side still has it');
      assert(world.spool.saved[0]?.bytes.equals(first.raw), 'the bytes differ');
      await world.until(async () => (await world.side('waiting')()) === 0, 'it is removed');
    },
  },
  {
    title: 'M-110 T-069 a move that is repeated, since the process ended before the message was removed, removes it',
    needs: [...needs, 'waiting'],
    async run(world) {
      const [logged, first] = await listed(world, 1);
      world.spool.crash = 'afterSave';
      await marked(world, logged, first, 'move').catch(() => undefined);
      logged.support.logoff();
      world.under.dropConnections?.();
      await world.calm();
      const again = await world.restart();
      const { calls } = await marked(world, again, first, 'move');
      assert.equal(calls.includes('saveChanges'), false, 'it is not fetched twice');
      await world.until(async () => (await world.side('waiting')()) === 0, 'it is removed');
    },
  },
  {
    title: 'M-110 a message that is not there any more cannot be downloaded: ENOTFOUND',
    needs,
    async run(world) {
      const [logged, first] = await listed(world, 1);
      await marked(world, logged, first, 'delete');
      await assert.rejects(marked(world, logged, first, 'download'), { code: 'ENOTFOUND' });
      assert.equal(world.spool.saved[0]?.headersOnly, true, 'nothing is saved of it');
    },
  },
];

interface Listed {
  readonly reference: string;
  readonly raw: Buffer;
}

/** A session, and messages of which it has listed the headers. */
async function listed(world: ProviderWorld, count: number): Promise<[LoggedOn, Listed, Listed]> {
  const logged = await world.logOn();
  const mails = Array.from({ length: count }, () => world.mail('Hello\r\n'.repeat(1_000)));
  for (const raw of mails) await world.side('arrive')(raw);
  await world.round(logged, undefined, headersOnly);
  const entries = mails.map((raw) => ({ raw, reference: world.spool.saved.find((one) => subjectOf(one.bytes) === subjectOf(raw))?.reference ?? '' }));
  return [logged, entries[0] as Listed, entries[1] as Listed];
}

/** The call that the spooler makes for a mark. */
const marked = (world: ProviderWorld, logged: LoggedOn, { reference }: Pick<Listed, 'reference'>, mark: Mark, watch: TurnWatch = {}): Promise<Turn> =>
  world.turn(logged, { ...watch, wanted: { reference, mark } });

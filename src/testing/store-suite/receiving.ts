// Received mail: exactly once per session and reference, with the provider's position in the same commit (M-081).
import assert from 'node:assert/strict';
import type { SessionKey } from '../../message/recipient.ts';
import type { StoreCase } from './subject.ts';
import { collect, imap, rowOf, text } from './world.ts';

export const receivingCases: readonly StoreCase[] = [
  {
    title: 'M-081 received mail is stored with its session, reference, recipients and content',
    async run(world) {
      const id = await world.receive({ reference: '7:1', content: { inline: text('hello') }, account: 'work' });
      const message = await world.get(id);
      assert.deepEqual(
        [message.direction, message.session, message.reference, message.folder, message.account],
        ['inbound', imap, '7:1', 'Inbox', 'work'],
      );
      assert.deepEqual([message.sizeBytes, rowOf(message).status.state, message.read], [5, 'delivered', false]);
    },
  },
  {
    title: 'T-052 the same reference again answers existing and changes nothing',
    async run(world) {
      const id = await world.receive({ reference: '7:1', properties: { subject: 'first' } });
      const [again] = await world.store.receive([world.arrival({ reference: '7:1', properties: { subject: 'second' } })]);
      assert.deepEqual(again, { id, result: 'existing' });
      assert.equal((await world.get(id)).properties.subject, 'first');
      assert.equal((await collect(world.store.find({}))).length, 1);
    },
  },
  {
    title: 'U-048 an alias counts as the reference, either way round',
    async run(world) {
      const id = await world.receive({ reference: '7:1', aliases: ['emailid:a'] });
      const answers = await world.store.receive([
        world.arrival({ reference: '8:1', aliases: ['emailid:a'] }),
        world.arrival({ reference: 'emailid:a' }),
        world.arrival({ reference: '9:1', aliases: ['x', '7:1'] }),
      ]);
      assert.deepEqual(
        answers,
        [1, 2, 3].map(() => ({ id, result: 'existing' })),
      );
    },
  },
  {
    title: 'T-052 the same reference twice in one call, or at once, is stored once',
    async run(world) {
      const arrival = () => world.arrival({ reference: '7:1' });
      const answers = (await Promise.all([world.store.receive([arrival(), arrival()]), world.store.receive([arrival()])])).flat();
      assert.equal(new Set(answers.map((one) => one.id)).size, 1);
      assert.equal(answers.filter((one) => one.result === 'stored').length, 1);
    },
  },
  {
    title: 'M-011 another session has references of its own',
    async run(world) {
      const first = await world.receive({ reference: '7:1' });
      const other = 'home/imap' as SessionKey;
      const second = await world.receive({ reference: '7:1', session: other });
      assert.notEqual(first, second);
      assert.deepEqual(await world.store.received(other, ['7:1', '7:2']), new Set(['7:1']));
    },
  },
  {
    title: 'U-048 a whole mailbox is asked for in one question, aliases included',
    async run(world) {
      await world.receive({ reference: '7:1', aliases: ['a'] });
      await world.receive({ reference: '7:2' });
      assert.deepEqual(await world.store.received(imap, ['7:2', 'a', '7:3', '7:1']), new Set(['7:2', 'a', '7:1']));
    },
  },
  {
    title: 'T-052 received mail that was removed here is not received again',
    async run(world) {
      const id = await world.receive({ reference: '7:1' });
      await world.settle({ id, guard: { from: ['delivered'] }, then: 'remove' });
      const [again] = await world.store.receive([world.arrival({ reference: '7:1' })]);
      assert.equal(again?.result, 'existing');
      assert.deepEqual(await collect(world.store.find({})), []);
    },
  },
  {
    title: 'T-054 the position is written with the message, whatever version it carries',
    async run(world) {
      const section = world.section({ values: { uid: 1 } });
      await world.receive({ section });
      await world.receive({ section: { ...section, values: { uid: 2 } } });
      const [stored] = await world.store.load([section.key]);
      assert.deepEqual(stored, { ...section, version: 2, values: { uid: 2 } });
    },
  },
  {
    title: 'T-054 the position also goes on over a message that is known already',
    async run(world) {
      await world.receive({ reference: '7:1' });
      const section = world.section({ values: { uid: 9 } });
      await world.store.receive([world.arrival({ reference: '7:1', section })]);
      assert.deepEqual((await world.store.load([section.key]))[0]?.values, { uid: 9 });
    },
  },
  {
    title: 'M-071 received mail is marked as read, also without recipients',
    async run(world) {
      for (const recipients of [[], world.arrival().recipients]) {
        const id = await world.receive({ recipients });
        const settled = await world.settle({ id, guard: { from: ['delivered'] }, message: { read: true } });
        assert.deepEqual([settled.result, (await world.get(id)).read], ['written', true]);
      }
    },
  },
  {
    title: 'M-071 a read report and the mark of it are one write, what the sender asked for is kept, and of two at once one is written',
    async run(world) {
      const id = await world.receive({ report: { read: true } });
      assert.deepEqual((await world.get(id)).report, { read: true });
      const receipt = { report: 'read', at: world.now, reader: 'SMTP:BOB@PIER.EXAMPLE' } as const;
      const report = world.message({ idempotencyKey: `receipt ${id}` });
      const one = { id, guard: { from: ['delivered'] }, message: { read: true, receipt }, submit: [report] } as const;
      const [first, second] = await world.store.settle([one, one]);
      assert.equal(first?.submitted?.length, 1);
      assert.deepEqual(second?.submitted, first?.submitted);
      assert.deepEqual((await world.get(id)).receipt, receipt);
    },
  },
  {
    title: 'M-110 a message of which only the headers are here is completed, and announced again',
    async run(world) {
      const id = await world.receive({ reference: '7:1', headersOnly: true, content: { inline: text('headers') } });
      const { lease } = await world.claimOne('received');
      await world.settle({ id, guard: lease, then: { notifyNewMail: { announce: true } } });
      const [again] = await world.store.receive([
        world.arrival({ reference: '7:1', content: { inline: text('headers and body') }, properties: { subject: 'whole' } }),
      ]);
      assert.deepEqual(again, { id, result: 'stored' });
      const message = await world.get(id);
      assert.deepEqual([message.headersOnly, message.sizeBytes, message.properties.subject], [undefined, 16, 'whole']);
      assert.equal(Buffer.concat(await collect(world.store.readContent(message.content))).toString(), 'headers and body');
      assert.equal((await world.claimOne('received')).lease.id, id);
    },
  },
  {
    title: 'M-110 headers again do not undo a message that is here',
    async run(world) {
      const id = await world.receive({ reference: '7:1', content: { inline: text('whole') } });
      await world.store.receive([world.arrival({ reference: '7:1', headersOnly: true, content: { inline: text('h') } })]);
      assert.deepEqual([(await world.get(id)).sizeBytes, (await world.get(id)).headersOnly], [5, undefined]);
    },
  },
  {
    title: 'M-110 headers have the size of the whole message, and are told apart from what is here whole',
    async run(world) {
      const { session } = world.arrival();
      const id = await world.receive({ reference: '7:1', headersOnly: true, sizeBytes: 90_000, content: { inline: text('headers') } });
      await world.receive({ reference: '7:2' });
      assert.deepEqual([(await world.get(id)).sizeBytes, (await world.get(id)).content.sizeBytes], [90_000, 7]);
      const names = ['7:1', '7:2', '7:3'];
      assert.deepEqual(await world.store.received(session, names), new Set(['7:1', '7:2']));
      assert.deepEqual(await world.store.headersOnly(session, names), new Set(['7:1']));
      assert.deepEqual(await idsOf(world.store.find({ session, headersOnly: true })), [id]);
      assert.equal((await idsOf(world.store.find({ session, headersOnly: false }))).includes(id), false);
      await world.settle({ id, guard: { from: ['delivered'] }, then: 'remove' });
      assert.deepEqual(await world.store.headersOnly(session, names), new Set(), 'removed headers are here no more');
      assert((await world.store.received(session, ['7:1'])).has('7:1'), 'and known for ever');
    },
  },
  {
    title: 'M-110 a mark is kept and found, and taken back',
    async run(world) {
      const { session } = world.arrival();
      const id = await world.receive({ reference: '7:1', headersOnly: true });
      const other = await world.receive({ reference: '7:2', headersOnly: true });
      const guard = { from: ['delivered'] as const };
      await world.settle({ id, guard, message: { mark: 'delete' } });
      assert.equal((await world.get(id)).mark, 'delete');
      assert.deepEqual(await idsOf(world.store.find({ session, marked: true })), [id]);
      assert.deepEqual(await idsOf(world.store.find({ session, marked: false })), [other]);
      assert.deepEqual(await idsOf(world.store.find({ session: `${session}/other` as typeof session, marked: true })), []);
      const taken: object = { mark: undefined };
      await world.settle({ id, guard, message: taken });
      assert.deepEqual([(await world.get(id)).mark, await idsOf(world.store.find({ session, marked: true }))], [undefined, []]);
    },
  },
  {
    title: 'M-110 a completed message keeps the mark move, whose other half is still to be done, and no other',
    async run(world) {
      const left: unknown[] = [];
      for (const mark of ['download', 'delete', 'move'] as const) {
        const id = await world.receive({ reference: mark, headersOnly: true });
        await world.settle({ id, guard: { from: ['delivered'] }, message: { mark } });
        await world.store.receive([world.arrival({ reference: mark })]);
        left.push((await world.get(id)).mark);
      }
      assert.deepEqual(left, [undefined, undefined, 'move']);
    },
  },
  {
    title: 'M-110 whoever still announces the headers when the message is completed announces nothing: the message is announced as a whole',
    async run(world) {
      const id = await world.receive({ reference: '7:1', headersOnly: true });
      const { lease } = await world.claimOne('received');
      await world.store.receive([world.arrival({ reference: '7:1' })]);
      const settled = await world.settle({ id, guard: lease, then: { notifyNewMail: { announce: true } } });
      assert.equal(settled.result, 'stale');
      assert.equal((await world.claimOne('received')).lease.id, id);
    },
  },
];

const idsOf = async (found: AsyncIterable<{ readonly id: string }>): Promise<string[]> => (await collect(found)).map(({ id }) => id);

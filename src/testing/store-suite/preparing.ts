// Preparing and routing: what happens to a message before it is handed over (M-017, M-021, M-049, M-066).
import assert from 'node:assert/strict';
import type { Recipient } from '../../message/recipient.ts';
import type { NewMessage } from '../../store/message-store.ts';
import type { StoreCase } from './subject.ts';
import { codeOf, collect, queue, queued, recipient, rowOf, smtp, text, unrouted } from './world.ts';

export const preparingCases: readonly StoreCase[] = [
  {
    title: 'M-049 preparing: routes, properties, content and recipients change in one write, and the bytes as submitted stay (M-066)',
    async run(world) {
      const id = await world.submit({
        content: { inline: text('as submitted') },
        recipients: [unrouted(1), unrouted(2)],
        submitState: { locked: false, preprocess: true },
      });
      const { lease } = await world.claimOne('intake');
      await world.settle({
        id,
        guard: lease,
        message: {
          content: { inline: text('as prepared, longer') },
          properties: { subject: 'prepared' },
          submitState: { locked: true, preprocess: false },
          recipients: [
            { id: 1, kind: 'to', type: 'SMTP', address: 'bob1@example.net' },
            { id: 3, kind: 'bcc', type: 'SMTP', address: 'carol@example.net' },
          ],
        },
        recipients: [
          { recipient: 1, route: smtp },
          { recipient: 3, route: queue },
        ],
      });
      const message = await world.get(id);
      assert.deepEqual([message.properties.subject, message.sizeBytes, message.submitState], ['prepared', 19, { locked: false, preprocess: false }]);
      assert.deepEqual(
        message.recipients.map((row) => [row.id, row.status.state, row.route?.session]),
        [
          [1, 'queued', smtp.session],
          [3, 'queued', queue.session],
        ],
      );
      const read = async (ref: typeof message.content) => Buffer.concat(await collect(world.store.readContent(ref))).toString();
      assert.deepEqual([await read(message.content), message.submitted && (await read(message.submitted))], ['as prepared, longer', 'as submitted']);
      assert.deepEqual([(await world.claim('intake')).length, (await world.claim(smtp)).length, (await world.claim(queue)).length], [0, 1, 1]);
    },
  },
  {
    title: 'M-049 prepared twice: recipients whose id stays keep what became of them, and only the bytes between go',
    async run(world) {
      const id = await world.submit({ content: { inline: text('submitted') } });
      const contents = [(await world.get(id)).content];
      for (const bytes of ['first', 'second']) {
        const { lease } = await world.claimOne(smtp);
        const recipients = [{ recipient: 1, status: world.deferred(0), countAttempt: true }];
        await world.settle({
          id,
          guard: lease,
          message: { content: { inline: text(bytes) }, recipients: [{ ...recipient(1), address: 'carol@example.net' }].map(withoutStatus) },
          recipients,
        });
        contents.push((await world.get(id)).content);
      }
      const { attempts, status, address } = rowOf(await world.get(id));
      assert.deepEqual([attempts, status.state, address], [2, 'deferred', 'carol@example.net']);
      const [submitted, first, second] = contents.map((ref) => () => collect(world.store.readContent(ref)));
      assert.deepEqual([(await submitted?.())?.length, (await second?.())?.length], [1, 1]);
      assert.equal(await codeOf(first?.() ?? Promise.resolve()), 'ENOTFOUND');
      await world.settle({ id, guard: { from: ['deferred'] }, then: 'remove' });
      for (const read of [submitted, second]) assert.equal(await codeOf(read?.() ?? Promise.resolve()), 'ENOTFOUND');
    },
  },
  {
    title: 'M-017 M-021 what is not claimed is routed anew in one write; a session that left a recipient is remembered',
    async run(world) {
      const id = await world.submit({ recipients: [recipient(1), recipient(2)] });
      const { lease } = await world.claimOne(smtp);
      const changed = await world.settle({ id, guard: lease, recipients: [{ recipient: 'all', status: queued, route: null, passed: smtp.session }] });
      assert.deepEqual(changed.changed, [1, 2]);
      const row = rowOf(await world.get(id));
      assert.deepEqual([row.route, row.passed, row.attempts], [undefined, [smtp.session], 0]);
      assert.deepEqual([(await world.claim(smtp)).length, (await world.claim('intake')).length], [0, 1]);
    },
  },
];

/** As a preprocessor gives it: what became of a recipient is not its business. */
function withoutStatus({ status: _status, route: _route, ...row }: NewMessage['recipients'][number]): Recipient {
  return row;
}

// Content: what is read is what was written, or an error says that it is not (T-002).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { StoreCase } from './subject.ts';
import { chunks, codeOf, collect, smtp, text } from './world.ts';

export const contentCases: readonly StoreCase[] = [
  {
    title: 'T-002 content carries its length and SHA-256 and reads as it was written',
    async run(world) {
      const ref = await world.store.putContent(chunks('Subject: x\r\n', '', '\r\nHe', 'llo\r\n'));
      const whole = 'Subject: x\r\n\r\nHello\r\n';
      assert.deepEqual([ref.sizeBytes, ref.digest], [whole.length, createHash('sha256').update(whole).digest('hex')]);
      const id = await world.submit({ content: ref });
      const message = await world.get(id);
      assert.deepEqual(message.content, ref);
      assert.equal(Buffer.concat(await collect(world.store.readContent(message.content))).toString(), whole);
    },
  },
  {
    title: 'T-002 content of several megabytes passes in pieces',
    async run(world) {
      const piece = new Uint8Array(1 << 20).map((_, at) => at % 251);
      const hash = createHash('sha256');
      const ref = await world.store.putContent(repeated(piece, 5, (bytes) => hash.update(bytes)));
      assert.deepEqual([ref.sizeBytes, ref.digest], [5 << 20, hash.digest('hex')]);
      let sizeBytes = 0;
      let largest = 0;
      for await (const chunk of world.store.readContent(ref) as AsyncIterable<Uint8Array>) {
        sizeBytes += chunk.length;
        largest = Math.max(largest, chunk.length);
      }
      assert.equal(sizeBytes, ref.sizeBytes);
      assert(largest <= 1 << 20, `no chunk over 1 MiB, one had ${largest} bytes`);
    },
  },
  {
    title: 'T-002 empty content is content',
    async run(world) {
      const ref = await world.store.putContent(chunks());
      assert.equal(ref.sizeBytes, 0);
      assert.deepEqual(await collect(world.store.readContent(ref)), []);
      const [claim] = [await world.submit({ content: { inline: text('') } })];
      assert.equal((await world.get(claim)).sizeBytes, 0);
    },
  },
  {
    title: 'T-002 damaged content fails with ECORRUPT at its end',
    needs: ['damage'],
    async run(world) {
      const { content } = await world.get(await world.submit());
      await world.under.damage?.(content);
      assert.equal(await codeOf(collect(world.store.readContent(content))), 'ECORRUPT');
    },
  },
  {
    title: 'T-003 damaged content never comes along with a claim, and stops no other message',
    needs: ['damage'],
    async run(world) {
      const damaged = await world.submit();
      await world.submit();
      await world.under.damage?.((await world.get(damaged)).content);
      const [first, second] = await world.claim(smtp, { inlineBytes: 10_000 });
      assert.equal(first?.inline, undefined);
      assert(second?.inline);
    },
  },
  {
    title: 'T-002 content that is not there fails with ENOTFOUND',
    async run(world) {
      assert.equal(await codeOf(collect(world.store.readContent({ ref: 'nowhere', sizeBytes: 1, digest: '00' }))), 'ENOTFOUND');
    },
  },
  {
    title: 'T-010 a source that fails or is aborted leaves nothing, and its reason is the answer',
    async run(world) {
      const failing = async function* () {
        yield text('half');
        throw Object.assign(new Error('the source broke'), { code: 'ESOURCE' });
      };
      assert.equal(await codeOf(world.store.putContent(failing())), 'ESOURCE');
      const reason = Object.assign(new Error('stop'), { code: 'ESTOP' });
      assert.equal(await codeOf(world.store.putContent(chunks('x'), AbortSignal.abort(reason))), 'ESTOP');
    },
  },
  {
    title: 'U-040 content that two messages share stays until both are gone',
    async run(world) {
      const ref = await world.store.putContent(chunks('shared'));
      const [first, second] = [await world.submit({ content: ref }), await world.submit({ content: ref })];
      await world.settleFrom(first, ['queued'], { status: { state: 'cancelled', at: world.now } });
      await world.settle({ id: first, guard: { from: ['cancelled'] }, then: 'remove' });
      assert.equal(Buffer.concat(await collect(world.store.readContent(ref))).toString(), 'shared');
      await world.settle({ id: second, guard: { from: ['queued'] }, then: 'remove' });
      assert.equal(await codeOf(collect(world.store.readContent(ref))), 'ENOTFOUND');
    },
  },
];

async function* repeated(piece: Uint8Array, times: number, seen: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < times; count += 1) {
    seen(piece);
    yield piece;
  }
}

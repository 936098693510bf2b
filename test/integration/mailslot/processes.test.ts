// Two processes of one computer, with much to say, and a hub under a flood.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailslotHost } from 'mailspool/providers/mailslot';
import { expect, test } from 'vitest';
import { faultsOf, flooded } from '../../bench/flood.ts';
import { receiver } from '../../bench/mailslot-process.ts';

test('S-016 S-017 two processes exchange 100,000 local messages of 424 bytes, none lost and in order', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailslots-'));
  const host = mailslotHost({ name: 'ann', directory });
  const answers = await host.createMailslot('\\\\.\\mailslot\\answers');
  const other = await receiver({
    role: 'slot',
    slot: '\\\\.\\mailslot\\questions',
    host: { name: 'ann', directory },
    echo: '\\\\.\\mailslot\\answers',
  });
  const count = 100_000;
  const writer = await host.openMailslot('\\\\.\\mailslot\\questions');
  const written = (async () => {
    const under = new Set<Promise<unknown>>();
    for (let number = 0; number < count; number += 1) {
      const message = Buffer.alloc(424, number);
      message.writeUInt32BE(number);
      const one = writer.write(message);
      under.add(one);
      void one.then(() => under.delete(one));
      if (under.size >= 64) await Promise.race(under);
    }
    await Promise.all(under);
  })();
  const wrong: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const data = Buffer.from((await answers.read())?.data ?? []);
    if (data.length !== 424 || data.readUInt32BE() !== number || data[423] !== (number & 0xff)) wrong.push(number);
  }
  await written;
  expect(wrong).toEqual([]);
  expect(await other.told()).toMatchObject({ came: count, outOfOrder: 0, messageCount: 0 });
  expect(answers.info().messageCount).toBe(0);
  await writer.close();
  await answers.close();
  await host.close();
  await other[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test.each([
  ['is read', true],
  ['nobody reads', false],
])('S-037 S-038 a flood to a slot that %s: memory stays flat, each datagram is counted, none is answered', async (_what, reads) => {
  const result = await flooded({ rate: 20_000, seconds: 4, reads, port: reads ? 5_141 : 5_142 });
  expect(faultsOf(result)).toEqual([]);
  expect(result.offered).toBeGreaterThan(20_000);
  for (const reason of ['malformed', 'notForUs', 'noSuchSlot', 'repeated', 'delivered'])
    expect([reason, result.counters[reason]]).not.toEqual([reason, 0]);
  expect(result.waiting).toBeLessThanOrEqual(10_000);
  if (!reads) expect(result.counters['queueFull']).toBeGreaterThan(0);
});

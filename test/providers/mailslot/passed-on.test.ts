// The handle of a slot in another thread.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { receiveMailslot } from 'mailspool/providers/mailslot';
import { expect, onTestFinished, test, vi } from 'vitest';
import { computer, text } from './computers.ts';

const busy = { timeout: 30_000, interval: 5 };

const program = pathToFileURL(join(import.meta.dirname, 'reader-program.ts')).href;

async function passedToWorker() {
  const host = computer();
  const slot = await host.createMailslot('\\\\.\\mailslot\\work');
  const own = slot.duplicate();
  const [slotPorts, wordPorts] = [new MessageChannel(), new MessageChannel()];
  const worker = new Worker(`import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(program)})))`, {
    eval: true,
    execArgv: ['--conditions=mailspool-source'],
    workerData: { slotPort: slotPorts.port2, wordPort: wordPorts.port2 },
    transferList: [slotPorts.port2, wordPorts.port2],
  });
  onTestFinished(async () => void (await worker.terminate()));
  const said: unknown[] = [];
  wordPorts.port1.on('message', (word) => void said.push(word));
  const hear = async (): Promise<unknown> => {
    await vi.waitUntil(() => said.length > 0, busy);
    return said.shift();
  };
  await slot.transfer(slotPorts.port1);
  expect(await hear()).toBe('has work of today');
  const ask = async (word: string): Promise<unknown> => {
    wordPorts.port1.postMessage(word);
    return await hear();
  };
  const writer = await host.openMailslot('\\\\.\\mailslot\\work');
  return { host, slot, own, worker, writer, ask, hear };
}

test('S-013 a handle that is passed on to another thread reads, inspects and sets there, with the same errors, and is closed here', async () => {
  const { slot, own, writer, ask } = await passedToWorker();
  await expect(slot.read()).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  await writer.write('one');
  expect(await ask('info')).toMatchObject({ messageCount: 1, nextMessageSize: 3, readTimeout: 'forever' });
  expect(await ask('read little')).toEqual({ name: 'MailslotBufferTooSmallError', code: 'EINSUFFICIENTBUFFER', required: 3 });
  expect(await ask('read')).toBe('one');
  await ask('hurry');
  expect(own.info().readTimeout).toBe(0);
  expect(await ask('read')).toBeUndefined();
  expect(await ask('nonsense')).toMatchObject({ code: 'EINVALID' });
  await own.close();
});

test('S-013 S-008 the slot lives as long as one handle, wherever that is', async () => {
  const { host, own, writer, ask } = await passedToWorker();
  await own.close();
  await writer.write('still there');
  expect(await ask('read')).toBe('still there');
  await ask('close');
  await vi.waitUntil(async () => (await host.openMailslot('\\\\.\\mailslot\\work').catch(() => undefined)) === undefined, busy);
  expect(await ask('read')).toMatchObject({ name: 'MailslotClosedError', code: 'EINVALIDOBJECT' });
});

test('S-013 S-008 a handle goes with the thread that has it', async () => {
  const { host, own, worker, ask } = await passedToWorker();
  await own.close();
  void ask('read').catch(() => undefined);
  await Promise.all([once(worker, 'exit'), worker.terminate()]);
  await vi.waitUntil(async () => (await host.openMailslot('\\\\.\\mailslot\\work').catch(() => undefined)) === undefined, busy);
});

test('S-013 S-034 a read in the other thread that is given up takes nothing, and the next message is there for the next', async () => {
  const { own, writer, ask } = await passedToWorker();
  expect(await ask('read and give up')).toMatchObject({ name: 'TimeoutError' });
  await writer.write('one');
  expect(await ask('read')).toBe('one');
  await own.close();
});

test('S-013 S-030 what is read one after the other comes in order, each message to one of two handles', async () => {
  const { own, writer, ask, hear } = await passedToWorker();
  await writer.write('one');
  await writer.write('two');
  expect(await ask('all')).toBe('one');
  expect(await hear()).toBe('two');
  await writer.write('three');
  expect(await hear()).toBe('three');
  expect(own.info().messageCount).toBe(0);
  await own.close();
});

test('S-013 without a port that is handed over explicitly nobody gets a handle', async () => {
  const host = computer();
  await using slot = await host.createMailslot('\\\\.\\mailslot\\work');
  const { port1, port2 } = new MessageChannel();
  const waiting = receiveMailslot(port2);
  port1.close();
  await expect(waiting).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  await (await host.openMailslot('\\\\.\\mailslot\\work')).write('mine');
  expect(text(await slot.read())).toBe('mine');
});

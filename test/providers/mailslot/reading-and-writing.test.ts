import { describe, expect, test } from 'vitest';
import { virtualTime } from 'mailspool/testing';
import type { MailslotHost } from 'mailspool/providers/mailslot';
import { computer, newDirectory, text } from './computers.ts';

const name = '\\\\.\\mailslot\\notices';

describe.each(['the same process', 'another process'])('from %s', (from) => {
  function twoEnds(): { readonly owner: MailslotHost; readonly sender: MailslotHost } {
    const directory = newDirectory();
    const owner = computer({ directory });
    return { owner, sender: from === 'the same process' ? owner : computer({ directory }) };
  }

  test('S-016 S-030 messages of several writers come one by one, whole, in the order of arrival', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name);
    const writers = [await sender.openMailslot(name), await sender.openMailslot(name), await sender.openMailslot(name)];
    const large = 'x'.repeat(200_000);
    await Promise.all(writers.flatMap((writer, w) => Array.from({ length: 100 }, (_, n) => writer.write(`${w} ${n} ${n % 10 === 0 ? large : ''}`))));
    const seen = new Map<string, number>();
    for (let count = 0; count < 300; count += 1) {
      const [w = '', n = '', rest] = (text(await slot.read()) ?? '').split(' ');
      expect([Number(n), rest]).toEqual([seen.get(w) ?? 0, Number(n) % 10 === 0 ? large : '']);
      seen.set(w, Number(n) + 1);
    }
    expect(slot.info().messageCount).toBe(0);
  });

  test('S-017 when a write returns, the message counts', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name);
    const writer = await sender.openMailslot(name);
    expect(await writer.write('twelve bytes')).toEqual({ bytes: 12, outcome: 'stored' });
    expect(slot.info()).toMatchObject({ messageCount: 1, nextMessageSize: 12 });
  });

  test('S-018 a name that nobody created cannot be opened', async () => {
    await expect(twoEnds().sender.openMailslot(name)).rejects.toMatchObject({ code: 'ENOTFOUND', field: 'name' });
  });

  test('S-021 a message over the slot’s limit is refused and not there; without a limit any size goes', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name, { maxMessageSize: 10 });
    const writer = await sender.openMailslot(name);
    expect(writer.maxMessageSize).toBe(10);
    await expect(writer.write('eleven byte')).rejects.toMatchObject({ code: 'EMAXSIZE', maxBytes: 10 });
    await writer.write('ten bytes!');
    expect(slot.info()).toMatchObject({ maxMessageSize: 10, messageCount: 1 });
    await using any = await owner.createMailslot('\\\\.\\mailslot\\any');
    await (await sender.openMailslot(any.address)).write(Buffer.alloc(20_000_000, 7));
    expect((await any.read())?.data.length).toBe(20_000_000);
  });

  test('S-025 an empty message is a message', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name, { readTimeout: 0 });
    await (await sender.openMailslot(name)).write('');
    expect(slot.info()).toMatchObject({ messageCount: 1, nextMessageSize: 0 });
    expect((await slot.read())?.data.length).toBe(0);
    expect(await slot.read()).toBeUndefined();
  });

  test('a full slot lets local writers wait, and nothing is lost', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name, { maxQueuedMessages: 3 });
    const writer = await sender.openMailslot(name);
    const written = Promise.all(Array.from({ length: 50 }, (_, n) => writer.write(String(n))));
    await expect.poll(() => slot.info().messageCount).toBe(3);
    const read: (string | undefined)[] = [];
    for (let n = 0; n < 50; n += 1) read.push(text(await slot.read()));
    expect(read).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    await written;
  });

  test('whoever waits for room may give up', async () => {
    const { owner, sender } = twoEnds();
    await using _slot = await owner.createMailslot(name, { maxQueuedMessages: 1 });
    const writer = await sender.openMailslot(name);
    await writer.write('one');
    const giving = new AbortController();
    const waiting = expect(writer.write('two', { signal: giving.signal })).rejects.toThrow('enough');
    giving.abort(new Error('enough'));
    await waiting;
  });

  test('what is written may be changed at once by who wrote it', async () => {
    const { owner, sender } = twoEnds();
    await using slot = await owner.createMailslot(name);
    for (const size of [5, 50_000]) {
      const buffer = Buffer.alloc(size, 'a');
      const written = (await sender.openMailslot(name)).write(buffer);
      buffer.fill('b');
      await written;
      expect(text(await slot.read())).toBe('a'.repeat(size));
    }
  });
});

describe('reading', () => {
  test('S-031 a read that allows less than the next message leaves it where it is', async () => {
    const here = computer();
    await using slot = await here.createMailslot(name);
    const writer = await here.openMailslot(name);
    await writer.write('twelve bytes');
    await expect(slot.read({ maxBytes: 11 })).rejects.toMatchObject({ code: 'EINSUFFICIENTBUFFER', required: 12 });
    expect(slot.info()).toMatchObject({ messageCount: 1, nextMessageSize: 12 });
    expect(text(await slot.read({ maxBytes: 12 }))).toBe('twelve bytes');
    // Also where the read was there first; the next one gets it.
    const tooSmall = expect(slot.read({ maxBytes: 2 })).rejects.toMatchObject({ code: 'EINSUFFICIENTBUFFER' });
    const next = slot.read();
    await writer.write('three');
    await tooSmall;
    expect(text(await next)).toBe('three');
  });

  test('S-032 with a timeout of 0 an empty slot answers at once, and that is no error', async () => {
    const clock = virtualTime();
    await using slot = await computer({ clock }).createMailslot(name, { readTimeout: 0 });
    expect(await slot.read()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('S-033 a read waits as long as the timeout says, and no longer than until a message comes', async () => {
    const clock = virtualTime();
    const here = computer({ clock });
    await using slot = await here.createMailslot(name, { readTimeout: 5_000 });
    let answer: unknown = 'none yet';
    const first = slot.read().then((message) => (answer = message));
    await clock.advance(4_999);
    expect(answer).toBe('none yet');
    await clock.advance(1);
    await first;
    expect(answer).toBeUndefined();
    const second = slot.read();
    await clock.advance(1_000);
    await (await here.openMailslot(name)).write('early');
    expect(text(await second)).toBe('early');
    expect(clock.pending).toBe(0);
  });

  test('S-034 a read that waits for ever ends with a message, a close or an abort', async () => {
    const clock = virtualTime();
    const here = computer({ clock });
    const slot = await here.createMailslot(name);
    const message = slot.read();
    await clock.advance('30d');
    await (await here.openMailslot(name)).write('at last');
    expect(text(await message)).toBe('at last');
    const leaving = new AbortController();
    const aborted = expect(slot.read({ signal: leaving.signal })).rejects.toThrow('no longer');
    leaving.abort(new Error('no longer'));
    await aborted;
    const closed = expect(slot.read()).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
    await slot.close();
    await closed;
  });

  test('S-034 an aborted read takes no message with it', async () => {
    const here = computer();
    await using slot = await here.createMailslot(name);
    const leaving = new AbortController();
    const aborted = slot.read({ signal: leaving.signal }).catch(() => 'aborted');
    leaving.abort();
    await (await here.openMailslot(name)).write('for who stays');
    expect([await aborted, text(await slot.read())]).toEqual(['aborted', 'for who stays']);
  });

  test('S-035 the slot has one timeout for all its handles; a read that waits keeps its own', async () => {
    const clock = virtualTime();
    await using slot = await computer({ clock }).createMailslot(name);
    await using second = slot.duplicate();
    let ended = false;
    const waiting = slot.read().finally(() => (ended = true));
    second.setReadTimeout(10);
    expect([slot.info().readTimeout, second.info().readTimeout]).toEqual([10, 10]);
    const later = slot.read();
    await clock.advance(10);
    expect(await later).toBeUndefined();
    expect(ended).toBe(false);
    await slot.close();
    await expect(waiting).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('S-035 a timeout of %d is refused', async (timeout) => {
    const here = computer();
    await using slot = await here.createMailslot(name);
    expect(() => slot.setReadTimeout(timeout)).toThrow(expect.objectContaining({ code: 'EINVALID', field: 'readTimeout' }) as Error);
    await expect(here.createMailslot('\\\\.\\mailslot\\x', { readTimeout: timeout })).rejects.toMatchObject({ code: 'EINVALID' });
    await using free = await here.createMailslot('\\\\.\\mailslot\\x');
    expect(free.info().readTimeout).toBe('forever');
  });

  test('S-036 info tells the largest size, the next size, how many wait and the timeout', async () => {
    const here = computer();
    await using slot = await here.createMailslot(name, { maxMessageSize: 100, readTimeout: 7 });
    expect(slot.info()).toEqual({ maxMessageSize: 100, messageCount: 0, readTimeout: 7, dropped: 0 });
    const writer = await here.openMailslot(name);
    await writer.write('one');
    await writer.write('three');
    expect(slot.info()).toEqual({ maxMessageSize: 100, nextMessageSize: 3, messageCount: 2, readTimeout: 7, dropped: 0 });
    await slot.read();
    expect(slot.info()).toMatchObject({ nextMessageSize: 5, messageCount: 1 });
  });

  test('for await gives message after message, whatever the timeout, until the handle closes', async () => {
    const here = computer();
    const slot = await here.createMailslot(name, { readTimeout: 0 });
    const writer = await here.openMailslot(name);
    const read: (string | undefined)[] = [];
    const reading = (async () => {
      for await (const message of slot) read.push(text(message));
    })();
    await writer.write('one');
    await writer.write('two');
    await expect.poll(() => read).toEqual(['one', 'two']);
    await slot.close();
    await reading;
  });
});

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { virtualTime } from 'mailspool/testing';
import { computer, newDirectory, text } from './computers.ts';

const name = '\\\\.\\mailslot\\notices';

test('S-001 a slot exists under its name from its creation on, for every process', async () => {
  const directory = newDirectory();
  const here = computer({ directory });
  await expect(here.openMailslot(name)).rejects.toMatchObject({ code: 'ENOTFOUND', name: 'MailslotNotFoundError' });
  await using slot = await here.createMailslot(name);
  expect(slot.address).toEqual({ scope: 'local', path: ['notices'] });
  await using writer = await here.openMailslot(name);
  await writer.write('one');
  expect(text(await slot.read())).toBe('one');
  await (await computer({ directory }).openMailslot(name)).write('two');
  expect(text(await slot.read())).toBe('two');
});

test.each(['\\\\HERE\\mailslot\\notices', '\\\\OTHER\\mailslot\\notices', '\\\\*\\mailslot\\notices', '\\\\.\\pipe\\notices'])(
  'S-001 S-006 %s cannot be created: slots are made on their own computer, by its dot',
  async (elsewhere) => {
    await expect(computer().createMailslot(elsewhere)).rejects.toMatchObject({ code: 'EINVALID', field: 'name' });
  },
);

test('S-002 pseudo-directories make different slots', async () => {
  const here = computer();
  await using bob = await here.createMailslot('\\\\.\\mailslot\\taxes\\bob');
  await using other = await here.createMailslot('\\\\.\\mailslot\\bob');
  await (await here.openMailslot('\\\\.\\mailslot\\taxes\\bob')).write('yours');
  expect([bob.info().messageCount, other.info().messageCount]).toEqual([1, 0]);
});

test('S-003 letter case means nothing, to whoever creates and whoever opens', async () => {
  const directory = newDirectory();
  const here = computer({ directory });
  await using slot = await here.createMailslot('\\\\.\\mailslot\\Notices');
  await expect(here.createMailslot('\\\\.\\MAILSLOT\\nOTICES')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(computer({ directory }).createMailslot('\\\\.\\MAILSLOT\\nOTICES')).rejects.toMatchObject({ code: 'EEXIST' });
  await (await computer({ directory }).openMailslot('\\\\.\\mailslot\\NOTICES')).write('one');
  expect(slot.info().messageCount).toBe(1);
});

test('S-005 a name is taken by one, also among processes, and the first slot stays as it is', async () => {
  const directory = newDirectory();
  const here = computer({ directory });
  await using slot = await here.createMailslot(name);
  const writer = await here.openMailslot(name);
  await writer.write('before');
  for (const process of [here, computer({ directory })])
    await expect(process.createMailslot(name)).rejects.toMatchObject({ code: 'EEXIST', name: 'MailslotExistsError', field: 'name' });
  await writer.write('after');
  expect([text(await slot.read()), text(await slot.read())]).toEqual(['before', 'after']);
});

test('S-005 of twenty processes that create one name at once one has it', async () => {
  const directory = newDirectory();
  const tries = await Promise.allSettled(Array.from({ length: 20 }, async () => await computer({ directory }).createMailslot(name)));
  const made = tries.filter(({ status }) => status === 'fulfilled');
  expect(made).toHaveLength(1);
  expect(tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))).toEqual(Array.from({ length: 19 }, () => 'EEXIST'));
});

test('S-008 with the last handle the slot, its name and its unread messages vanish', async () => {
  const directory = newDirectory();
  const here = computer({ directory });
  const slot = await here.createMailslot(name);
  await (await here.openMailslot(name)).write('unread');
  const second = slot.duplicate();
  await slot.close();
  expect(second.info().messageCount).toBe(1);
  await second.close();
  expect(readdirSync(directory)).toEqual([]);
  for (const process of [here, computer({ directory })]) await expect(process.openMailslot(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await using again = await computer({ directory }).createMailslot(name);
  expect(again.info().messageCount).toBe(0);
});

test('S-009 a handle that closes leaves the others all they had', async () => {
  const here = computer();
  await using slot = await here.createMailslot(name);
  const second = slot.duplicate();
  await (await here.openMailslot(name)).write('one');
  await second.close();
  await second.close();
  await expect(second.read()).rejects.toMatchObject({ code: 'EINVALIDOBJECT', name: 'MailslotClosedError' });
  expect(text(await slot.read())).toBe('one');
});

test('S-009 closing a handle ends its own waiting reads, not those of others', async () => {
  const here = computer();
  await using slot = await here.createMailslot(name);
  const second = slot.duplicate();
  const lost = expect(second.read()).rejects.toMatchObject({ code: 'EINVALIDOBJECT' });
  const kept = slot.read();
  await second.close();
  await lost;
  await (await here.openMailslot(name)).write('one');
  expect(text(await kept)).toBe('one');
});

test('S-010 writers end with the slot: what they write later fails and is nowhere', async () => {
  const directory = newDirectory();
  const here = computer({ directory });
  const slot = await here.createMailslot(name);
  const near = await here.openMailslot(name);
  const far = await computer({ directory }).openMailslot(name);
  await slot.close();
  await using again = await here.createMailslot(name);
  await expect(near.write('late')).rejects.toMatchObject({ code: 'EINVALIDOBJECT', name: 'MailslotClosedError' });
  await expect.poll(async () => await far.write('late').catch((error: { code: string }) => error.code)).toBe('EINVALIDOBJECT');
  expect(again.info().messageCount).toBe(0);
});

test('S-011 what a process that was killed left behind is in nobody’s way', async () => {
  const directory = newDirectory();
  const owner = fork(join(import.meta.dirname, 'owner-process.ts'), [directory, name], {
    execArgv: ['--conditions=mailspool-source', '--import=tsx'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  await once(owner, 'message');
  const here = computer({ directory });
  const writer = await here.openMailslot(name);
  await writer.write('lost with its reader');
  await expect(here.createMailslot(name)).rejects.toMatchObject({ code: 'EEXIST' });
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(readdirSync(directory)).toHaveLength(1);
  await expect(computer({ directory }).openMailslot(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await using slot = await here.createMailslot(name);
  expect(slot.info().messageCount).toBe(0);
  await (await computer({ directory }).openMailslot(name)).write('one');
  expect(text(await slot.read())).toBe('one');
});

test('S-011 of twenty processes that find a dead one’s name, one has it', async () => {
  const directory = newDirectory();
  const owner = fork(join(import.meta.dirname, 'owner-process.ts'), [directory, name], {
    execArgv: ['--conditions=mailspool-source', '--import=tsx'],
  });
  await once(owner, 'message');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const tries = await Promise.allSettled(Array.from({ length: 20 }, async () => await computer({ directory }).createMailslot(name)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(computer({ directory }).openMailslot(name)).resolves.toBeDefined();
});

test('S-012 whoever writes has nothing to read, inspect or change', async () => {
  const here = computer();
  await using slot = await here.createMailslot(name);
  const writer = await here.openMailslot(slot.address);
  for (const member of ['read', 'info', 'setReadTimeout', 'duplicate', Symbol.asyncIterator]) expect(member in writer).toBe(false);
});

test('S-012 the socket of a slot is its user’s alone, unless others are given access', async () => {
  const modeOf = async (access?: 'group' | 'everyone') => {
    const directory = newDirectory();
    await using _slot = await computer({ directory }).createMailslot(name, access ? { access } : {});
    const [file = ''] = readdirSync(directory);
    return [lstatSync(directory), lstatSync(join(directory, file))].map(({ mode }) => (mode & 0o777).toString(8));
  };
  expect([await modeOf(), await modeOf('group'), await modeOf('everyone')]).toEqual([
    ['700', '600'],
    ['710', '660'],
    ['711', '666'],
  ]);
});

test('S-021 a slot that others may write to takes no message that would fill its owner’s memory', async () => {
  const here = computer();
  await using slot = await here.createMailslot(name, { access: 'everyone', maxQueuedBytes: 1_000 });
  expect(slot.info().maxMessageSize).toBe(1_000);
  await using writer = await here.openMailslot(name);
  await expect(writer.write(Buffer.alloc(1_001))).rejects.toMatchObject({ code: 'EMAXSIZE' });
  await using own = await here.createMailslot('\\\\.\\mailslot\\own', { maxQueuedBytes: 1_000 });
  expect(own.info().maxMessageSize).toBe(0);
});

test('S-012 a directory that others can write to is refused', async () => {
  const directory = join(newDirectory(), 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  await expect(computer({ directory }).createMailslot(name)).rejects.toMatchObject({ code: 'ECONFIG', field: 'directory' });
});

test('a directory whose name is too long for sockets is refused with the field', () => {
  expect(() => computer({ directory: `/tmp/${'x'.repeat(100)}` })).toThrow(expect.objectContaining({ code: 'ECONFIG', field: 'directory' }) as Error);
});

test('S-014 a slot tells when it was created', async () => {
  const clock = virtualTime({ startAt: '2030-05-01T12:00:00Z' });
  await using slot = await computer({ clock }).createMailslot(name);
  expect(slot.createdAt).toEqual(new Date('2030-05-01T12:00:00Z'));
});

test('S-015 who owns a slot may write to it, too', async () => {
  const here = computer();
  await using slot = await here.createMailslot(name);
  const writer = await here.openMailslot(name);
  await writer.write('to myself');
  expect(text(await slot.read())).toBe('to myself');
});

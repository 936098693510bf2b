// The template does what it tells its readers to do.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { template } from 'mailspool/providers/template';
import type { InboundMessage } from 'mailspool/provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collect, outboundMessage } from '../../../src/testing/provider-suite/outbound-message.ts';
import { logonOptions, testSupport } from '../../../src/testing/provider-suite/support.ts';

const signal = new AbortController().signal;
let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'mailspool-template-'))));
afterEach(() => rm(directory, { recursive: true }));

const inDirectory = (...path: string[]) => join(directory, ...path);
const loggedOn = () => template({ outbox: inDirectory('out'), inbox: inDirectory('in') }).logon(testSupport(), logonOptions());

/** One turn of `startMessage`: what was saved, or what was asked. */
function turn(known: readonly string[] = [], save: () => Promise<void> = async () => undefined) {
  const seen: { reference?: string; content?: string; saved?: true } = {};
  const message: InboundMessage = {
    reference: '1',
    wanted: {},
    setReference: async (reference) => {
      seen.reference = reference;
      return known.includes(reference) ? 'alreadyReceived' : 'new';
    },
    setContent: async (source) => void (seen.content = Buffer.from(await collect(source)).toString()),
    setProperties: () => undefined,
    setRecipients: () => undefined,
    saveChanges: async () => {
      await save();
      seen.saved = true;
      return 'saved';
    },
  };
  return { seen, message };
}

test('a message becomes a file with its bytes', async () => {
  const session = await loggedOn();
  const message = outboundMessage({ id: 'm1', to: ['a', 'b'], raw: 'Subject: x\r\n\r\nx\r\n' });
  expect(await session.submitMessage?.(message, signal)).toEqual({ outcome: 'accepted', remoteId: 'm1.1-2.eml' });
  expect(await readdir(inDirectory('out'))).toEqual(['m1.1-2.eml']);
  expect(await readFile(inDirectory('out', 'm1.1-2.eml'), 'utf8')).toBe('Subject: x\r\n\r\nx\r\n');
});

test('T-015 a message that was cancelled on the way is not to be seen', async () => {
  const session = await loggedOn();
  const message = outboundMessage({ handingOver: () => Promise.reject(Object.assign(new Error('cancelled'), { code: 'ECANCEL' })) });
  await expect(session.submitMessage?.(message, signal)).rejects.toMatchObject({ code: 'ECANCEL', outcome: 'notSent' });
  expect(await readdir(inDirectory('out'))).toEqual([]);
});

test('M-078 M-081 files are received one by one, in order of name, until there is none', async () => {
  const session = await loggedOn();
  expect(await session.poll?.(signal)).toBe(false);
  for (const name of ['b.eml', 'a.eml', 'c.tmp', '.d.eml']) await writeFile(inDirectory('in', name), name);
  expect(await session.poll?.(signal)).toBe(true);
  const turns = [turn(), turn(), turn()];
  for (const { message } of turns) await session.startMessage?.(message, signal);
  expect(turns.map(({ seen }) => seen)).toEqual([
    { reference: 'a.eml', content: 'a.eml', saved: true },
    { reference: 'b.eml', content: 'b.eml', saved: true },
    {},
  ]);
  expect(await readdir(inDirectory('in', 'cur'))).toEqual(['a.eml', 'b.eml']);
});

test('T-052 a file stays where it is until it is saved; one that was received already is only put away', async () => {
  const session = await loggedOn();
  await writeFile(inDirectory('in', 'a.eml'), 'a');
  await expect(session.startMessage?.(turn([], () => Promise.reject(new Error('full'))).message, signal)).rejects.toThrow('full');
  expect(await readdir(inDirectory('in', 'cur'))).toEqual([]);

  const again = turn(['a.eml']);
  await session.startMessage?.(again.message, signal);
  expect(again.seen).toEqual({ reference: 'a.eml' });
  expect(await readdir(inDirectory('in', 'cur'))).toEqual(['a.eml']);
});

test('a missing directory is named', () => {
  expect(() => template({ outbox: 'x', inbox: '' })).toThrow(expect.objectContaining({ code: 'ECONFIG', field: 'inbox' }) as Error);
});

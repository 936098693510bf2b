// Messages come out of a store as they went in, with what has become of them, and never by halves.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MailspoolError } from '../../../src/errors.ts';
import { exportMessages } from '../../../src/index.ts';
import type { Message } from '../../../src/message/message.ts';
import { recipientRow, storedMessage } from './fake-spooler.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'mailspool-export-'))));
afterEach(() => rm(folder, { recursive: true }));

const contents: Readonly<Record<string, Buffer>> = {
  a: Buffer.from('Subject: a\r\n\r\nFrom here\r\n>From there\r\n\u00e9'),
  b: Buffer.concat([Buffer.from('Subject: b\r\n\r\n'), Buffer.from([0, 255, 10, 13, 10]), Buffer.alloc(200_000, 'xyz')]),
};

/** `gone` and `damaged` are what their names say; in small chunks, so that boundaries fall everywhere. */
const source = (messages: readonly Message[]) => ({
  list: async function* () {
    yield* messages;
  },
  raw: async (id: string) => {
    if (id === 'gone') throw new MailspoolError('ENOTFOUND', 'its retention is over');
    return Readable.from(pieces(id), { objectMode: false });
  },
});

function* pieces(id: string) {
  if (id === 'damaged') {
    yield Buffer.from('half of it');
    throw new MailspoolError('ECORRUPT', 'not what was written');
  }
  const bytes = contents[id] ?? Buffer.alloc(0);
  for (let from = 0; from < bytes.length; from += 1000) yield bytes.subarray(from, from + 1000);
}

const message = (id: string, more: Partial<Message> = {}) => storedMessage(id, { submitTime: Date.UTC(2026, 2, 1, 12), ...more });
const four = [message('a'), message('b'), message('gone'), message('damaged')];
const lines = (jsonLines: string) =>
  jsonLines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; raw?: string | null; file?: string | null });

describe('exportMessages', () => {
  it('eml: a file for each message with its very bytes, an index with its state, nobody else may read them', async () => {
    const to = join(folder, 'mail');
    const exported = await exportMessages(source(four), { format: 'eml', to });
    expect(exported).toMatchObject({ messages: 4, contentGone: ['gone'], damaged: ['damaged'] });
    expect(exported.bytes).toBe((contents['a']?.length ?? 0) + (contents['b']?.length ?? 0));
    expect((await readdir(to)).sort()).toEqual(['a.eml', 'b.eml', 'messages.jsonl']);
    for (const id of ['a', 'b']) expect((await readFile(join(to, `${id}.eml`))).equals(contents[id] as Buffer)).toBe(true);
    const index = lines(await readFile(join(to, 'messages.jsonl'), 'utf8'));
    expect(index.map(({ id, file }) => [id, file])).toEqual([
      ['a', 'a.eml'],
      ['b', 'b.eml'],
      ['gone', null],
      ['damaged', null],
    ]);
    expect(index[0]).toMatchObject({ recipients: [{ status: { state: 'queued' } }] });
    expect(await readdir(folder)).toEqual(['mail']);
  });

  it('X-019 no identifier leads out of the folder', async () => {
    const to = join(folder, 'mail');
    await exportMessages(source(['../up', '/etc/x', '..', 'a\u0000b'].map((id) => message(id))), { format: 'eml', to });
    expect(await readdir(folder)).toEqual(['mail']);
    expect((await readdir(to)).sort()).toEqual(['%2E%2E%2Fup.eml', '%2E%2E.eml', '%2Fetc%2Fx.eml', 'a%00b.eml', 'messages.jsonl']);
  });

  it('jsonl: an object on each line, the bytes in base64', async () => {
    const to = join(folder, 'mail.jsonl');
    await exportMessages(source(four), { format: 'jsonl', to });
    const [a, b, gone, damaged] = lines(await readFile(to, 'utf8'));
    expect(Buffer.from(a?.raw ?? '', 'base64').equals(contents['a'] as Buffer)).toBe(true);
    expect(Buffer.from(b?.raw ?? '', 'base64').equals(contents['b'] as Buffer)).toBe(true);
    expect([gone?.raw, damaged?.raw]).toEqual([null, null]);
  });

  it('mbox: lines that look like its own are quoted, state and identifier are headers, no address can add one', async () => {
    const evil = recipientRow('x\nX-Evil: \u202e@test', { status: { state: 'relayed', at: 1 } });
    const stream = new PassThrough();
    const messages = [
      message('a', { recipients: [evil], returnPath: null }),
      message('gone'),
      message('b', { direction: 'inbound', folder: 'Inbox' }),
    ];
    const whole = text(stream);
    await exportMessages(source(messages), { format: 'mbox', to: stream });
    stream.end();
    const mbox = await whole;
    expect(mbox.split('\n').slice(0, 8)).toEqual([
      'From MAILER-DAEMON Sun Mar  1 12:00:00 2026',
      'X-Mailspool-Id: a',
      'X-Mailspool-State: relayed x?X-Evil: ?@test',
      'Subject: a',
      '',
      '>From here',
      '>>From there',
      '\u00e9',
    ]);
    expect(mbox.match(/^From /gm)).toHaveLength(2);
    expect(mbox).toContain('X-Mailspool-State: received Inbox\n');
  });

  it('since: only what is as new or newer', async () => {
    const stream = new PassThrough();
    const whole = text(stream);
    const since = Date.UTC(2026, 5, 1);
    const messages = [message('a'), message('b', { submitTime: since })];
    expect(await exportMessages(source(messages), { format: 'jsonl', to: stream, since })).toMatchObject({ messages: 1 });
    stream.end();
    expect(lines(await whole).map(({ id }) => id)).toEqual(['b']);
  });

  it.each(['eml', 'mbox', 'jsonl'] as const)('%s: what is broken off leaves nothing behind', async (format) => {
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('enough'));
    const broken = exportMessages(source(four), { format, to: join(folder, 'mail'), signal: abort.signal, onProgress });
    await expect(broken).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  it('a target that exists, that cannot be written, or a stream for files is refused', async () => {
    await mkdir(join(folder, 'mail'));
    const refused = { code: 'EINVALID', field: 'to' };
    await expect(exportMessages(source(four), { format: 'eml', to: join(folder, 'mail') })).rejects.toMatchObject(refused);
    await expect(exportMessages(source(four), { format: 'mbox', to: join(folder, 'none', 'mail') })).rejects.toMatchObject(refused);
    await expect(exportMessages(source(four), { format: 'eml', to: new PassThrough() })).rejects.toMatchObject(refused);
    expect(await readdir(folder)).toEqual(['mail']);
  });

  it('a reader that goes away ends it', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const exporting = exportMessages(source(four), { format: 'jsonl', to: stream });
    setImmediate(() => stream.destroy());
    await expect(exporting).rejects.toMatchObject({ code: 'ECANCEL' });
  });
});

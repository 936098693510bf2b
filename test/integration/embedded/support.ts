// What tests of the embedded store hand it, and how they open one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryId, SessionKey } from '../../../src/message/recipient.ts';
import { embeddedStore, type EmbeddedStoreOptions } from '../../../src/store/embedded/embedded-store.ts';
import type { ContentRef, MessageStore, NewMessage, StoreSupport } from '../../../src/store/message-store.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { systemRandom } from '../../../src/time/random.ts';

export const route = { session: 'work/smtp' as SessionKey };

export interface Logged {
  readonly fields: object;
  readonly text: string;
}

export function supportOf(given: Partial<StoreSupport> = {}, warnings: Logged[] = []): StoreSupport {
  const silent = () => undefined;
  return {
    clock: systemClock,
    random: systemRandom,
    logger: { debug: silent, info: silent, warn: (fields, text) => warnings.push({ fields, text }), error: silent },
    queueChanged: silent,
    spoolerNotify: async () => undefined,
    completeMessage: async () => undefined,
    ...given,
  };
}

/** Closed by `await using`. */
export async function openStore(options: EmbeddedStoreOptions, given?: Partial<StoreSupport>, warnings?: Logged[]): Promise<MessageStore> {
  const store = embeddedStore(options);
  await store.open(supportOf(given, warnings));
  return store;
}

let count = 0;

export function message(content: Uint8Array | ContentRef = Buffer.from('Subject: hello\r\n\r\nHello\r\n')): NewMessage {
  count += 1;
  return {
    content: content instanceof Uint8Array ? { inline: content } : content,
    folder: 'Outbox',
    properties: { messageId: `<${count}@example.org>` },
    returnPath: { type: 'SMTP', address: 'ann@example.org' },
    priority: 0,
    report: {},
    afterSend: {},
    guarantee: 'atLeastOnce',
    onUnknown: 'resend',
    recipients: [{ id: 1, kind: 'to', type: 'SMTP', address: 'bob@example.net', status: { state: 'queued' }, route }],
  };
}

export async function submitOne(store: MessageStore, content?: Uint8Array | ContentRef): Promise<EntryId> {
  const [submitted] = await store.submit([message(content)]);
  if (submitted?.result !== 'stored') throw new Error('the message was not stored');
  return submitted.id;
}

export async function allIds(store: MessageStore): Promise<EntryId[]> {
  const ids: EntryId[] = [];
  for await (const { id } of store.find({})) ids.push(id);
  return ids;
}

export const claimAll = async (store: MessageStore, inlineBytes = 0) =>
  (await store.claim([{ queue: route, messages: 1000, bytes: 1e9 }], { name: 'ann', until: systemClock.now() + 60_000, inlineBytes })).claims;

export interface Scratch extends AsyncDisposable {
  readonly directory: string;
}

/** A directory for one test; the store makes its own below. */
export async function scratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-embedded-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

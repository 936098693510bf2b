// A small true spooler surface in memory, for tests of what is around it: one list of messages, one feed.
import { Readable } from 'node:stream';
import { MailspoolError } from '../../../src/errors.ts';
import type { SpoolerSurface } from '../../../src/host/control/surface.ts';
import type { Message } from '../../../src/message/message.ts';
import type { Cursor, EntryId, RecipientRow, SessionKey } from '../../../src/message/recipient.ts';
import type { SubmitMessage, SubmitOptions } from '../../../src/message/submit-message.ts';
import type { AccountRow, SendResult } from '../../../src/spooler/contract.ts';
import type { Change } from '../../../src/store/message-store.ts';

export interface Taken {
  readonly message: SubmitMessage;
  readonly options: SubmitOptions;
  /** Streams read to their end. */
  readonly bytes: Readonly<Record<string, Buffer>>;
}

export interface FakeSpooler extends SpoolerSurface, AsyncDisposable {
  readonly taken: Taken[];
  /** What was asked for, beside submitting and looking. */
  readonly calls: readonly unknown[][];
  readonly messages: Message[];
  readonly disposed: () => boolean;
  announce(id: string): void;
  /** Aborted waits, by name. */
  readonly aborted: string[];
}

const columns = { displayName: 'x', statusText: 'logged on', gate: null, progress: null, remoteValidateOk: true, flags: { available: true } };
const accounts: readonly AccountRow[] = [
  {
    name: 'work',
    identities: ['ann@work.test'],
    sessions: [
      {
        session: 'work/smtp' as SessionKey,
        provider: 'smtp',
        place: 1,
        addressTypes: ['SMTP', 'X400'],
        status: { ...columns, id: 'work/smtp' as SessionKey, methods: [], queued: 3, gate: { reason: 'authRequired' } },
      },
    ],
  },
  { name: null, identities: [], sessions: [{ session: 'rest' as SessionKey, provider: 'rest', place: 2, addressTypes: null }] },
];

export function fakeSpooler(messages: Message[] = []): FakeSpooler {
  const taken: Taken[] = [];
  const calls: unknown[][] = [];
  const called = (...call: unknown[]): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  const bulk = (verb: string, where: unknown) => {
    calls.push([verb, where]);
    return Promise.resolve({ changed: messages.map(({ id }) => id), unchanged: [] });
  };
  const aborted: string[] = [];
  const listeners = new Set<(change: Change) => void>();
  let disposed = false;
  const found = (id: EntryId): Message => {
    const message = messages.find((each) => each.id === id);
    if (message === undefined) throw new MailspoolError('ENOTFOUND', `there is no message ${id}`, { field: 'id' });
    return message;
  };
  return {
    taken,
    calls,
    messages,
    aborted,
    disposed: () => disposed,
    announce: (id) => {
      for (const listener of listeners) listener({ type: 'changed', id: id as EntryId, folder: 'Outbox', cursor: '1' as Cursor, at: 0 });
    },
    submit: async (message, options = {}) => {
      const bytes = await readStreams(message);
      if (message.to === undefined && message.raw === undefined)
        throw new MailspoolError('ENORECIPIENTS', 'the message has no recipient', { field: 'to' });
      taken.push({ message, options, bytes });
      return { id: 'id-1' as EntryId, messageId: '<1@test>', envelope: { from: 'ann@test', to: ['bob@test'] }, existing: false };
    },
    settled: async (id, { signal } = {}) => {
      const message = messages.find((each) => each.id === id);
      if (message === undefined) await untilAbort(signal, 'settled', aborted);
      return { id, accepted: [], rejected: [], recipients: message?.recipients ?? [], messageId: '<1@test>' } as unknown as SendResult;
    },
    list: async function* () {
      yield* messages;
    },
    get: (id) => Promise.resolve(messages.find((each) => each.id === id)),
    raw: (id) => Promise.resolve(Readable.from([Buffer.from(`Subject: ${found(id).properties.subject}\r\n\r\n`), Buffer.alloc(1_000_000, 'x')])),
    explain: (where) => {
      const explained = typeof where === 'string' ? [found(where)] : messages.filter(({ folder }) => folder === where.folder);
      return Promise.resolve(
        explained.flatMap(({ id, recipients }) =>
          recipients.map((recipient) => ({ id, recipient, sentence: 'It waits.', whoCanChange: 'spooler' as const })),
        ),
      );
    },
    cancel: (id) =>
      Promise.resolve(
        found(id).folder === 'Outbox' ? { result: 'cancelled' as const } : { result: 'tooLate' as const, reason: 'notQueued' as const },
      ),
    retry: (where) => Promise.resolve({ changed: typeof where === 'string' ? [where] : messages.map(({ id }) => id), unchanged: [] }),
    hold: (where) => bulk('hold', where),
    release: (where) => bulk('release', where),
    purge: (where) => bulk('purge', where),
    resolve: (id, recipient, verdict) => called('resolve', id, recipient, verdict),
    reschedule: (id, at) => {
      calls.push(['reschedule', id, at]);
      return Promise.resolve(
        found(id).folder === 'Outbox' ? { result: 'rescheduled' as const } : { result: 'tooLate' as const, reason: 'notQueued' as const },
      );
    },
    clone: async (id, changes) => {
      await called('clone', id, changes);
      return { id: 'copy' as EntryId, messageId: '<copy@test>', envelope: { from: 'ann@test', to: ['bob@test'] }, existing: false };
    },
    flush: ({ signal: _signal, ...options } = {}) => called('flush', options),
    suspend: (session) => called('suspend', session),
    resume: (session) => called('resume', session),
    mark: (id, mark) => called('mark', id, mark),
    statusObject: (row) => ({ validateState: (request) => called('validateState', row, request) }),
    listAccounts: () => Promise.resolve(accounts),
    setTransportOrder: (order) => called('setTransportOrder', order),
    status: () => Promise.resolve([]),
    changes: async function* ({ signal } = {}) {
      const waiting: Change[] = [];
      let wake: () => void = () => undefined;
      const listener = (change: Change) => {
        waiting.push(change);
        wake();
      };
      listeners.add(listener);
      signal?.addEventListener('abort', () => wake(), { once: true });
      while (signal?.aborted !== true) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      listeners.delete(listener);
      aborted.push('changes');
    },
    [Symbol.asyncDispose]: () => {
      disposed = true;
      return Promise.resolve();
    },
  };
}

async function untilAbort(signal: AbortSignal | undefined, name: string, aborted: string[]): Promise<never> {
  return await new Promise((_, reject) => {
    signal?.addEventListener('abort', () => {
      aborted.push(name);
      reject(signal.reason as Error);
    });
  });
}

async function readStreams(message: SubmitMessage): Promise<Record<string, Buffer>> {
  const bytes: Record<string, Buffer> = {};
  const take = async (name: string, value: unknown) => {
    if (value instanceof Readable) bytes[name] = Buffer.concat((await value.toArray()) as Buffer[]);
    else if (value instanceof Uint8Array) bytes[name] = Buffer.from(value);
  };
  // The last first: whoever feeds the streams must not depend on the order in which they are read.
  for (const [at, attachment] of [...(message.attachments ?? []).entries()].reverse()) await take(`attachments[${at}]`, attachment.content);
  await take('raw', message.raw);
  await take('text', message.text);
  return bytes;
}

export const recipientRow = (address: string, row: Partial<RecipientRow> = {}): RecipientRow => ({
  id: 1,
  type: 'SMTP',
  address,
  kind: 'to',
  status: { state: 'queued' },
  attempts: 0,
  ...row,
});

export const storedMessage = (id: string, message: Partial<Message> = {}): Message => ({
  id: id as EntryId,
  direction: 'outbound',
  folder: 'Outbox',
  properties: { subject: `Subject of ${id}` },
  recipients: [recipientRow('bob@test')],
  returnPath: { type: 'SMTP', address: 'ann@test' },
  sizeBytes: 1234,
  submitTime: 1_700_000_000_000,
  priority: 0,
  report: {},
  afterSend: {},
  guarantee: 'atLeastOnce',
  onUnknown: 'resend',
  ...message,
});

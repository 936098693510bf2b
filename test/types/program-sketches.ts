// Programs around a spooler, checked by `npm run types` and never run: a mail client's backend, a nodemailer program, a
// test, a part replaced by a module, a store of one's own.
import {
  ContainerModule,
  createSpooler,
  embeddedStore,
  isMailspoolError,
  memoryStore,
  nodemailerTransport,
  tokens,
  type CancelResult,
  type Change,
  type Cursor,
  type MessageStore,
  type RetryPolicy,
  type SendResult,
  type Spooler,
  type SpoolerOptions,
} from 'mailspool';
import { imap } from 'mailspool/providers/imap';
import { loopback } from 'mailspool/providers/loopback';
import { smtp } from 'mailspool/providers/smtp';
import { fakeSmtp, virtualTime } from 'mailspool/testing';
import { createTransport } from 'nodemailer';

export async function backend(options: Omit<SpoolerOptions, 'store'>, after: Cursor, show: (id: string, cursor: Cursor) => void): Promise<void> {
  await using spooler = await createSpooler({ ...options, store: embeddedStore({ directory: './spool' }) });
  await spooler.start();
  const { id } = await spooler.submit({ to: 'bob@test', text: 'Hi' }, { account: 'work', sendAt: { afterMs: 10_000 } });
  const answer: CancelResult = await spooler.cancel(id);
  if (answer.result === 'partial') for (const row of answer.tooLate) show(row.address, after);
  for await (const change of spooler.changes({ after })) if (change.type === 'newMail') show(change.id, change.cursor);
}

export const accounts = (pass: string): Promise<Spooler> =>
  createSpooler({
    store: memoryStore(),
    accounts: [
      {
        name: 'work',
        identities: ['ann@work.test'],
        connections: 3,
        credentials: { get: async () => ({ user: 'ann', pass }) },
        providers: [smtp('smtps://mail.work.test'), imap('imaps://mail.work.test')],
      },
    ],
  });

export async function nodemailerProgram(spooler: Spooler): Promise<string> {
  const transporter = createTransport(nodemailerTransport(spooler));
  const { messageId } = await transporter.sendMail({ from: 'ann@test', to: 'bob@test', subject: 'Hi', text: 'Hi' });
  return messageId;
}

export async function test(): Promise<SendResult> {
  const clock = virtualTime();
  await using server = await fakeSmtp({ clock });
  await using spooler = await createSpooler({ clock, store: memoryStore({ clock }), providers: [smtp(server.url)] });
  await spooler.start();
  const { id } = await spooler.submit({ from: 'ann@test', to: 'bob@test', text: 'Hi' }, { onUnknown: 'hold' });
  return await spooler.settled(id, { until: ['uncertain'] });
}

const patient: RetryPolicy = { next: ({ attempt }) => (attempt < 3 ? { afterMs: 60_000 } : 'giveUp'), warnAfterMs: [], lifetimeMs: 86_400_000 };

export const replaced = (): Promise<Spooler> =>
  createSpooler({
    store: memoryStore(),
    retry: patient,
    modules: [new ContainerModule(({ bind }) => void bind(tokens.provider).toConstantValue(loopback()))],
  });

export function addresses(spooler: Spooler): Promise<unknown> {
  const slot = { type: 'MAILSLOT', address: '\\\\.\\mailslot\\news' };
  return spooler.submit({ from: 'ann@test', to: ['bob@test', slot], text: 'Hi' }, { priority: 4, report: { delivery: true }, idempotencyKey: 'one' });
}

export async function queue(spooler: Spooler): Promise<string[]> {
  await spooler.retry({ states: ['failed', 'expired'] }, { dryRun: true });
  const explained: string[] = [];
  for await (const { id } of spooler.list({ states: ['deferred'] })) {
    for (const { sentence } of await spooler.explain(id)) explained.push(sentence);
  }
  return explained;
}

export const tell = (change: Change): string => {
  switch (change.type) {
    case 'newMail':
      return change.messageClass;
    case 'gap':
      return 'list again';
    case 'submitted':
    case 'changed':
    case 'finished':
    case 'removed':
      return change.id;
  }
};

export const remedy = (error: unknown): string => (isMailspoolError(error) ? `${error.code}: ${error.remedy}` : 'unknown');

/** A store of one's own wraps or implements the contract; each call is one commit. */
export function audited(store: MessageStore, audit: (what: string) => void): MessageStore {
  return {
    capabilities: store.capabilities,
    open: (support) => store.open(support),
    putContent: (source, signal) => store.putContent(source, signal),
    readContent: (ref) => store.readContent(ref),
    submit: (messages) => store.submit(messages),
    claim: (demands, owner) => store.claim(demands, owner),
    renew: (leases, until) => store.renew(leases, until),
    settle: async (settlements) => {
      audit(settlements.map(({ id }) => id).join(' '));
      return store.settle(settlements);
    },
    received: (session, references) => store.received(session, references),
    headersOnly: (session, references) => store.headersOnly(session, references),
    receive: (messages) => store.receive(messages),
    get: (ids) => store.get(ids),
    find: (filter, after) => store.find(filter, after),
    lookup: (message) => store.lookup(message),
    queues: () => store.queues(),
    changes: (after, signal) => store.changes(after, signal),
    load: (keys) => store.load(keys),
    save: (sections) => store.save(sections),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

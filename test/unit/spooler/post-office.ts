// A store that is tightly coupled with a transport, for the tests: mail to recipients of the type HOUSE is delivered
// inside the store, in the commit that stores or settles the message. Everything else is the inner store's.
import type { EntryId, Recipient, RecipientRow, SessionKey } from '../../../src/message/recipient.ts';
import { isFinal, stateNames } from '../../../src/message/transitions.ts';
import type {
  Claim,
  LeaseOwner,
  MessageStore,
  NewMessage,
  Settlement,
  StoredMessage,
  StoreSupport,
  Submitted,
} from '../../../src/store/message-store.ts';

export interface PostOfficeOptions {
  /** The spooler completes what is delivered here, so that its hooks see it. */
  readonly completes?: boolean;
  /** What the store is told when it may not deliver now. */
  readonly closed?: () => boolean;
}

export interface PostOffice<Store extends MessageStore> {
  readonly store: Store;
  /** What the spooler handed over when it opened the store. */
  support(): StoreSupport;
  /** Messages that the spooler claimed. */
  readonly claimed: ReadonlySet<EntryId>;
  /** What was said to the spooler, and what came of it. */
  readonly said: readonly Promise<string>[];
}

const house = 'house' as SessionKey;
const carries = ({ type }: Recipient): boolean => type === 'HOUSE';
const leaseMs = 30_000;

export function postOffice<Store extends MessageStore>(
  inner: Store,
  { completes = false, closed = () => false }: PostOfficeOptions = {},
): PostOffice<Store> {
  let support: StoreSupport | undefined;
  let ready: Promise<void> | undefined;
  const claimed = new Set<EntryId>();
  const said: Promise<string>[] = [];

  const say = (what: string, saying: Promise<void> | undefined) =>
    void said.push(
      (saying ?? Promise.resolve()).then(
        () => what,
        (error: unknown) => `${what}: ${String(error)}`,
      ),
    );
  const arrived = (id: EntryId | undefined) => {
    if (id !== undefined) say('newMailReceived', support?.spoolerNotify({ type: 'newMailReceived', entryId: id }));
  };
  const complete = (id: EntryId) => say('completeMessage', support?.completeMessage(id));

  const own: Partial<MessageStore> = {
    capabilities: { ...inner.capabilities, coupled: { carries } },

    async open(given) {
      support = given;
      await inner.open(given);
    },

    async submit(messages) {
      if (messages.some(isResend)) await (ready ??= support?.spoolerNotify({ type: 'readyToSend' }));
      const groups = messages.map((message) => (support && !closed() ? delivered(message, support.clock.now(), completes) : [message]));
      const answers = await inner.submit(groups.flat());
      return await Promise.all(groups.map(async (group) => await submitted(group, answers.splice(0, group.length))));
    },

    async claim(demands, owner) {
      const answer = await inner.claim(demands, owner);
      for (const { message } of answer.claims) claimed.add(message.id);
      return answer;
    },

    async settle(settlements) {
      const results = await inner.settle(settlements);
      for (const settlement of settlements) if (settlement.own && !closed()) await settleOwn(settlement, settlement.own);
      return results;
    },
  };

  async function submitted([message, copy]: readonly NewMessage[], [answer, copied]: readonly Submitted[]): Promise<Submitted> {
    if (!message || !answer) throw new Error('no answer');
    if (!copy || copied?.result !== 'stored') return answer;
    arrived(copied.id);
    if (message.finishedAt === undefined && message.recipients.every(isDone)) complete(answer.id);
    if (message.finishedAt !== undefined && message.afterSend.delete)
      await inner.settle([{ id: answer.id, guard: { from: stateNames }, then: 'remove' }]);
    return answer;
  }

  /** After preprocessing: claims what is its own, and delivers in one commit. */
  async function settleOwn({ id }: Settlement, ids: readonly number[]): Promise<void> {
    const owner: LeaseOwner = { name: 'post office', until: (support?.clock.now() ?? 0) + leaseMs, inlineBytes: 0 };
    const { claims } = await inner.claim([{ queue: { message: id }, messages: 1, bytes: 1 }], owner);
    for (const claim of claims) {
      const [settled] = await inner.settle([settlementOf(claim, ids, owner.until - leaseMs)]);
      arrived(settled?.submitted?.[0]);
      const [message] = await inner.get([id]);
      if (message?.recipients.every(isDone)) complete(id);
    }
  }

  const store = new Proxy(inner, {
    get(target, key) {
      const value: unknown = Reflect.get(key in own ? own : target, key);
      return typeof value === 'function' ? (value.bind(key in own ? own : target) as unknown) : value;
    },
  });
  return {
    store,
    claimed,
    said,
    support() {
      if (!support) throw new Error('the store was not opened');
      return support;
    },
  };
}

/** The message with its own recipients delivered, filed where nothing is left to do, and the copy that they receive. */
function delivered(message: NewMessage, now: number, completes: boolean): readonly NewMessage[] {
  const isLater = message.submitState?.preprocess === true || (message.dueAt ?? 0) > now || message.receivedBy !== undefined;
  const mine = message.recipients.filter((row) => carries(row) && !isDone(row));
  if (isLater || mine.length === 0) return [message];
  const recipients = message.recipients.map((row) => (mine.includes(row) ? { ...row, status: { state: 'delivered', at: now } as const } : row));
  const filed = !completes && recipients.every(isDone) && { finishedAt: now, folder: message.afterSend.moveTo ?? message.folder };
  const { idempotencyKey } = message;
  return [
    { ...message, recipients, ...filed },
    { ...copyFor(message, mine), ...(idempotencyKey !== undefined && { idempotencyKey: `${idempotencyKey}/house` }) },
  ];
}

function settlementOf({ lease, message }: Claim, ids: readonly number[], now: number): Settlement {
  const mine = message.recipients.filter(({ id, status }) => ids.includes(id) && status.state === 'claimed');
  return {
    id: message.id,
    guard: lease,
    recipients: mine.map(({ id }) => ({ recipient: id, status: { state: 'delivered', at: now }, countAttempt: true })),
    ...(mine.length > 0 && { submit: [copyFor(message, mine)] }),
  };
}

function copyFor(message: NewMessage | StoredMessage, recipients: readonly Recipient[]): NewMessage {
  const { content, properties, returnPath, report, submitTime } = message;
  return {
    content,
    properties,
    returnPath,
    report,
    ...(submitTime !== undefined && { submitTime }),
    recipients: recipients.map(({ id, type, address, kind }) => ({ id, type, address, kind, status: { state: 'queued' } })),
    folder: 'Inbox',
    receivedBy: house,
    priority: 0,
    afterSend: {},
    guarantee: 'atLeastOnce',
    onUnknown: 'resend',
  };
}

const isResend = ({ recipients }: NewMessage): boolean => recipients.some(({ kind, submitted }) => kind === 'p1' || submitted);

const isDone = ({ submitted, status }: Pick<RecipientRow, 'submitted' | 'status'>): boolean => submitted === true || isFinal(status.state);

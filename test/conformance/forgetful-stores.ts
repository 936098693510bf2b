// Stores that are wrong on purpose in what they keep of claims, settlements, arrivals and names, each in one thing, and the
// cases of the suite that see it.
import { Readable } from 'node:stream';
import type { EntryId, RecipientState, StateName } from '../../src/message/recipient.ts';
import type {
  Change,
  Claim,
  ContentRef,
  Demand,
  LeaseOwner,
  MessageStore,
  NewReceived,
  RecipientChange,
  Settled,
  Settlement,
  StoredMessage,
  Submitted,
} from '../../src/store/message-store.ts';
import { leave, Store, withThen, type Cursor, type WrongStore } from './wrong-stores.ts';

export const forgetfulStores: Readonly<Record<string, WrongStore>> = {
  'keeps its claims when it is closed': {
    caughtBy: ['U-008 an orderly', 'M-028 after', 'T-004 calls', 'U-006 due', 'U-008 U-019 the', 'U-008 what'],
    Store: class extends Store {
      override async [Symbol.asyncDispose](): Promise<void> {}
    },
  },
  'offers what is held': {
    caughtBy: ['M-062 held', 'M-072 whoever', 'T-012 then'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const queued = (status: RecipientState): RecipientState => (status.state === 'held' ? { state: 'queued' } : status);
        return super.settle(
          settlements.map((one) => withRecipients(one, (change) => (change.status ? { ...change, status: queued(change.status) } : change))),
        );
      }
    },
  },
  'writes reports apart from what they are about': {
    caughtBy: ['T-043 under a lease', 'M-064 a', 'M-071 a', 'T-010 T-068 whichever', 'T-043 a', 'T-043 reports'],
    Store: class extends Store {
      override async settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const settled = await super.settle(settlements.map((one) => leave(one, 'submit')));
        const reports = settlements.flatMap(({ submit = [] }) => submit);
        if (reports.length > 0) await this.submit(reports);
        return settled;
      }
    },
  },
  'stores a message as often as it comes': {
    caughtBy: [
      'T-052 the same reference again',
      'T-052 the same reference twice',
      'M-011 another',
      'M-081 received',
      'M-110 a completed',
      'M-110 a message',
      'M-110 headers have',
      'M-110 whoever',
      'T-001 a kill loses',
      'T-052 received',
      'U-048 a whole',
      'U-048 an',
    ],
    Store: class extends Store {
      #count = 0;
      override receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        return super.receive(messages.map((one) => ({ ...one, reference: `${one.reference}#${++this.#count}` })));
      }
    },
  },
  'reads content into memory': {
    caughtBy: ['T-002 content of several', 'T-002 empty'],
    Store: class extends Store {
      override readContent(ref: ContentRef): Readable {
        return Readable.from(inOne(super.readContent(ref)));
      }
    },
  },
  'tells a wrong length': {
    caughtBy: ['T-002 content carries', 'T-002 empty', 'U-005 content that nobody', 'U-040 content'],
    Store: class extends Store {
      override async putContent(...args: Parameters<MessageStore['putContent']>): Promise<ContentRef> {
        const ref = await super.putContent(...args);
        return { ...ref, sizeBytes: ref.sizeBytes + 1 };
      }
    },
  },
  'does not say when a message was submitted': {
    caughtBy: ['M-026'],
    Store: class extends Store {
      override async get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
        return (await super.get(ids)).map((message) => message && leave(message, 'submitTime'));
      }
    },
  },
  'forgets what other systems call a message': {
    caughtBy: ['U-057', 'T-001 a kill loses'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map((one) => withRecipients(one, (change) => leave(change, 'remoteId'))));
      }
    },
  },
  'keeps received mail that a hook had deleted': {
    caughtBy: ['M-085 a hook'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(
          settlements.map((one) =>
            withThen(one, (then) =>
              typeof then === 'object' && 'notifyNewMail' in then ? { notifyNewMail: leave(then.notifyNewMail, 'delete') } : then,
            ),
          ),
        );
      }
    },
  },
  'forgets who had a chance': {
    caughtBy: ['M-017 M-021'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map((one) => withRecipients(one, (change) => leave(change, 'passed'))));
      }
    },
  },
  'takes failed and expired for the end': {
    caughtBy: ['U-004', 'T-017 claims'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const open = (state: StateName): boolean => state !== 'failed' && state !== 'expired';
        return super.settle(settlements.map((one) => ('from' in one.guard ? { ...one, guard: { from: one.guard.from.filter(open) } } : one)));
      }
    },
  },
  'keeps the first time that it was given': {
    caughtBy: ['M-035 a later', 'M-029 an'],
    Store: class extends Store {
      override settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        return super.settle(settlements.map((one) => ({ ...one, ...(one.message && { message: leave(one.message, 'dueAt') }) })));
      }
    },
  },
  'reads its feed from the beginning': {
    caughtBy: ['M-085 a reader', 'M-029 the', 'M-029 what', 'M-085 new', 'M-085 without', 'M-109 a', 'T-001 a kill loses', 'U-005 a'],
    Store: class extends Store {
      override changes(_after: Cursor, signal: AbortSignal): AsyncIterable<Change> {
        return super.changes('' as Cursor, signal);
      }
    },
  },
  'takes all for everybody, whatever the claim covers': {
    caughtBy: ['M-041 under'],
    Store: class extends Store {
      override async settle(settlements: readonly Settlement[]): Promise<Settled[]> {
        const widened: Settlement[] = [];
        for (const one of settlements) {
          const [message] = await this.inner.get([one.id]);
          const everybody = message?.recipients.map(({ id }) => id) ?? [];
          const recipients = one.recipients?.flatMap((change) =>
            change.recipient === 'all' ? everybody.map((recipient) => ({ ...change, recipient })) : [change],
          );
          widened.push({ ...one, ...(recipients && { recipients }) });
        }
        return super.settle(widened);
      }
    },
  },
  'does not show who has a message': {
    caughtBy: [
      'M-038',
      'M-033 recipients',
      'M-039 each',
      'M-061 a',
      'M-072 compare-and-set changes',
      'T-014 U-019 after',
      'T-015 a',
      'U-007 a hand-over that was written down is',
      'U-019 a lease that ran out cannot',
      'U-019 of',
      'U-020 a',
    ],
    Store: class extends Store {
      override async get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]> {
        return (await super.get(ids)).map((message) => message && { ...message, recipients: message.recipients.map(unclaimed) });
      }
    },
  },
  'reads what it gives out, and stops at what is damaged': {
    caughtBy: ['T-003'],
    Store: class extends Store {
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const answer = await super.claim(demands, owner);
        for (const { message } of answer.claims) if ('ref' in message.content) await this.readContent(message.content).toArray();
        return answer;
      }
    },
  },
  'says of each claim but the first that one was lost': {
    caughtBy: ['T-017 a claim', 'T-017 a message that was lost', 'T-017 claims that'],
    Store: class extends Store {
      readonly #claimed = new Set<EntryId>();
      override async claim(demands: readonly Demand[], owner: LeaseOwner): ReturnType<MessageStore['claim']> {
        const { claims, ...rest } = await super.claim(demands, owner);
        const said = claims.map((claim): Claim => (this.#claimed.has(claim.message.id) ? { recovered: 1, ...claim } : claim));
        for (const { message } of claims) this.#claimed.add(message.id);
        return { ...rest, claims: said };
      }
    },
  },
  'forgets a message when its headers come again': {
    caughtBy: ['M-110 headers again'],
    Store: class extends Store {
      override async receive(messages: readonly NewReceived[]): Promise<Submitted[]> {
        const submitted = await super.receive(messages);
        for (const [index, { id, result }] of submitted.entries()) {
          if (result !== 'existing' || !messages[index]?.headersOnly) continue;
          await super.settle([{ id, guard: { from: ['delivered', 'queued'] }, message: { headersOnly: true } }]);
        }
        return submitted;
      }
    },
  },
};

const withRecipients = (one: Settlement, change: (change: RecipientChange) => RecipientChange): Settlement =>
  one.recipients === undefined ? one : { ...one, recipients: one.recipients.map(change) };

const unclaimed = <Row extends { readonly status: RecipientState }>(row: Row): Row =>
  row.status.state === 'claimed' ? { ...row, status: { state: 'queued' } } : row;

async function* inOne(content: Readable): AsyncGenerator<Uint8Array> {
  yield Buffer.concat((await content.toArray()) as Uint8Array[]);
}

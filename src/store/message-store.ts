// The contract of a message store: outgoing queue, received and sent mail, profile; the only durable state. Each call
// is one commit or one query (U-013). Whoever writes a store runs the store suite of mailspool/testing against it.
import type { Readable } from 'node:stream';
import type { AfterSend, Message } from '../message/message.ts';
import type { Diagnostic } from '../message/outcome.ts';
import type { Cursor, EntryId, Recipient, RecipientRow, RecipientState, ReportRequest, Route, SessionKey, StateName } from '../message/recipient.ts';
import type { SendAt } from '../message/submit-message.ts';
import type { Filing } from '../provider/processors.ts';
import type { Logger, MessageLookup } from '../provider/spooler-support.ts';
import type { Clock, Instant } from '../time/clock.ts';
import type { Random } from '../time/random.ts';

export interface MessageStore extends AsyncDisposable {
  readonly capabilities: {
    /** Several spoolers may open it. */
    readonly shared: boolean;
    readonly durable: boolean;
    /**
     * Delivers these recipients itself: in `submit`, or where a settlement names them as its own. They get no route, and
     * the spooler sees only what is left over, what needs preprocessing, and what `completeMessage` names (M-109).
     */
    readonly coupled?: { carries(recipient: Recipient): boolean };
  };
  /** @throws ESTORELOCKED (T-007), ESTOREVERSION (T-070), ESTOREACCESS, ESTORE */
  open(support: StoreSupport): Promise<void>;
  /** Stores content that no message refers to yet; left unreferenced it is swept. */
  putContent(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ContentRef>;
  /** The stream fails with ECORRUPT at its end if digest or length differ (T-002). */
  readContent(ref: ContentRef): Readable;
  /** All or none (T-010). Resolves once it is on disk (T-001). A known idempotency key stores nothing (T-009). */
  submit(messages: readonly NewMessage[]): Promise<Submitted[]>;
  /**
   * Takes due entries of the demanded queues for `owner`. Within a queue: ascending submit order, or priority first
   * with every eighth claim the oldest (M-028). Content up to `inlineBytes` comes along.
   */
  claim(demands: readonly Demand[], owner: LeaseOwner): Promise<{ claims: Claim[]; nextDueAt?: Instant }>;
  /** Extends leases; says which are lost, and where a cancel waits. */
  renew(leases: readonly Lease[], until: Instant): Promise<{ lease: Lease; news: 'lost' | 'cancelRequested' }[]>;
  /** The only way to change a message. All settlements of one call are one commit; each is judged by its own guard. */
  settle(settlements: readonly Settlement[]): Promise<Settled[]>;
  /** Which of these references and aliases are known, whatever became of the messages since. */
  received(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>>;
  /** Of which of these the headers alone are here (M-110). */
  headersOnly(session: SessionKey, references: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Once per session and reference or alias: a known one answers `existing` and changes nothing. Where the headers alone
   * were here and this is the whole message, it is completed under its id and answers `stored`; of the marks only `move`
   * stays, since the server's copy is still to be removed (M-110).
   */
  receive(messages: readonly NewReceived[]): Promise<Submitted[]>;
  get(ids: readonly EntryId[]): Promise<(StoredMessage | undefined)[]>;
  /** In order of id. */
  find(filter: MessageFilter, after?: EntryId): AsyncIterable<StoredMessage>;
  lookup(message: MessageLookup): Promise<EntryId[]>;
  /** What was written after the cursor, then live until the signal aborts (it then ends without error). undefined: from now. */
  changes(after: Cursor | undefined, signal: AbortSignal): AsyncIterable<Change>;
  /** Which routes have something waiting or claimed, and how much; read at start and for the status table. */
  queues(): Promise<{ queue: Queue; entries: number }[]>;
  load(keys: readonly string[]): Promise<(Section | undefined)[]>;
  /** Compare-and-set on `version`: the version that was loaded, 0 for a new one; saved it is one higher (U-053). */
  save(sections: readonly Section[]): Promise<boolean[]>;
  /** One bounded piece of housekeeping; whether more waits. The spooler calls it in idle time. */
  sweep?(retention: Retention): Promise<{ more: boolean }>;
}

/** How long finished things stay. */
export interface Retention {
  /** Content of finished outbound messages. */
  readonly contentMs: number;
  /** Their records, and the change feed. */
  readonly recordMs: number;
  readonly idempotencyKeyMs: number;
}

export interface StoreSupport {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** These queues have something new, or something due earlier (M-029). */
  queueChanged(queues: readonly Queue[]): void;
  /**
   * All that a store may say (M-089). `readyToSend`, once before the first resend: resolves when the sessions are logged on
   * and registered (M-034). `newMailReceived`, by a coupled store: resolves when the inbound hooks have seen the message
   * and `notifyNewMail` was settled. @throws EUNKNOWNFLAGS, ENOACCESS, ENOTFOUND, ENOSUPPORT, ESTOPPED
   */
  spoolerNotify(news: StoreNotification): Promise<void>;
  /**
   * For a coupled store that handled every recipient of a message which was preprocessed, or whose end the hooks are to
   * see: cleanup, outbound hooks and filing. Resolves when it is filed: never await it inside `submit` or `settle`.
   * @throws ENOACCESS, ENOTFOUND, ENOSUPPORT, ESTOPPED
   */
  completeMessage(entryId: EntryId): Promise<void>;
}

export type StoreNotification = { readonly type: 'readyToSend' } | { readonly type: 'newMailReceived'; readonly entryId: EntryId };

/**
 * Where work waits. `intake`: outbound messages with recipients that have no route yet; a route: its deliveries;
 * `timers`: expiry, delay warnings, holds that end, verification; `finishing`: every recipient is final, the message
 * is not filed yet; `received`: saved, not yet announced; a message: whatever of it can be claimed.
 */
export type Queue = 'intake' | 'timers' | 'finishing' | 'received' | Route | { readonly message: EntryId };

export interface Demand {
  readonly queue: Queue;
  readonly messages: number;
  readonly bytes: number;
  readonly ordering?: 'submitTime' | 'priority';
}

export interface LeaseOwner {
  readonly name: string;
  readonly until: Instant;
  readonly inlineBytes: number;
}

/** A claim on one message in one queue; the fence grows with each claim, and a settlement with an older one is stale (T-014). */
export interface Lease {
  readonly id: EntryId;
  readonly queue: Queue;
  readonly fence: number;
}

/**
 * `message.recipients` show what is claimed by this lease as `claimed`. `recovered`: an earlier claim was lost with
 * its owner (T-017), `recovered` times.
 */
export interface Claim {
  readonly lease: Lease;
  readonly message: StoredMessage;
  readonly inline?: Uint8Array;
  readonly recovered?: number;
}

export interface ContentRef {
  readonly ref: string;
  readonly sizeBytes: number;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

export interface NewMessage extends Omit<Message, 'id' | 'direction' | 'recipients' | 'sizeBytes'> {
  readonly content: ContentRef | { readonly inline: Uint8Array };
  readonly recipients: readonly (Recipient & { readonly status: RecipientState; readonly route?: Route })[];
  /** Not offered before. */
  readonly dueAt?: Instant;
  readonly sendAt?: SendAt;
  /** When delay warnings are due. */
  readonly warnAt?: readonly Instant[];
  readonly idempotencyKey?: string;
  /** SHA-256 of what was given with the key (T-009). */
  readonly inputDigest?: string;
  /** Where it stands as received mail instead: a report for a sender on this host. */
  readonly receivedBy?: SessionKey;
  /** Filed in its folder already, by a coupled store that delivered it to every recipient (M-109). */
  readonly finishedAt?: Instant;
}

export interface NewReceived extends Pick<NewMessage, 'content' | 'properties' | 'returnPath'> {
  readonly session: SessionKey;
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly recipients: readonly Recipient[];
  readonly folder: string;
  readonly account?: string;
  readonly announce: boolean;
  /** What its sender asks for. */
  readonly report?: ReportRequest;
  readonly headersOnly?: boolean;
  /** With `headersOnly`: what the whole message has. */
  readonly sizeBytes?: number;
  readonly section?: Section;
}

export interface Submitted {
  readonly id: EntryId;
  readonly result: 'stored' | 'existing' | 'conflict';
}

export interface StoredMessage extends Message {
  readonly content: ContentRef;
  /** The bytes as submitted, where a preprocessor changed them (M-066). */
  readonly submitted?: ContentRef;
  /** Retention took the content: `readContent` fails with ENOTFOUND. */
  readonly contentGone?: true;
  readonly dueAt?: Instant;
  readonly sendAt?: SendAt;
  readonly warnAt?: readonly Instant[];
  readonly session?: SessionKey;
  readonly reference?: string;
  /** Whether news of an inbound message are wanted. */
  readonly announce?: boolean;
  /** Filed: set by `finished` and by `notifyNewMail`. */
  readonly finishedAt?: Instant;
}

/** A change of one message, under a guard. */
export interface Settlement {
  readonly id: EntryId;
  /** A lease, or compare-and-set: only recipients in one of these states are changed (M-072). */
  readonly guard: Lease | { readonly from: readonly StateName[] };
  readonly recipients?: readonly RecipientChange[];
  /** Preprocessing is over: a coupled store takes these with a claim of its own. What it leaves is offered again when it is due (M-109). */
  readonly own?: readonly number[];
  /** A field that is given as undefined is cleared. */
  readonly message?: Partial<Omit<NewMessage, 'recipients' | 'idempotencyKey' | 'inputDigest' | 'receivedBy' | 'finishedAt'>> & {
    /** Replaces the list; rows whose id stays keep their status unless `recipients` changes it. */
    readonly recipients?: readonly Recipient[];
  };
  /** Written in the same commit: reports, further messages (T-043). */
  readonly submit?: readonly NewMessage[];
  /** Whoever holds a lease on it learns at `renew`. */
  readonly cancelRequested?: true;
  /**
   * `release` (default): the lease ends and unchanged claimed recipients are queued again. `keep`: it stays.
   * `remove`: the message goes. `finished`: if every recipient is final the message is filed, else as `release`
   * (M-043, M-045). `notifyNewMail`: an inbound message is filed and announced (M-085).
   */
  readonly then?:
    | 'release'
    | 'keep'
    | 'remove'
    | { readonly finished: AfterSend }
    | { readonly notifyNewMail: Filing & { readonly announce: boolean } };
}

export interface RecipientChange {
  readonly recipient: number | 'all';
  readonly status?: RecipientState;
  readonly countAttempt?: boolean;
  readonly last?: Diagnostic;
  readonly readAt?: Instant;
  readonly notReadAt?: Instant;
  /** null: route it anew. */
  readonly route?: Route | null;
  /** One more that had its chance; null: everyone may be asked again. */
  readonly passed?: SessionKey | null;
  readonly remoteId?: string;
}

/** `changed`: ids of recipients whose change was applied; `unchanged`: rows as they are, whose state did not permit it. */
export interface Settled {
  readonly id: EntryId;
  readonly result: 'written' | 'stale' | 'notFound';
  readonly changed: readonly number[];
  readonly unchanged: readonly RecipientRow[];
  /** Ids of what `submit` wrote. */
  readonly submitted?: readonly EntryId[];
  /** Whether the message is filed now. */
  readonly finished?: boolean;
}

export interface MessageFilter extends Partial<Pick<Message, 'folder' | 'direction' | 'account' | 'tenant'>> {
  readonly ids?: readonly EntryId[];
  /** Some recipient is in one of these. */
  readonly states?: readonly StateName[];
  readonly route?: Route;
  /** Some recipient's address, whole, without regard to case. */
  readonly recipient?: string;
  /** Received by this session. */
  readonly session?: SessionKey;
  /** true: only such of which the headers alone are here; false: only whole ones. */
  readonly headersOnly?: boolean;
  /** Whether it has a mark. */
  readonly marked?: boolean;
}

export type Change = { readonly cursor: Cursor; readonly at: Instant } & (
  | { readonly type: 'newMail'; readonly id: EntryId; readonly folder: string; readonly messageClass: string; readonly session: SessionKey }
  | { readonly type: 'submitted' | 'changed' | 'finished' | 'removed'; readonly id: EntryId; readonly folder: string }
  /** The feed was trimmed past the cursor: list again. */
  | { readonly type: 'gap' }
);

/** A piece of durable profile: settings, positions, tokens. */
export interface Section {
  readonly key: string;
  readonly version: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly expiresAt?: Instant;
}

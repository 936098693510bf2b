// The surface of the engine: whatever the command line does is a call here.
import type { Readable } from 'node:stream';
import type { SentMessageInfo } from 'nodemailer';
import type { Observable } from 'rxjs';
import type { Diagnostic, Outcome } from '../message/outcome.ts';
import type { Address, Cursor, EntryId, RecipientRow, Route, SessionKey, StateName } from '../message/recipient.ts';
import type { Mark, Message } from '../message/message.ts';
import type { SendAt, SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { Postprocessor, Preprocessor } from '../provider/processors.ts';
import type { Credentials, Logger } from '../provider/spooler-support.ts';
import type { Gate, StatusColumns } from '../provider/status.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import type { FlushRequest, OptionDeclaration, TransportSession, ValidateRequest, Wanted } from '../provider/transport-session.ts';
import type { ReceiptConsent, ReceiptRefusal } from '../reports/receipt-policy.ts';
import type { Change, MessageFilter, MessageStore, Retention } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';

export interface SpoolerOptions {
  readonly store: MessageStore;
  /** In transport order (M-020). */
  readonly providers?: readonly TransportProvider[];
  /** Providers that belong together, with shared credentials and connections (M-007, M-008). */
  readonly accounts?: readonly AccountOptions[];
  readonly preprocessors?: readonly Preprocessor[];
  readonly postprocessors?: readonly Postprocessor[];
  readonly groups?: readonly GroupOptions[];
  /** Folder by message class (M-083). */
  readonly receiveFolders?: Readonly<Record<string, string>>;
  readonly addressBook?: { resolve(names: readonly string[], signal: AbortSignal): Promise<readonly (readonly Address[])[]> };
  readonly retry?: RetryPolicy;
  /** `store` (default): reports for senders on this host are received mail; `wire`: they are sent. */
  readonly reports?: 'store' | 'wire';
  readonly retention?: Partial<Retention>;
  readonly offline?: boolean;
  /** Permits providers and `configure` to ask a person. */
  readonly interactive?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  /** true: to the console; false or absent: silent. */
  readonly logger?: Logger | boolean;
  /** Inversify modules that replace parts. */
  readonly modules?: readonly object[];
}

export interface AccountOptions {
  readonly name: string;
  readonly providers: readonly TransportProvider[];
  /** Addresses whose mail goes through this account. */
  readonly identities?: readonly string[];
  /** At most this many connections at once, for all its providers (U-050). */
  readonly connections?: number;
  /** How much of incoming mail comes over where a flush or a group says nothing else: for sessions that can keep to it (M-110). */
  readonly wanted?: Wanted;
  readonly credentials?: { get(signal: AbortSignal, stale?: Credentials): Promise<Credentials> };
  /** Runs when a provider is unconfigured; true: try again (M-009, M-102). */
  configure?(request: { readonly interactive: boolean; readonly readOnly: boolean }, signal: AbortSignal): Promise<boolean>;
}

export interface RetryPolicy {
  next(failed: {
    readonly attempt: number;
    readonly diagnostic: Diagnostic;
    readonly message: Message;
    readonly route: Route;
  }): { readonly afterMs: number } | 'giveUp';
  /** Ages at which the sender hears of a delay. */
  readonly warnAfterMs: readonly number[];
  /** After this a message expires unless it says otherwise. */
  readonly lifetimeMs: number;
}

export interface GroupOptions {
  readonly name: string;
  readonly everyMs?: number;
  readonly everyMsOffline?: number;
  readonly on?: readonly ('start' | 'stop' | 'networkUp')[];
  readonly members: readonly ({ readonly account: string } & FlushRequest)[];
}

export interface Abortable {
  readonly signal?: AbortSignal;
}

export interface StopOptions {
  /**
   * Default `orderly`: what is in flight has `drainMs` to finish. `quiet` and `abort`: while something is in flight
   * nothing happens, and the result says so. `noWait`: first what is ready is sent, for `drainMs` at most. `purge`:
   * first everything is sent and fetched, however long that takes, unless `drainMs` is given (M-107).
   */
  readonly mode?: 'abort' | 'quiet' | 'orderly' | 'noWait' | 'purge';
  /** Default 10,000; 0: what is in flight is aborted at once (U-061). */
  readonly drainMs?: number;
}

/** What there was left to do when it stopped, or did not (M-108). */
export interface StopResult {
  /** Nothing was broken off; false also where `quiet` or `abort` refused. */
  readonly complete: boolean;
  /** A message is being received, or handed over. */
  readonly inbound: boolean;
  readonly outbound: boolean;
  readonly queued: number;
}

export interface Spooler extends AsyncDisposable {
  /** News, never truth. Hot; a listener that throws hurts nobody else (U-022). */
  readonly events$: Observable<SpoolerEvent>;
  /** Mail as it is announced, each with its cursor. */
  readonly newMail$: Observable<Extract<Change, { type: 'newMail' }>>;
  /** The status table at each change, the latest first on subscription; also while sessions log on for the first time. */
  readonly status$: Observable<readonly StatusRow[]>;
  start(): Promise<void>;
  stop(options?: StopOptions): Promise<StopResult>;
  suspend(session?: SessionKey): Promise<void>;
  resume(session?: SessionKey): Promise<void>;
  setOffline(offline: boolean): Promise<void>;
  /** Resolves once the message is on disk. @throws EINVALID, ENORECIPIENTS, EDUPLICATE, ESTORE */
  submit(message: SubmitMessage, options?: SubmitOptions): Promise<SubmitReceipt>;
  /** Resolves when every recipient is final or uncertain, or in one of `until`. @throws ENOTFOUND, ESTOPPED */
  settled(id: EntryId, options?: { readonly until?: readonly StateName[] } & Abortable): Promise<SendResult>;
  /** @throws ENOTFOUND */
  cancel(id: EntryId): Promise<CancelResult>;
  /** The lifetime moves along, unless the sender gave its end. @throws ENOTFOUND, EINVALID behind that end */
  reschedule(id: EntryId, sendAt: SendAt): Promise<RescheduleResult>;
  /** By whatever way there is now. Unchanged: what does not wait or has not failed, and what retention took the content of. */
  readonly retry: BulkVerb;
  readonly hold: BulkVerb;
  readonly release: BulkVerb;
  /** Takes waiting recipients from the queue; removes received mail that is named by its id, or by `direction: 'inbound'`. */
  readonly purge: PurgeVerb;
  /** A person's word on an uncertain recipient. */
  resolve(id: EntryId, recipient: number, verdict: 'accepted' | 'rejected' | 'notSent'): Promise<void>;
  /** A new message from the bytes of an old one: new id, new Message-ID (U-025). */
  clone(id: EntryId, changes?: SubmitMessage, options?: SubmitOptions): Promise<SubmitReceipt>;
  list(filter?: MessageFilter): AsyncIterable<Message>;
  get(id: EntryId): Promise<Message | undefined>;
  /** The bytes as submitted (U-005). @throws ENOTFOUND */
  raw(id: EntryId): Promise<Readable>;
  /** One for each recipient; of a filter, of every message that it finds. @throws ENOTFOUND for an id that is not there */
  explain(where: EntryId | MessageFilter): Promise<Explanation[]>;
  /** The durable change feed after a cursor, then live. */
  changes(options?: { readonly after?: Cursor } & Abortable): AsyncIterable<Change>;
  openMessage(id: EntryId | 'new', access: 'read' | 'write' | 'best'): Promise<OpenMessage>;
  /**
   * Marks received mail as read, and with `read` tells its sender so, if he asks and the rules of RFC 8098 permit it.
   * `notRead` tells that it goes unread, and marks nothing. Default `none`. At most one report is ever written of a
   * message, in one write with the mark. @throws ENOTFOUND, EINVALID if nobody can be named as its reader, ECORRUPT
   */
  markRead(id: EntryId, report?: 'read' | 'notRead' | 'none', options?: MarkReadOptions): Promise<MarkReadResult>;
  /**
   * What becomes of a message of which the headers are here, when its session's `validateState({ processHeaders: true })`
   * is called next; null: nothing (M-110). @throws ENOTFOUND, ENOSUPPORT for a message that is here whole
   */
  mark(id: EntryId, mark: Mark | null): Promise<void>;
  flush(request?: Partial<FlushRequest> & { readonly sessions?: readonly SessionKey[]; readonly async?: boolean } & Abortable): Promise<void>;
  validate(request: ValidateRequest, signal?: AbortSignal): Promise<void>;
  /**
   * The status table: `subsystem`, which is mailspool itself and its store, `spooler`, `addressBook`, then the sessions in
   * transport order. After `start` the answer comes once every session is logged on or was refused for the first time; at once
   * before, from then on, and with `atOnce` (M-095). @throws ESTOPPED, or the reason of the signal
   */
  status(options?: { readonly atOnce?: boolean } & Abortable): Promise<readonly StatusRow[]>;
  /** What a row lists in `methods` can be called; the rest rejects with ENOSUPPORT (M-097). @throws ENOTFOUND */
  statusObject(row: StatusRow['id']): StatusObject;
  /** Accounts with their sessions, in transport order. */
  listAccounts(): Promise<readonly AccountRow[]>;
  /** A full permutation (M-021). @throws EBUSY for another number of sessions, ENOTFOUND for one that there is not */
  setTransportOrder(order: readonly SessionKey[]): Promise<void>;
  listAddressTypes(): Promise<string[]>;
  listOptions(): Promise<OptionDeclaration[]>;
  sendReceive(
    group?: string,
    options?: Abortable,
  ): {
    readonly progress$: Observable<
      readonly { readonly account: string; readonly done: number; readonly toDo: number; readonly error?: Diagnostic }[]
    >;
    readonly done: Promise<{ readonly complete: boolean }>;
  };
}

/** `envelope` and `messageId` as nodemailer has them; `existing`: the idempotency key was known. */
export interface SubmitReceipt extends Pick<SentMessageInfo, 'messageId' | 'envelope'> {
  readonly id: EntryId;
  readonly existing: boolean;
}

/** nodemailer's result, and the rows behind it. `accepted` counts relayed and delivered. */
export type SendResult = SentMessageInfo & { readonly id: EntryId; readonly recipients: readonly RecipientRow[] };

export type TooLate = { readonly result: 'tooLate'; readonly reason: 'inProgress' | 'notQueued' };

export type RescheduleResult = { readonly result: 'rescheduled' } | TooLate;

export type CancelResult =
  | { readonly result: 'cancelled' }
  | TooLate
  | { readonly result: 'partial'; readonly cancelled: readonly RecipientRow[]; readonly tooLate: readonly RecipientRow[] };

export type BulkVerb = (
  where: EntryId | MessageFilter,
  options?: { readonly reason?: string; readonly dryRun?: boolean },
) => Promise<{ readonly changed: readonly EntryId[]; readonly unchanged: readonly EntryId[] }>;

/** `report`: what senders are told who ask, of received mail that was not read; default `none`. */
export type PurgeVerb = (
  where: EntryId | MessageFilter,
  options?: { readonly reason?: string; readonly dryRun?: boolean; readonly report?: 'notRead' | 'none' },
) => ReturnType<BulkVerb>;

export interface MarkReadOptions {
  /** Default `policy`: the program answers by itself, and only what needs no confirmation. `person`: somebody agreed for this message. */
  readonly consent?: ReceiptConsent;
  /** Who has read it. Default: the account's identity among its recipients, else the account's first identity, else its only recipient. */
  readonly from?: Address | string;
}

/** `id`: of the report, on its way. */
export type MarkReadResult =
  | { readonly report: 'written'; readonly id: EntryId }
  | { readonly report: 'none'; readonly reason: ReceiptRefusal | 'notAsked' | 'alreadyReported' | 'headersOnly' | 'wasRead' };

/** Why a recipient is where it is, in one sentence, and who can change that (U-059). */
export interface Explanation {
  /** The message. */
  readonly id: EntryId;
  readonly recipient: RecipientRow;
  readonly sentence: string;
  readonly gate?: Gate;
  readonly nextAt?: number;
  readonly whoCanChange: 'spooler' | 'provider' | 'operator' | 'sender' | 'nobody';
}

export interface OpenMessage extends AsyncDisposable {
  readonly access: 'read' | 'write';
  readonly message: Message;
  saveChanges(changes: SubmitMessage): Promise<void>;
  submit(options?: SubmitOptions): Promise<SubmitReceipt>;
}

export type StatusObject = Required<Pick<TransportSession, 'validateState' | 'flush' | 'changePassword'>>;

export interface StatusRow extends StatusColumns {
  readonly id: SessionKey | 'spooler' | 'addressBook' | 'subsystem';
  readonly methods: readonly (keyof StatusObject)[];
  readonly queued: number;
}

export interface AccountRow {
  /** null: providers that belong to no account. */
  readonly name: string | null;
  readonly identities: readonly string[];
  /** How many connections it may open at once, where that was said. */
  readonly connections?: number;
  readonly sessions: readonly AccountSession[];
}

export interface AccountSession {
  readonly session: SessionKey;
  /** The provider's name. */
  readonly provider: string;
  /** In transport order, from 1. */
  readonly place: number;
  /** null: any. Absent until it logged on for the first time. */
  readonly addressTypes?: readonly string[] | null;
  readonly status?: StatusRow;
}

export type SpoolerEvent = { readonly seq: number; readonly at: number } & (
  | {
      readonly type: 'queued' | 'preprocessed' | 'sending' | 'progress' | 'sent' | 'cancelled' | 'held' | 'released' | 'purged' | 'received';
      readonly id: EntryId;
      readonly session?: SessionKey;
    }
  | {
      readonly type: 'deferred' | 'uncertain' | 'relayed' | 'delivered' | 'failed' | 'expired' | 'bounced' | 'delayed' | 'read';
      readonly id: EntryId;
      readonly recipient: RecipientRow;
      readonly outcome?: Outcome;
    }
  | { readonly type: 'loggedOn' | 'loggedOff' | 'gate'; readonly session: SessionKey; readonly gate?: Gate }
  | { readonly type: 'drained' | 'stalled' | 'suspended' | 'resumed' }
  | { readonly type: 'warning'; readonly diagnostic: Diagnostic }
);

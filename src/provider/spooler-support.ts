// What a provider is handed at logon: its way to the spooler (IMAPISupport).
import type { Diagnostic } from '../message/outcome.ts';
import type { Address, EntryId, SessionKey } from '../message/recipient.ts';
import type { Section } from '../store/message-store.ts';
import type { Clock, Instant } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Postprocessor, Preprocessor } from './processors.ts';
import type { StatusColumns } from './status.ts';

export interface SpoolerSupport {
  readonly session: SessionKey;
  readonly account: AccountSupport;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts at logoff. */
  readonly signal: AbortSignal;
  /** News for the spooler; returns at once, repeated news merge (M-080). */
  spoolerNotify(news: SpoolerNotification): void;
  /** What became of recipients of an earlier message (M-064, M-070). */
  statusRecipients(message: MessageLookup, rows: readonly StatusRecipient[]): Promise<'matched' | 'unmatched'>;
  /** Replaces the session's status row, or with `merge` the given columns only (M-096). @throws EINVALID naming a column that cannot be so */
  updateStatus(columns: Partial<StatusColumns>, options?: { readonly merge?: boolean; readonly row?: string }): void;
  /** Call during logon, so that registration order is transport order. */
  registerPreprocessor(preprocessor: Preprocessor): void;
  registerPostprocessor(postprocessor: Postprocessor): void;
  /** Which of these references (or aliases) this session has received whole, not only their headers: a whole mailbox in one question. */
  received(references: readonly string[]): Promise<ReadonlySet<string>>;
  /** Durable settings and positions, one namespace per session (M-010). @throws ENOTFOUND if it is opened for reading and absent */
  openProfileSection(name: string, access: 'read' | 'write'): Promise<ProfileSection>;
  /** Lets others run; `cancelled`: stop and reject with EUSERCANCEL (M-075, M-094). */
  yield(): Promise<'continue' | 'cancelled'>;
}

export type SpoolerNotification =
  | { readonly type: 'newMail' | 'readyToSend' | 'configChange' | 'enterCritical' | 'leaveCritical' }
  | { readonly type: 'sentDeferred'; readonly entryId: EntryId }
  | { readonly type: 'criticalError'; readonly error: Error };

export type MessageLookup =
  | { readonly entryId: EntryId }
  | { readonly remoteId: string }
  | { readonly envelopeId: string }
  | { readonly messageId: string };

export type StatusRecipient = { readonly recipient: number | Address } & (
  | { readonly status: 'delivered' | 'relayed' | 'read' | 'notRead'; readonly at: Instant }
  | { readonly status: 'failed' | 'delayed'; readonly diagnostic: Diagnostic }
);

/** The account that the session belongs to: shared credentials and a connection budget (U-050, U-053). */
export interface AccountSupport {
  readonly name: string;
  /** `stale`: those did not work, get fresh ones. One refresh at a time for all. @throws EUNCONFIGURED if the account has none */
  credentials(signal: AbortSignal, stale?: Credentials): Promise<Credentials>;
  /** Waits for a place in the account's connection budget; dispose it with the connection. */
  connection(signal: AbortSignal): Promise<Disposable>;
}

export type Credentials =
  | { readonly user: string; readonly pass: string }
  | { readonly user: string; readonly accessToken: string; readonly expiresAt?: Instant };

export interface ProfileSection extends Section {
  /** @throws ECONFLICT if somebody else saved it meanwhile */
  save(values: Section['values']): Promise<void>;
}

export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>;

// Who a message goes to, and what has become of it for each of them.
import type { Instant } from '../time/clock.ts';
import type { Diagnostic } from './outcome.ts';

declare const brand: unique symbol;
export type Brand<Name extends string> = string & { readonly [brand]: Name };
/** Names one message in one store; in submit order when compared as strings. */
export type EntryId = Brand<'EntryId'>;
/** Names a session by its account and provider, `account/provider`; the same after a restart (M-011). */
export type SessionKey = Brand<'SessionKey'>;
/** A place in the change feed. */
export type Cursor = Brand<'Cursor'>;

/** An address with its type (PR_ADDRTYPE): `SMTP`, `MAILSLOT`, `MSMQ`, …; matched as a whole string (M-015). */
export interface Address {
  readonly type: string;
  readonly address: string;
  readonly name?: string;
  readonly uid?: string;
}

/**
 * What a session carries. `types: null`: any recipient, placed last (a smart host); `['']` without UIDs: none ever,
 * a session that only preprocesses (M-019). A plain list or null stands for `{ types, uids: [] }`.
 */
export type AddressTypes = readonly string[] | null | { readonly types: readonly string[] | null; readonly uids: readonly string[] };

/** Which reports the sender wants (M-065). Non-delivery is on unless declined. */
export interface ReportRequest {
  readonly delivery?: boolean;
  readonly nonDelivery?: boolean;
  readonly delay?: boolean;
  readonly read?: boolean;
  readonly returns?: 'headers' | 'full';
}

/** Values of declared options, by address type (M-013). */
export type OptionValues = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

export interface Recipient extends Address {
  readonly id: number;
  /** `p1`: sent to, not shown (M-033). */
  readonly kind: 'to' | 'cc' | 'bcc' | 'p1';
  /** Shown, not sent to (M-033). */
  readonly submitted?: true;
  readonly report?: ReportRequest;
  readonly originalRecipient?: string;
  readonly options?: OptionValues;
}

/** What may be given as a recipient; `list` names an entry of the address book (M-032). */
export type RecipientInput = (Address | { readonly list: string }) & Partial<Omit<Recipient, keyof Address | 'id'>>;

export type HeldBy = 'provider' | 'preprocessor' | 'operator' | 'sender' | 'policy';

/** A recipient is in exactly one of these; `transitions.ts` says which event leads where. */
export type RecipientState =
  | { readonly state: 'queued' }
  /** `handingOver` is written first for at-most-once. */
  | { readonly state: 'claimed'; readonly owner: string; readonly until: Instant; readonly handingOver?: true }
  | { readonly state: 'deferred'; readonly until: Instant; readonly diagnostic: Diagnostic }
  | { readonly state: 'held'; readonly by: HeldBy; readonly reason: string; readonly until?: Instant }
  | {
      readonly state: 'uncertain';
      readonly since: Instant;
      readonly diagnostic: Diagnostic;
      readonly next: 'operator' | { readonly verifyAt: Instant };
    }
  /** `reportsFollow`: the next system reports the delivery. */
  | { readonly state: 'relayed'; readonly at: Instant; readonly reportsFollow?: true }
  | { readonly state: 'delivered' | 'cancelled'; readonly at: Instant }
  | { readonly state: 'failed' | 'expired'; readonly at: Instant; readonly diagnostic: Diagnostic };

export type StateName = RecipientState['state'];

/** Where a delivery goes: a session and, where it names one, a destination such as an MX group (U-033). */
export interface Route {
  readonly session: SessionKey;
  readonly destination?: string;
}

/** A recipient with its status. */
export interface RecipientRow extends Recipient {
  readonly status: RecipientState;
  readonly attempts: number;
  readonly last?: Diagnostic;
  /** Its reader has told so (RFC 8098). */
  readonly readAt?: Instant;
  /** It was deleted without being read, as its receiver has told. */
  readonly notReadAt?: Instant;
  readonly route?: Route;
  /** Sessions that had their chance and left the recipient (M-017). */
  readonly passed?: readonly SessionKey[];
  /** What other systems call the message (U-057). */
  readonly remoteIds?: readonly string[];
}

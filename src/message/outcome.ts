// How one attempt ended for one recipient.
import type { Instant } from '../time/clock.ts';

/** Where in a hand-over something happened. */
export type Phase = 'connect' | 'greeting' | 'tls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'final';

/** What went wrong, in a form that can be stored and shown. */
export interface Diagnostic {
  readonly code: string;
  readonly text: string;
  readonly phase?: Phase;
  /** The basic SMTP reply code. */
  readonly responseCode?: number;
  /** The whole reply line. */
  readonly response?: string;
  /** RFC 3463, such as `5.1.1`. */
  readonly enhancedCode?: string;
  /** A recognised cause, such as `greylisted`. */
  readonly reason?: string;
}

/**
 * One attempt, one recipient (U-016). `accepted` with `deliveredAt` (LMTP, local): delivered; without (SMTP, a
 * datagram): relayed (M-064). `reportsFollow`: the next system was asked to report the delivery, and does (T-046). `rejected` is permanent, `notSent` safe to retry, `unknown` neither.
 */
export type Outcome =
  | {
      readonly outcome: 'accepted';
      readonly deliveredAt?: Instant;
      readonly remoteId?: string;
      readonly response?: string;
      readonly reportsFollow?: true;
    }
  | { readonly outcome: 'rejected' | 'unknown'; readonly diagnostic: Diagnostic }
  | { readonly outcome: 'notSent'; readonly diagnostic: Diagnostic; readonly retryAfterMs?: number };

/** `notMine`: nothing was tried, the next match gets the recipient (M-023). `diagnostic`: why, for the report where there is none. */
export type NotMine = { readonly outcome: 'notMine'; readonly diagnostic?: Diagnostic };

export type RecipientOutcome = (Outcome | NotMine) & { readonly recipient: number };

/** The `reason` of a diagnostic that came with `notMine`. */
export const leftRecipient = 'notMine';

// The columns of a status row, and the gate that says why a session waits.
import type { Instant } from '../time/clock.ts';

/** Why a session takes nothing now, and until when. No attempt is spent on a closed gate (U-064). */
export interface Gate {
  readonly reason: 'offline' | 'throttled' | 'authRequired' | 'suspended' | 'quota' | 'critical' | 'unreachable';
  /** Without it, after five minutes: then one hand-over probes the way. */
  readonly until?: Instant;
}

/** MAPI's STATUS_* bits. */
export type StatusFlag = 'available' | 'failure' | 'offline' | `${'inbound' | 'outbound'}${'Enabled' | 'Active' | 'Flush'}` | 'remoteAccess';

/** What a provider may say of itself (M-096, M-099). */
export interface StatusColumns {
  readonly displayName: string;
  readonly statusText: string;
  readonly gate: Gate | null;
  readonly progress: { readonly done: number; readonly total?: number } | null;
  readonly remoteValidateOk: boolean;
  readonly flags: { readonly [flag in StatusFlag]?: boolean };
}

// A plug-in (IXPProvider): `logon` gives a session.
import type { SpoolerSupport } from './spooler-support.ts';
import type { TransportSession } from './transport-session.ts';

/** The version of these contracts. A provider that names a range must include it (M-001). */
export const contractVersion = 1;

export interface TransportProvider {
  /** Lower case; part of the session's key, so keep it. */
  readonly name: string;
  readonly contract?: { readonly min: number; readonly max: number };
  /**
   * @throws EUNCONFIGURED: the account's `configure` runs, then logon again (M-009); EFAILONEPROVIDER: only this
   * provider is out, until `validate({ configChanged: true })` (M-007); EAUTH: gate `authRequired`; others, but for a
   * logon that takes too long, close the gates of the account's providers until the next try (M-008)
   */
  logon(support: SpoolerSupport, options: LogonOptions): Promise<TransportSession>;
  /** Once, after the last session is gone (M-106). */
  shutdown?(): Promise<void>;
}

/** `inbound` and `outbound` open later by events of their own (M-003, M-005, M-006). */
export interface LogonOptions {
  readonly inbound: boolean;
  readonly outbound: boolean;
  readonly offline: boolean;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}

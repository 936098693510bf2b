// How a provider says by exception what became of all recipients not yet saved.
import type { Diagnostic, Outcome, Phase } from '../message/outcome.ts';
import type { Gate } from './status.ts';

type Unsent = Exclude<Outcome['outcome'], 'accepted'>;

export interface TransportErrorOptions extends Partial<Omit<Diagnostic, 'code' | 'text'>> {
  readonly cause?: unknown;
  readonly outcome?: Unsent;
  readonly retryAfterMs?: number;
  /** Closes the session's gate: no attempt is spent. */
  readonly gate?: Gate;
}

/**
 * Rejects a hand-over for all recipients that are not saved yet: `EBUSY`, `ENOTME`, `EWAIT`, `ENETWORK`, `ECANCEL`, …
 * (M-057, M-058). `outcome` says whether the attempt may be repeated; without it the code decides.
 */
export class TransportError extends Error {
  readonly code: string;
  readonly outcome?: Unsent;
  readonly retryAfterMs?: number;
  readonly gate?: Gate;
  readonly phase?: Phase;
  readonly responseCode?: number;
  readonly response?: string;
  readonly enhancedCode?: string;
  readonly reason?: string;

  constructor(code: string, message: string, options: TransportErrorOptions = {}) {
    const { cause, ...rest } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.code = code;
    Object.assign(this, rest);
  }

  get temporary(): boolean {
    return this.outcome !== 'rejected';
  }
}

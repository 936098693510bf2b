// What the parts of the engine share: the store, time, the policy and where news go.
import type { Logger } from '../provider/spooler-support.ts';
import type { MessageStore } from '../store/message-store.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { RetryPolicy, SpoolerOptions } from './contract.ts';
import type { Events } from './news.ts';

export interface Engine {
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly retry: RetryPolicy;
  readonly events: Events;
  /** Names this spooler in leases. */
  readonly owner: string;
  readonly reports: NonNullable<SpoolerOptions['reports']>;
  /** Of mailspool. */
  readonly version: string;
  /** What reports call this system. */
  readonly hostname: string;
}

/** A claim lives this long without renewal (U-008). */
export const leaseMs = 30_000;

// What the suite is handed: a store, and the ways of its maker to restart it, let it fail and look inside.
import type { EntryId } from '../../message/recipient.ts';
import type { ContentRef, MessageStore } from '../../store/message-store.ts';
import type { ScheduleEntry } from '../../store/schedule.ts';
import type { Capabilities, ConformanceCase } from '../conformance/suite.ts';
import type { StoreWorld, SuiteClock } from './world.ts';

/** What a store, or the way it is tested, can do beside the contract; each names a method of {@link StoreUnderTest} or of the store. */
export type StoreCapability = 'share' | 'reopen' | 'crash' | 'holdSync' | 'failWrites' | 'damage' | 'scheduled' | 'sweep';

export interface StoreUnderTest {
  /** Not open yet. */
  readonly store: MessageStore;
  /** A further handle on the same data, for another owner. */
  share?(): MessageStore;
  /** The same data after the store was disposed; not open yet. */
  reopen?(): Promise<MessageStore>;
  /** As if the process had been killed: what was not acknowledged may be lost, nothing is closed. Then as `reopen`. */
  crash?(): Promise<MessageStore>;
  /** Until the returned function is called nothing is synced. */
  holdSync?(): () => void;
  /** The n-th row that is written from now fails as on a full disk, or each if `all`; until the returned function is called. */
  failWrites?(which: number | 'all'): () => void;
  /** Changes a byte of stored content. */
  damage?(ref: ContentRef): Promise<void>;
  /** The stored schedule of a message. */
  scheduled?(id: EntryId): Promise<readonly ScheduleEntry[]>;
  /** Removes what is left on the machine. */
  dispose?(): Promise<void>;
}

export type StoreCapabilities = Capabilities<StoreCapability>;

/** Makes a new, empty store that nobody has opened. Time is what the clock shows. */
export type StoreFactory = (clock: SuiteClock) => Promise<StoreUnderTest>;

export type StoreCase = ConformanceCase<StoreCapability, StoreWorld>;

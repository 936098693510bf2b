// A spooler on virtual time, on the store of this run: what most engine tests need.
import { loopback, type LoopbackOptions, type LoopbackProvider } from 'mailspool/providers/loopback';
import { seededRandom, virtualTime, type VirtualTime } from 'mailspool/testing';
import { onTestFinished } from 'vitest';
import {
  createSpooler,
  type MessageStore,
  type Spooler,
  type SpoolerEvent,
  type SpoolerOptions,
  type StateName,
  type EntryId,
  type SubmitMessage,
} from '../../../src/index.ts';
import { type LastingStore, newStore } from './stores.ts';

export interface World<Store extends MessageStore = LastingStore> {
  readonly clock: VirtualTime;
  readonly store: Store;
  readonly spooler: Spooler;
  readonly provider: LoopbackProvider;
  readonly events: SpoolerEvent[];
  /** Which states the recipients are in, by address. */
  states(id: EntryId): Promise<Record<string, StateName>>;
}

export interface WorldOptions extends Partial<Omit<SpoolerOptions, 'store' | 'clock'>> {
  readonly loopback?: LoopbackOptions;
  readonly clock?: VirtualTime;
  /** Default true. */
  readonly start?: boolean;
}

/** Stops by itself when the test ends. */
export async function world(options?: WorldOptions): Promise<World>;
export async function world<Store extends MessageStore>(options: WorldOptions & { readonly store: Store }): Promise<World<Store>>;
export async function world({
  loopback: script = {},
  start = true,
  store = newStore(),
  ...options
}: WorldOptions & { readonly store?: MessageStore } = {}): Promise<World<MessageStore>> {
  const clock = options.clock ?? virtualTime();
  const provider = loopback(script);
  const spooler = await createSpooler({ random: seededRandom(1), providers: [provider], ...options, clock, store });
  onTestFinished(() => void spooler.stop({ drainMs: 0 }).catch(() => undefined));
  const events: SpoolerEvent[] = [];
  spooler.events$.subscribe((event) => events.push(event));
  if (start) {
    await spooler.start();
    await clock.settle();
  }
  const states = async (id: EntryId) => {
    const message = await spooler.get(id);
    return Object.fromEntries((message?.recipients ?? []).map(({ address, status }) => [address, status.state]));
  };
  return { clock, store, spooler, provider, events, states };
}

export const note = (to: SubmitMessage['to'] = 'bob@harbour.example', rest: SubmitMessage = {}): SubmitMessage => ({
  from: 'ann@harbour.example',
  to,
  subject: 'Berth 7',
  text: 'The pilot boards at noon.\n',
  ...rest,
});

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

// The one on this computer that listens: takes frames from the network, drops what is not for it, and hands the rest to
// the slots of any process. It never answers. Where another process listens it waits until that one is gone.
import type { Clock, Logger } from 'mailspool/provider';
import type { Link, ListenOptions, Network } from './link.ts';
import type { LocalDelivery } from '../local/local-delivery.ts';
import type { DatagramOrigin } from '../message.ts';
import { slotKey, targetKey } from '../name.ts';
import { Seen } from './seen.ts';
import { type Datagram, dropReasons, type DropReason, type WireFormat } from '../wire/wire-format.ts';

export type HubCounters = Readonly<Record<'received' | 'delivered' | DropReason, number>>;

export interface HubOptions {
  readonly network: Network;
  readonly listen: ListenOptions;
  readonly format: WireFormat;
  /** Names of this computer and of its domains. */
  readonly names: readonly string[];
  readonly duplicates: 'drop' | 'deliver';
  /** Of authenticated frames. */
  readonly windowMs: number;
  readonly delivery: LocalDelivery;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it looks whether the other process is gone. */
const takeOverMs = 1_000;
const repeats = { maxIds: 1_024, ms: 60_000 };
const maxReplayIds = 65_536;

export class Hub {
  readonly #options: HubOptions;
  readonly #names: ReadonlySet<string>;
  readonly #seen = new Seen(repeats);
  readonly #replays: Seen;
  readonly #counters = Object.fromEntries(['received', 'delivered', ...dropReasons].map((name) => [name, 0])) as Record<keyof HubCounters, number>;
  readonly #ending = new AbortController();
  #link: Link | undefined;
  #takingOver: Promise<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#names = new Set(options.names.map(targetKey));
    // A frame of a clock that is ahead is fresh for both halves of the window, to the last millisecond.
    this.#replays = new Seen({ maxIds: maxReplayIds, ms: 2 * options.windowMs + 1 });
  }

  /** `listening`, or `elsewhere` while another process is the hub. */
  get state(): 'listening' | 'elsewhere' {
    return this.#link ? 'listening' : 'elsewhere';
  }

  /** What came to this process, and what became of it: `received` is the sum of the others. */
  get counters(): HubCounters {
    return { ...this.#counters };
  }

  /** @throws whatever the system says, except that another process listens */
  async start(): Promise<void> {
    if (!(await this.#listens())) this.#takingOver = this.#takeOver().catch((error: unknown) => this.#gaveUp(error));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#takingOver;
    await this.#link?.close();
    this.#link = undefined;
  }

  /** Never throws: a frame is delivered or dropped, and counted. */
  receive(frame: Buffer, address: string): void {
    this.#counters.received += 1;
    const datagram = this.#options.format.decode(frame);
    const drop = typeof datagram === 'string' ? datagram : this.#objection(datagram);
    if (drop !== undefined || typeof datagram === 'string') return void (this.#counters[drop as DropReason] += 1);
    const { path, data } = datagram;
    const delivered = this.#options.delivery.offer(slotKey(path), originOf(datagram, address), data);
    if (typeof delivered === 'string') this.#counters[delivered] += 1;
    else void delivered.then((later) => (this.#counters[later] += 1));
  }

  #objection({ target, id, sentAt = 0, keyId }: Datagram): DropReason | undefined {
    const { clock, windowMs, duplicates } = this.#options;
    if (target !== '*' && !this.#names.has(targetKey(target))) return 'notForUs';
    if (id === undefined) return undefined;
    const now = clock.now();
    if (keyId !== undefined) {
      if (Math.abs(now - sentAt) > windowMs || sentAt <= this.#replays.floor) return 'stale';
      return this.#replays.add(id, sentAt, now) ? undefined : 'replayed';
    }
    return duplicates === 'drop' && !this.#seen.add(id, sentAt, now) ? 'repeated' : undefined;
  }

  async #listens(): Promise<boolean> {
    const { network, listen, clock, logger } = this.#options;
    try {
      this.#link = await network.listen(listen, (frame, { address }) => this.receive(frame, address));
      // What was sent before may have been received by the hub that was there before.
      this.#replays.raiseFloor(clock.now() - 1);
      logger.debug({ port: listen.port, addresses: listen.addresses }, 'the mailslot hub listens');
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return false;
    }
  }

  async #takeOver(): Promise<void> {
    const { signal } = this.#ending;
    do await this.#options.clock.sleep(takeOverMs, signal);
    while (!(await this.#listens()));
  }

  #gaveUp(error: unknown): void {
    if (!this.#ending.signal.aborted) this.#options.logger.error({ error }, 'the mailslot hub cannot listen');
  }
}

/** Made for each frame, so it is filled rather than spread. */
function originOf({ source, id, sentAt, keyId }: Datagram, address: string): DatagramOrigin {
  const origin: { -readonly [Field in keyof DatagramOrigin]: DatagramOrigin[Field] } = { host: source, address };
  if (id !== undefined) origin.id = id;
  if (sentAt !== undefined) origin.sentAt = sentAt;
  if (keyId !== undefined) origin.keyId = keyId;
  return origin;
}

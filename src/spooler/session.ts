// One session of the profile: what is known of it whether it is logged on or not.
import type { SessionKey } from '../message/recipient.ts';
import type { Gate, StatusColumns } from '../provider/status.ts';
import type { TransportProvider } from '../provider/transport-provider.ts';
import type { OptionDeclaration, SessionLimits, TransportSession, Wanted } from '../provider/transport-session.ts';
import type { Clock } from '../time/clock.ts';
import type { Account } from './account.ts';
import type { RoutingSession } from './routing.ts';

export const directions = ['outbound', 'inbound'] as const;
export type Direction = (typeof directions)[number];

/** What somebody asked of the headers of a remote session; served by a flush (M-110). */
export interface RemoteRequest {
  readonly task: 'refreshHeaders' | 'processHeaders';
  /** Its flush is under way. */
  isBegun: boolean;
  /** Somebody thought better of it. */
  isCancelled: boolean;
}

export class Session {
  readonly key: SessionKey;
  readonly account: Account;
  readonly provider: TransportProvider;
  /** While it is logged on. */
  transport: TransportSession | undefined;
  /** The last answer of `addressTypes`; undefined until the first ever logon. */
  types: Pick<RoutingSession, 'types' | 'uids'> | undefined;
  /** Whether it registered preprocessors at its last logon; undefined until the first ever. */
  preprocesses: boolean | undefined;
  /** The first logon of this run has succeeded or failed. */
  tried = false;
  outboundOn = false;
  inboundOn = false;
  suspended = false;
  /** A send and receive goes on although the spooler is offline. */
  onlineForNow = false;
  /** Its provider said that it alone is out (M-007); until somebody revives it. */
  isDropped = false;
  /** What may be said of messages and recipients of its address types (M-013). */
  options: readonly OptionDeclaration[] = [];
  critical = false;
  failure: Error | undefined;
  columns: StatusColumns;
  /** Further rows that it keeps in the status table, by name. */
  readonly rows: Map<string, StatusColumns> = new Map();
  /** After a gate one hand-over probes the way before the others follow (U-010). */
  probing = false;
  /** What a flush under way is about. */
  readonly flushes: Set<Direction> = new Set();
  /** How much of messages that flush, or the group that runs it, wants. */
  flushWants: Wanted | undefined;
  remote: RemoteRequest | undefined;
  #gate: Gate | null = null;

  constructor(key: SessionKey, account: Account, provider: TransportProvider) {
    this.key = key;
    this.account = account;
    this.provider = provider;
    this.columns = { ...blankColumns(provider.name), statusText: 'not logged on' };
  }

  /** Nothing is called on it from here on; its rows stay until it has logged off. */
  loggedOff(): void {
    this.outboundOn = false;
    this.inboundOn = false;
    this.transport = undefined;
    this.critical = false;
    this.options = [];
  }

  get gate(): Gate | null {
    return this.#gate;
  }

  closeGate(gate: Gate): void {
    this.#gate = gate;
    this.probing = true;
  }

  openGate(): void {
    this.#gate = null;
  }

  /** Whether something may be handed over now; a gate whose time is up opens. */
  sends(clock: Clock): boolean {
    return this.outboundOn && !this.suspended && this.transport?.submitMessage !== undefined && this.passable(clock);
  }

  receives(clock: Clock): boolean {
    const { transport } = this;
    return this.inboundOn && !this.suspended && transport?.startMessage !== undefined && transport.reception !== 'none' && this.passable(clock);
  }

  /** How much of messages is to come over now. */
  get wanted(): Wanted {
    return { ...this.account.options.wanted, ...this.flushWants };
  }

  /** Only what is marked is fetched now, and no other mail. */
  get isProcessingHeaders(): boolean {
    return this.remote?.task === 'processHeaders' && this.remote.isBegun;
  }

  passable(clock: Clock): boolean {
    if (this.#gate?.until !== undefined && this.#gate.until <= clock.now()) this.openGate();
    return this.#gate === null;
  }

  /** Whether a flush goes on in this direction: where the session has a word in it, while its row says so (M-099). */
  isFlushing(direction: Direction): boolean {
    if (!this.transport || !this.flushes.has(direction)) return false;
    return this.transport.flush === undefined || this.columns.flags[`${direction}Flush`] === true;
  }

  get routing(): RoutingSession | undefined {
    if (!this.types) return undefined;
    const messageSizeBytes = forgiving(this.transport?.limits?.messageSizeBytes);
    return {
      key: this.key,
      ...this.types,
      ...(this.account.scope !== undefined && { account: this.account.scope }),
      ...(messageSizeBytes !== undefined && { messageSizeBytes }),
    };
  }

  get preferLast(): boolean {
    return this.transport?.preferLast ?? false;
  }
}

/** Whether headers can be listed and processed by this session (M-110). */
export const isRemote = ({ transport }: Session): boolean => transport?.remoteAccess === true && transport.startMessage !== undefined;

/** A row of which nothing is said yet. */
export const blankColumns = (displayName: string): StatusColumns => ({
  displayName,
  statusText: '',
  gate: null,
  progress: null,
  remoteValidateOk: true,
  flags: {},
});

/** A limit that a provider cannot tell is none: it will say so itself. */
function forgiving(limit: SessionLimits['messageSizeBytes']): SessionLimits['messageSizeBytes'] {
  if (typeof limit !== 'function') return limit;
  return (recipient) => {
    try {
      return limit(recipient);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  };
}

// What the suite is handed: a provider, and the ways of its author to look at the other side and to disturb it.
import type { Address } from '../../message/recipient.ts';
import type { Credentials } from '../../provider/spooler-support.ts';
import type { TransportProvider } from '../../provider/transport-provider.ts';
import type { VirtualTime } from '../virtual-time.ts';

/** A message that the other side has taken. */
export interface Delivered {
  readonly bytes: Uint8Array;
  /** The addresses that it was taken for, where the other side knows. */
  readonly recipients?: readonly string[];
}

/**
 * `send`, `receive`, `notify`, `verify`, `remoteAccess`: what the provider's sessions do. The others name methods of
 * {@link ProviderUnderTest}.
 */
export type ProviderCapability =
  | 'send'
  | 'receive'
  /** Mail that arrives is told by `spoolerNotify`. */
  | 'notify'
  | 'verify'
  /** Lists headers, and does to a message what its mark says. */
  | 'remoteAccess'
  | 'delivered'
  | 'refuse'
  | 'breakOff'
  | 'loseReply'
  | 'stall'
  | 'goDown'
  | 'connections'
  | 'refuseCredentials'
  | 'expireToken'
  | 'arrive'
  | 'waiting'
  | 'breakReception'
  | 'dropConnections'
  | 'hold'
  | 'report'
  | 'password';

/** A provider with its other side, new for each case. */
export interface ProviderUnderTest {
  /**
   * The provider as after a start of the process: it knows what the other side keeps and what the spooler keeps for it.
   * A provider whose other side is itself hands out the same object each time.
   */
  provider(): TransportProvider;
  /** The n-th address that the other side takes mail for. Default: bob1@example.org and so on, of the type SMTP. */
  recipient?(n: number): Address;
  /** How many such addresses there are. Default: any number. */
  readonly maxRecipients?: number;
  /** The largest message that goes either way. Default: any goes. */
  readonly maxMailBytes?: number;
  /** What the account of its sessions has. Default: no credentials. */
  credentials?(stale?: Credentials): Credentials | Promise<Credentials>;
  /** Passwords and tokens, which nobody may get to see. */
  readonly secrets?: readonly string[];
  /** What the other side has taken, the oldest first. */
  delivered?(): readonly Delivered[] | Promise<readonly Delivered[]>;
  /** From now on the other side refuses this recipient. */
  refuse?(recipient: Address, how: 'forGood' | 'forNow'): void | Promise<void>;
  /** The line breaks in the midst of the next message that is sent; the other side does not take it. */
  breakOff?(): void;
  /** The other side takes the next message, and the line breaks before it says so. */
  loseReply?(): void;
  /** The other side keeps its lines open and says nothing, before it has taken anything, until the returned function is called. */
  stall?(): (() => void | Promise<void>) | Promise<() => void | Promise<void>>;
  /** The other side cannot be reached, until the returned function has resolved. */
  goDown?(): Promise<() => Promise<void>>;
  /** How many connections the other side has open. */
  connections?(): number;
  /** The other side no longer takes the credentials, nor others. */
  refuseCredentials?(): void;
  /** The other side takes a fresh token only, which `credentials` answers to whoever shows the stale one. */
  expireToken?(): void;
  /** A message is there to be received. */
  arrive?(bytes: Uint8Array): void | Promise<void>;
  /** How many messages the other side would offer to a new session: those that nobody has acknowledged. */
  waiting?(): number | Promise<number>;
  /** The line breaks in the midst of the next message that is received. */
  breakReception?(): void;
  /** All lines break, once. */
  dropConnections?(): void;
  /**
   * From now on the session keeps back what it is handed (`endMessage` says `hold`), until the returned function is called:
   * then it asks for what it kept back with `sentDeferred`, unless it was told `abortDeferred`.
   */
  hold?(): () => void | Promise<void>;
  /** The other side tells what became of this recipient of the message that it took last. */
  report?(recipient: Address, what: 'delivered' | 'failed'): void | Promise<void>;
  /** The account's password at the other side, which `changePassword` changes. */
  password?(): string;
  /** Removes what is left on the machine. */
  dispose?(): void | Promise<void>;
}

/** Makes a provider and its other side; `clock` is the one that the sessions get. */
export type ProviderFactory = (clock: VirtualTime) => ProviderUnderTest | Promise<ProviderUnderTest>;

// The loopback provider: a transport in memory, for tests, demos and programs that mail themselves. It hands over to
// a script, remembers what it was given, and can put it into its own inbound side or another loopback's.
import type {
  AddressTypes,
  EntryId,
  LogonOptions,
  OutboundMessage,
  Recipient,
  RecipientInput,
  SessionKey,
  SessionLimits,
  SpoolerSupport,
  SubmitResult,
  TransportEvent,
  TransportProvider,
  TransportSession,
} from 'mailspool/provider';
import { Mailbox } from './mailbox.ts';

export interface LoopbackOptions {
  /** Default `loopback`. */
  readonly name?: string;
  /** Default `['SMTP']`. */
  readonly addressTypes?: AddressTypes;
  readonly limits?: SessionLimits;
  /** Default `notify`. `none`: nothing is ever received. */
  readonly reception?: 'poll' | 'notify' | 'none';
  readonly preferLast?: boolean;
  /** The queue inside the session, by recipient. */
  readonly destination?: (recipient: Recipient) => string;
  /** Where accepted mail arrives: `true` is this provider's own inbound side. Default: nowhere. */
  readonly deliver?: boolean | LoopbackProvider;
  /** How long each hand-over is on its way, by the spooler's clock. */
  readonly delayMs?: number;
  /** Called at logon; what it throws, logon throws. */
  readonly logon?: (support: SpoolerSupport, options: LogonOptions) => void | Promise<void>;
  /** What happens before the final dot: what it throws is thrown before anything left. */
  readonly transfer?: (message: OutboundMessage, signal: AbortSignal) => void | Promise<void>;
  /** The other side's reply to the final dot. Default: accepted. */
  readonly answer?: (message: OutboundMessage, signal: AbortSignal) => SubmitResult | Promise<SubmitResult>;
  readonly end?: (reference: string, signal: AbortSignal) => EndAnswer | Promise<EndAnswer>;
  readonly verify?: (message: OutboundMessage, signal: AbortSignal) => SubmitResult | Promise<SubmitResult>;
  readonly flush?: NonNullable<TransportSession['flush']>;
  readonly idle?: NonNullable<TransportSession['idle']>;
}

type EndAnswer = 'sent' | 'resendNow' | 'resendLater' | 'hold';

/** One hand-over that passed the final dot, as it was then. */
export interface HandOver {
  readonly session: SessionKey;
  readonly entryId: EntryId;
  readonly recipients: readonly Recipient[];
  readonly returnPath: OutboundMessage['returnPath'];
  readonly bytes: Uint8Array;
  readonly attempt: number;
  readonly deferred: boolean;
}

export interface LoopbackSession {
  readonly support: SpoolerSupport;
  readonly options: LogonOptions;
  readonly session: TransportSession;
  /** What `transportNotify` was told, in order. */
  readonly events: readonly TransportEvent[];
}

export interface LoopbackProvider extends TransportProvider {
  /** The last 10,000 hand-overs. */
  readonly handedOver: readonly HandOver[];
  /** Logged on now, in the order of logon. */
  readonly sessions: readonly LoopbackSession[];
  /** Hand-overs going on now, and the most there ever were at once. */
  readonly active: number;
  readonly mostActive: number;
  /** References of mail that waits to be received or of which the headers alone were, and of the last 10,000 acknowledged after `saveChanges`. */
  readonly waiting: readonly string[];
  readonly acknowledged: readonly string[];
  /** Mail arrives; returns its reference. A provider counts from 1, so name it yourself where the store outlives this object. */
  push(content: Uint8Array | string, arrival?: PushOptions): string;
}

export interface PushOptions {
  readonly reference?: string;
  readonly aliases?: readonly string[];
  readonly recipients?: readonly RecipientInput[];
}

/** How many hand-overs and acknowledged references are remembered. */
const remembered = 10_000;

/** A provider in memory; `options` script how it behaves. */
export function loopback(options: LoopbackOptions = {}): LoopbackProvider {
  return new Loopback(options);
}

class Loopback implements LoopbackProvider {
  readonly name: string;
  readonly handedOver: HandOver[] = [];
  readonly sessions: LoopbackSession[] = [];
  active = 0;
  mostActive = 0;
  readonly #options: LoopbackOptions;
  readonly #mailbox: Mailbox;
  /** Of the sessions whose inbound is on. */
  readonly #open = new Set<SpoolerSupport>();

  constructor(options: LoopbackOptions) {
    this.name = options.name ?? 'loopback';
    this.#options = options;
    this.#mailbox = new Mailbox(remembered, () => this.#announce());
  }

  get waiting(): readonly string[] {
    return this.#mailbox.waiting;
  }

  get acknowledged(): readonly string[] {
    return this.#mailbox.acknowledged;
  }

  push(content: Uint8Array | string, arrival: PushOptions = {}): string {
    return this.#mailbox.push(content, arrival);
  }

  async logon(support: SpoolerSupport, logonOptions: LogonOptions): Promise<TransportSession> {
    await this.#options.logon?.(support, logonOptions);
    this.#mailbox.begin();
    const events: TransportEvent[] = [];
    const session = this.#session(support, events);
    if (logonOptions.inbound) this.#open.add(support);
    this.sessions.push({ support, options: logonOptions, session, events });
    return session;
  }

  #session(support: SpoolerSupport, events: TransportEvent[]): TransportSession {
    const { addressTypes = ['SMTP'], reception = 'notify', limits, preferLast, destination, end, verify, flush, idle } = this.#options;
    return {
      addressTypes,
      reception,
      ...(limits && { limits }),
      ...(preferLast && { preferLast }),
      ...(destination && { destination }),
      ...(flush && { flush }),
      ...(idle && { idle }),
      ...(end && { endMessage: async (reference, signal) => end(reference, signal) }),
      ...(verify && { verifyMessage: async (message, signal) => verify(message, signal) }),
      submitMessage: (message, signal) => this.#counted(() => this.#handOver(support, message, signal)),
      ...(reception !== 'none' && {
        remoteAccess: true,
        poll: async () => this.#mailbox.pending,
        startMessage: (message) => this.#mailbox.receive(message),
      }),
      transportNotify: (event) => {
        events.push(event);
        if (event.type === 'inbound') this.#opens(support, event.on);
      },
      logoff: async () => this.#forget(support),
    };
  }

  async #counted<T>(run: () => Promise<T>): Promise<T> {
    this.active++;
    this.mostActive = Math.max(this.mostActive, this.active);
    try {
      return await run();
    } finally {
      this.active--;
    }
  }

  async #handOver(support: SpoolerSupport, message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> {
    const { answer, deliver } = this.#options;
    signal.throwIfAborted();
    await this.#onItsWay(support, message, signal);
    const bytes = Uint8Array.from(await message.content.bytes());
    const { id: entryId, recipients, returnPath, attempt, deferred } = message;
    await message.handingOver();
    this.handedOver.push({ session: support.session, entryId, recipients: [...recipients], returnPath, bytes, attempt, deferred });
    if (this.handedOver.length > remembered) this.handedOver.shift();
    const result: SubmitResult = (await answer?.(message, signal)) ?? { outcome: 'accepted' };
    const arrived = acceptedOf(recipients, result);
    if (deliver && arrived.length > 0) {
      const reference = `${entryId}/${arrived.map(({ id }) => id).join('+')}/${attempt}`;
      (deliver === true ? this : deliver).push(bytes, { reference, recipients: arrived.map(addressOf) });
    }
    return result;
  }

  /** Ends with the hand-over's signal, and with the session (M-105). */
  async #onItsWay(support: SpoolerSupport, message: OutboundMessage, signal: AbortSignal): Promise<void> {
    const { delayMs, transfer } = this.#options;
    if (delayMs === undefined && transfer === undefined) return;
    const stop = new AbortController();
    const done = new AbortController();
    for (const one of [signal, support.signal]) {
      one.addEventListener('abort', () => stop.abort(one.reason), { once: true, signal: done.signal });
    }
    try {
      if (delayMs !== undefined) await support.clock.sleep(delayMs, stop.signal);
      await transfer?.(message, stop.signal);
    } finally {
      done.abort();
    }
  }

  /** What came while inbound was off is announced when it opens (M-079). */
  #opens(support: SpoolerSupport, on: boolean): void {
    if (on) this.#open.add(support);
    else this.#open.delete(support);
    if (on && this.#mailbox.pending) this.#announce();
  }

  #announce(): void {
    if ((this.#options.reception ?? 'notify') !== 'notify') return;
    for (const support of this.#open) support.spoolerNotify({ type: 'newMail' });
  }

  #forget(support: SpoolerSupport): void {
    this.#open.delete(support);
    const at = this.sessions.findIndex((session) => session.support === support);
    if (at >= 0) this.sessions.splice(at, 1);
  }
}

function acceptedOf(recipients: readonly Recipient[], result: SubmitResult): readonly Recipient[] {
  if ('outcome' in result) return result.outcome === 'accepted' ? recipients : [];
  const ids = new Set(result.filter(({ outcome }) => outcome === 'accepted').map(({ recipient }) => recipient));
  return recipients.filter(({ id }) => ids.has(id));
}

const addressOf = ({ type, address, name }: Recipient): RecipientInput => ({ type, address, ...(name !== undefined && { name }) });
